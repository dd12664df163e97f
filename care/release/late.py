"""The uncollected clock: minutes after care has ended, those who answer for a child who is still here are told, one
after the other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, or_, select, update
from sqlalchemy.orm import aliased

from care.alarm_screens import class_key, uncollected_key
from care.custody.chain import CHAIN, CHILDREN
from care.day.lead import who_answers
from care.extended.session import staying
from care.missing import arrived_key, found_at
from care.permissions import Permission
from care.records.day import Alarm, AlarmKind, CareSession, DayChild, SessionKind, Step
from care.records.delivery import Class, Letter, LetterState
from care.records.people import Contact, Guardianship, Reach
from care.records.pickup import Adult, Delegate, PickupPlan
from care.release.alarms import KEPT, raise_alarm
from care.release.gate import any_child, any_children, hold_lists
from care.release.waiting import GateChild
from care.work import UnitOfWork

GUARDIAN, OTHERS, LEAD = 1, 2, 3
"""The steps: who is expected, the other guardians, the duty lead."""
HANDFUL = 3
"""So many children of a class who come due at once reach the duty lead in a letter each; more, in one letter."""


@dataclass(frozen=True)
class Late:
    """A step that is due for a child, and whom it tells. The last step tells who answers for the day. ``session_id``:
    where the child is; ``unsaid``: its roll says nothing about the child; ``stays``: for extended care, whose end has
    steps of its own, whoever was asked at the end of the class."""

    day_child_id: int
    step: int
    people: tuple[int, ...]
    session_id: int
    unsaid: bool = False
    stays: bool = False

    @property
    def key(self) -> str:
        return _key(self.day_child_id, self.step, self.stays)

    def letters(self) -> list[str]:
        """The keys of the letters to whom the step tells."""
        return [f"{self.key}:{person}" for person in self.people]


def _key(day_child_id: int, step: int, stays: bool) -> str:
    return f"late:{day_child_id}:{step}" + (":extended" if stays else "")


@dataclass(frozen=True)
class _Waiting:
    """``since``: from when the minutes count. ``found``: after the end of care, for the child was missing; all of its
    family has been asked to come with that. ``session_id``, ``unsaid``, ``stays``: as in ``Late``."""

    id: int
    student_id: int
    since: datetime
    found: bool
    session_id: int
    unsaid: bool
    stays: bool

    def after(self, step: int, minutes: Sequence[int]) -> timedelta:
        """When a step is due after ``since``: the duty lead hears as long after all of the family as ever."""
        asked = minutes[OTHERS - 1] if self.found and step == LEAD else 0
        return timedelta(minutes=minutes[step - 1] - asked)


async def care_ends(uow: UnitOfWork, one: GateChild) -> tuple[datetime, str]:
    """When the child's care of that day ends, and where it is collected: with its class, or from extended care where it
    stays for that, whether it has been handed over there or not."""
    stay = await staying(uow, one.date, [one.student_id])
    if stay is not None and one.student_id in stay.students:
        return stay.ends_at, stay.gate
    return one.ends_at, one.gate


def family_keys(day_child_id: int) -> list[str]:
    """The keys of what its guardians are told while a child waits."""
    return [_key(day_child_id, step, stays) for step in (GUARDIAN, OTHERS) for stays in (False, True)]


async def due_steps(uow: UnitOfWork, minutes: Sequence[int]) -> list[Late]:
    """Every step that is due by now for the children of today who are still here: ``minutes`` after the end of their
    session, one number for each step. Of a child that was missing and is found later they count from then on; as all of
    its family hears at once that it is here and to be collected, the last step comes sooner by the minutes of the
    second. Those already taken are among them; their keys tell. A child of whom the roll has said nothing reaches the
    duty lead alone: the family is not told that it is here."""
    soonest = min(*minutes, minutes[LEAD - 1] - minutes[OTHERS - 1])
    waiting = await _still_here(uow, uow.now - timedelta(minutes=soonest))
    guardians, planned = await _who(uow, [one.student_id for one in waiting])
    alarmed = await _alarmed(uow, [one.id for one in waiting])
    found: list[Late] = []
    for one in waiting:
        family = guardians.get(one.student_id, [])
        first = [person for person in family if person == planned.get(one.student_id)] or family[:1]
        people = {GUARDIAN: first, OTHERS: [person for person in family if person not in first], LEAD: []}
        for step in (LEAD,) if one.unsaid else (GUARDIAN, OTHERS, LEAD):
            passed = uow.now >= one.since + one.after(step, minutes)
            if passed and (people[step] or (step == LEAD and one.id not in alarmed)):
                found.append(Late(one.id, step, tuple(people[step]), one.session_id, one.unsaid, one.stays))
    return found


_there = aliased(CareSession)
_ON_PAPER = case((_there.id.is_(None), CareSession.paper_since), else_=_there.paper_since)


async def _still_here(uow: UnitOfWork, ended_by: datetime) -> list[_Waiting]:
    """Children here, or of whom nobody knows, whose care ended by then: that of their class, or extended care where
    they stay for it. Whoever is handed over on paper is left out: where that child is, the paper says."""
    over = select(CareSession.id).where(CareSession.date == uow.day, CareSession.ends_at <= ended_by)
    if await uow.session.scalar(over.limit(1)) is None:
        return []
    stay = await staying(uow, uow.day)
    query = (
        select(CHILDREN.c.id, CHILDREN.c.student_id, CareSession.ends_at, CHAIN.c.step)
        .add_columns(func.coalesce(_there.id, CHILDREN.c.session_id).label("session_id"))
        .add_columns(found_at(CHILDREN.c.id).label("found_at"))
        .join(CHAIN, and_(CHAIN.c.day_child_id == CHILDREN.c.id, CHAIN.c.seq == CHILDREN.c.last_seq))
        .join(CareSession, CareSession.id == CHILDREN.c.session_id)
        .outerjoin(
            _there,
            and_(
                CHILDREN.c.extended_at.is_not(None),
                _there.date == CHILDREN.c.date,
                _there.kind == SessionKind.EXTENDED,
            ),
        )
        .where(CHILDREN.c.date == uow.day, CareSession.ends_at <= ended_by, CHAIN.c.step.in_(KEPT))
        .where(_ON_PAPER.is_(None))
        .order_by(CHILDREN.c.id)
    )
    waiting: list[_Waiting] = []
    for row in await uow.connection.execute(query):
        stays = stay is not None and row.student_id in stay.students
        ends_at = stay.ends_at if stay is not None and stays else row.ends_at
        found, unsaid = row.found_at is not None and row.found_at >= ends_at, row.step is Step.EXPECTED
        since = row.found_at if found else ends_at
        waiting.append(_Waiting(row.id, row.student_id, since, found, row.session_id, unsaid, stays))
    return [one for one in waiting if one.since <= ended_by]


async def _who(uow: UnitOfWork, students: Sequence[int]) -> tuple[dict[int, list[int]], dict[int, int]]:
    """The guardians of each child who may be told, and the one among them who comes or has sent who comes."""
    guardians: dict[int, list[int]] = {}
    ties = select(Guardianship.student_id, Guardianship.person_id).where(
        Guardianship.student_id.in_(students), Guardianship.restricted.is_(False)
    )
    for student_id, person_id in await uow.connection.execute(ties.order_by(Guardianship.id)):
        guardians.setdefault(student_id, []).append(person_id)
    plans = select(PickupPlan).where(PickupPlan.date == uow.day, PickupPlan.student_id.in_(students))
    sent = {
        one.id: one.guardian_id for one in await uow.session.scalars(select(Delegate).where(Delegate.date == uow.day))
    }
    planned: dict[int, int] = {}
    for plan in await uow.session.scalars(plans):
        by_list = {Adult.GUARDIAN: plan.adult_id, Adult.DELEGATE: sent.get(plan.adult_id, plan.said_by)}
        planned[plan.student_id] = by_list.get(plan.adult, plan.said_by)
    return guardians, planned


async def _alarmed(uow: UnitOfWork, ids: Sequence[int]) -> set[int]:
    """Those whose alarm is open, or was closed by somebody with a reason."""
    query = select(Alarm.day_child_id).where(
        Alarm.day_child_id.in_(ids),
        Alarm.kind == AlarmKind.UNCOLLECTED,
        or_(Alarm.closed_at.is_(None), Alarm.reason != ""),
    )
    return set(await uow.session.scalars(query))


_NOT_SAID = and_(Letter.state == LetterState.LAPSED, Letter.error == "")
"""Its turn came while there was nothing to say: the class was on paper, or a release had not been taken back yet."""


async def open_steps(uow: UnitOfWork, minutes: Sequence[int]) -> list[Late]:
    """Those of the due steps that have not been taken, or of which a letter came to nothing."""
    due = await due_steps(uow, minutes)
    keys = [key for late in due for key in late.letters()]
    said = set(await uow.session.scalars(select(Letter.unique_key).where(Letter.unique_key.in_(keys), ~_NOT_SAID)))
    return [late for late in due if not late.people or not said.issuperset(late.letters())]


async def take_step(uow: UnitOfWork, late: Late) -> None:
    """Tells whom the step tells, once. The last one opens an alarm, which a release closes by itself; whoever is here
    again after a release was taken back is alarmed for anew. Nothing is done for a child who has gone meanwhile, or is
    handed over on paper."""
    await hold_lists(uow, [late.day_child_id])
    one = await any_child(uow, late.day_child_id)
    if one is None or one.paper_since is not None:
        return
    if not (one.is_here or (one.step is Step.EXPECTED and late.step == LEAD)):
        return
    if late.step < LEAD:
        await _ask(uow, late)
        return
    alarm = await _alarm_for_lead(uow, one)
    if alarm is not None:
        people = await who_answers(uow, one.date)
        await uow.post("child_uncollected_lead", people, Class.ALARM, key=uncollected_key(alarm.id), alarm_id=alarm.id)


async def _alarm_for_lead(uow: UnitOfWork, one: GateChild) -> Alarm | None:
    """The alarm that the last step opens; None where it is open already."""
    alarm, new = await raise_alarm(uow, one.id, AlarmKind.UNCOLLECTED)
    if not new:
        return None
    alarm.lead_told_at = uow.now
    uow.record("child_uncollected", "student", one.student_id, alarm=alarm.id)
    return alarm


async def _ask(uow: UnitOfWork, late: Late) -> None:
    """Each of the people is asked to come, once; a letter that came to nothing goes out after all."""
    mine = (Letter.unique_key.in_(late.letters()), _NOT_SAID)
    again = update(Letter).where(*mine).values(state=LetterState.WAITING, attempts=0, due_at=uow.now)
    if (await uow.connection.execute(again)).rowcount:
        uow.posted = True
    child, step = late.day_child_id, late.step
    await uow.post("child_uncollected", late.people, Class.ALARM, key=late.key, day_child_id=child, step=step)


async def take_together(uow: UnitOfWork, session_id: int, day_child_ids: Sequence[int], unsaid: bool) -> None:
    """The last step for several children of one class, or of extended care, at once: an alarm for each, and one letter
    about them all. ``unsaid``: the roll says nothing about them, mostly because nobody has called it. Nothing is done
    for whom ``take_step`` does nothing, nor for who has come to be among the others meanwhile."""
    await hold_lists(uow, day_child_ids)
    alarms: dict[int, int] = {}
    for day_child_id in day_child_ids:
        one = await any_child(uow, day_child_id)
        if one is None or one.paper_since is not None or not (one.step is Step.EXPECTED if unsaid else one.is_here):
            continue
        alarm = await _alarm_for_lead(uow, one)
        if alarm is not None:
            alarms[day_child_id] = alarm.id
    if alarms:
        kind = "class_unsaid_lead" if unsaid else "class_uncollected_lead"
        people, key = await who_answers(uow, uow.day), class_key(min(alarms.values()))
        await uow.post(kind, people, Class.ALARM, key=key, session_id=session_id, children=list(alarms))


async def uncollected_in(uow: UnitOfWork, session_id: int, also: Collection[int] = ()) -> list[tuple[int, GateChild]]:
    """The children of a class, or of extended care, of whom the last step has told while they were here, each with its
    open alarm: as far as the actor answers for them, by class and number. ``also``: these day children, wherever they
    are by now."""
    session = await uow.session.get(CareSession, session_id)
    if session is None:
        return []
    here = (
        DayChild.extended_at.is_not(None) if session.kind is SessionKind.EXTENDED else DayChild.session_id == session_id
    )
    query = (
        select(Alarm.day_child_id, Alarm.id)
        .join(DayChild)
        .where(DayChild.date == session.date, Alarm.kind == AlarmKind.UNCOLLECTED, Alarm.closed_at.is_(None))
        .where(or_(here, DayChild.id.in_(list(also))))
    )
    alarms = {row.day_child_id: row.id for row in await uow.connection.execute(query)}
    return [
        (alarms[one.id], one)
        for one in await any_children(uow, alarms)
        if (one.session_id == session_id or one.id in also)
        and one.step is not Step.EXPECTED
        and uow.actor.may_for(Permission.ANSWER_FOR_DAY, one.grade, one.class_id)
    ]


async def told(uow: UnitOfWork, one: GateChild, people: Collection[int]) -> set[int]:
    """Those of these people whom the first two steps have told, or that the child was found after the end of care: a
    letter is or can be with them. Who has no chat, or has blocked it, has heard nothing."""
    found = (
        select(Alarm.id)
        .join(DayChild)
        .join(CareSession)
        .where(DayChild.id == one.id, Alarm.kind == AlarmKind.MISSING, Alarm.reason == "")
        .where(Alarm.closed_at >= CareSession.ends_at)
    )
    stay = await staying(uow, one.date, [one.student_id])
    stays = stay is not None and one.student_id in stay.students
    told_by = [_key(one.id, step, stays) for step in (GUARDIAN, OTHERS)]
    told_by += [arrived_key(alarm_id) for alarm_id in await uow.session.scalars(found)]
    keys = [f"{key}:{person}" for key in told_by for person in people]
    query = (
        select(Letter.person_id)
        .join(Contact, Contact.person_id == Letter.person_id)
        .where(
            Letter.unique_key.in_(keys),
            Letter.state.not_in((LetterState.FAILED, LetterState.LAPSED)),
            Contact.reach == Reach.REACHABLE,
        )
    )
    return {person for person in await uow.session.scalars(query) if person is not None}
