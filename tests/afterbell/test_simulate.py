"""The simulated day: its pace, its people's turns, and what its account says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from afterbell.simulate.account import Account, Letters, Rolls
from afterbell.simulate.pace import Deed, Pace
from afterbell.simulate.phone import A_MOMENT, Life, Phone, in_turn
from care.clock import stopped_clock

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


async def test_a_life_goes_on_after_each_pause_on_the_beat() -> None:
    clock = stopped_clock(ZoneInfo("UTC"), NOON)
    pace, told = Pace(clock, seed=1), list[str]()

    async def life() -> Life:
        told.append(f"first {clock.now() - NOON}")
        yield timedelta(seconds=3)
        told.append(f"second {clock.now() - NOON}")
        yield timedelta(seconds=6)

    async def nothing() -> None:
        pass

    pace.live(NOON + timedelta(seconds=1), "lived", life())
    await pace.until(NOON + timedelta(minutes=1), nothing, nothing)
    assert told == ["first 0:00:05", "second 0:00:10"]
    assert pace.done == {"lived": 1}


async def test_nobody_does_two_things_at_once() -> None:
    phone, told = Phone.__new__(Phone), list[str]()
    phone.busy = False

    async def life(name: str) -> Life:
        told.append(name)
        yield timedelta(0)
        told.append(name)

    one, other = in_turn(phone, life("one")), in_turn(phone, life("other"))
    await anext(one)
    assert await anext(other) == A_MOMENT and told == ["one"]
    async for _ in one:
        pass
    async for _ in other:
        pass
    assert told == ["one", "one", "other", "other"] and not phone.busy


async def test_deeds_come_in_their_order_between_the_ticks() -> None:
    clock = stopped_clock(ZoneInfo("UTC"), NOON)
    pace, told = Pace(clock, seed=1), list[str]()

    def deed(seconds: int, name: str) -> Deed:
        async def act() -> None:
            told.append(f"{name} {clock.now() - NOON}")
            if name == "first":
                pace.plan([deed(50, "answer")])

        return Deed(NOON + timedelta(seconds=seconds), name, act)

    async def tick() -> None:
        told.append(f"tick {clock.now() - NOON}")

    async def settle() -> None:
        pass

    pace.plan([deed(70, "last"), deed(30, "first"), deed(30, "second"), deed(999, "never")])
    await pace.until(NOON + timedelta(minutes=2), tick, settle)
    assert told == [
        "first 0:00:30",
        "second 0:00:30",
        "answer 0:00:50",
        "tick 0:01:00",
        "last 0:01:10",
        "tick 0:02:00",
    ]
    assert pace.done == {"first": 1, "second": 1, "answer": 1, "last": 1}


def test_people_take_their_time_and_the_same_seed_the_same() -> None:
    clock = stopped_clock(ZoneInfo("UTC"), NOON)
    took = [Pace(clock, seed=7).human(timedelta(seconds=40)) for _ in range(2)]
    assert took[0] == took[1] >= timedelta(seconds=1)
    pace = Pace(clock, seed=7)
    many = sorted(pace.human(timedelta(seconds=40)) for _ in range(500))
    assert many[0] >= timedelta(seconds=1) and timedelta(seconds=30) < many[250] < timedelta(seconds=50)
    assert many[-1] > timedelta(minutes=2)


def test_an_account_says_what_is_wrong() -> None:
    good = Account(NOON.date(), {"released": 3}, (), True, "", (Letters("day_sheet", 1, 0, 0),), {"/daysheet": 1})
    assert good.holds and "the day is closed and sealed" in good.written()
    for changed in (
        {"open_children": ("某某 2(3)",)},
        {"closed": False},
        {"ledger": "custody 7: its hash does not fit what it says"},
        {"letters": (Letters("day_sheet", 1, 1, 0),)},
        {"letters": (Letters("day_sheet", 0, 0, 1),)},
        {"alarms": {"missing": (2, 1)}},
        {"rolls": Rolls(2, 1, (4,))},
        {"broken": 1},
    ):
        bad = Account(**{**{name: getattr(good, name) for name in good.__dataclass_fields__}, **changed})
        assert not bad.holds
