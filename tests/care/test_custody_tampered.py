"""Whatever column of the custody record is changed by hand, the ledger names the row."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from custody_town import Town, town_clock
from databases import make_school
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from care.custody.ledger import Flaw, Verified, verify
from care.people import actor_for
from care.permissions import SYSTEM
from care.records import CustodyEvent, Person, Proof
from care.release.giving import line_out_all, release
from care.release.undoing import undo
from care.rollcall import all_others_present, sign_in
from care.school import School
from care.work import UnitOfWork

OTHER: dict[str, str] = {
    "day_child_id": "(SELECT MIN(id) FROM day_child WHERE id != custody.day_child_id)",
    "seq": "seq + 100",
    "step": "CASE step WHEN 'absent' THEN 'present' ELSE 'absent' END",
    "giver": "CASE giver WHEN 'adult' THEN 'nobody' ELSE 'adult' END",
    "giver_id": "COALESCE(giver_id, 0) + 1",
    "giver_name": "giver_name || 'x'",
    "holder": "CASE holder WHEN 'adult' THEN 'family' ELSE 'adult' END",
    "holder_id": "COALESCE(holder_id, 0) + 1",
    "holder_name": "holder_name || 'x'",
    "at": "'2026-11-24 01:02:03.000000'",
    "by_id": "COALESCE(by_id, 0) + 1",
    "by_name": "by_name || 'x'",
    "proof": "CASE proof WHEN 'paper' THEN 'tap' ELSE 'paper' END",
    "remark": "remark || 'x'",
    "data": "'{\"x\": 1}'",
    "previous": "'0000000000000000000000000000000000000000000000000000000000000000'",
    "sha256": "'0000000000000000000000000000000000000000000000000000000000000000'",
}
"""Each column of a link, and something else to put there."""


def test_every_column_can_be_tampered_with() -> None:
    assert {column.name for column in CustodyEvent.__table__.columns} - {"id"} == set(OTHER)


async def _play(school: School, town: Town) -> None:
    """An afternoon with each kind of step in it."""
    now: datetime = school.clock.now()
    async with school.look() as uow:
        people = {
            name: await actor_for(uow, await uow.session.get_one(Person, id_)) for name, id_ in town.people.items()
        }
    acts: list[tuple[str, Any]] = [
        ("Homeroom two", lambda uow: sign_in(uow, town.sessions[0])),
        ("Homeroom two", lambda uow: all_others_present(uow, town.sessions[0])),
        ("Homeroom two", lambda uow: line_out_all(uow, town.sessions[0])),
        ("Gate teacher", lambda uow: release(uow, {town.children[0]: None}, *_adult(town, "Ma One"), Proof.CODE)),
        ("Gate teacher", lambda uow: undo(uow, town.children[0], "a slip")),
        ("Gate teacher", lambda uow: release(uow, {town.children[0]: None}, *_adult(town, "Nan One"), Proof.LIST)),
        ("Homeroom two", lambda uow: release(uow, {town.children[2]: None}, *_adult(town, "Pa Cai"), Proof.LIST)),
    ]
    for name, act in acts:
        async with school.work(people[name]) as uow:
            await act(uow)
    assert school.clock.now() == now


def _adult(town: Town, name: str) -> Any:
    return next(key for key, known in town.names.items() if known == name)


async def test_a_changed_row_is_named(built: tuple[Path, Town]) -> None:
    """Any column of any link, changed by hand in the database: it is found, and the first row that does not fit is the
    changed one or, where the change moved it elsewhere, the first that misses it."""
    path, town = built
    school = make_school(f"sqlite+aiosqlite:///{path}", town_clock())
    try:
        await _play(school, town)
        async with school.look() as uow:
            links = [(link.id, link.day_child_id, link.seq) for link in await uow.session.scalars(select(CustodyEvent))]
            assert isinstance(await verify(uow), Verified)
        assert len(links) >= 12
        for row, child, seq in links:
            after = {id_ for id_, other, number in links if other == child and number == seq + 1}
            for column, value in OTHER.items():
                try:
                    flaw = await _tampered(school, f"UPDATE custody SET {column} = {value} WHERE id = {row}")
                except IntegrityError:
                    assert column == "day_child_id", "another link stands there: the database itself says no"
                    continue
                assert isinstance(flaw, Flaw), (row, column)
                if column in ("day_child_id", "seq"):  # taken out of its place: the next one misses it
                    assert flaw.table in ("custody", "day_child")
                    assert flaw.table == "day_child" or flaw.row in {row, *after}, (row, column, flaw)
                else:
                    assert (flaw.table, flaw.row) == ("custody", row), (row, column, flaw)
            flaw = await _tampered(school, f"DELETE FROM custody WHERE id = {row}")
            assert isinstance(flaw, Flaw), row
        for sql in ("last_seq = last_seq + 1", "last_seq = last_seq - 1"):
            flaw = await _tampered(school, f"UPDATE day_child SET {sql} WHERE id = {town.children[0]}")
            assert isinstance(flaw, Flaw) and (flaw.table, flaw.row) == ("day_child", town.children[0])
    finally:
        await school.close()


async def _tampered(school: School, statement: str) -> Verified | Flaw:
    """What the ledger says after this statement, which is undone."""
    async with school.writer.connect() as connection:
        await connection.execute(text(statement))
        found = await verify(UnitOfWork(school, connection, SYSTEM))
        await connection.rollback()
        return found
