"""Reminders: after a school day and never sooner, in waking hours, once, and no more when it has been done."""

from __future__ import annotations

from datetime import datetime

from journey import decides, guardians, open_slip, person_id, submit_for, to_approved
from sqlalchemy import delete, func, select, update
from stage import Player, Stage

from afterbell import demo
from care.enrolment import Move, decide
from care.records import Application, CalendarDay, Guardianship, Letter, LetterState, Relation, StaffRole, State
from scheduler import due


def at(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=demo.START.tzinfo)


def count(player: Player, text: str) -> int:
    return sum(text in message.text for message in player.messages)


async def nothing_old(stage: Stage) -> None:
    """Whatever waited in the demonstration has just come: only what a story does is overdue in it."""
    async with stage.school.work() as uow:
        await uow.session.execute(update(Application).values(state_since=uow.now))
        await uow.session.execute(
            update(Application)
            .where(Application.state.in_([State.SUBMITTED, State.REVIEWED, State.APPROVED]))
            .values(state=State.REFUSED)
        )


async def submitted(stage: Stage) -> tuple[Player, Player, Application]:
    await nothing_old(stage)
    mum, teacher = await stage.star("mother"), await stage.homeroom_of("2(3)")
    await open_slip(stage, mum)
    return mum, teacher, await submit_for(stage, mum, "林芷若")


WAITS = "等待您审核"


async def test_the_reviewer_after_one_school_day(stage: Stage) -> None:
    """Submitted on Monday at 16:40: nothing on Tuesday at 16:39, one reminder at 16:41, one more on Wednesday."""
    _mum, teacher, application = await submitted(stage)
    await stage.at(at(11, 24, 16, 39))
    assert count(teacher, WAITS) == 0
    await stage.at(at(11, 24, 16, 41))
    assert count(teacher, WAITS) == 1
    for minute in (42, 50):
        await stage.at(at(11, 24, 16, minute))
    assert count(teacher, WAITS) == 1
    await stage.at(at(11, 25, 7, 29))
    assert count(teacher, WAITS) == 1, "quiet until half past seven"
    await stage.at(at(11, 25, 7, 30))
    assert count(teacher, WAITS) == 2
    await teacher.tap("待审核的申请")
    teacher.reads("有 1 份申请待您处理")
    await decides(stage, teacher, Move.PASS, application.id)
    await stage.at(at(11, 26, 8))
    assert count(teacher, WAITS) == 2, "acted: no more"


async def test_evenings_weekends_and_days_off_are_quiet(small_stage: Stage) -> None:
    stage = small_stage
    await nothing_old(stage)
    await stage.at(at(11, 27, 15))  # a Friday
    mum, teacher, _application = await submitted(stage)
    async with stage.school.work() as uow:
        uow.session.add(CalendarDay(date=at(11, 30, 0).date(), school=False, care=False, note="停课"))
    for moment in (at(11, 27, 19), at(11, 28, 10), at(11, 29, 16), at(11, 30, 16), at(12, 1, 14, 59)):
        await stage.at(moment)
        assert count(teacher, WAITS) == 0, moment
    await stage.at(at(12, 1, 20, 1))
    assert count(teacher, WAITS) == 0, "after eight it waits until the morning"
    await stage.at(at(12, 2, 7, 30))
    assert count(teacher, WAITS) == 1
    mum.misses("提醒")


async def test_the_school_once_a_day(small_stage: Stage) -> None:
    stage = small_stage
    mum, teacher, application = await submitted(stage)
    await decides(stage, teacher, Move.PASS, application.id)
    office = await stage.star("office")
    await stage.at(at(11, 24, 16, 41))
    office.reads("等待学校审批")
    office.reads("/console")
    await stage.at(at(11, 24, 18))
    assert count(office, "等待学校审批") == 1
    await decides(stage, office, Move.APPROVE, application.id)
    await stage.at(at(11, 25, 16))
    assert count(office, "等待学校审批") == 1
    mum.misses("提醒")


UNSIGNED = "协议书尚未签署"


async def approved(stage: Stage) -> tuple[Player, Application]:
    mum, _teacher, application = await submitted(stage)
    await to_approved(stage, application.id, "2(3)")
    return mum, application


async def test_the_unsigned_agreement_after_two_days_and_five(small_stage: Stage) -> None:
    """Approved on Monday: reminded on Wednesday and, five school days after, on the next Monday; then never again."""
    stage = small_stage
    mum, _application = await approved(stage)
    for moment, expected in [
        (at(11, 24, 17), 0),
        (at(11, 25, 16, 39), 0),
        (at(11, 25, 16, 41), 1),
        (at(11, 27, 17), 1),
        (at(11, 30, 16, 41), 2),
        (at(12, 7, 17), 2),
    ]:
        await stage.at(moment)
        assert count(mum, UNSIGNED) == expected, moment
    await mum.tap("阅读并签署协议")
    mum.finds("协议")


async def test_the_clock_jumps_a_week(small_stage: Stage) -> None:
    """One reminder, not one for each day that was missed."""
    stage = small_stage
    mum, _application = await approved(stage)
    await stage.at(at(12, 1, 9))
    assert count(mum, UNSIGNED) == 1


async def test_a_second_clock_and_a_repeated_tick_double_nothing(stage: Stage) -> None:
    _mum, teacher, _application = await submitted(stage)
    await stage.at(at(11, 24, 17))
    for _ in range(3):
        await due.tick(stage.school)
    await stage.calm()
    assert count(teacher, WAITS) == 1
    letters = select(func.count()).select_from(Letter).where(Letter.kind == "review_waits")
    assert await stage.ask(letters) == [1]


async def test_a_reminder_that_no_longer_holds_is_not_sent(small_stage: Stage) -> None:
    """It stood in the outbox while the bot was down, and meanwhile the review was done."""
    stage = small_stage
    _mum, teacher, application = await submitted(stage)
    await stage.kill()
    clock = stage.school.clock
    clock.jump(at(11, 24, 17))  # type: ignore[attr-defined]
    await due.tick(stage.school)
    async with stage.school.work(await stage.act_as(teacher)) as uow:
        await decide(uow, Move.PASS, application.id)
    await stage.start()
    await stage.calm()
    assert count(teacher, WAITS) == 0
    (letter,) = await stage.ask(select(Letter).where(Letter.kind == "review_waits"))
    assert letter.state is LetterState.LAPSED


async def test_where_no_homeroom_teacher_is_the_grade_leader_is_asked(small_stage: Stage) -> None:
    stage = small_stage
    await nothing_old(stage)
    teacher, leader, mum = await stage.homeroom_of("2(3)"), await stage.star("grade_leader"), await stage.star("mother")
    async with stage.school.work() as uow:
        await uow.session.execute(delete(StaffRole).where(StaffRole.person_id == person_id(teacher)))
    await open_slip(stage, mum)
    await submit_for(stage, mum, "林芷若")
    leader.reads("有新的申请待您审核")
    await stage.at(at(11, 24, 17))
    leader.reads(WAITS)
    assert count(teacher, WAITS) == 0


async def test_no_reminder_goes_to_who_may_not_review_the_own_child(small_stage: Stage) -> None:
    stage = small_stage
    mum, teacher, application = await submitted(stage)
    leader = await stage.star("grade_leader")
    async with stage.school.work() as uow:
        aunt = Guardianship(student_id=application.student_id, person_id=person_id(teacher), relation=Relation.AUNT)
        uow.session.add(aunt)
    await stage.at(at(11, 24, 17))
    leader.reads(WAITS)
    assert count(teacher, WAITS) == 0
    mum.misses(WAITS)


async def test_a_restricted_applicant_is_not_reminded_but_the_other_guardian_is(small_stage: Stage) -> None:
    stage = small_stage
    mum, application = await approved(stage)
    (_, dad) = await guardians(stage, application.student_id)
    await open_slip(stage, dad)
    async with stage.school.work() as uow:
        (await uow.session.get_one(Guardianship, application.guardianship_id)).restricted = True
    await stage.at(at(11, 25, 17))
    assert (count(mum, UNSIGNED), count(dad, UNSIGNED)) == (0, 1)
    people = await stage.ask(select(Letter.person_id).where(Letter.kind == "agreement_waits"))
    assert people == [person_id(dad)]
