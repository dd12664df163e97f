"""Two people at once: the last place, the same child, the same application. Exactly one wins; nobody is blocked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from journey import (
    ZH,
    again,
    answer_all,
    answers,
    applicant,
    decides,
    guardians,
    in_state,
    open_slip,
    student,
    submit_for,
    to_approved,
)
from sqlalchemy import func, select
from stage import Player, Stage

from care.agreement import sign
from care.enrolment import Move, decide, set_capacity, submit, withdraw
from care.enrolment.bulk import Shown, decide_shown
from care.enrolment.places import places_taken
from care.errors import CareError
from care.records import Agreement, Application, Event, SchoolClass, State, Student, TermText
from care.work import UnitOfWork

Work = Callable[[UnitOfWork], Awaitable[object]]


async def at_once(stage: Stage, *deeds: tuple[Player, Work]) -> list[str]:
    """Does all at the same time, each in a transaction of its own. Returns "done" or the code of the refusal."""
    ready = asyncio.Barrier(len(deeds))

    async def one(player: Player, work: Work) -> str:
        actor = await stage.act_as(player)
        await ready.wait()
        try:
            async with stage.school.work(actor) as uow:
                await work(uow)
        except CareError as error:
            return error.code
        return "done"

    found = await asyncio.gather(*(one(player, work) for player, work in deeds))
    await stage.calm()
    return found


async def test_the_last_place_goes_to_one(stage: Stage) -> None:
    """Class 1(7) has one place left and two applications that want it."""
    one, two = await in_state(stage, State.REVIEWED, "1(7)")
    office, head = await stage.star("office"), await stage.star("head")

    def approve(application: Application) -> Work:
        return lambda uow: decide(uow, Move.APPROVE, application.id, version=application.version)

    found = await at_once(stage, (office, approve(one)), (head, approve(two)))
    assert sorted(found) == ["class_full", "done"]
    (child,) = await stage.ask(select(Student).where(Student.id == one.student_id))
    async with stage.school.look() as uow:
        assert await places_taken(uow, one.term_id, child.school_class_id) == 36
    states = [(await again(stage, a.id)).state for a in (one, two)]
    assert sorted(states) == [State.APPROVED, State.REVIEWED]


async def test_both_parents_submit_at_once(stage: Stage) -> None:
    child = await student(stage, "林芷若")
    mum, dad = await guardians(stage, child.id)
    await open_slip(stage, mum)
    await open_slip(stage, dad)

    def apply(uow: UnitOfWork) -> Awaitable[object]:
        return submit(uow, child.id, answers())

    assert sorted(await at_once(stage, (mum, apply), (dad, apply), (mum, apply))) == [
        "already_applied", "already_applied", "done"
    ]  # fmt: skip
    count = select(func.count()).select_from(Application).where(Application.student_id == child.id)
    assert await stage.ask(count) == [1]


async def test_the_slower_parent_is_told_how_it_stands(small_stage: Stage) -> None:
    """Both fill it in; the father submits second. Nothing of his stays behind, and he sees whose application holds."""
    stage = small_stage
    child = await student(stage, "林芷若")
    mum, dad = await guardians(stage, child.id)
    for parent in (mum, dad):
        await open_slip(stage, parent)
        await answer_all(parent, young=True)
    await mum.tap(ZH["submit"])
    await dad.tap(ZH["submit"])
    dad.reads("林芷若已有申请，申请人：苏婉晴，状态：待班级审核")
    await dad.send("/apply")
    dad.reads("林芷若：待班级审核")
    await dad.tap(data="go:children")
    dad.reads("申请人：苏婉晴")
    count = select(func.count()).select_from(Application).where(Application.student_id == child.id)
    assert await stage.ask(count) == [1]


async def test_a_double_tap_on_submit(stage: Stage) -> None:
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await answer_all(mum, young=True)
    summary = mum.last
    assert summary is not None
    token = next(b["callback_data"] for row in summary.buttons() for b in row if ZH["submit"] in str(b["text"]))
    mum._acts.tap(summary.id, token)
    mum._acts.tap(summary.id, token)
    await stage.calm()
    mum.reads("已提交")
    assert mum.toasts[-1] == "林芷若的申请学校已收到：待班级审核。"
    child = await student(stage, "林芷若")
    count = select(func.count()).select_from(Application).where(Application.student_id == child.id)
    assert await stage.ask(count) == [1]


async def test_two_teachers_pass_at_once(stage: Stage) -> None:
    """The homeroom teacher and the grade leader tap at the same moment."""
    (application, *_) = await in_state(stage, State.SUBMITTED, "2(3)")
    teacher, leader = await stage.homeroom_of("2(3)"), await stage.star("grade_leader")
    for player in (teacher, leader):
        await player.send("/review")
        await player.tap(data=f"ro:{application.id}")
    for player in (teacher, leader):
        player._acts.tap(player.last.id, f"rv:passed:{application.id}:{application.version}")  # type: ignore[union-attr]
    await stage.calm()
    for player in (teacher, leader):
        assert any(word in player.screen() for word in ("已通过，等待学校审批", "待学校批准"))
    said = [toast for player in (teacher, leader) for toast in player.toasts]
    assert said == ["情况已有变化，请查看最新状态后再决定。"]
    passed = select(func.count()).select_from(Event).where(Event.subject_id == application.id, Event.action == "passed")
    assert await stage.ask(passed) == [1]


async def test_approved_while_the_family_withdraws(stage: Stage) -> None:
    (application, *_) = await in_state(stage, State.REVIEWED, "2(3)")
    office, family = await stage.star("office"), await applicant(stage, application)
    found = await at_once(
        stage,
        (office, lambda uow: decide(uow, Move.APPROVE, application.id, version=application.version)),
        (family, lambda uow: withdraw(uow, application.id)),
    )
    assert found in (["done", "done"], ["stale", "done"])
    assert (await again(stage, application.id)).state is State.WITHDRAWN


async def test_places_freed_and_given_in_many_ways_at_once(stage: Stage) -> None:
    """Class 3(4): two leave, one waiting child is approved by hand, two more in bulk, and the places are raised.

    Each way locks the class before the applications; with another order PostgreSQL would find a deadlock here.
    """
    enrolled, waiting = await in_state(stage, State.ENROLLED, "3(4)"), await in_state(stage, State.WAITING, "3(4)")
    (child,) = await stage.ask(select(Student).where(Student.id == waiting[0].student_id))
    office, head = await stage.star("office"), await stage.star("head")
    leavers = [await applicant(stage, application) for application in enrolled[:2]]
    shown = [Shown(a.id, a.version) for a in waiting[1:3]]

    async def bulk(uow: UnitOfWork) -> object:
        return await decide_shown(uow, Move.APPROVE, shown)

    found = await at_once(
        stage,
        (leavers[0], lambda uow: withdraw(uow, enrolled[0].id)),
        (leavers[1], lambda uow: withdraw(uow, enrolled[1].id)),
        (office, lambda uow: decide(uow, Move.APPROVE, waiting[0].id)),
        (head, bulk),
        (office, lambda uow: set_capacity(uow, child.school_class_id, 37, waiting[0].term_id)),
    )
    assert set(found) <= {"done", "class_full", "stale"}
    async with stage.school.look() as uow:
        assert await places_taken(uow, waiting[0].term_id, child.school_class_id) == 37
        assert (await uow.session.get_one(SchoolClass, child.school_class_id)).capacity == 37
    assert [(await again(stage, a.id)).state for a in waiting[:3]] == [State.APPROVED] * 3


async def test_put_on_the_list_while_a_place_gets_free(stage: Stage) -> None:
    """Class 3(4) with nobody waiting: who frees a place waits until the child is on the list, and it gets the place."""
    enrolled, waiting = await in_state(stage, State.ENROLLED, "3(4)"), await in_state(stage, State.WAITING, "3(4)")
    reviewed, *others = waiting
    async with stage.school.work() as uow:
        for one in others:
            (await uow.session.get_one(Application, one.id)).state = State.REFUSED
        (await uow.session.get_one(Application, reviewed.id)).state = State.REVIEWED
    office, leaving = await stage.act_as(await stage.star("office")), await applicant(stage, enrolled[0])

    async def leave() -> None:
        async with stage.school.work(await stage.act_as(leaving)) as uow:
            await withdraw(uow, enrolled[0].id)

    async with stage.school.work(office) as uow:
        await decide(uow, Move.WAIT_LIST, reviewed.id)
        left = asyncio.create_task(leave())
        done, _ = await asyncio.wait([left], timeout=0.3)
        assert not done
    await left
    assert (await again(stage, reviewed.id)).state is State.APPROVED


async def test_signed_on_two_devices_at_once(stage: Stage) -> None:
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    application = await submit_for(stage, mum, "林芷若")
    await to_approved(stage, application.id, "2(3)")
    (text,) = await stage.ask(select(TermText.id).where(TermText.kind == "agreement", TermText.language == "zh_CN"))

    def signing(uow: UnitOfWork) -> Any:
        return sign(uow, application.id, "苏婉晴", text, "web")

    assert sorted(await at_once(stage, (mum, signing), (mum, signing))) == ["done", "stale"]
    assert len(await stage.ask(select(Agreement).where(Agreement.application_id == application.id))) == 1


async def test_reviewed_by_one_returned_by_the_other(stage: Stage) -> None:
    (application, *_) = await in_state(stage, State.SUBMITTED, "2(3)")
    teacher, leader = await stage.homeroom_of("2(3)"), await stage.star("grade_leader")
    await leader.send("/review")
    await leader.tap(data=f"rv:returned:{application.id}:{application.version}")
    leader.reads("需要改什么")
    await decides(stage, teacher, Move.PASS, application.id)
    await leader.send("缺少说明")
    leader.reads("情况已有变化")
    leader.reads("学号")
    assert (await again(stage, application.id)).state is State.REVIEWED
    await leader.send("再说一句")
    leader.reads("这里输入的文字没有人看")
