"""Alarms of the gate: opened once, told to who answers for the day, closed with a reason or by what happens next."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from care.alarm_screens import show_again, show_collected, uncollected_key
from care.custody.chain import CHAIN, CHILDREN
from care.custody.steps import HERE
from care.day.lead import reachable
from care.enrolment.family import is_family, unrestricted_guardians
from care.errors import Conflict, NotAllowed, NotFound
from care.permissions import RIGHTS, Permission
from care.reasons import fit_reason
from care.records.day import Alarm, AlarmAnswer, AlarmKind, CareDay, CustodyEvent, DayChild, Proof, Step
from care.records.delivery import Class, Letter
from care.records.office import Event
from care.records.people import Guardianship, Role, StaffRole, Student
from care.release.waiting import GateChild
from care.rollsheet import hold
from care.work import UnitOfWork

ON_PAPER = (AlarmKind.STOP_LISTED, AlarmKind.OFF_LIST, AlarmKind.ALONE)
"""What the paper says of a child that should not have left like that; nobody of its family has said anything."""
OF_A_RELEASE = (AlarmKind.DISPUTED, *ON_PAPER)
OF_THE_GATE = (AlarmKind.REFUSED, AlarmKind.UNCOLLECTED, *OF_A_RELEASE)
"""What happens at the gate is closed by who answers for the day, not by who stood there."""
KEPT = HERE | {Step.EXPECTED}
"""The child is here, or nobody has said whether it is: after the end of care somebody has to look, until it is gone."""


async def is_lead(uow: UnitOfWork, child: GateChild) -> bool:
    """Whether the actor answers for this day."""
    care_day = await uow.session.get(CareDay, child.date)
    lead = care_day.duty_lead_id if care_day is not None else None
    if lead is not None and await reachable(uow, [lead]):  # else the others are told, and must be able to act
        return lead == uow.actor.person_id
    return uow.actor.may_for(Permission.ANSWER_FOR_DAY, child.grade, child.class_id)


async def open_alarm_of(uow: UnitOfWork, day_child_id: int, kind: AlarmKind) -> Alarm | None:
    query = select(Alarm).where(Alarm.day_child_id == day_child_id, Alarm.kind == kind, Alarm.closed_at.is_(None))
    return (await uow.session.scalars(query.with_for_update())).first()


async def raise_alarm(uow: UnitOfWork, day_child_id: int, kind: AlarmKind, remark: str = "") -> tuple[Alarm, bool]:
    """The child's open alarm of a kind, and whether it is new. Of two who raise it at once, the second finds it."""
    await uow.session.execute(select(DayChild.id).where(DayChild.id == day_child_id).with_for_update())
    alarm = await open_alarm_of(uow, day_child_id, kind)
    if alarm is not None:
        return alarm, False
    alarm = Alarm(day_child_id=day_child_id, kind=kind, opened_at=uow.now, opened_by=uow.actor.person_id, remark=remark)
    uow.session.add(alarm)
    await uow.session.flush()
    return alarm, True


async def settle(uow: UnitOfWork, day_child_id: int, kind: AlarmKind) -> Alarm | None:
    """Closes the child's open alarm of a kind, because what it was about is over; None when none is open."""
    alarm = await open_alarm_of(uow, day_child_id, kind)
    if alarm is not None:
        alarm.closed_at, alarm.closed_by = uow.now, uow.actor.person_id
        await _take_off(uow, alarm)
    return alarm


async def _take_off(uow: UnitOfWork, alarm: Alarm) -> None:
    """Whoever has been told of the alarm sees that it is over, in place of the button that would close it."""
    said = select(func.count()).select_from(AlarmAnswer).where(AlarmAnswer.alarm_id == alarm.id)
    later = range(2, (await uow.session.scalar(said) or 0) + 1)
    keys = {
        AlarmKind.REFUSED: [f"refused:{alarm.id}:{at}" for at in range(len(alarm.remark.splitlines()))],
        AlarmKind.DISPUTED: [
            f"disputed:{alarm.id}",
            *(f"{what}:{alarm.id}:{at}" for what in ("disputed", "withdrawn") for at in later),
        ],
        AlarmKind.UNCOLLECTED: [uncollected_key(alarm.id)],
    }
    of_paper = [f"paper_disputed:{alarm.id}"]
    await show_again(uow, "gate_alarm_over", keys.get(alarm.kind, of_paper), alarm_id=alarm.id)
    if alarm.kind is AlarmKind.UNCOLLECTED:
        await show_collected(uow, alarm)


async def gate_alarm(uow: UnitOfWork, alarm_id: int) -> Alarm:
    """An alarm of the gate with its child, for staff whose duty reaches the child. Raises NotFound otherwise."""
    query = (
        select(Alarm)
        .where(Alarm.id == alarm_id, Alarm.kind.in_(OF_THE_GATE))
        .options(joinedload(Alarm.day_child).joinedload(DayChild.student).joinedload(Student.school_class))
    )
    alarm = (await uow.session.scalars(query)).first()
    if alarm is None:
        raise NotFound()
    school_class = alarm.day_child.student.school_class
    if not uow.actor.may_for(Permission.TAKE_ROLL, school_class.grade, school_class.id):
        raise NotFound()
    return alarm


async def is_own_release(uow: UnitOfWork, day_child_id: int, student_id: int, grade: int, opened_at: datetime) -> bool:
    """Whether an alarm is about a child whom the actor gave away, and somebody else answers for the day. Of paper the
    giver is who had the child, not who entered it."""
    query = (
        select(CustodyEvent)
        .where(CustodyEvent.day_child_id == day_child_id, CustodyEvent.step == Step.RELEASED)
        .where(CustodyEvent.at <= opened_at)
        .order_by(CustodyEvent.seq.desc())
    )
    link = (await uow.session.scalars(query.limit(1))).first()
    giver = None if link is None else link.giver_id if link.proof is Proof.PAPER else link.by_id
    if giver is None or giver != uow.actor.person_id:
        return False
    roles = [role for role, rights in RIGHTS.items() if Permission.ANSWER_FOR_DAY in rights]
    family = select(Guardianship.person_id).where(Guardianship.student_id == student_id)
    others = select(StaffRole.id).where(
        StaffRole.role.in_(roles),
        or_(StaffRole.role != Role.GRADE_LEADER, StaffRole.grade == grade),
        StaffRole.person_id != uow.actor.person_id,
        StaffRole.person_id.not_in(family),
    )
    return await uow.session.scalar(others.limit(1)) is not None


async def another_must_close(uow: UnitOfWork, alarm: Alarm) -> None:
    """Nobody closes an alarm about what is their own (S14). Raises NotAllowed: "alarm_own_child", and
    "alarm_own_release" as ``is_own_release``. The alarm comes with its child."""
    student = alarm.day_child.student
    if await is_family(uow, student.id):
        raise NotAllowed("alarm_own_child")
    if alarm.kind in OF_A_RELEASE:
        grade = student.school_class.grade
        if await is_own_release(uow, alarm.day_child_id, student.id, grade, alarm.opened_at):
            raise NotAllowed("alarm_own_release")


async def to_close(uow: UnitOfWork, alarm_id: int) -> Alarm:
    """An alarm of the gate that the actor may close now. Raises NotAllowed for who does not answer for the day, and as
    ``another_must_close``; Conflict("alarm_closed"), and as ``ends_by_itself``."""
    alarm = await gate_alarm(uow, alarm_id)
    school_class = alarm.day_child.student.school_class
    if not uow.actor.may_for(Permission.ANSWER_FOR_DAY, school_class.grade, school_class.id):
        raise NotAllowed()
    if alarm.closed_at is not None:
        raise Conflict("alarm_closed")
    await another_must_close(uow, alarm)
    await ends_by_itself(uow, alarm)
    return alarm


async def ends_by_itself(uow: UnitOfWork, alarm: Alarm) -> None:
    """No word ends the clock of a child who is here: the release does. Raises Conflict("child_still_here"), or
    Conflict("roll_unsaid") where nobody has said yet whether it is here."""
    if alarm.kind is not AlarmKind.UNCOLLECTED:
        return
    await hold(uow, day_child_id=alarm.day_child_id)
    query = (
        select(CHAIN.c.step, CHAIN.c.holder_name, Student.name)
        .join(CHILDREN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .join(Student, Student.id == CHILDREN.c.student_id)
        .where(CHILDREN.c.id == alarm.day_child_id)
    )
    last = (await uow.connection.execute(query)).one()
    if last.step in HERE:
        raise Conflict("child_still_here", child=last.name)
    if last.step is Step.EXPECTED:
        raise Conflict("roll_unsaid", child=last.name)


async def close_alarm(uow: UnitOfWork, alarm_id: int, reason: str, seen: int | None = None) -> Alarm:
    """Closes an alarm of the gate with a reason: that of a dispute is for the family, who asked; that of an adult who
    was refused for the teacher who asked them to wait. ``seen``: of how many refused adults the closer knew. Raises as
    ``to_close``, Invalid("reason_needed"), and Conflict("alarm_grew") where somebody else was refused since."""
    alarm = await to_close(uow, alarm_id)
    if seen is not None and alarm.kind is AlarmKind.REFUSED and len(alarm.remark.splitlines()) != seen:
        raise Conflict("alarm_grew")
    student_id = alarm.day_child.student_id
    reason = fit_reason(reason)
    alarm = await uow.session.get_one(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    if alarm.closed_at is not None:
        raise Conflict("alarm_closed")
    alarm.closed_at, alarm.closed_by, alarm.reason = uow.now, uow.actor.person_id, reason
    uow.record("alarm_closed", "student", student_id, reason, alarm=alarm.id, kind=alarm.kind.value)
    await _take_off(uow, alarm)
    if alarm.kind is AlarmKind.DISPUTED and alarm.answer:
        guardians = await unrestricted_guardians(uow, student_id)
        await uow.post("dispute_over", guardians, Class.ALARM, key=f"dispute_over:{alarm.id}", alarm_id=alarm.id)
        await _show_who_said(uow, alarm)
    if alarm.kind is AlarmKind.REFUSED:
        told = [person for person in await who_refused(uow, alarm, student_id) if person != uow.actor.person_id]
        await uow.post("refusal_over", told, Class.ALARM, key=f"refusal_over:{alarm.id}", alarm_id=alarm.id)
    return alarm


async def _show_who_said(uow: UnitOfWork, alarm: Alarm) -> None:
    """The letter of the release on the screens of those who said that it is not right: it asks them no more."""
    said = select(AlarmAnswer.person_id).where(AlarmAnswer.alarm_id == alarm.id)
    query = select(Letter.unique_key, Letter.params).where(Letter.kind == "released", Letter.person_id.in_(said))
    query = query.where(Letter.posted_at <= alarm.closed_at, Letter.unique_key.contains(f"{alarm.day_child_id}."))
    for key, params in await uow.session.execute(query):
        if any(child == alarm.day_child_id for child, _seq in params["links"]):
            about, _colon, person = key.rpartition(":")
            await show_again(uow, "released_shown", [about], [int(person)])


async def who_refused(uow: UnitOfWork, alarm: Alarm, student_id: int) -> list[int]:
    """Whoever asked an adult to wait, at this gate or another one: they stand there still."""
    events = await refusals(uow, [student_id])
    return [one.actor_id for one in events if one.actor_id is not None and one.data.get("alarm") == alarm.id]


async def refusals(uow: UnitOfWork, student_ids: Collection[int]) -> list[Event]:
    """What the gate has recorded of adults who asked for these children and were refused, oldest first: ``data`` names
    the alarm, and why."""
    query = select(Event).where(Event.subject == "student", Event.subject_id.in_(student_ids))
    return list(await uow.session.scalars(query.where(Event.action == "release_refused").order_by(Event.id)))
