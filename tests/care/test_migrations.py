"""Migrations, walked up, down and up again on both databases; the models agree with where they end. What a database
held before is read in its new place."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from afternoon_school import at, children_of, opened, session_of, teacher_of
from alembic.script import ScriptDirectory
from databases import Databases, make_school
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from care.enrolment.family import unrestricted_guardians
from care.migrate import alembic_config, drift, is_current, migrate
from care.records import Alarm, AlarmAnswer, AlarmKind, Answer, DayChild
from care.school import School, open_engines


async def tables(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set(await connection.run_sync(lambda c: inspect(c).get_table_names()))


def _described(connection: Connection) -> dict[str, list[str]]:
    """Each table's columns, keys, constraints and indexes in words; no defaults, which a migration needs for the rows
    that are there."""
    found = {}
    inspector = inspect(connection)
    for table in inspector.get_table_names():
        columns = [f"{c['name']} {c['type']} {c['nullable']}" for c in inspector.get_columns(table)]
        keys = [inspector.get_pk_constraint(table), *inspector.get_foreign_keys(table)]
        rules = [*inspector.get_unique_constraints(table), *inspector.get_check_constraints(table)]
        indexes = [
            {**index, "dialect_options": {name: str(how) for name, how in index.get("dialect_options", {}).items()}}
            for index in inspector.get_indexes(table)
        ]
        found[table] = sorted([*columns, *map(str, keys + rules + indexes)])
    return found


async def filled(engine: AsyncEngine) -> set[str]:
    """The tables that hold something: a migration that filled one would do nothing for a new database."""
    names = await tables(engine)
    async with engine.connect() as connection:
        rows = {name: await connection.scalar(text(f"SELECT count(*) FROM {name}")) for name in names}
    return {name for name, count in rows.items() if count}


async def described(engine: AsyncEngine) -> dict[str, list[str]]:
    async with engine.connect() as connection:
        return await connection.run_sync(_described)


async def test_up_down_up_without_drift(databases: Databases) -> None:
    """The first time up is what a new database gets at once, the second is by every migration: they are the same."""
    writer, reader = open_engines(await databases.fresh(loaded=False))
    try:
        full = await tables(writer)
        made = await described(writer)
        assert await is_current(writer)
        assert await drift(writer) == []
        for revision in list(ScriptDirectory.from_config(alembic_config()).walk_revisions()):
            await migrate(writer, revision.down_revision or "base")
        assert await tables(writer) == {"alembic_version"}
        assert not await is_current(writer)
        await migrate(writer)
        assert await tables(writer) == full
        assert await described(writer) == made
        assert await filled(writer) == {"alembic_version"}
        assert await drift(writer) == []
    finally:
        await writer.dispose()
        await reader.dispose()


async def test_migrating_twice_changes_nothing(databases: Databases) -> None:
    writer, reader = open_engines(await databases.fresh(loaded=False))
    try:
        await migrate(writer)
        assert await is_current(writer)
    finally:
        await writer.dispose()
        await reader.dispose()


@pytest.fixture
async def with_alarms(databases: Databases) -> AsyncIterator[tuple[School, int, int]]:
    """Two alarms as they were kept before 0005, and who opened them: a dispute of a guardian, and one that was found in
    what a teacher entered from paper."""
    school = make_school(await databases.fresh())
    async with opened(school, "2(3)"):
        await at(school, 14, 36)
        teacher = (await teacher_of(school, "2(3)")).person_id
        assert teacher is not None
        (first, _), (second, _) = (await children_of(school, (await session_of(school, "2(3)")).id))[:2]
        async with school.look() as uow:
            mother = (await unrestricted_guardians(uow, first.student_id))[0]
        async with school.work() as uow:
            for child, who in ((first, mother), (second, teacher)):
                uow.session.add(_dispute(school, child, who))
    yield school, mother, teacher
    await school.close()


def _dispute(school: School, child: DayChild, who: int) -> Alarm:
    return Alarm(day_child_id=child.id, kind=AlarmKind.DISPUTED, opened_at=school.clock.now(), opened_by=who)


async def test_answers_given_before_0005_are_kept(with_alarms: tuple[School, int, int]) -> None:
    """A guardian's dispute becomes the guardian's word; what staff have entered becomes nobody's. On the way down the
    words of both guardians become the one that the older program knows."""
    school, mother, teacher = with_alarms
    await migrate(school.writer, "0004")
    await migrate(school.writer)
    async with school.work() as uow:
        kept = list(await uow.session.scalars(select(AlarmAnswer)))
        disputes = {one.opened_by: one for one in await uow.session.scalars(select(Alarm))}
        assert [(one.alarm_id, one.person_id, one.answer, one.at) for one in kept] == [
            (disputes[mother].id, mother, Answer.NOT_RIGHT, disputes[mother].opened_at)
        ]
        assert (disputes[mother].answer, disputes[mother].answered_by) == ("not_right", mother)
        assert (disputes[teacher].answer, disputes[teacher].answered_by) == ("", None)
        disputes[mother].answer = "contradicted"
    await migrate(school.writer, "0004")
    async with school.look() as uow:
        assert set(await uow.session.scalars(select(Alarm.answer))) == {"not_here", ""}
