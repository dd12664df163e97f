"""Applications: their states, the audit behind each, places, agreements, consents and pick-up persons."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise

import pytest
from demo_house import KEYS
from sqlalchemy import select
from sqlalchemy.orm import Session

from afterbell.demo import START
from afterbell.demo.cast import FULL_CLASS, ONE_LEFT_CLASS, STAR_CLASS
from afterbell.demo.term import school_days
from care.enrolment.answers import Answers, PickupAnswer, checked
from care.enrolment.states import HOLDS_A_PLACE
from care.permissions import RIGHTS, Permission
from care.records import (
    Agreement,
    Application,
    CalendarDay,
    Consent,
    ConsentKind,
    Event,
    Guardianship,
    Need,
    Person,
    PickupPerson,
    Role,
    SchoolClass,
    StaffRole,
    State,
    Student,
    TermText,
    TextKind,
    Waiver,
)

WAYS = {
    State.SUBMITTED: ["submitted"],
    State.REVIEWED: ["submitted passed"],
    State.APPROVED: ["submitted passed approved"],
    State.ENROLLED: [
        "submitted passed approved signed enrolled",
        "submitted returned submitted passed approved signed enrolled",
    ],
    State.RETURNED: ["submitted returned", "submitted passed returned"],
    State.REFUSED: ["submitted refused", "submitted passed refused"],
    State.WAITING: ["submitted passed wait_listed"],
    State.WITHDRAWN: [
        "submitted withdrawal_given withdrawn",
        "submitted passed approved signed enrolled withdrawal_given withdrawn",
    ],
}
GUARDIANS_STEPS = {"submitted", "signed", "withdrawal_given", "withdrawn"}


@pytest.fixture
def ways(db: Session) -> dict[int, list[Event]]:
    found: defaultdict[int, list[Event]] = defaultdict(list)
    for event in db.scalars(select(Event).where(Event.subject == "application").order_by(Event.id)):
        if event.action != "waiver_recorded":
            found[event.subject_id].append(event)
    return found


def class_of(db: Session, grade: int, number: int) -> SchoolClass:
    return db.scalars(select(SchoolClass).where(SchoolClass.grade == grade, SchoolClass.number == number)).one()


def states_in(db: Session, place: tuple[int, int]) -> Counter[State]:
    query = select(Application.state).join(Student).where(Student.school_class_id == class_of(db, *place).id)
    return Counter(db.scalars(query))


def test_how_many_in_each_state(db: Session) -> None:
    assert Counter(db.scalars(select(Application.state))) == {
        State.ENROLLED: 870,
        State.SUBMITTED: 25,
        State.REVIEWED: 15,
        State.APPROVED: 8,
        State.WAITING: 6,
        State.RETURNED: 5,
        State.REFUSED: 4,
        State.WITHDRAWN: 3,
    }
    students = db.scalars(select(Application.student_id)).all()
    assert len(set(students)) == len(students)


def test_no_class_holds_more_than_its_places(db: Session) -> None:
    held = Counter(
        db.scalars(
            select(Student.school_class_id)
            .join(Application, Application.student_id == Student.id)
            .where(Application.state.in_(HOLDS_A_PLACE))
        )
    )
    free = {c.name: c.capacity - held[c.id] for c in db.scalars(select(SchoolClass))}
    assert min(free.values()) == 0
    assert [name for name, places in free.items() if places == 0] == ["{}({})".format(*FULL_CLASS)]
    assert [name for name, places in free.items() if places == 1] == ["{}({})".format(*ONE_LEFT_CLASS)]


def test_the_full_class_was_full_before_anybody_waited(db: Session, ways: dict[int, list[Event]]) -> None:
    class_id = class_of(db, *FULL_CLASS).id
    ids = set(db.scalars(select(Application.id).join(Student).where(Student.school_class_id == class_id)))
    steps = [event for number in ids for event in ways[number]]
    approved = [event.at for event in steps if event.action == "approved"]
    assert len(approved) == 36
    assert max(approved) < min(event.at for event in steps if event.action == "wait_listed")


def test_the_star_class_has_work_to_show(db: Session) -> None:
    states = states_in(db, STAR_CLASS)
    assert min(states[s] for s in (State.SUBMITTED, State.REVIEWED, State.APPROVED, State.RETURNED)) >= 1
    assert states_in(db, ONE_LEFT_CLASS)[State.REVIEWED] == 2


def test_the_audit_leads_to_the_state(db: Session, ways: dict[int, list[Event]]) -> None:
    for application in db.scalars(select(Application)):
        way = ways[application.id]
        assert " ".join(event.action for event in way) in WAYS[application.state]
        assert application.version == len(way)
        assert application.state_since == way[-1].at
        assert application.submitted_at == way[0].at
    assert len(ways) == 936


def test_the_audit_is_in_order_on_school_days_and_past(db: Session, ways: dict[int, list[Event]]) -> None:
    days_off = set(db.scalars(select(CalendarDay.date).where(CalendarDay.school.is_(False))))
    for way in ways.values():
        for before, after in pairwise(way):
            at_once = after.action in ("enrolled", "withdrawn")
            assert before.at == after.at if at_once else before.at < after.at
    times = [event.at for event in db.scalars(select(Event).order_by(Event.id))]
    assert times == sorted(times)
    for moment in times:
        there = moment.astimezone(START.tzinfo)
        assert there < START
        assert there.isoweekday() <= 5
        assert there.date() not in days_off
        assert 7 <= there.hour < 18


def test_every_step_was_made_by_somebody_who_may(db: Session, ways: dict[int, list[Event]]) -> None:
    names = {person_id: name for person_id, name in db.execute(select(Person.id, Person.name))}
    duties: defaultdict[int, list[StaffRole]] = defaultdict(list)
    for duty in db.scalars(select(StaffRole)):
        duties[duty.person_id].append(duty)
    query = (
        select(Application.id, Student.school_class_id, Guardianship.person_id, Guardianship.restricted)
        .join(Student, Student.id == Application.student_id)
        .join(Guardianship, Guardianship.id == Application.guardianship_id)
    )
    for application_id, class_id, applicant, restricted in db.execute(query):
        assert not restricted
        passed = False
        for event in ways[application_id]:
            if event.action == "enrolled":
                assert (event.actor_id, event.actor_name) == (None, "AfterBell")
                continue
            assert event.actor_id is not None
            assert event.actor_name == names[event.actor_id]
            held = duties[event.actor_id]
            if event.action in GUARDIANS_STEPS:
                assert event.actor_id == applicant
            elif event.action == "passed" or not passed:
                assert any(d.role is Role.HOMEROOM and d.school_class_id == class_id for d in held)
            else:
                assert any(Permission.APPROVE in RIGHTS[d.role] for d in held)
            assert bool(event.remark) or event.action not in ("returned", "refused")
            passed = passed or event.action == "passed"


def test_some_have_waited_too_long(db: Session) -> None:
    days = school_days(START.date() - timedelta(days=20), START.date())
    since = {
        state: [
            moment.astimezone(START.tzinfo).date()
            for moment in db.scalars(select(Application.state_since).where(Application.state == state))
        ]
        for state in (State.SUBMITTED, State.APPROVED)
    }
    assert sum(day <= days[-3] for day in since[State.SUBMITTED]) >= 5
    assert sum(day == days[-1] for day in since[State.SUBMITTED]) >= 5
    assert sum(day <= days[-4] for day in since[State.APPROVED]) >= 3


def test_whoever_was_enrolled_signed_the_text(db: Session, ways: dict[int, list[Event]]) -> None:
    signed = {number for number, way in ways.items() if any(event.action == "signed" for event in way)}
    text = db.scalars(select(TermText).where(TermText.kind == TextKind.AGREEMENT, TermText.language == "zh_CN")).one()
    agreements = db.scalars(select(Agreement)).all()
    assert {a.application_id for a in agreements} == signed
    for agreement in agreements:
        event = next(e for e in ways[agreement.application_id] if e.action == "signed")
        assert (agreement.signer_id, agreement.typed_name, agreement.signed_at) == (
            event.actor_id,
            event.actor_name,
            event.at,
        )
        assert (agreement.term_text_id, agreement.text_sha256, agreement.channel) == (text.id, text.sha256, "web")
        assert event.data == {"text_version": 1, "text_sha256": text.sha256}


def test_the_product_would_have_taken_every_answer(db: Session) -> None:
    pickup: defaultdict[int, list[PickupPerson]] = defaultdict(list)
    for named in db.scalars(select(PickupPerson).order_by(PickupPerson.application_id, PickupPerson.ordinal)):
        pickup[named.application_id].append(named)
    query = select(Application, SchoolClass.grade).join(Student, Student.id == Application.student_id)
    for a, grade in db.execute(query.join(SchoolClass, SchoolClass.id == Student.school_class_id)):
        named = pickup[a.id]
        assert [p.ordinal for p in named] == list(range(1, len(named) + 1))
        assert named
        note = KEYS.open(a.health_note) if a.health_note else ""
        assert note is not None
        checked(
            Answers(
                tuple(a.weekdays),
                tuple(Need(need) for need in a.needs),
                a.need_words,
                tuple(a.extended_weekdays),
                tuple(PickupAnswer(p.name, p.relation, p.phone) for p in named),
                a.leave_mode,
                note,
                a.courses_wished,
                True,
                bool(note),
                a.criteria_version,
            ),
            grade,
        )


def test_extended_care_has_room_every_day(db: Session) -> None:
    taken: Counter[int] = Counter()
    for days in db.scalars(select(Application.extended_weekdays).where(Application.state.in_(HOLDS_A_PLACE))):
        taken.update(days)
    assert set(taken) == {1, 2, 3, 4, 5}
    assert 20 < max(taken.values()) <= 120


def test_consents_belong_to_the_applicants(db: Session) -> None:
    query = select(Application, Guardianship.person_id).join(
        Guardianship, Guardianship.id == Application.guardianship_id
    )
    wanted = set()
    for application, person_id in db.execute(query):
        wanted.add((person_id, application.student_id, ConsentKind.MINOR_DATA, application.submitted_at))
        if application.health_note:
            wanted.add((person_id, application.student_id, ConsentKind.HEALTH, application.submitted_at))
    consents = db.scalars(select(Consent)).all()
    assert {(c.person_id, c.student_id, c.kind, c.given_at) for c in consents} == wanted
    assert len(consents) == len(wanted)
    assert sum(1 for c in consents if c.kind is ConsentKind.HEALTH) > 30


def test_six_waivers_are_recorded_and_audited(db: Session) -> None:
    waivers = db.scalars(select(Waiver)).all()
    events = db.scalars(select(Event).where(Event.action == "waiver_recorded")).all()
    assert len(waivers) == 6
    assert {(w.application_id, w.recorded_by, w.recorded_at, w.reason) for w in waivers} == {
        (e.subject_id, e.actor_id, e.at, e.remark) for e in events
    }
    recorders = db.scalars(select(StaffRole.role).where(StaffRole.person_id.in_([w.recorded_by for w in waivers])))
    assert all(Permission.RECORD_WAIVER in RIGHTS[role] for role in recorders)
    for waiver in waivers:
        application = db.get_one(Application, waiver.application_id)
        assert application.state is State.ENROLLED
        assert Need.HARDSHIP in application.needs
        assert waiver.recorded_at > application.state_since
