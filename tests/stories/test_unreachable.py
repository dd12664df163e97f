"""A guardian who blocked the bot: the other one is told instead, and the office sees whom nobody could reach."""

from __future__ import annotations

from journey import again, decides, guardians, open_slip, person_id, student, submit_for
from sqlalchemy import select, update
from stage import Player, Stage

from care.enrolment import Move
from care.records import Contact, Event, Guardianship, Letter, LetterState, Reach, State


async def reach_of(stage: Stage, player: Player) -> Reach:
    (reach,) = await stage.ask(select(Contact.reach).where(Contact.chat_id == player.user_id))
    return Reach(reach)


async def letters(stage: Stage, kind: str, application_id: int) -> list[Letter]:
    found = await stage.ask(select(Letter).where(Letter.kind == kind).order_by(Letter.id))
    return [letter for letter in found if letter.params.get("application_id") == application_id]


async def family(stage: Stage, *, linked: int) -> tuple[Player, Player]:
    child = await student(stage, "林芷若")
    mum, dad = await guardians(stage, child.id)
    for parent in (mum, dad)[:linked]:
        await open_slip(stage, parent)
    return mum, dad


async def test_the_other_parent_is_told_instead(stage: Stage) -> None:
    mum, dad = await family(stage, linked=2)
    application = await submit_for(stage, mum, "林芷若")
    await mum.block()
    assert await reach_of(stage, mum) is Reach.BLOCKED
    await decides(stage, await stage.homeroom_of("2(3)"), Move.RETURN, application.id, "请补充电话")
    dad.reads("“请补充电话”")
    dad.reads("申请人苏婉晴在这里联系不上，因此通知您，请代为转告。")
    assert not any("修改申请" in button for button in dad.buttons), "only who applied corrects it"
    failed, told = await letters(stage, "application_step", application.id)
    assert (failed.state, failed.person_id) == (LetterState.FAILED, person_id(mum))
    assert (told.state, told.person_id) == (LetterState.SENT, person_id(dad))

    await mum.unblock()
    assert await reach_of(stage, mum) is Reach.REACHABLE
    actions = await stage.ask(select(Event.action).where(Event.subject_id == person_id(mum), Event.subject == "person"))
    assert actions[-2:] == ["contact_blocked", "contact_reachable"]
    await mum.send("/children")
    await mum.tap("修改申请")
    await mum.tap("确认提交")
    await decides(stage, await stage.homeroom_of("2(3)"), Move.PASS, application.id)
    mum.reads("班级审核已通过")
    dad.misses("班级审核已通过")


async def test_a_block_that_is_noticed_only_by_sending(small_stage: Stage) -> None:
    """The account is gone without a word: the first letter finds out, the other parent gets it."""
    stage = small_stage
    mum, dad = await family(stage, linked=2)
    application = await submit_for(stage, mum, "林芷若")
    mum.deactivate()
    await decides(stage, await stage.homeroom_of("2(3)"), Move.PASS, application.id)
    dad.reads("班级审核已通过")
    assert await reach_of(stage, mum) is Reach.GONE


async def test_nobody_can_be_reached(small_stage: Stage) -> None:
    stage = small_stage
    mum, _dad = await family(stage, linked=1)
    application = await submit_for(stage, mum, "林芷若")
    await mum.block()
    await decides(stage, await stage.homeroom_of("2(3)"), Move.PASS, application.id)
    found = await letters(stage, "application_step", application.id)
    assert [letter.state for letter in found] == [LetterState.FAILED, LetterState.FAILED]
    assert all(letter.error for letter in found), "the office reads why"
    assert (await again(stage, application.id)).state is State.REVIEWED


async def test_a_restricted_parent_is_never_told_instead(small_stage: Stage) -> None:
    stage = small_stage
    mum, dad = await family(stage, linked=2)
    application = await submit_for(stage, mum, "林芷若")
    async with stage.school.work() as uow:
        await uow.session.execute(
            update(Guardianship).where(Guardianship.person_id == person_id(dad)).values(restricted=True)
        )
    await mum.block()
    await decides(stage, await stage.homeroom_of("2(3)"), Move.PASS, application.id)
    dad.misses("林芷若的申请")


async def test_an_applicant_restricted_since_is_told_nothing(small_stage: Stage) -> None:
    """The court decides while the application is on its way: the other parent hears of it from then on."""
    stage = small_stage
    mum, dad = await family(stage, linked=2)
    application = await submit_for(stage, mum, "林芷若")
    async with stage.school.work() as uow:
        await uow.session.execute(
            update(Guardianship).where(Guardianship.person_id == person_id(mum)).values(restricted=True)
        )
    await decides(stage, await stage.homeroom_of("2(3)"), Move.PASS, application.id)
    mum.misses("班级审核已通过")
    dad.reads("班级审核已通过")


async def test_a_teacher_who_blocked_the_bot_is_seen_by_the_office(small_stage: Stage) -> None:
    stage = small_stage
    mum, _dad = await family(stage, linked=1)
    teacher = await stage.homeroom_of("2(3)")
    await teacher.block()
    application = await submit_for(stage, mum, "林芷若")
    (letter,) = await letters(stage, "review_wanted", application.id)
    assert letter.state is LetterState.FAILED and letter.error
