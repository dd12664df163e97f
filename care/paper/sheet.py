"""What the records say of a session's children, for who enters later what happened on paper."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import aliased

from care.custody.chain import CHAIN, CHILDREN, Side
from care.custody.steps import ENDS, HERE, may_follow
from care.day.sheets import may_leave_alone
from care.errors import NotFound
from care.extended.session import Staying, staying
from care.permissions import Actor, Permission
from care.pickup.adults import Adults, Authorised, adults_of_all
from care.pickup.plan import Plan, plan_of
from care.records.day import CareDay, CareSession, Holder, Proof, Step
from care.records.enrolment import Application
from care.records.people import Person, SchoolClass, Student
from care.work import UnitOfWork


@dataclass(frozen=True)
class PaperChild:
    """A child as the chain's last link has it. ``entered_by``: who entered that link later, where it came from paper;
    ``planned``: nobody has said anything about the child yet, the plan alone has. ``since``: not before it may what is
    entered next have happened; ``unseen``: what was taken back was all that said the child came at all. ``extended``:
    the link is one of extended care. ``comes``: whom the family has named for the date, where the child leaves with
    its class and they may collect it: the day sheet has them marked."""

    id: int
    student_id: int
    number: int
    name: str
    step: Step
    seq: int
    holder_name: str
    at: datetime
    since: datetime
    entered_by: str
    planned: bool
    unseen: bool
    alone: bool
    extended: bool
    adults: Adults
    comes: Authorised | None

    @property
    def may_come(self) -> bool:
        return self.step not in HERE and may_follow(self.step, Step.PRESENT)

    @property
    def may_be_away(self) -> bool:
        """Whether paper can say that it did not come: not of a child whom a teacher has."""
        return self.step not in HERE or self.unseen

    @property
    def is_open(self) -> bool:
        """Whether paper can still say something: a child who was given away is given away."""
        return self.step is not Step.RELEASED

    @property
    def is_from_paper(self) -> bool:
        """Whether it was given away by paper, which can be corrected."""
        return self.step is Step.RELEASED and bool(self.entered_by)


@dataclass(frozen=True)
class PaperSession:
    """A class's session of an open day, with all its children, those who stay for extended care too. ``left``: how many
    of them are not accounted for, and ``extended`` of these are in extended care, which counts them on the board."""

    session_id: int
    date: date
    grade: int
    school_class_id: int
    school_class: str
    starts_at: datetime
    ends_at: datetime
    teacher: Side | None
    closed_at: datetime | None
    left: int = 0
    extended: int = 0

    def is_for(self, actor: Actor) -> bool:
        return actor.may_for(Permission.TAKE_ROLL, self.grade, self.school_class_id)


_teacher = aliased(Person)
_SESSIONS = (
    select(CareSession, SchoolClass, _teacher, CareDay)
    .join(CareDay, CareDay.date == CareSession.date)
    .join(SchoolClass, SchoolClass.id == CareSession.school_class_id)
    .outerjoin(_teacher, _teacher.id == func.coalesce(CareSession.signed_in_id, CareSession.teacher_id))
)
_CHILDREN = (
    select(CHILDREN.c.id, CHILDREN.c.student_id, CHILDREN.c.number, CHILDREN.c.last_seq)
    .add_columns(Student.name, SchoolClass.grade, Application.leave_mode)
    .add_columns(CHAIN.c.step, CHAIN.c.holder_name, CHAIN.c.at, CHAIN.c.by_name, CHAIN.c.proof, CHAIN.c.data)
    .join(Student, Student.id == CHILDREN.c.student_id)
    .join(SchoolClass, SchoolClass.id == Student.school_class_id)
    .join(Application, Application.id == CHILDREN.c.application_id)
    .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
    .order_by(CHILDREN.c.number)
)


def _session(
    session: CareSession,
    school_class: SchoolClass,
    teacher: Person | None,
    care_day: CareDay,
    left: int = 0,
    extended: int = 0,
) -> PaperSession:
    return PaperSession(
        session_id=session.id,
        date=session.date,
        grade=school_class.grade,
        school_class_id=school_class.id,
        school_class=school_class.name,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        teacher=Side(Holder.TEACHER, teacher.id, teacher.name) if teacher else None,
        closed_at=care_day.closed_at,
        left=left,
        extended=extended,
    )


async def open_sessions(uow: UnitOfWork) -> list[PaperSession]:
    """The sessions of days that are not sealed, within the actor's reach: the newest day first. Raises NotAllowed for
    who may take no roll."""
    uow.require(Permission.TAKE_ROLL)
    query = _SESSIONS.where(CareDay.closed_at.is_(None), CareDay.date <= uow.today)
    query = query.order_by(CareDay.date.desc(), CareSession.wave, SchoolClass.grade, SchoolClass.number)
    rows = (await uow.session.execute(query)).all()
    waiting = (
        select(CHILDREN.c.session_id, CHILDREN.c.extended_at.is_not(None))
        .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .where(CHILDREN.c.session_id.in_([row[0].id for row in rows]), CHAIN.c.step.not_in(ENDS))
    )
    left = Counter((session_id, bool(there)) for session_id, there in await uow.session.execute(waiting))
    found = []
    for row in rows:
        there = left[row[0].id, True]
        found.append(_session(*row, left=left[row[0].id, False] + there, extended=there))
    return [session for session in found if session.is_for(uow.actor)]


async def paper_session(uow: UnitOfWork, session_id: int) -> PaperSession:
    """A session the actor may take the roll of, its day sealed or not. Raises NotFound for any other."""
    row = (await uow.session.execute(_SESSIONS.where(CareSession.id == session_id))).first()
    session = _session(*row) if row is not None else None
    if session is None or not session.is_for(uow.actor):
        raise NotFound()
    return session


async def paper_children(uow: UnitOfWork, session: PaperSession) -> list[PaperChild]:
    """The session's children by number, each with the adults of its lists on that date."""
    rows = (await uow.session.execute(_CHILDREN.where(CHILDREN.c.session_id == session.session_id))).all()
    students = [row.student_id for row in rows]
    adults = await adults_of_all(uow, students, session.date)
    plans = await plan_of(uow, students, session.date)
    stay = await staying(uow, session.date, students)
    return [
        PaperChild(
            id=row.id,
            student_id=row.student_id,
            number=row.number,
            name=row.name,
            step=row.step,
            seq=row.last_seq,
            holder_name=row.holder_name,
            at=row.at,
            since=datetime.fromisoformat(row.data["since"]) if "since" in row.data else row.at,
            entered_by=row.by_name if row.proof is Proof.PAPER else "",
            planned=row.proof is Proof.PLAN or row.step is Step.EXPECTED,
            unseen=row.step is Step.UNDONE and row.data.get("unseen", False),
            alone=may_leave_alone(row.leave_mode, row.grade),
            extended="extended" in row.data,
            adults=adults[row.student_id],
            comes=_named(adults[row.student_id], plans.get(row.student_id)) if _leaves(row, stay) else None,
        )
        for row in rows
    ]


def _leaves(row: Row[Any], stay: Staying | None) -> bool:
    """Whether the child is here as far as anybody knows, and leaves with its class."""
    return row.step in HERE | {Step.EXPECTED} and (stay is None or row.student_id not in stay.students)


def _named(adults: Adults, plan: Plan | None) -> Authorised | None:
    meant = (plan.adult, plan.adult_id) if plan is not None else None
    return next((one for one in adults.authorised if (one.adult, one.id) == meant and not one.stopped), None)
