"""Small facts of the installation itself. Several processes may note one at the same moment: the last one stays."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from care.records.office import Mark
from care.work import UnitOfWork


async def note(uow: UnitOfWork, name: str, value: str) -> None:
    """Writes a fact down, in place of what stood there."""
    insert = sqlite.insert if uow.school.is_sqlite else postgresql.insert
    fact = insert(Mark).values(name=name, value=value)
    await uow.session.execute(fact.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


async def first_note(uow: UnitOfWork, name: str, value: str) -> str:
    """Writes a fact down unless there is one; returns what stands there now."""
    insert = sqlite.insert if uow.school.is_sqlite else postgresql.insert
    await uow.session.execute(insert(Mark).values(name=name, value=value).on_conflict_do_nothing())
    return (await uow.session.scalars(select(Mark.value).where(Mark.name == name))).one()
