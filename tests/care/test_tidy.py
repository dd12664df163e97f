"""Tidying: what carried a decision goes after a while, the decision stays."""

from __future__ import annotations

from datetime import timedelta

from databases import Databases, make_school
from sqlalchemy import func, select

from care.clock import MovableClock
from care.records import Class, Form, InboxState, Letter, LetterState, Update, WrongCode
from care.school import School
from care.tidy import tidy


async def fill(school: School) -> None:
    async with school.work() as uow:
        now = uow.now
        for number, state in enumerate([InboxState.DONE, InboxState.DEAD, InboxState.WAITING]):
            uow.session.add(
                Update(channel="web", update_id=number, chat_id=1, payload="words", received_at=now, state=state)
            )
        for kind, key, letter_state in (
            ("reply", None, LetterState.SENT),
            ("reply", "found again", LetterState.SENT),
            ("released", "kept", LetterState.SENT),
            ("reply", None, LetterState.FAILED),
            ("reply", None, LetterState.SUPERSEDED),
        ):
            uow.session.add(
                Letter(
                    kind=kind,
                    klass=Class.REPLY,
                    unique_key=key,
                    params={},
                    state=letter_state,
                    posted_at=now,
                    due_at=now,
                )
            )
        uow.session.add(WrongCode(channel="web", chat_id=1, at=now))
        uow.session.add(
            Form(channel="web", chat_id=1, flow="apply", step="needs", answers={"a": 1}, version=3, updated_at=now)
        )


async def left(school: School) -> dict[str, int]:
    async with school.look() as uow:
        return {
            table.__tablename__: await uow.session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Update, Letter, WrongCode, Form)
        }


async def test_tidying_keeps_what_was_decided_and_what_needs_a_look(databases: Databases) -> None:
    school = make_school(await databases.fresh(loaded=False))
    clock = school.clock
    assert isinstance(clock, MovableClock)
    await fill(school)
    assert await tidy(school) == 0
    clock.jump(clock.now() + timedelta(days=20))
    assert await tidy(school) == 2
    assert await left(school) == {"inbox": 2, "outbox": 5, "wrong_code": 0, "form": 1}
    clock.jump(clock.now() + timedelta(days=80))
    assert await tidy(school) == 3
    assert await tidy(school) == 0
    assert await left(school) == {"inbox": 2, "outbox": 2, "wrong_code": 0, "form": 1}
    async with school.look() as uow:
        form = (await uow.session.scalars(select(Form))).one()
        assert (form.answers, form.step, form.version) == ({}, "", 4)
        keys = set(await uow.session.scalars(select(Letter.unique_key)))
        given_up = list(await uow.session.scalars(select(Letter.state).where(Letter.unique_key.is_(None))))
        updates = set(await uow.session.execute(select(Update.state, Update.payload)))
    assert keys == {"kept", None}
    assert given_up == [LetterState.LAPSED]
    assert {tuple(row) for row in updates} == {(InboxState.DONE, ""), (InboxState.WAITING, "words")}
    await school.close()


async def test_it_is_done_at_night_and_once_a_day(sqlite: Databases) -> None:
    school = make_school(await sqlite.fresh(loaded=False))
    clock = school.clock
    assert isinstance(clock, MovableClock)
    await fill(school)
    midnight = clock.local().replace(hour=0, minute=5) + timedelta(days=40)
    clock.jump(midnight)
    assert await tidy(school) == 0
    clock.jump(midnight + timedelta(hours=3))
    assert await tidy(school) > 0
    await fill_wrong_code(school, clock)
    clock.jump(midnight + timedelta(hours=5))
    assert await tidy(school) == 0
    clock.jump(midnight + timedelta(hours=28))
    assert await tidy(school) == 3  # the code, and the letter and the update that were given up the night before
    await school.close()


async def fill_wrong_code(school: School, clock: MovableClock) -> None:
    async with school.work() as uow:
        uow.session.add(WrongCode(channel="web", chat_id=2, at=clock.now() - timedelta(hours=23)))
