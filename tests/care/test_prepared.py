"""Statements given to the driver directly say and read the same as SQLAlchemy's way, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from databases import Databases, make_school
from sqlalchemy import Table, bindparam, insert, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from care.prepared import Prepared, say
from care.records.delivery import Class, InboxState, Letter, LetterState, Update
from care.school import School
from care.work import BLANK

INBOX: Table = Update.__table__  # type: ignore[assignment]
LETTERS: Table = Letter.__table__  # type: ignore[assignment]
NOW = datetime(2026, 9, 2, 17, 5, tzinfo=UTC)
ADD = Prepared(insert(LETTERS))
COLUMNS = select(
    LETTERS.c.kind,
    LETTERS.c.klass,
    LETTERS.c.params,
    LETTERS.c.state,
    LETTERS.c.valid_until,
    LETTERS.c.person_id.is_(None).label("nobody"),
)
FOUND = COLUMNS.where(LETTERS.c.kind == bindparam("kind"), LETTERS.c.due_at <= bindparam("now")).order_by(LETTERS.c.id)
READ = Prepared(FOUND)


def a_letter(kind: str, **about: Any) -> dict[str, Any]:
    times = {"posted_at": NOW, "due_at": NOW, "valid_until": NOW + timedelta(hours=1)}
    return {**BLANK, "kind": kind, "klass": Class.REMINDER, **times, **about}


async def test_values_are_stored_and_read_as_sqlalchemy_does(school: School) -> None:
    wanted = {"kind": "tried", "now": NOW + timedelta(seconds=1)}
    async with school.work() as uow:
        await uow.connection.execute(text("SELECT 1"))
        await ADD.run(uow.connection, [a_letter("tried", params={"who": "尹若岚", "n": 3}), a_letter("tried")])
        await ADD.run(uow.connection, [a_letter("tried", valid_until=None)])
    async with school.work() as uow:
        slow = (await uow.connection.execute(FOUND, wanted)).all()
        quick = await READ.rows(uow.connection, wanted)
        assert [tuple(row) for row in quick] == [tuple(row) for row in slow]
        assert quick[0].params == {"who": "尹若岚", "n": 3}
        assert quick[0].state is LetterState.WAITING and quick[0].nobody is True
        assert [row.valid_until for row in quick] == [NOW + timedelta(hours=1)] * 2 + [None]
        assert not await READ.rows(uow.connection, {**wanted, "kind": "another"})


async def test_the_first_statement_of_a_transaction_begins_it(school: School) -> None:
    async with school.work() as uow:
        await ADD.run(uow.connection, [a_letter("first")])
    async with school.work() as uow:
        assert len(await READ.rows(uow.connection, {"kind": "first", "now": NOW})) == 1


async def test_who_only_reads_may_use_it_too(school: School) -> None:
    async with school.work() as uow:
        await ADD.run(uow.connection, [a_letter("read")])
    async with school.look() as uow:
        for _ in range(2):
            rows = await READ.rows(uow.connection, {"kind": "read", "now": NOW})
            assert [row.state for row in rows] == [LetterState.WAITING]


async def test_a_list_is_filled_in_each_time(school: School) -> None:
    some = Prepared(select(LETTERS.c.id).where(LETTERS.c.kind.in_(bindparam("kinds", expanding=True))))
    async with school.work() as uow:
        await ADD.run(uow.connection, [a_letter("one"), a_letter("two")])
        assert [len(await some.rows(uow.connection, {"kinds": kinds})) for kinds in (["one"], ["one", "two"])] == [1, 2]


async def test_a_constant_is_converted_once_and_for_all(school: School) -> None:
    done = Prepared(
        update(LETTERS).where(LETTERS.c.kind == bindparam("of")).values(state=LetterState.SENT, sent_at=NOW)
    )
    async with school.work() as uow:
        await ADD.run(uow.connection, [a_letter("going")])
        await done.run(uow.connection, [{"of": "going"}])
    async with school.look() as uow:
        letter = (await uow.session.scalars(select(Letter).where(Letter.kind == "going"))).one()
        assert (letter.state, letter.sent_at) == (LetterState.SENT, NOW)


async def test_a_default_that_nobody_fills_in_is_not_forgotten(school: School) -> None:
    async with school.work() as uow:
        with pytest.raises(AssertionError, match="default"):
            await Prepared(insert(INBOX)).run(uow.connection, [{"channel": "web", "update_id": 1, "payload": ""}])


async def test_each_time_the_same_values_are_given(school: School) -> None:
    add = Prepared(insert(LETTERS))
    async with school.work() as uow:
        await uow.connection.execute(text("SELECT 1"))
        await add.run(uow.connection, [a_letter("first")])
        with pytest.raises(AssertionError, match="the same values"):
            await add.run(uow.connection, [{**a_letter("second"), "message_id": 7}])


async def _twice(school: School, rows: Sequence[dict[str, Any]]) -> None:
    add = Prepared(insert(INBOX))
    async with school.work() as uow:
        await uow.connection.execute(text("SELECT 1"))
        await add.run(uow.connection, rows[:1])
        await add.run(uow.connection, rows[1:])


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("second", [{}, {"chat_id": 2**70}], ids=["twice", "fits nowhere"])
async def test_what_a_database_refuses_is_named_and_undone(school: School, second: dict[str, Any], rows: int) -> None:
    row = {"channel": "web", "update_id": 1, "chat_id": 1, "payload": "", "received_at": NOW}
    row |= {"state": InboxState.WAITING, "attempts": 0, "error": ""}
    with pytest.raises(DBAPIError, match="inbox") as refused:
        await _twice(school, [row, *[row | second] * rows])
    assert not isinstance(refused.value, OperationalError)
    async with school.look() as uow:
        assert (await uow.session.scalars(select(Update))).all() == []


async def _is_cut_off(school: School) -> None:
    async with school.work() as uow:
        await uow.connection.execute(text("SELECT 1"))
        try:
            async with asyncio.timeout(0.2):
                await say(uow.connection, "SELECT pg_sleep(30)")
        finally:
            assert uow.connection.invalidated


async def test_a_connection_cut_off_in_a_statement_is_not_used_again(postgres: Databases) -> None:
    school = make_school(await postgres.fresh())
    with pytest.raises(TimeoutError):
        await _is_cut_off(school)
    async with school.work() as uow:
        assert (await uow.connection.execute(text("SELECT 7"))).scalar() == 7
    await school.close()
