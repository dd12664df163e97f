"""Nobody decides on their own child; and what a reviewer sees of a health note."""

from __future__ import annotations

import pytest
from journey import apply, open_slip
from sqlalchemy import select
from stage import USERS_FROM, Stage

from care.enrolment import decide
from care.enrolment.states import Move
from care.errors import NotAllowed
from care.records import Application, Guardianship, Letter, Relation, State, Student


async def an_application(stage: Stage, state: State) -> tuple[int, int]:
    """(application, student) in a state."""
    async with stage.school.look() as uow:
        query = select(Application.id, Application.student_id).where(Application.state == state).limit(1)
        found = (await uow.session.execute(query)).one()
        return found[0], found[1]


async def make_parent(stage: Stage, person_id: int, student_id: int) -> None:
    async with stage.school.work() as uow:
        uow.session.add(Guardianship(student_id=student_id, person_id=person_id, relation=Relation.AUNT))


@pytest.mark.parametrize(("who", "move", "state"), [("office", Move.APPROVE, State.REVIEWED)])
async def test_who_decides_cannot_decide_on_the_own_child(stage: Stage, who: str, move: Move, state: State) -> None:
    person = await stage.star(who)
    application_id, student_id = await an_application(stage, state)
    await make_parent(stage, person.user_id - USERS_FROM, student_id)
    with pytest.raises(NotAllowed, match="own_child"):
        async with stage.school.work(await stage.act_as(person)) as uow:
            await decide(uow, move, application_id)
    (found,) = await stage.ask(select(Application.state).where(Application.id == application_id))
    assert found is state


@pytest.mark.parametrize("move", [Move.PASS, Move.REFUSE])
async def test_a_teacher_is_offered_no_decision_on_the_own_child(small_stage: Stage, move: Move) -> None:
    """A tap from before, or a forged one, is answered that a colleague decides."""
    teacher = await small_stage.homeroom_of("2(3)")
    query = (
        select(Application)
        .join(Student)
        .where(Application.state == State.SUBMITTED, Student.school_class.has(grade=2, number=3))
    )
    (application, *_) = await small_stage.ask(query)
    await make_parent(small_stage, teacher.user_id - USERS_FROM, application.student_id)
    await teacher.send("/review")
    await teacher.tap(data=f"ro:{application.id}")
    assert not any(word in button for button in teacher.buttons for word in ("通过", "退回"))
    await teacher.tap(data=f"rv:{move.value}:{application.id}:{application.version}")
    assert "自己的孩子" in teacher.toasts[-1]


async def test_the_own_childs_application_goes_to_the_grade_leader(small_stage: Stage) -> None:
    mum, teacher = await small_stage.star("mother"), await small_stage.homeroom_of("2(3)")
    leader = await small_stage.star("grade_leader")
    (student_id,) = await small_stage.ask(select(Student.id).where(Student.name == "林芷若"))
    await make_parent(small_stage, teacher.user_id - USERS_FROM, student_id)
    await open_slip(small_stage, mum)
    await apply(mum, young=True)
    people = await small_stage.ask(select(Letter.person_id).where(Letter.kind == "review_wanted"))
    assert people == [leader.user_id - USERS_FROM]


async def test_a_long_health_note_is_shown_in_place_and_put_away_again(small_stage: Stage) -> None:
    teacher = await small_stage.homeroom_of("2(3)")
    query = (
        select(Application)
        .join(Student)
        .where(Application.state == State.SUBMITTED, Student.school_class.has(grade=2, number=3))
    )
    (application, *_) = await small_stage.ask(query)
    note = "对尘螨过敏。" * 60
    async with small_stage.school.work() as uow:
        found = await uow.session.get_one(Application, application.id)
        found.health_note = uow.school.keys.seal(note)
    await teacher.send("/review")
    await teacher.tap(data=f"ro:{application.id}")
    teacher.misses("尘螨")
    await teacher.tap("健康说明")
    teacher.reads(note)
    await teacher.tap("返回申请")
    teacher.misses("尘螨")
