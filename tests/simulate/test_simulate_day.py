"""A reduced day by real taps through the real Bot API, from the morning's leaves to the seal: one class of each wave
that is worked in the chat, and one whose hand-over is on paper."""

from __future__ import annotations

from datetime import date, timedelta

from afterbell.simulate import Account, Kind, simulate

CLASSES = ("2(3)", "3(5)", "4(2)")


async def played(seed: int, kind: Kind | None = None, classes: tuple[str, ...] = CLASSES, children: int = 6) -> Account:
    account = await simulate(classes, seed, kind=kind, children=children, step=timedelta(minutes=5))
    assert account.holds, account.written()
    return account


async def test_a_reduced_day_by_taps_from_the_morning_to_the_seal() -> None:
    account = await played(seed=5)
    children = sum(account.children.values())
    assert set(account.children) <= {"released", "leave", "explained"} and children > 12
    assert (account.rolls.expected, account.rolls.done) == (3, 3)
    assert max(account.rolls.acts) < 20
    sent = {letters.kind: letters.sent for letters in account.letters}
    assert sent["dismissal"] >= account.children["released"] and sent["day_sheet"] >= 3
    assert sent["lined_out"] and sent["released"] and sent["paper_released"]
    deeds = account.deeds
    counted = deeds.get("class counted for extended care", 0) + deeds.get("class counted one by one", 0)
    assert sent["extended_taken"] == counted > 0
    assert deeds["roll taken"] == 3 and deeds["paper entered"] == 1 and deeds["reminder answered"] > 5
    assert deeds["handed over by code"] and deeds["handed over by the list"] and deeds["handed over by signature"]
    assert "signature refused" not in deeds
    assert account.acts > 80 and account.double_taps


async def test_a_make_up_day_that_ends_early() -> None:
    account = await played(seed=2, kind=Kind(make_up=True, early_end=True), classes=("2(3)", "3(5)"), children=3)
    assert account.date == date(2026, 11, 28)
    sent = {letters.kind: letters.sent for letters in account.letters}
    assert sum(account.children.values()) >= 4 and account.rolls.done == 2
    assert sent["released"] and any(kind.startswith("calendar") for kind in sent)
