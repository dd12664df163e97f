"""The records a plain bot would have, and the work of one tap, with SQLAlchemy's async ORM as its tutorial shows it."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer, String, event, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

CHANNEL = "telegram"
PER_ROW = 3


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSON}


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))


class Contact(Base):
    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[str] = mapped_column(String(20))
    chat_id: Mapped[int] = mapped_column(BigInteger)


class StaffRole(Base):
    __tablename__ = "staff_role"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str] = mapped_column(String(24))
    school_class_id: Mapped[int | None]


class Child(Base):
    __tablename__ = "bench_presence"
    child_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    class_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(40))
    present: Mapped[int]


class Event(Base):
    __tablename__ = "event"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    actor_name: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(24))
    subject_id: Mapped[int]
    remark: Mapped[str]
    data: Mapped[dict[str, Any]]


def open_engine() -> AsyncEngine:
    """SQLite in WAL mode, with the durability that all bots are measured at."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['BENCH_DB']}")

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={os.environ.get('BENCH_SYNC', 'FULL')}")
        cursor.close()

    return engine


def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False)


async def flip(make: async_sessionmaker[AsyncSession], chat_id: int, class_id: int, child_id: int) -> list[Child]:
    """Who taps, may they, flip the child, write the event, commit. Returns the list as it is then."""
    async with make() as session:
        who = select(Person).join(Contact).where(Contact.channel == CHANNEL, Contact.chat_id == chat_id)
        person = (await session.scalars(who)).one()
        duty = select(StaffRole).where(
            StaffRole.person_id == person.id, StaffRole.role == "homeroom", StaffRole.school_class_id == class_id
        )
        if (await session.scalars(duty)).first() is None:
            raise PermissionError("not your class")
        of_class = select(Child).where(Child.class_id == class_id).order_by(Child.child_id)
        children = list(await session.scalars(of_class))
        child = next(child for child in children if child.child_id == child_id)
        child.present = 1 - child.present
        session.add(
            Event(
                at=datetime.now(timezone.utc),  # noqa: UP017 - as the tutorials write it
                actor_id=person.id,
                actor_name=person.name,
                action="bench_presence",
                subject="student",
                subject_id=child_id,
                remark="",
                data={"present": bool(child.present)},
            )
        )
        await session.commit()
    return children


def label(name: str, present: int) -> str:
    return f"{'✓' if present else '○'} {name}"
