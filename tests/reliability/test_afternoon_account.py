"""An afternoon with a kill at every point loses nothing; and its account can fail: forged in every way that it must
detect, it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from databases import Databases

from bot.chat.letters import again
from care.records import DayChild, Step
from care.school import POINTS
from reliability.afternoon.account import account
from reliability.afternoon.books import AfternoonBooks, read_books
from reliability.afternoon.day import Afternoon, run_afternoon
from reliability.afternoon.story import DAY, FIRST_WAVE, SECOND_WAVE, Fate
from reliability.short import forged, planned, went_as_planned


@pytest.fixture(scope="module")
def afternoon(sqlite: Databases, tmp_path_factory: pytest.TempPathFactory) -> Afternoon:
    """Two classes from noon to the seal, on SQLite."""
    folder = tmp_path_factory.mktemp("afternoon")

    async def run() -> Afternoon:
        return await run_afternoon(await sqlite.fresh(), folder, planned("sqlite", POINTS))

    afternoon = asyncio.run(run())
    went_as_planned(afternoon.run, POINTS)
    return afternoon


async def read(afternoon: Afternoon, folder: Path, *forgeries: str, ticks: bool = False) -> AfternoonBooks:
    """The books of the afternoon, after something was done to a copy of its database."""
    school = await forged(afternoon.run, folder, *forgeries)
    books = await read_books(school, afternoon.run.witness, afternoon.cast, ticks)
    await school.close()
    return books


async def test_an_afternoon_with_a_kill_at_every_point(afternoon: Afternoon, tmp_path: Path) -> None:
    found = account(await read(afternoon, tmp_path, ticks=True), again)
    assert found.problems == (), "\n".join(found.problems)
    assert {child.fate for child in afternoon.cast.children} == set(Fate)
    assert found.figures["children"] == len(FIRST_WAVE + SECOND_WAVE) and found.figures["links"] > 60, found.figures


CHILD = "(SELECT id FROM day_child WHERE student_id = {child})"
LAST = "(SELECT max(id) FROM custody WHERE day_child_id = " + CHILD + ")"
LINK = (
    "day_child_id, step, giver, giver_id, giver_name, holder, holder_id, holder_name, at, by_id, by_name, proof, "
    "remark, data, previous, sha256"
)
LETTER = (
    "kind, klass, slot, person_id, channel, chat_id, method, payload, params, state, attempts, posted_at, due_at, "
    "valid_until, sent_at, message_id, error"
)
EVENT = "at, actor_id, actor_name, action, subject, subject_id, remark, data"
SHORTER = f"UPDATE day_child SET last_seq = last_seq - 1 WHERE id = {CHILD}"
LONGER = f"UPDATE day_child SET last_seq = last_seq + 1 WHERE id = {CHILD}"
TAKE_AWAY = (f"DELETE FROM custody WHERE id = {LAST}", SHORTER)
AGAIN = (f"INSERT INTO custody (seq, {LINK}) SELECT seq + 1, {LINK} FROM custody WHERE id = {LAST}", LONGER)


def a_letter(like: str) -> str:
    return f"(SELECT max(id) FROM outbox WHERE unique_key LIKE '{like}')"


def lost(like: str) -> tuple[str, ...]:
    return (f"DELETE FROM outbox WHERE id = {a_letter(like)}",)


FORGERIES: dict[str, tuple[Fate, tuple[str, ...], str]] = {
    "a release was lost": (Fate.CODE, TAKE_AWAY, "and should have gone expected"),
    "a tap had no effect": (Fate.CODE, TAKE_AWAY, "and nothing came of it"),
    "nobody has the child in the end": (Fate.CODE, TAKE_AWAY, "is not accounted for in the end"),
    "a child was released twice": (Fate.CODE, AGAIN, "is released when released already"),
    "a leave was given twice": (Fate.LEAVE, AGAIN, "and should have gone expected"),
    "a link comes from nobody": (Fate.CODE, AGAIN, "comes from no tap"),
    "a release went to the other guardian": (
        Fate.CODE,
        (f"UPDATE custody SET holder_id = holder_id + 1 WHERE id = {LAST}",),
        "and should have gone expected",
    ),
    "another teacher gave the child": (
        Fate.OTHER,
        (f"UPDATE custody SET giver_id = giver_id + 1 WHERE id = {LAST}",),
        "had the child",
    ),
    "a link is earlier than the one before": (
        Fate.OTHER,
        (f"UPDATE custody SET at = '2026-11-24 01:00:00.000000' WHERE id = {LAST}",),
        "is earlier than the one before",
    ),
    "a link is out of its place": (
        Fate.OTHER,
        (f"UPDATE custody SET seq = 9 WHERE id = {LAST}",),
        "link 9 stands at place",
    ),
    "the plan points elsewhere": (Fate.OTHER, (LONGER,), "and the plan points to"),
    "a word was changed": (
        Fate.OTHER,
        (f"UPDATE custody SET remark = 'so' WHERE id = {LAST}",),
        "its hash does not fit",
    ),
    "the seal was changed": (
        Fate.CODE,
        (f"UPDATE care_day SET root = 'x' WHERE date = '{DAY}'",),
        "the day's seal does not fit",
    ),
    "the day was not closed": (
        Fate.CODE,
        (f"UPDATE care_day SET closed_at = NULL, root = NULL WHERE date = '{DAY}'",),
        "is not closed and sealed",
    ),
    "a duty is somebody else's": (
        Fate.CODE,
        ("UPDATE care_session SET signed_in_id = signed_in_id + 1 WHERE id = (SELECT max(id) FROM care_session)",),
        "and should be of",
    ),
    "a roll was done by nobody": (
        Fate.CODE,
        ("UPDATE care_session SET roll_done_id = NULL WHERE id = (SELECT max(id) FROM care_session)",),
        "its roll done by None",
    ),
    "all others were tapped, and the roll is not done": (
        Fate.CODE,
        (
            "UPDATE care_session SET roll_done_at = NULL "
            f"WHERE id = (SELECT session_id FROM day_child WHERE id = {CHILD})",
        ),
        "and the roll is not done",
    ),
    "a hand-over was counted wrongly": (
        Fate.STAYS,
        ("UPDATE extended_handover SET counted = '[]' WHERE id = (SELECT max(id) FROM extended_handover)",),
        "counted []",
    ),
    "an alarm was lost": (
        Fate.DISPUTED,
        (
            f"DELETE FROM alarm_answer WHERE alarm_id IN (SELECT id FROM alarm WHERE day_child_id = {CHILD})",
            f"DELETE FROM alarm WHERE day_child_id = {CHILD}",
        ),
        "has the alarms []",
    ),
    "an alarm is open": (
        Fate.DISPUTED,
        (f"UPDATE alarm SET closed_at = NULL WHERE day_child_id = {CHILD}",),
        "is open",
    ),
    "an alarm was closed by nobody": (
        Fate.UNANSWERED,
        (f"UPDATE alarm SET closed_by = NULL WHERE day_child_id = {CHILD}",),
        "has the alarms",
    ),
    "a release stands in the audit twice": (
        Fate.CODE,
        (
            f"INSERT INTO event ({EVENT}) SELECT {EVENT} FROM event "
            "WHERE action = 'released' AND subject_id = {child}",
        ),
        "the audit says released of student",
    ),
    "the day's close is not in the audit": (
        Fate.CODE,
        ("DELETE FROM event WHERE action = 'day_closed'",),
        "the audit says day_closed 0 times",
    ),
    "a reminder is missing": (Fate.CODE, lost(f"dismissal:{DAY}:1:%"), f"the letter dismissal:{DAY}:1:"),
    "a reminder of extended care is missing": (Fate.STAYS, lost(f"dismissal:{DAY}:0:%"), "is missing"),
    "the chase of a roll is missing": (Fate.CODE, lost("roll:%"), "the letter roll:"),
    "a day sheet is missing": (Fate.CODE, lost("day_sheet:%"), "the letter day_sheet:"),
    "the call of who does not come is missing": (Fate.LATE, lost("late:%"), "the letter late:"),
    "the duty lead was not told of a missing child": (Fate.ASTRAY, lost("missing_lead:%"), "the letter missing_lead:"),
    "a reminder was posted under two keys": (
        Fate.CODE,
        (
            f"INSERT INTO outbox (unique_key, {LETTER}) SELECT unique_key || '-again', {LETTER} FROM outbox "
            f"WHERE id = {a_letter('dismissal:%')}",
        ),
        "-again should not be there",
    ),
    "a reminder did not go out": (
        Fate.CODE,
        (f"UPDATE outbox SET state = 'lapsed' WHERE id = {a_letter('dismissal:%')}",),
        "is lapsed",
    ),
    "a guardian did not hear of a release": (Fate.CODE, lost("released:%"), "was never posted"),
    "a guardian did not hear that it was taken back": (Fate.UNDONE, lost("undone:%"), "was never posted"),
    "a dispute did not go out": (
        Fate.DISPUTED,
        (f"UPDATE outbox SET state = 'lapsed' WHERE id = {a_letter('disputed:%')}",),
        "is lapsed",
    ),
    "a tap was not answered": (
        Fate.CODE,
        ("DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox WHERE method = 'answerCallbackQuery')",),
        "answers to taps were posted",
    ),
    "an update was lost": (
        Fate.CODE,
        ("DELETE FROM inbox WHERE id = (SELECT max(id) FROM inbox)",),
        "is lost: confirmed, and not in the inbox",
    ),
}


@pytest.mark.parametrize("what", FORGERIES)
async def test_what_was_forged_in_the_database_is_found(what: str, afternoon: Afternoon, tmp_path: Path) -> None:
    fate, forgeries, sentence = FORGERIES[what]
    child = next(one.student_id for one in afternoon.cast.children if one.fate is fate)
    books = await read(afternoon, tmp_path, *(one.replace("{child}", str(child)) for one in forgeries))
    problems = account(books, again).problems
    assert any(sentence in problem for problem in problems), problems


def planned_twice(books: AfternoonBooks) -> AfternoonBooks:
    return replace(books, planned=[*books.planned, books.planned[0]])


def not_planned(books: AfternoonBooks) -> AfternoonBooks:
    return replace(books, planned=books.planned[1:])


def a_stranger_planned(books: AfternoonBooks) -> AfternoonBooks:
    stranger = DayChild(id=0, student_id=0, session_id=0, number=1, last_seq=1, date=DAY)
    return replace(books, planned=[*books.planned, stranger])


def without_a_link(books: AfternoonBooks) -> AfternoonBooks:
    lost = next(link for link in books.links if link.step is Step.HANDED_OVER)
    return replace(books, links=[link for link in books.links if link is not lost])


def nobody_tapped(books: AfternoonBooks) -> AfternoonBooks:
    return replace(books, told=tuple(one for one in books.told if not one.data.startswith("ho:")))


def counted_over_twice(books: AfternoonBooks) -> AfternoonBooks:
    return replace(books, passes=[*books.passes, books.passes[0]])


UNSEEN: dict[Callable[[AfternoonBooks], AfternoonBooks], str] = {
    planned_twice: "is planned 2 times",
    not_planned: "is planned 0 times",
    a_stranger_planned: "student 0 is planned 1 times",
    without_a_link: "had the child",
    nobody_tapped: "(lined_out) comes from no tap",
    counted_over_twice: "were counted over",
}


@pytest.mark.parametrize("forge", UNSEEN, ids=lambda forge: forge.__name__)
async def test_what_was_forged_beside_the_database_is_found(
    forge: Callable[[AfternoonBooks], AfternoonBooks], afternoon: Afternoon, tmp_path: Path
) -> None:
    problems = account(forge(await read(afternoon, tmp_path)), again).problems
    assert any(UNSEEN[forge] in problem for problem in problems), problems
