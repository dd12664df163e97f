"""The table of the application's way (S1): each state × move × duty, allowed just where the plan allows it."""

from __future__ import annotations

import itertools

import pytest
from databases import Databases, make_school
from sqlalchemy import select, update

from care.enrolment import Answers, Move, PickupAnswer, decide
from care.enrolment.apply import correct, stay, withdraw
from care.enrolment.queries import moves_open_to
from care.enrolment.states import HOLDS_A_PLACE, OPEN, RULES, moves_from, right_needed
from care.errors import CareError, Conflict, NotAllowed, NotFound
from care.permissions import RIGHTS, SYSTEM, Actor, Duty, Permission
from care.records import Application, Guardianship, LeaveMode, Need, Person, Relation, Role, SchoolClass, State, Student
from care.school import School

STAFF_MOVES = (Move.PASS, Move.RETURN, Move.REFUSE, Move.APPROVE, Move.WAIT_LIST)
REVIEWERS = {Role.HOMEROOM, Role.GRADE_LEADER}
DECIDERS = {Role.HEAD, Role.DEPUTY, Role.MEMBER, Role.OFFICE}

ALLOWED = {
    (State.SUBMITTED, Move.PASS): REVIEWERS,
    (State.SUBMITTED, Move.RETURN): REVIEWERS,
    (State.SUBMITTED, Move.REFUSE): REVIEWERS,
    (State.REVIEWED, Move.APPROVE): DECIDERS,
    (State.REVIEWED, Move.WAIT_LIST): DECIDERS,
    (State.REVIEWED, Move.RETURN): DECIDERS,
    (State.REVIEWED, Move.REFUSE): DECIDERS,
    (State.WAITING, Move.APPROVE): DECIDERS,
    (State.WAITING, Move.RETURN): DECIDERS,
    (State.WAITING, Move.REFUSE): DECIDERS,
}
"""Written down a second time, by hand: the plan's sentences, not the code's table."""

CASES = list(itertools.product(State, STAFF_MOVES))


def test_the_table_gives_what_the_plan_says() -> None:
    for state, move in itertools.product(State, Move):
        right = right_needed(move, state)
        roles = {role for role in Role if right is not None and right in RIGHTS[role]}
        assert roles == ALLOWED.get((state, move), set()), (state, move)
        assert (move in moves_from(state)) is bool(roles)


def test_places_and_open_states() -> None:
    assert set(HOLDS_A_PLACE) == {State.APPROVED, State.ENROLLED}
    assert set(OPEN) == set(State) - {State.REFUSED, State.WITHDRAWN}
    assert RULES[Move.WITHDRAW].sources == set(OPEN)
    assert {move for move, rule in RULES.items() if rule.remark_needed} == {Move.RETURN, Move.REFUSE}


def duty(role: Role, school_class: SchoolClass) -> Duty:
    grade = school_class.grade if role is Role.GRADE_LEADER else None
    return Duty(role, grade, school_class.id if role is Role.HOMEROOM else None)


class Undo(Exception):
    """Ends a transaction without a trace."""


async def try_move(school: School, state: State, move: Move, role: Role, elsewhere: bool = False) -> str:
    """What becomes of a move: its target state, or the kind of refusal."""
    try:
        async with school.work() as uow:
            application = (await uow.session.scalars(select(Application).order_by(Application.id).limit(1))).one()
            student = await uow.session.get_one(Student, application.student_id)
            school_class = await uow.session.get_one(SchoolClass, student.school_class_id)
            school_class.capacity = 200
            await uow.session.execute(update(Application).where(Application.id == application.id).values(state=state))
            await uow.session.flush()
            held = Duty(role, 99, 99) if elsewhere else duty(role, school_class)
            uow.actor = Actor(1, "Somebody", (held,))
            try:
                decided = await decide(uow, move, application.id, "because")
            except CareError as error:
                raise Undo(type(error).__name__) from error
            whole = await uow.session.get_one(Application, decided.id)
            raise Undo(whole.state.value)
    except Undo as end:
        return str(end)


@pytest.mark.parametrize("role", Role)
async def test_every_state_by_every_move(sqlite: Databases, role: Role) -> None:
    school = make_school(await sqlite.fresh())
    sees = Permission.SEE_APPLICATIONS in RIGHTS[role]
    for state, move in CASES:
        outcome = await try_move(school, state, move, role)
        if not sees:
            assert outcome == NotFound.__name__, (state, move)
        elif role in ALLOWED.get((state, move), set()):
            assert outcome == RULES[move].target.value, (state, move)
        elif state in RULES[move].sources:
            assert outcome == NotAllowed.__name__, (state, move)
        else:
            assert outcome == Conflict.__name__, (state, move)
    if role in REVIEWERS:
        assert await try_move(school, State.SUBMITTED, Move.PASS, role, elsewhere=True) == NotFound.__name__
    await school.close()


ANSWERS = Answers(
    weekdays=(1,),
    needs=(Need.WORK_HOURS,),
    need_words="",
    extended_weekdays=(),
    pickup=(PickupAnswer("钱秀英", Relation.GRANDMOTHER, "19900007777"),),
    leave_mode=LeaveMode.COLLECTED,
    health_note="",
    courses_wished="",
    consent_data=True,
    consent_health=False,
    criteria_version=1,
)


@pytest.mark.parametrize("state", State)
async def test_what_the_family_may_do_in_each_state(sqlite: Databases, state: State) -> None:
    school = make_school(await sqlite.fresh())
    async with school.look() as uow:
        row = (
            await uow.session.execute(
                select(Application, Person)
                .join(Guardianship, Guardianship.id == Application.guardianship_id)
                .join(Person, Person.id == Guardianship.person_id)
                .order_by(Application.id)
            )
        ).first()
    assert row is not None
    application, person = row[0], row[1]
    for deed, sources in {
        "correct": {State.RETURNED},
        "withdraw": set(OPEN),
        "stay": {State.ENROLLED},
    }.items():
        allowed = True
        try:
            async with school.work(Actor(person.id, person.name)) as uow:
                await uow.session.execute(
                    update(Application).where(Application.id == application.id).values(state=state, leaves_on=None)
                )
                match deed:
                    case "correct":
                        await correct(uow, application.id, ANSWERS)
                    case "withdraw":
                        await withdraw(uow, application.id)
                    case "stay":
                        await uow.session.execute(
                            update(Application)
                            .where(Application.id == application.id)
                            .values(leaves_on=uow.today.replace(day=30))
                        )
                        await stay(uow, application.id)
                raise Undo
        except Conflict:
            allowed = False
        except Undo:
            pass
        assert allowed is (state in sources), (deed, state)
    await school.close()


def test_the_clock_decides_nothing() -> None:
    """The system holds no duty: it moves places on, and never reviews or approves by itself."""
    assert not any(SYSTEM.may(permission) for permission in Permission)
    application = Application(state=State.SUBMITTED, student=Student(school_class=SchoolClass(id=1, grade=1, number=1)))
    assert moves_open_to(SYSTEM, application, family=False) == []
    homeroom = Actor(1, "She", (Duty(Role.HOMEROOM, school_class_id=1),))
    assert moves_open_to(homeroom, application, family=False) == ["passed", "returned", "refused"]
    assert moves_open_to(homeroom, application, family=True) == []
