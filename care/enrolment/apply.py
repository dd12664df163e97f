"""A guardian applies, corrects, signs out: the family's side of enrolment (S1, S5, S21)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload, selectinload

from care.custody.chain import FAMILY, LAST, Link, append
from care.enrolment.answers import Answers, checked
from care.enrolment.family import reviewers_of, unrestricted_guardians
from care.enrolment.places import give_place_to_next, lock_class_of
from care.enrolment.states import HOLDS_A_PLACE, OPEN, RULES, Move
from care.errors import Conflict, Invalid, NotFound
from care.people import clean_name, holders, normal_phone
from care.records.day import CareDay, DayChild, Step
from care.records.delivery import Class
from care.records.enrolment import Application, Consent, ConsentKind, PickupPerson, State
from care.records.people import Guardianship, Role, Student
from care.records.term import Term
from care.term import applications_open, the_term
from care.work import UnitOfWork


async def guardianship_of(uow: UnitOfWork, student_id: int) -> Guardianship:
    """The actor's own, unrestricted guardianship of a child. Raises NotFound otherwise."""
    query = (
        select(Guardianship)
        .join(Student)
        .where(
            Guardianship.student_id == student_id,
            Guardianship.person_id == uow.actor.person_id,
            Guardianship.restricted.is_(False),
            Student.left_on.is_(None),
        )
        .options(joinedload(Guardianship.student).joinedload(Student.school_class))
    )
    found = (await uow.session.scalars(query)).first()
    if found is None:
        raise NotFound()
    return found


async def may_apply(uow: UnitOfWork, student_id: int) -> Guardianship:
    """Checks that the actor may apply for this child now. Raises Invalid or Conflict with the reason."""
    guardianship = await guardianship_of(uow, student_id)
    term = await the_term(uow)
    if not applications_open(term, uow.today):
        raise Invalid("applications_closed", since=term.apply_from, until=term.apply_until)
    if guardianship.student.school_class.grade not in term.grades:
        raise Invalid("grade_not_eligible")
    if await open_application(uow, term.id, student_id) is not None:
        raise Conflict("already_applied")
    return guardianship


async def open_application(uow: UnitOfWork, term_id: int, student_id: int) -> Application | None:
    """The child's application of the term that is neither refused nor withdrawn."""
    query = (
        select(Application)
        .where(Application.term_id == term_id, Application.student_id == student_id, Application.state.in_(OPEN))
        .options(selectinload(Application.pickup))
    )
    return (await uow.session.scalars(query)).first()


async def submit(uow: UnitOfWork, student_id: int, answers: Answers) -> Application:
    """Submits an application. Raises Conflict("already_applied") when the term already has one for the child."""
    await uow.session.get(Student, student_id, with_for_update=True)
    guardianship = await may_apply(uow, student_id)
    term = await the_term(uow)
    answers = checked(answers, guardianship.student.school_class.grade)
    application = Application(
        term_id=term.id,
        student_id=student_id,
        guardianship_id=guardianship.id,
        state=State.SUBMITTED,
        state_since=uow.now,
        submitted_at=uow.now,
    )
    _fill(uow, application, answers)
    uow.session.add(application)
    await uow.session.flush()
    await _consents(uow, application, guardianship, answers)
    await _tell_reviewers(uow, application, guardianship.student)
    uow.record("submitted", "application", application.id)
    return application


async def correct(uow: UnitOfWork, application_id: int, answers: Answers, version: int | None = None) -> Application:
    """Submits a returned application again, corrected. Only the guardian who applied may."""
    application = await own_application(uow, application_id, applicant_only=True)
    if application.state not in RULES[Move.RESUBMIT].sources or version not in (None, application.version):
        raise Conflict(state=application.state)
    student = application.student
    answers = checked(answers, student.school_class.grade)
    application.pickup.clear()
    await uow.session.flush()
    _fill(uow, application, answers)
    application.state = State.SUBMITTED
    application.state_since = uow.now
    application.version += 1
    await _consents(uow, application, application.guardianship, answers)
    await _tell_reviewers(uow, application, student)
    uow.record("submitted", "application", application.id)
    return application


def _fill(uow: UnitOfWork, application: Application, answers: Answers) -> None:
    application.weekdays = sorted(answers.weekdays)
    application.needs = [need.value for need in answers.needs]
    application.need_words = answers.need_words.strip()
    application.extended_weekdays = sorted(answers.extended_weekdays)
    application.leave_mode = answers.leave_mode
    application.courses_wished = answers.courses_wished.strip()
    application.criteria_version = answers.criteria_version
    note = answers.health_note.strip()
    application.health_note = uow.school.keys.seal(note) if note else None
    application.pickup = [
        PickupPerson(ordinal=i, name=clean_name(p.name), relation=p.relation, phone=normal_phone(p.phone))
        for i, p in enumerate(answers.pickup, 1)
    ]


async def _consents(uow: UnitOfWork, application: Application, guardianship: Guardianship, answers: Answers) -> None:
    wanted = {ConsentKind.MINOR_DATA} | ({ConsentKind.HEALTH} if application.health_note else set())
    query = select(Consent).where(
        Consent.person_id == guardianship.person_id,
        Consent.student_id == application.student_id,
        Consent.withdrawn_at.is_(None),
    )
    given = list(await uow.session.scalars(query))
    for consent in given:
        if consent.kind not in wanted:
            consent.withdrawn_at = uow.now
    for kind in sorted(wanted - {consent.kind for consent in given}):
        uow.session.add(
            Consent(person_id=guardianship.person_id, student_id=application.student_id, kind=kind, given_at=uow.now)
        )


async def _tell_reviewers(uow: UnitOfWork, application: Application, student: Student) -> None:
    await uow.post(
        "review_wanted",
        await reviewers_of(uow, [student.id]),
        Class.ALARM,
        key=f"review:{application.id}:{application.version}",
        application_id=application.id,
        version=application.version,
    )


async def own_application(uow: UnitOfWork, application_id: int, applicant_only: bool = False) -> Application:
    """An application for a child of the actor, locked. Raises NotFound for anybody else's."""
    query = (
        select(Application)
        .where(Application.id == application_id)
        .options(
            selectinload(Application.pickup),
            joinedload(Application.term),
            joinedload(Application.guardianship),
            joinedload(Application.student).joinedload(Student.school_class),
        )
        .with_for_update(of=Application)
        .execution_options(populate_existing=True)
    )
    application = (await uow.session.scalars(query)).first()
    if application is None:
        raise NotFound()
    mine = await guardianship_of(uow, application.student_id)
    if applicant_only and mine.id != application.guardianship_id:
        raise NotFound()
    return application


async def withdraw(uow: UnitOfWork, application_id: int, leaves_on: date | None = None) -> Application:
    """Withdraws (S21): one step, any time. ``leaves_on`` is the first day without care, today when not given.

    A later date keeps the place until then. The place then goes to the next on the waiting list.
    """
    await lock_class_of(uow, application_id)
    application = await own_application(uow, application_id)
    if application.state not in RULES[Move.WITHDRAW].sources:
        raise Conflict(state=application.state)
    leaves_on = leaves_on or uow.today
    if leaves_on < uow.today or leaves_on > application.term.ends_on:
        raise Invalid("date_outside_term")
    application.leaves_on = leaves_on
    application.version += 1
    uow.record("withdrawal_given", "application", application.id, leaves_on=leaves_on.isoformat())
    await _tell_others(uow, application, "child_withdrawn", from_care=application.state is State.ENROLLED)
    if leaves_on <= uow.today or application.state is not State.ENROLLED:
        await take_out(uow, application)
    return application


async def stay(uow: UnitOfWork, application_id: int) -> Application:
    """Takes back a withdrawal whose day has not come; whoever heard of the withdrawal hears of this too."""
    application = await own_application(uow, application_id)
    if application.state is not State.ENROLLED or application.leaves_on is None or application.leaves_on <= uow.today:
        raise Conflict(state=application.state)
    application.leaves_on = None
    application.version += 1
    uow.record("withdrawal_taken_back", "application", application.id)
    await _tell_others(uow, application, "child_stays", version=application.version)
    return application


async def settle(uow: UnitOfWork, application_id: int) -> bool:
    """Lets a withdrawal whose day has come take effect (the clock); False when there is none any more."""
    await lock_class_of(uow, application_id)
    query = (
        select(Application)
        .where(Application.id == application_id, Application.state == State.ENROLLED)
        .where(Application.leaves_on <= uow.today)
        .options(joinedload(Application.student), joinedload(Application.guardianship))
        .with_for_update(of=Application)
        .execution_options(populate_existing=True)
    )
    application = (await uow.session.scalars(query)).first()
    if application is None:
        return False
    await take_out(uow, application)
    return True


async def child_left(uow: UnitOfWork, student: Student, remark: str) -> int:
    """Takes out the applications of a child who has left the school, of terms that were not over by then. Returns how
    many there were."""
    query = (
        select(Application.id)
        .join(Term)
        .where(Application.student_id == student.id, Application.state.in_(OPEN), Term.ends_on >= student.left_on)
        .order_by(Application.id)
    )
    ids = list(await uow.session.scalars(query))
    for application_id in ids:
        await lock_class_of(uow, application_id)
        application = await uow.session.get_one(
            Application,
            application_id,
            options=[joinedload(Application.student)],
            with_for_update={"of": Application},
            populate_existing=True,
        )
        if application.state in OPEN:
            application.leaves_on = student.left_on
            await take_out(uow, application, remark)
    return len(ids)


async def take_out(uow: UnitOfWork, application: Application, remark: str = "") -> None:
    """The withdrawal takes effect: the place is free and goes to the next in line. The consents end with it, and the
    health note is deleted. A child whom today's list still expects is with its family; one who is here stays in the
    teacher's hands until it is collected."""
    held_a_place = application.state in HOLDS_A_PLACE
    application.state = State.WITHDRAWN
    application.state_since = uow.now
    application.version += 1
    application.health_note = None
    await uow.session.execute(
        update(Consent)
        .where(Consent.student_id == application.student_id, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=uow.now)
    )
    uow.record("withdrawn", "application", application.id, remark, leaves_on=str(application.leaves_on))
    await uow.session.flush()
    await _not_expected(uow, application.id)
    if held_a_place:
        await give_place_to_next(uow, application.term_id, application.student.school_class_id)


async def _not_expected(uow: UnitOfWork, application_id: int) -> None:
    query = (
        select(DayChild.id)
        .join(CareDay, CareDay.date == DayChild.date)
        .where(DayChild.date == uow.today, DayChild.application_id == application_id, CareDay.closed_at.is_(None))
    )
    child_id = await uow.session.scalar(query)
    if child_id is None:
        return
    last = (await uow.connection.execute(LAST, {"child": child_id})).one()
    if last.step in (Step.EXPECTED, Step.LEAVE):
        await append(uow, child_id, Link(Step.WITHDRAWN, FAMILY), last.seq)


async def _tell_others(uow: UnitOfWork, application: Application, kind: str, **params: Any) -> None:
    """Tells the child's other guardians and the homeroom teacher."""
    families = await unrestricted_guardians(uow, application.student_id)
    teachers = await holders(uow, Role.HOMEROOM, class_id=application.student.school_class_id)
    people = [person for person in families + teachers if person != uow.actor.person_id]
    key = f"{kind}:{application.id}:{application.version}"
    await uow.post(kind, people, Class.ALARM, key=key, application_id=application.id, **params)
