"""Reminders before a wave: each guardian of a child who is here, once, in plain words, and none after somebody has said
who comes."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select, update
from stage import Stage
from way_home import (
    at,
    attend_every_day,
    brother_of,
    count,
    families,
    family,
    id_of,
    marked,
    nobody_attends,
    not_there,
    released,
    speaks_english,
)

from care.leave import give
from care.pickup.plan import say_who_comes
from care.records import Application, Contact, DayChild, Guardianship, LeaveMode, Letter, LetterState, Wave, WaveDay
from care.records.day import Step
from care.records.pickup import Adult
from scheduler import due

ASKS = "放学，请到东门接"


@pytest.fixture
async def home(afternoon: Stage) -> Stage:
    await nobody_attends(afternoon.school)
    return afternoon


@pytest.fixture
async def small_home(small_afternoon: Stage) -> Stage:
    await nobody_attends(small_afternoon.school)
    return small_afternoon


async def letters(stage: Stage) -> list[Letter]:
    return await stage.ask(select(Letter).where(Letter.kind == "dismissal").order_by(Letter.id))


async def test_half_an_hour_before_and_once(home: Stage) -> None:
    stage = home
    child, mum, dad = await family(stage)
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.at(at(16, 39))
    assert count(mum, ASKS) == 0
    await stage.at(at(16, 40))
    mum.reads(f"{child.child}（2(3)班）今天 17:10 放学，请到东门接。")
    assert mum.buttons[-3:] == ["我来接", "别人来接", "今天延时托管"]
    mum.misses("迟到")
    assert count(dad, ASKS) == 1
    for minute in (41, 55, 59):
        await stage.at(at(16, minute))
    await asyncio.gather(*(due.tick(stage.school) for _ in range(3)))
    await stage.calm()
    assert (count(mum, ASKS), count(dad, ASKS)) == (1, 1)
    keys = [letter.unique_key for letter in await letters(stage)]
    assert keys == [f"dismissal:2026-11-24:1:{number}" for number in child.people]


async def test_an_answer_ends_it_for_both(home: Stage) -> None:
    stage = home
    child, mum, dad = await family(stage)
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.at(at(16, 40))
    before = (len(mum.messages), len(dad.messages))
    await mum.tap("我来接")
    mum.reads("由您到东门接")
    mum.reads("您今天的接送码：")
    dad.reads(f"由{mum.user.name}到东门接。")
    assert (len(mum.messages), len(dad.messages)) == before, "edited, not written again"
    assert dad.buttons[-1] == "更改" and "我来接" not in dad.buttons
    await stage.at(at(16, 50))
    assert (len(mum.messages), len(dad.messages)) == before

    await dad.tap("更改")
    await dad.tap("我来接")
    dad.reads("由您到东门接")
    mum.reads(f"{dad.user.name}已告知今天由谁来接：")
    mum.reads(f"由{dad.user.name}到东门接")
    reminder = next(message for message in mum.messages if "由" in message.text)
    assert f"由{dad.user.name}到东门接" in reminder.text, "the reminder reads so as well"
    assert "接送码" not in reminder.text


async def test_the_waiting_reminder_of_the_other_lapses(small_home: Stage) -> None:
    """The bot was down; what was said before it came back is not asked any more, and nobody has missed anything."""
    stage = small_home
    child, mum, dad = await family(stage)
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.kill()
    stage.school.clock.jump(at(16, 40))  # type: ignore[attr-defined]
    await due.tick(stage.school)
    async with stage.school.work(await stage.act_as(mum)) as uow:
        await say_who_comes(uow, [child.student_id], Adult.GUARDIAN, id_of(mum))
    assert {letter.state for letter in await letters(stage)} == {LetterState.LAPSED}
    await stage.start()
    await stage.calm()
    assert (count(mum, "东门"), count(dad, ASKS)) == (0, 0)
    dad.reads(f"{mum.user.name}已告知今天由谁来接：")


async def test_brothers_and_sisters_in_one_message(home: Stage) -> None:
    stage = home
    child, mum, dad = await family(stage)
    other = (await families(stage.school, "2(3)"))[1]
    await brother_of(stage.school, child, other.student_id)
    await attend_every_day(stage.school, other.student_id)
    await stage.at(at(12, 30))
    for number in (child.student_id, other.student_id):
        await marked(stage.school, number)
    await stage.at(at(16, 40))
    assert count(mum, ASKS) == 1
    assert mum.last and child.child in mum.last.text and other.child in mum.last.text
    await mum.tap("我来接")
    assert mum.last.text.count("由您到东门接") == 2
    assert mum.last.text.count("您今天的接送码：") == 1
    assert dad.last and dad.last.text.count(f"由{mum.user.name}到东门接") == 2


async def test_one_who_comes_late_gets_one_still(small_home: Stage) -> None:
    """And so does a guardian who has been reminded of a brother already; neither is called late."""
    stage = small_home
    child, mum, _dad = await family(stage)
    other, third = (await families(stage.school, "2(3)"))[1:3]
    await brother_of(stage.school, child, other.student_id)
    await attend_every_day(stage.school, other.student_id, third.student_id)
    await stage.at(at(12, 30))
    for late in (other, third):
        await not_there(stage.school, late.student_id)
    await marked(stage.school, child.student_id)
    await stage.at(at(16, 40))
    await mum.tap("我来接")
    before = len(mum.messages)
    stage.school.clock.jump(at(16, 52))  # type: ignore[attr-defined]
    await marked(stage.school, other.student_id, Step.LATE)
    await marked(stage.school, third.student_id, Step.LATE)
    await stage.at(at(16, 53))
    assert len(mum.messages) == before + 1
    mum.reads(f"{other.child}（2(3)班）今天 17:10 放学，请到东门接。")
    assert mum.last and child.child not in mum.last.text
    mum.misses("迟到")
    stranger = stage.persona(third.people[0])
    assert count(stranger, ASKS) == 1
    stranger.misses("迟到")
    await mum.tap("我来接")
    assert count(mum, "由您到东门接") == 2


async def test_nobody_on_leave_absent_or_gone_is_asked_about(small_home: Stage) -> None:
    stage = small_home
    found = (await families(stage.school, "2(3)"))[:4]
    await attend_every_day(stage.school, *(one.student_id for one in found))
    away, absent, gone, restricted = found
    async with stage.school.work(await stage.act_as(stage.persona(away.people[0]))) as uow:
        await give(uow, away.student_id, at(12).date(), at(12).date())
    await stage.at(at(12, 30))
    await not_there(stage.school, absent.student_id)
    for one in (gone, restricted):
        await marked(stage.school, one.student_id)
    await released(stage.school, gone.student_id)
    async with stage.school.work() as uow:
        await uow.session.execute(
            update(Guardianship).where(Guardianship.person_id == restricted.people[1]).values(restricted=True)
        )
    await stage.at(at(16, 40))
    keys = [letter.unique_key for letter in await letters(stage)]
    assert keys == [f"dismissal:2026-11-24:1:{restricted.people[0]}"]


async def test_late_after_an_outage_and_missed_after_a_longer_one(small_home: Stage) -> None:
    """The clock jumps over the hour: it goes out with an apology; past its use it goes to the office instead."""
    stage = small_home
    child, mum, _dad = await family(stage)
    upper, parent, _other = await family(stage, "3(5)")
    await stage.at(at(12, 30))
    for number in (child.student_id, upper.student_id):
        await marked(stage.school, number)
    await stage.at(at(17, 42))
    assert count(mum, ASKS) == 0, "half an hour after the wave's end it is of no use any more"
    assert count(parent, "这条提醒发晚了：") == 1
    parent.finds("老师在3(5)班教室看护\n请到西门接。")
    states = {letter.params["wave"]: (letter.state, letter.error) for letter in await letters(stage)}
    assert states == {1: (LetterState.LAPSED, "its time was over"), 2: (LetterState.SENT, "")}
    await stage.at(at(18, 30))
    assert (count(mum, ASKS), count(parent, "请到西门接。")) == (0, 1)


async def test_who_may_leave_alone(small_home: Stage) -> None:
    stage = small_home
    child, mum, dad = await family(stage, "3(5)")
    small, small_mum, _ = await family(stage)
    async with stage.school.work() as uow:
        await uow.session.execute(update(Application).values(leave_mode=LeaveMode.ALONE))
    await stage.at(at(12, 30))
    for number in (child.student_id, small.student_id):
        await marked(stage.school, number)
    await stage.at(at(16, 55))
    mum.reads(f"{child.child}（3(5)班）今天 17:25 自己离校。")
    small_mum.reads(ASKS)  # grade 2 never
    await mum.tap("改由我来接")
    mum.reads("由您到西门接")
    await mum.tap("更改")
    await mum.tap("还是自己离校")
    mum.reads("今天 17:25 自己离校。")
    dad.reads(f"{mum.user.name}撤回了今天由谁来接：")


async def test_in_english(small_home: Stage) -> None:
    stage = small_home
    child, mum, dad = await family(stage, "3(5)")
    await speaks_english(stage.school, *child.people)
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.at(at(17, 2))
    mum.reads(f"A late reminder:\n{child.child}, class 3(5): care ends today at 17:25. Please collect at 西门.")
    await mum.tap("I come")
    mum.reads("today at 17:25, 西门. You come.")
    mum.reads("Your pick-up code today: ")
    dad.reads(f"{mum.user.name} comes.")


async def test_it_follows_an_early_end(small_home: Stage) -> None:
    stage = small_home
    child, mum, _dad = await family(stage)
    async with stage.school.work() as uow:
        wave = (await uow.session.scalars(select(Wave).where(Wave.ordinal == 1))).one()
        early = {"starts_at": at(13).time(), "ends_at": at(15, 30).time()}
        uow.session.add(WaveDay(date=at(12).date(), wave_id=wave.id, **early))
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.at(at(14, 59))
    assert count(mum, "东门") == 0
    await stage.at(at(15, 0))
    mum.reads("今天 15:30 放学，请到东门接")


async def test_old_buttons_after_the_child_was_collected(small_home: Stage) -> None:
    stage = small_home
    child, mum, _dad = await family(stage)
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.at(at(16, 40))
    old = mum.last
    await stage.later(minutes=32)
    await released(stage.school, child.student_id, "钱秀英")
    for button in ("我来接", "别人来接"):
        await mum.tap(button, message=old)
        mum.reads("17:12 已由钱秀英接走。")
        assert mum.last and not mum.last.markup
    async with stage.school.work() as uow:
        await uow.session.execute(update(Guardianship).values(restricted=True))
    await mum.tap("我来接", message=old)
    assert mum.toasts[-1] == "没有找到，或者您无权查看。"


@pytest.mark.parametrize("seconds", [0, 1])
async def test_a_restart_in_mid_wave(small_home: Stage, seconds: int) -> None:
    """Some reminders are out, some posted, some not: after the restart everybody has one. Whose call was under way when
    the process ended may have it twice, for nobody knows whether it had arrived."""
    stage = small_home
    await attend_every_day(stage.school, *(one.student_id for one in (await families(stage.school, "2(3)"))[:8]))
    await stage.at(at(12, 30))
    rows = await stage.ask(select(DayChild.student_id).where(DayChild.date == at(12).date()))
    for number in rows:
        await marked(stage.school, number)
    stage.school.clock.jump(at(16, 40))  # type: ignore[attr-defined]
    ticking = asyncio.create_task(due.tick(stage.school))
    stage.school.wake()
    await asyncio.sleep(0.02 + seconds * 0.1)
    await stage.kill()
    await ticking
    under_way = select(Letter.person_id).where(Letter.kind == "dismissal", Letter.state == LetterState.SENDING)
    doubtful = set(await stage.ask(under_way))
    await stage.start()
    await stage.at(at(16, 41))
    here = select(Guardianship.person_id).where(Guardianship.student_id.in_(rows), Guardianship.restricted.is_(False))
    with_chat = select(Contact.person_id).where(Contact.person_id.in_(here))
    for number in set(await stage.ask(with_chat)):
        assert count(stage.persona(number), "放学，请到") in ({1, 2} if number in doubtful else {1})
