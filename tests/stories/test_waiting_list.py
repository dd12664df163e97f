"""A full class: the waiting list, places that get free, and withdrawals now and later."""

from __future__ import annotations

from datetime import datetime, timedelta

from journey import again, applicant, decides, guardians, in_state, person_id, submit_for
from sqlalchemy import select, update
from stage import Stage

from afterbell import demo
from care.enrolment import Move, set_capacity
from care.records import Application, Consent, Event, Person, SchoolClass, State, Student, Term

FULL = "3(4)"


async def newcomer(stage: Stage) -> Application:
    """A child of the full class that has passed the class review."""
    (child,) = await stage.ask(
        select(Student)
        .where(Student.school_class_id == (await class_of(stage)), Student.left_on.is_(None))
        .where(~Student.id.in_(select(Application.student_id)))
        .limit(1)
    )

    (family, *_) = await guardians(stage, child.id)
    await family.send(f"/start {stage.slip_of(family)}")
    application = await submit_for(stage, family, child.name)
    await decides(stage, await stage.homeroom_of(FULL), Move.PASS, application.id)
    return application


async def class_of(stage: Stage) -> int:
    (first, *_) = await in_state(stage, State.WAITING, FULL)
    (number,) = await stage.ask(select(Student.school_class_id).where(Student.id == first.student_id))
    return int(number)


async def test_a_full_class_and_the_waiting_list(stage: Stage) -> None:
    application = await newcomer(stage)
    family, head = await applicant(stage, application), await stage.star("head")
    await head.send("/review")
    await head.tap(data=f"ro:{application.id}")
    await head.tap("批准")
    assert head.toasts[-1] == "3(4)班已满（名额 36 个），可列入候补。"
    assert (await again(stage, application.id)).state is State.REVIEWED
    await head.tap("列入候补")
    head.reads("已列入候补")
    family.reads("目前第 7 位")
    await family.send("/children")
    family.reads("候补第 7 位")

    waiting, enrolled = await in_state(stage, State.WAITING, FULL), await in_state(stage, State.ENROLLED, FULL)
    leaving = await applicant(stage, enrolled[0])
    await leaving.send("/withdraw")
    await leaving.tap("自今天 11月23日 周一 起")
    await leaving.tap("确认自 11月23日 周一 起退出")
    leaving.reads("已退出课后服务，自 11月23日 周一 起生效")
    assert (await again(stage, enrolled[0].id)).state is State.WITHDRAWN
    assert [(await again(stage, w.id)).state for w in waiting[:2]] == [State.APPROVED, State.WAITING]
    (await applicant(stage, waiting[0])).reads("学校已批准")
    events = await stage.ask(
        select(Event).where(Event.subject_id == waiting[0].id, Event.subject == "application").order_by(Event.id)
    )
    assert (events[-1].action, events[-1].actor_name, events[-1].data) == (
        "approved", "AfterBell", {"from_waiting_list": True}
    )  # fmt: skip
    await family.send("/children")
    family.reads("候补第 6 位")


async def test_more_places_go_to_the_longest_waiting(small_stage: Stage) -> None:
    stage = small_stage
    waiting = await in_state(stage, State.WAITING, FULL)
    async with stage.school.work(await stage.act_as(await stage.star("office"))) as uow:
        given = await set_capacity(uow, await class_of(stage), 38, waiting[0].term_id)
    await stage.calm()
    assert given == [waiting[0].id, waiting[1].id]
    for application in waiting[:2]:
        (await applicant(stage, application)).reads("学校已批准")
    assert (await again(stage, waiting[2].id)).state is State.WAITING
    async with stage.school.work(await stage.act_as(await stage.star("office"))) as uow:
        assert await set_capacity(uow, await class_of(stage), 30, waiting[0].term_id) == []


async def test_a_withdrawal_for_a_later_day(stage: Stage) -> None:
    enrolled = (await in_state(stage, State.ENROLLED, FULL))[0]
    first, second = (await in_state(stage, State.WAITING, FULL))[:2]
    family = await applicant(stage, enrolled)
    everybody = await guardians(stage, enrolled.student_id)
    others = [player for player in everybody if player.user_id != family.user_id]
    teacher = await stage.homeroom_of(FULL)
    await family.send("/withdraw")
    await family.send("明天")
    family.reads("请输入如 2026-12-01 的日期")
    await family.send("2027-03-01")
    family.reads("请填写今天至学期结束之间的日期")
    await family.send("2026年11月30日")
    await family.tap("确认自 11月30日 周一 起退出")
    family.reads("自 11月30日 周一 起退出，在此之前照常参加")
    for told in (*others, teacher):
        told.reads("自 11月30日 周一 起不再参加")
    assert (await again(stage, enrolled.id)).state is State.ENROLLED
    assert (await again(stage, first.id)).state is State.WAITING

    await family.tap("继续参加")
    family.reads("继续参加课后服务")
    for told in (*others, teacher):
        told.reads("撤回了退出")
    await stage.at(datetime(2026, 11, 30, 8, 0, tzinfo=demo.START.tzinfo))
    assert (await again(stage, enrolled.id)).state is State.ENROLLED

    await family.send("/withdraw")
    await family.send("2026/12/2")
    await family.tap("确认自 12月2日 周三 起退出")
    await family.send("/children")
    family.reads("自 12月2日 周三 起退出")
    await stage.at(datetime(2026, 12, 1, 23, 59, tzinfo=demo.START.tzinfo))
    assert (await again(stage, enrolled.id)).state is State.ENROLLED
    await stage.at(datetime(2026, 12, 2, 0, 0, tzinfo=demo.START.tzinfo))
    assert (await again(stage, enrolled.id)).state is State.WITHDRAWN
    assert (await again(stage, first.id)).state is State.APPROVED
    assert (await again(stage, second.id)).state is State.WAITING
    (await applicant(stage, first)).reads("学校已批准")
    await family.tap(data=f"st:{enrolled.id}")
    assert family.toasts[-1].startswith("情况已有变化")


async def test_an_old_day_button_and_an_old_application_button(small_stage: Stage) -> None:
    """The button of yesterday is refused with a way on; "withdraw the application" never takes a child out of care."""
    stage = small_stage
    enrolled = (await in_state(stage, State.ENROLLED, FULL))[0]
    family = await applicant(stage, enrolled)
    await family.send("/withdraw")
    old = family.last
    await stage.later(days=1)
    await family.tap("自今天 11月23日 周一 起", message=old)
    assert family.toasts[-1] == "请填写今天至学期结束之间的日期。"
    await family.tap(data=f"wy:{enrolled.id}:now")
    family.reads("从哪天起不再参加")
    assert (await again(stage, enrolled.id)).state is State.ENROLLED
    await family.tap("继续参加")
    family.reads("情况保持不变")


async def test_the_application_button_works_the_next_day(small_stage: Stage) -> None:
    stage = small_stage
    submitted = (await in_state(stage, State.SUBMITTED))[0]
    family = await applicant(stage, submitted)
    await family.send("/withdraw")
    await family.tap("待班级审核")
    family.reads("撤回")
    await stage.later(days=1)
    await family.tap("撤回申请")
    family.reads("的申请已撤回")
    assert (await again(stage, submitted.id)).state is State.WITHDRAWN
    for other in await guardians(stage, submitted.student_id):
        other.misses("退出课后服务")


async def test_who_withdraws_is_not_told_twice(small_stage: Stage) -> None:
    """The other parent withdraws: who applied is told, the one who did it only sees the answer."""
    stage = small_stage
    enrolled = (await in_state(stage, State.ENROLLED, FULL))[0]
    one = await applicant(stage, enrolled)
    two = next(p for p in await guardians(stage, enrolled.student_id) if person_id(p) != person_id(one))
    await two.send("/withdraw")
    await two.tap("自 11月24日 周二 起")
    await two.tap("确认自 11月24日 周二 起退出")
    one.reads("自 11月24日 周二 起不再参加")
    two.misses("起不再参加")
    await stage.later(hours=16)
    assert (await again(stage, enrolled.id)).state is State.WITHDRAWN
    assert (await again(stage, enrolled.id)).state_since >= stage.school.clock.now() - timedelta(minutes=1)


async def test_a_withdrawal_ends_the_consents_and_deletes_the_health_note(stage: Stage) -> None:
    async with stage.school.look() as uow:
        query = select(Application).where(Application.state == State.ENROLLED, Application.health_note.is_not(None))
        found = (await uow.session.scalars(query.limit(1))).one()
    mum = await applicant(stage, found)
    await mum.send("/withdraw")
    await mum.tap(data=f"wc:{found.id}:2026-11-23")
    (after,) = await stage.ask(select(Application).where(Application.id == found.id))
    assert after.state is State.WITHDRAWN
    assert after.health_note is None
    open_consents = select(Consent).where(Consent.student_id == found.student_id, Consent.withdrawn_at.is_(None))
    assert await stage.ask(open_consents) == []


async def test_an_approval_without_extended_care_where_that_is_full(small_afternoon: Stage) -> None:
    """The head reads it before deciding, the family with the approval: in Chinese and in English."""
    stage = small_afternoon
    first, second = (await in_state(stage, State.REVIEWED))[:2]
    async with stage.school.work() as uow:
        await uow.session.execute(update(Term).values(extended_capacity=0))
        chosen = update(Application).where(Application.id.in_([first.id, second.id]))
        await uow.session.execute(chosen.values(weekdays=[1, 2, 3], extended_weekdays=[2, 3]))
        await uow.session.execute(update(SchoolClass).values(capacity=100))
    family, other = await applicant(stage, first), await applicant(stage, second)
    async with stage.school.work() as uow:
        (await uow.session.get_one(Person, person_id(other))).language = "en"
    head = await stage.star("head")
    await head.send("/review")
    for application in (first, second):
        await head.tap(data=f"ro:{application.id}")
        head.finds("⚠ 周二、周三已满：批准后这些天不参加延时托管，家长会收到通知。")
        await decides(stage, head, Move.APPROVE, application.id)
        assert (await again(stage, application.id)).extended_weekdays == []
    family.finds("延时托管周二、周三已无名额：这些天")
    other.finds("Extended care has no place left on Tue, Wed: on these days")
