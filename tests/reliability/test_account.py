"""A busy hour with a kill at every point loses nothing; and the account can fail: forged in every way that it must
detect, it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from databases import Databases

from bot.chat.letters import again
from care.records import Letter, LetterState
from care.school import POINTS
from reliability.account import account
from reliability.books import HourBooks, read_books
from reliability.driver import RANDOM
from reliability.hour import Hour, run_hour
from reliability.letters_out import NEW_MESSAGE
from reliability.short import AT_ONCE, forged, planned, went_as_planned
from reliability.witness import Shown


@pytest.fixture(scope="module")
def hour(sqlite: Databases, tmp_path_factory: pytest.TempPathFactory) -> Hour:
    """A busy hour on SQLite."""
    folder = tmp_path_factory.mktemp("hour")

    async def run() -> Hour:
        return await run_hour(await sqlite.fresh(), folder, planned("sqlite", (RANDOM, *POINTS)), AT_ONCE)

    hour = asyncio.run(run())
    went_as_planned(hour.run, POINTS)
    return hour


def said_once(books: HourBooks) -> HourBooks:
    """The same hour, had nothing had to be said again."""
    for letter in books.outbox:
        letter.attempts = min(1, letter.attempts)
    new = [letter for letter in books.outbox if letter.method in (None, *NEW_MESSAGE)]
    own = {(letter.chat_id, letter.message_id) for letter in new if letter.state is LetterState.SENT}
    return replace(books, shown=tuple(one for one in books.shown if (one.chat, one.message_id) in own))


async def read(hour: Hour, folder: Path, forgery: str = "", ticks: bool = False) -> HourBooks:
    """The books of the hour, after something was done to a copy of its database."""
    school = await forged(hour.run, folder, *[forgery] if forgery else [])
    books = await read_books(school, hour.run.witness, hour.stories, ticks)
    await school.close()
    return books


def ours(hour: Hour, decision: str = "passed") -> int:
    """The student of a story with this decision."""
    return next(story.student_id for story in hour.stories if story.decision == decision)


async def test_a_busy_hour_with_a_kill_at_every_point(hour: Hour, tmp_path: Path) -> None:
    found = account(await read(hour, tmp_path, ticks=True), again)
    assert found.problems == (), "\n".join(found.problems)
    assert {story.decision for story in hour.stories} == {"passed", "returned", "refused"}
    assert len(hour.stories) >= AT_ONCE and found.figures["updates"] > 300, found.figures


ANY_ANSWER = "(SELECT min(id) FROM outbox WHERE method = 'answerCallbackQuery')"
COLUMNS = (
    "kind, klass, slot, person_id, channel, chat_id, method, payload, params, state, attempts, posted_at, due_at, "
    "valid_until, sent_at, message_id, error"
)
OURS = "(SELECT id FROM application WHERE student_id = {child})"
PASSED = f"action = 'passed' AND subject_id = {OURS}"
FORGERIES = {
    "an update was lost": (
        "DELETE FROM inbox WHERE id = (SELECT max(id) FROM inbox)",
        "is lost: confirmed, and not in the inbox",
    ),
    "an update was never handled": (
        "UPDATE inbox SET state = 'waiting' WHERE id = (SELECT max(id) FROM inbox)",
        "is waiting",
    ),
    "an update was put aside": (
        "UPDATE inbox SET state = 'dead' WHERE id = (SELECT max(id) FROM inbox)",
        "is dead",
    ),
    "a tap had no effect": (f"DELETE FROM outbox WHERE id = {ANY_ANSWER}", "answers to taps were posted"),
    "a tap had two effects": (
        f"INSERT INTO outbox ({COLUMNS}) SELECT {COLUMNS} FROM outbox WHERE id = {ANY_ANSWER}",
        "answers to taps were posted",
    ),
    "an answer was lost": (
        f"UPDATE application SET weekdays = '[]' WHERE id = {OURS}",
        "weekdays is [], and the family said",
    ),
    "a box was ticked twice": (
        f"UPDATE application SET weekdays = '[]' WHERE id = {OURS}",
        "and the taps, each once, come to",
    ),
    "a decision was made twice": (
        "INSERT INTO event (at, actor_id, actor_name, action, subject, subject_id, remark, data) "
        f"SELECT at, actor_id, actor_name, action, subject, subject_id, remark, data FROM event WHERE {PASSED}",
        "should have gone submitted",
    ),
    "a decision left no trace": (f"DELETE FROM event WHERE {PASSED}", "should have gone submitted"),
    "a version was skipped": (f"UPDATE application SET version = 9 WHERE id = {OURS}", "is at version 9"),
    "a signature was lost": (
        f"DELETE FROM agreement WHERE application_id = {OURS}",
        "has 0 agreements, and should have 1",
    ),
    "a state was lost": (f"UPDATE application SET state = 'approved' WHERE id = {OURS}", "is approved, not enrolled"),
    "a slip was opened once too often": (
        "INSERT INTO event (at, actor_id, actor_name, action, subject, subject_id, remark, data) "
        "SELECT at, actor_id, actor_name, action, subject, subject_id, remark, data FROM event "
        "WHERE id = (SELECT max(id) FROM event WHERE action = 'linked')",
        "times, the audit says",
    ),
    "a conversation hangs": (
        "UPDATE form SET step = 'needs' WHERE flow = 'apply:{child}'",
        "stands open at “needs”",
    ),
    "a letter was never posted": (
        f"DELETE FROM outbox WHERE unique_key LIKE 'step:' || {OURS} || ':2:%'",
        "was never posted",
    ),
    "a letter was not sent": (
        f"UPDATE outbox SET state = 'lapsed' WHERE unique_key LIKE 'step:' || {OURS} || ':2:%'",
        "is lapsed",
    ),
    "a letter failed": (f"UPDATE outbox SET state = 'failed' WHERE id = {ANY_ANSWER}", "is failed"),
    "a letter hangs": (f"UPDATE outbox SET state = 'sending' WHERE id = {ANY_ANSWER}", "is sending"),
    "a fact was told twice": (
        f"INSERT INTO outbox ({COLUMNS}) SELECT {COLUMNS} FROM outbox "
        f"WHERE unique_key LIKE 'step:' || {OURS} || ':2:%'",
        "2 letters say application_step",
    ),
    "a reminder is missing": (
        "DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox WHERE kind = 'review_waits')",
        "one more tick of the clock posted 1 letters",
    ),
}


@pytest.mark.parametrize("forged", FORGERIES)
async def test_what_was_forged_in_the_database_is_found(forged: str, hour: Hour, tmp_path: Path) -> None:
    forgery, sentence = FORGERIES[forged]
    books = await read(hour, tmp_path, forgery.replace("{child}", str(ours(hour))), ticks="tick" in sentence)
    problems = account(books, again).problems
    assert any(sentence in problem for problem in problems), problems


def without_a_confirmation(books: HourBooks) -> HourBooks:
    return replace(books, unconfirmed=frozenset({books.told[-1].update_id}))


def with_an_update_twice(books: HourBooks) -> HourBooks:
    return replace(books, inbox=[*books.inbox, books.inbox[-1]])


def with_a_stranger(books: HourBooks) -> HourBooks:
    return replace(books, told=books.told[:-1])


def with_a_key_twice(books: HourBooks) -> HourBooks:
    letter = next(letter for letter in books.outbox if letter.unique_key)
    return replace(books, outbox=[*books.outbox, letter])


def without_a_message(books: HourBooks) -> HourBooks:
    books = said_once(books)
    return replace(books, shown=books.shown[1:])


def with_a_message_twice(books: HourBooks) -> HourBooks:
    books = said_once(books)
    one = books.shown[-1]
    return replace(books, shown=(*books.shown, replace(one, message_id=one.message_id + 1000)))


UNSEEN: dict[Callable[[HourBooks], HourBooks], str] = {
    without_a_confirmation: "was never confirmed",
    with_an_update_twice: "is in the inbox 2 times",
    with_a_stranger: "is in the inbox and was never given",
    with_a_key_twice: "is there 2 times",
    without_a_message: "never got it",
    with_a_message_twice: "has a message that no letter accounts for",
}


@pytest.mark.parametrize("forge", UNSEEN, ids=lambda forge: forge.__name__)
async def test_what_was_forged_beside_the_database_is_found(
    forge: Callable[[HourBooks], HourBooks], hour: Hour, tmp_path: Path
) -> None:
    problems = account(forge(await read(hour, tmp_path)), again).problems
    assert any(UNSEEN[forge] in problem for problem in problems), problems


def sent_twice(books: HourBooks, kind: str) -> tuple[HourBooks, Letter]:
    """A letter of this kind was tried a second time, and is in the chat twice."""
    books = said_once(books)
    letter = next(one for one in books.outbox if one.kind == kind and one.message_id and one.state is LetterState.SENT)
    letter.attempts = 2
    mine = next(one for one in books.shown if (one.chat, one.message_id) == (letter.chat_id, letter.message_id))
    copy = Shown(mine.chat, mine.message_id + 1000, mine.text)
    return replace(books, shown=(*books.shown, copy)), letter


@pytest.mark.parametrize("kind", ["application_step", "review_wanted"])
async def test_a_letter_of_unknown_fate_may_be_seen_twice_and_is_counted(kind: str, hour: Hour, tmp_path: Path) -> None:
    books, _letter = sent_twice(await read(hour, tmp_path), kind)
    found = account(books, again)
    assert found.problems == () and found.doubles.kinds == {kind: 1}


async def test_but_not_where_its_kind_says_review(hour: Hour, tmp_path: Path) -> None:
    books, letter = sent_twice(await read(hour, tmp_path), "application_step")
    problems = account(books, lambda kind: kind != "application_step").problems
    assert problems == (f"letter {letter.id} went out twice, though application_step must not",)


async def test_and_not_three_times_after_two_tries(hour: Hour, tmp_path: Path) -> None:
    books, _letter = sent_twice(await read(hour, tmp_path), "application_step")
    copy = books.shown[-1]
    books = replace(books, shown=(*books.shown, replace(copy, message_id=copy.message_id + 1)))
    problems = account(books, again).problems
    assert any("has a message that no letter accounts for" in problem for problem in problems)


async def test_the_last_tick_is_at_the_end_of_the_hour(hour: Hour) -> None:
    """The books are read at the school's time at which the hour ended, not at that of the machine."""
    school = hour.run.school()
    assert school.clock.now() == hour.run.ends_at
    await school.close()
