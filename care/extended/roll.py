"""The roll of extended care: who is to come, who is there, who has not arrived (S11, S13)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import or_, select, update

from care.custody.chain import CHAIN, CHILDREN, Link, Side, append
from care.custody.steps import ENDS, HERE, may_follow
from care.day.now import must_be_now
from care.errors import Conflict, NotAllowed, NotFound
from care.extended.places import stays_on
from care.extended.session import hold_class, may_take, opened, running_on, session_on, signed_in
from care.missing import arrived, open_missing
from care.permissions import Permission
from care.records.day import CareSession, Holder, Step
from care.records.delivery import Class
from care.records.people import Person, SchoolClass, Student
from care.work import UnitOfWork


class Stand(StrEnum):
    """How far a child who stays has come."""

    AWAITED = "awaited"
    HERE = "here"
    MISSING = "missing"
    GONE = "gone"


@dataclass(frozen=True)
class Stayer:
    """A child who stays today (``stays``), or whom extended care has taken over (``there``). ``seq``: how far its chain
    had grown when it was read."""

    id: int
    student_id: int
    name: str
    school_class: str
    grade: int
    class_id: int
    class_session_id: int
    step: Step
    seq: int
    holder_id: int | None
    holder_name: str
    stays: bool
    there: bool

    @property
    def stand(self) -> Stand:
        if self.step in ENDS:
            return Stand.GONE
        if self.step is Step.ABSENT:
            return Stand.MISSING
        return Stand.HERE if self.there else Stand.AWAITED


async def stayers(uow: UnitOfWork, day: date, also: Collection[int] = ()) -> list[Stayer]:
    """The children of a day's plan who stay or have been taken over, by class and number; ``also``: and those of these
    day-child ids."""
    running = await running_on(uow, day)
    stay = await stays_on(uow, running) if running is not None else set()
    query = (
        select(
            CHILDREN.c.id,
            CHILDREN.c.student_id,
            CHILDREN.c.session_id,
            CHILDREN.c.extended_at,
            Student.name,
            SchoolClass,
            CHAIN.c.step,
            CHAIN.c.seq,
            CHAIN.c.holder_id,
            CHAIN.c.holder_name,
        )
        .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .join(Student, Student.id == CHILDREN.c.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(
            CHILDREN.c.date == day,
            or_(
                CHILDREN.c.extended_at.is_not(None),
                CHILDREN.c.student_id.in_(stay),
                CHILDREN.c.id.in_(list(also)),
            ),
        )
        .order_by(SchoolClass.grade, SchoolClass.number, CHILDREN.c.number)
    )
    return [
        Stayer(
            row.id,
            row.student_id,
            row.name,
            row.SchoolClass.name,
            row.SchoolClass.grade,
            row.SchoolClass.id,
            row.session_id,
            row.step,
            row.seq,
            row.holder_id,
            row.holder_name,
            row.student_id in stay,
            row.extended_at is not None,
        )
        for row in await uow.session.execute(query)
    ]


@dataclass(frozen=True)
class Desk:
    """Today's extended care as its teachers see it. ``children`` are named only to who answers for it or may."""

    session: CareSession
    teacher: str
    is_mine: bool
    may_sign_in: bool
    children: tuple[Stayer, ...]

    def count(self, *stands: Stand) -> int:
        return sum(1 for child in self.children if child.stand in stands)

    @property
    def expected(self) -> int:
        """Children for whom extended care has to account: all but those who never came and are explained."""
        return sum(1 for child in self.children if child.there or child.stand is not Stand.GONE)

    @property
    def here(self) -> int:
        """Children who are in extended care now."""
        return self.count(Stand.HERE)

    @property
    def collected(self) -> int:
        """Children who were in extended care and have been released."""
        return sum(1 for child in self.children if child.there and child.step is Step.RELEASED)


async def desk(uow: UnitOfWork) -> Desk | None:
    """Today's extended care; None where there is no session of it. Raises NotAllowed for who takes no rolls."""
    uow.require(Permission.TAKE_ROLL)
    session = await session_on(uow, uow.day)
    if session is None:
        return None
    answers = session.signed_in_id or session.teacher_id
    teacher = ""
    if answers is not None:
        teacher = (await uow.session.get_one(Person, answers)).name
    return Desk(
        session,
        teacher,
        session.signed_in_id is not None and session.signed_in_id == uow.actor.person_id,
        may_take(uow, session),
        tuple(await stayers(uow, uow.day)),
    )


async def sign_in(uow: UnitOfWork) -> CareSession:
    """The duty sign-in for extended care (S12): from now on the actor answers for it. Taking over from somebody hands
    the children there over, each with both names. Raises NotAllowed, Conflict as ``opened``."""
    if not may_take(uow, await session_on(uow, uow.day)):
        raise NotAllowed()
    session = await opened(uow)
    before = session.signed_in_id
    if before == uow.actor.person_id:
        return session
    if uow.now >= session.ends_at and before is None:
        raise Conflict("extended_over")
    for child in await stayers(uow, uow.day):
        if child.there and child.step in HERE and child.holder_id == before:
            await append(uow, child.id, Link(Step.HANDED_OVER, me(uow), data=where(session)), child.seq)
    session.signed_in_id, session.signed_in_at = uow.actor.person_id, uow.now
    uow.record("duty_signed_in", "session", session.id, extended=True, instead_of=before)
    return session


def me(uow: UnitOfWork) -> Side:
    return Side(Holder.TEACHER, uow.actor.person_id, uow.actor.name)


def where(session: CareSession) -> dict[str, int]:
    """What the links of extended care say of themselves."""
    return {"extended": session.id}


async def not_arrived(uow: UnitOfWork, day_child_id: int) -> None:
    """A child who should have come has not, or is there no more: guardians, homeroom teacher and whoever had the child
    last are asked at once. Raises NotFound, Conflict when somebody else has the child in hand there, or it is gone."""
    session = await _mine(uow, day_child_id)
    child = await _stayer(uow, day_child_id)
    if child.step is Step.ABSENT:  # the same tap twice, or the class's teacher has said so
        return
    on_the_way = child.step in (Step.LINED_OUT, Step.UNDONE)  # with whoever leads it out, who may have lost it
    in_other_hands = child.there and child.holder_id != uow.actor.person_id and not on_the_way
    if in_other_hands or not may_follow(child.step, Step.ABSENT):
        raise Conflict()
    link = Link(Step.ABSENT, Side(Holder.NOBODY, None, ""), data=where(session))
    await append(uow, child.id, link, child.seq)
    alarm = await open_missing(uow, child.id)
    if child.holder_id is not None and child.holder_id != uow.actor.person_id:
        key = f"extended_missing:{alarm.id}"
        await uow.post("extended_missing", child.holder_id, Class.ALARM, key=key, alarm_id=alarm.id)
    await settle_roll(uow, session)


async def came(uow: UnitOfWork, day_child_id: int) -> None:
    """A child who was missing, or whom nobody had seen in class, is at extended care. A child whom the class's teacher
    has comes by hand-over only. Raises NotFound, Conflict."""
    session = await _mine(uow, day_child_id)
    child = await _stayer(uow, day_child_id)
    if child.there and child.step in HERE and child.holder_id == uow.actor.person_id:
        return
    if child.step not in (Step.ABSENT, Step.EXPLAINED, Step.EXPECTED):
        raise Conflict("extended_by_handover")
    await append(uow, child.id, Link(Step.PRESENT, me(uow), data=where(session)), child.seq)
    await take_in(uow, [child.id])
    await arrived(uow, child.id)
    await settle_roll(uow, session)


async def _mine(uow: UnitOfWork, day_child_id: int) -> CareSession:
    """The session as ``signed_in``, for a child of its day. Raises Conflict("of_another_day")."""
    day = await uow.session.scalar(select(CHILDREN.c.date).where(CHILDREN.c.id == day_child_id))
    must_be_now(uow, day or uow.day)
    return await signed_in(uow)


async def take_in(uow: UnitOfWork, day_child_ids: list[int]) -> None:
    """Extended care has these children from now on."""
    taken = update(CHILDREN).where(CHILDREN.c.id.in_(day_child_ids)).values(extended_at=uow.now)
    await uow.connection.execute(taken)


async def _stayer(uow: UnitOfWork, day_child_id: int) -> Stayer:
    """A child who stays, as it is once nobody else can say anything of it."""
    found = select(CHILDREN.c.session_id).where(CHILDREN.c.id == day_child_id)
    class_session_id = await uow.session.scalar(found)
    if class_session_id is None:
        raise NotFound()
    await hold_class(uow, class_session_id)
    child = next((one for one in await stayers(uow, uow.day) if one.id == day_child_id), None)
    if child is None:
        raise NotFound()
    return child


async def settle_roll(uow: UnitOfWork, session: CareSession) -> None:
    """The roll is done once every child who stays is there, gone, or known to be missing."""
    if session.roll_done_at is not None:
        return
    children = await stayers(uow, session.date)
    if any(child.stand is Stand.AWAITED for child in children):
        return
    session.roll_done_id, session.roll_done_at = uow.actor.person_id, uow.now
    present = sum(1 for child in children if child.there and child.stand is not Stand.MISSING)
    uow.record("roll_done", "session", session.id, extended=True, expected=len(children), present=present)


async def late_roll(uow: UnitOfWork, minutes: int) -> CareSession | None:
    """Today's session where its roll should be done by now, ``minutes`` after its start, and is not."""
    session = await session_on(uow, uow.day)
    if session is None or session.roll_done_at is not None:
        return None
    if not session.starts_at + timedelta(minutes=minutes) <= uow.now < session.ends_at:
        return None
    awaited = any(child.stand is Stand.AWAITED for child in await stayers(uow, uow.day))
    return session if awaited else None
