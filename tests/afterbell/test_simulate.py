"""The simulated day: its pace, and a reduced day from the first bell to the seal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from afterbell.simulate import simulate
from afterbell.simulate.account import Account, Letters
from afterbell.simulate.pace import Deed, Pace
from care.clock import stopped_clock

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


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
    ):
        bad = Account(**{**{name: getattr(good, name) for name in good.__dataclass_fields__}, **changed})
        assert not bad.holds


async def test_a_reduced_day_from_the_first_bell_to_the_seal() -> None:
    account = await simulate(("2(3)", "3(5)"), seed=3)
    assert account.holds, account.written()
    assert set(account.children) == {"released"} and sum(account.children.values()) > 40
    sent = {letters.kind: letters.sent for letters in account.letters}
    assert sent["day_sheet"] >= 2 and sent["paper_released"] >= sum(account.children.values())
    assert account.deeds["roll taken"] == account.deeds["paper entered"] == 2
