"""/leave: a mother takes her child out for a day or some days, late or in time, takes it back; who is told of it."""

from __future__ import annotations

from datetime import datetime

import pytest
from journey import guardians, person_id, student
from sqlalchemy import select, update
from stage import Player, Stage

from afterbell import demo
from care.records import Application, CustodyEvent, DayChild, Guardianship, Leave, Relation, Student
from care.records.day import CareSession, Step
from care.rollcall import mark, sign_in

CLASS = "2(3)"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=demo.START.tzinfo)


async def home(stage: Stage) -> tuple[Player, Player, int, str]:
    """The mother and the father of the child in care, and the child."""
    mum = await stage.star("care_mother")
    query = select(Student).join(Guardianship).where(Guardianship.person_id == person_id(mum))
    (child,) = await stage.ask(query)
    _, dad = await guardians(stage, child.id)
    return mum, dad, child.id, child.name


async def chain(stage: Stage, student_id: int) -> list[Step]:
    query = select(CustodyEvent).join(DayChild).where(DayChild.student_id == student_id).order_by(CustodyEvent.id)
    return [link.step for link in await stage.ask(query)]


async def leaves(stage: Stage) -> list[Leave]:
    return await stage.ask(select(Leave).order_by(Leave.id))


async def says(stage: Stage, teacher: Player, student_id: int, step: Step) -> None:
    """The teacher signs in and marks the child."""
    (session,) = await stage.ask(select(CareSession).where(CareSession.teacher_id == person_id(teacher)))
    (child,) = await stage.ask(select(DayChild.id).where(DayChild.student_id == student_id))
    async with stage.school.work(await stage.act_as(teacher)) as uow:
        await sign_in(uow, session.id)
        await mark(uow, child, step)
    await stage.calm()


async def test_tomorrow_in_time_and_taken_back(afternoon: Stage) -> None:
    """Three taps in the evening before; nobody but the father is told, and the list of the day has it."""
    stage = afternoon
    mum, dad, child, name = await home(stage)
    await mum.send("/leave")
    mum.reads(f"{name}哪天不参加？")
    await mum.tap("明天，11月24日 周二")
    mum.reads(f"{name}请假：11月24日 周二")
    await mum.tap("生病")
    mum.reads("原因：生病\n在截止时间之前（当天 12:00）。")
    await mum.tap("确认请假")
    mum.reads(f"✔ {name}已请假：11月24日 周二。")
    dad.reads(f"{mum.user.name}（妈妈）已为{name}请假：11月24日 周二。\n原因：生病")
    await stage.at(at(24, 12, 30))
    assert await chain(stage, child) == [Step.LEAVE]
    teacher = await stage.homeroom_of(CLASS)
    teacher.misses(name)

    await mum.tap("撤销")
    mum.reads(f"已撤销：{name}照常参加，11月24日 周二。")
    dad.reads("照常参加")
    assert await chain(stage, child) == [Step.LEAVE, Step.EXPECTED]
    teacher.reads(f"2(3)班{name}今天照常参加")
    await mum.tap("重新请假")
    mum.reads("哪天不参加")


async def test_today_after_the_cut_off_reaches_the_teacher_at_once(afternoon: Stage) -> None:
    stage = afternoon
    mum, _dad, child, name = await home(stage)
    await stage.at(at(24, 13))
    await mum.send("/leave")
    await mum.tap("今天")
    await mum.tap("其他原因")
    mum.reads("请输入请假原因")
    await mum.send("外婆  来接去医院")
    mum.reads("原因：外婆 来接去医院\n已过 12:00，将立即告知老师。")
    await mum.tap("确认请假")
    mum.reads("正在告知老师")
    teacher = await stage.homeroom_of(CLASS)
    teacher.reads(
        f"2(3)班{name}今天请假。日期：11月24日 周二。\n请假人：{mum.user.name}（妈妈）\n原因：外婆 来接去医院"
    )
    assert await chain(stage, child) == [Step.EXPECTED, Step.LEAVE]
    await mum.send("/leave")
    mum.reads(f"已请假：\n{name}：11月24日 周二（外婆 来接去医院）")
    assert not any("今天" in button for button in mum.buttons)


async def test_in_english_a_range_over_the_weekend(afternoon: Stage) -> None:
    stage = afternoon
    mum, _dad, _child, name = await home(stage)
    await mum.send("/language")
    await mum.tap("English")
    await mum.send("/leave")
    mum.reads(f"On which day will {name} not attend?")
    await mum.send("some day")
    mum.reads("Please type a date like 11-25")
    await mum.send("27-30 Nov")
    mum.reads(f"{name}, leave on Fri 27 Nov, Mon 30 Nov\nNot on Sat 28 Nov, Sun 29 Nov: no care then.")
    await mum.tap("Give no reason")
    mum.reads("In time: possible until 12:00 on the day.")
    await mum.tap("Give leave")
    mum.reads(f"✔ {name} is on leave: Fri 27 Nov, Mon 30 Nov.")
    (leave,) = await leaves(stage)
    assert (leave.first.day, leave.last.day, leave.reason) == (27, 30, "")
    await mum.send("/leave")
    await mum.send("1 Dec to 31 Dec")
    mum.reads("Tue 1 Dec to Thu 31 Dec, 23 care days\nThe other days in between are without care.")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_range_that_runs_backwards(small_afternoon: Stage, language: str) -> None:
    """It is said at once, and the days that are meant are a tap away; what was given before stays."""
    stage = small_afternoon
    mum, _dad, _child, name = await home(stage)
    if language == "en":
        await mum.send("/language")
        await mum.tap("English")
    await mum.send("/leave")
    for words in ("11-27 to 11-25", "11-27到11-25"):
        await mum.send(words)
        if language == "en":
            mum.reads("The days run backwards: Wed 25 Nov is before Fri 27 Nov. Please type the first day first.")
            assert mum.offered == ["Wed 25 Nov to Fri 27 Nov"]
        else:
            mum.reads("日期顺序反了：11月25日 周三在11月27日 周五之前。请先写开始日期，再写结束日期。")
            assert mum.offered == ["11月25日 周三至11月27日 周五"]
    await mum.send("11-27 - 11-20")
    mum.reads("Fri 20 Nov is before Fri 27 Nov" if language == "en" else "11月20日 周五在11月27日 周五之前")
    assert mum.offered == [], "the one is over"
    await mum.tap("Wed 25 Nov to Fri 27 Nov" if language == "en" else "11月25日 周三至11月27日 周五")
    days = "Wed 25 Nov, Thu 26 Nov, Fri 27 Nov" if language == "en" else "11月25日 周三、11月26日 周四、11月27日 周五"
    mum.finds(f"{name}, leave on {days}" if language == "en" else f"{name}请假：{days}")
    await mum.send("11-30 - 11-27")
    mum.reads("The days run backwards" if language == "en" else "日期顺序反了")
    await mum.send("发烧")
    mum.reads(days)
    mum.reads("发烧")
    assert await leaves(stage) == []


async def test_dates_without_care_are_said_so(small_afternoon: Stage) -> None:
    stage = small_afternoon
    mum, _dad, _child, _name = await home(stage)
    await mum.send("/leave")
    await mum.send("11-28")
    mum.reads("孩子那时没有课后服务，或当天已经结束。下一个服务日是11月30日 周一。")
    await mum.send("2026-10-01")
    mum.reads("日期")
    await mum.send("11-25 到 11-27")
    mum.reads("11月25日 周三、11月26日 周四、11月27日 周五")
    assert await leaves(stage) == []


async def test_a_child_in_class_cannot_be_taken_out(small_afternoon: Stage) -> None:
    stage = small_afternoon
    mum, _dad, child, _name = await home(stage)
    await stage.at(at(24, 14, 30))
    await mum.send("/leave")
    await mum.tap("今天")
    await mum.tap("家中有事")
    await says(stage, await stage.homeroom_of(CLASS), child, Step.PRESENT)
    await mum.tap("确认请假")
    assert "由老师看护" in mum.toasts[-1] and "/pickup" in mum.toasts[-1]
    await mum.send("今天")
    mum.reads("由老师看护")
    assert await leaves(stage) == [] and await chain(stage, child) == [Step.EXPECTED, Step.PRESENT]


async def test_a_missing_child_and_then_a_leave(small_afternoon: Stage) -> None:
    stage = small_afternoon
    mum, _dad, child, name = await home(stage)
    await stage.at(at(24, 14, 40))
    await says(stage, await stage.homeroom_of(CLASS), child, Step.ABSENT)
    await mum.send("/leave")
    await mum.tap("今天")
    mum.finds(f"学校正在找{name}：请假即表示孩子和您在一起。")
    await mum.tap("生病")
    await mum.tap("确认请假")
    assert await chain(stage, child) == [Step.EXPECTED, Step.ABSENT, Step.LEAVE]


async def twins(stage: Stage) -> tuple[Player, list[str]]:
    """The mother has a second child in care, in 3(5)."""
    mum, _dad, _child, name = await home(stage)
    others = select(Student).join(Application).where(Student.school_class.has(grade=3, number=5))
    second = (await stage.ask(others.where(Application.state == "enrolled").order_by(Student.id)))[0]
    async with stage.school.work() as uow:
        uow.session.add(Guardianship(student_id=second.id, person_id=person_id(mum), relation=Relation.MOTHER))
        mine = Application.student_id == second.id
        await uow.session.execute(update(Application).where(mine).values(weekdays=[1, 2, 3, 4, 5]))
    return mum, [second.name, name]


async def test_for_both_at_once(afternoon: Stage) -> None:
    stage = afternoon
    mum, (elder, younger) = await twins(stage)
    await mum.send("/leave")
    mum.reads("给哪个孩子请假？")
    assert mum.buttons == [elder, younger, "一起请假"]
    await mum.tap(younger)
    await mum.tap("明天")
    await mum.tap("不填写原因")
    await mum.tap("确认请假")
    await mum.send("/leave")
    mum.reads(f"已请假：\n{younger}：11月24日 周二")
    await mum.tap("一起请假")
    await mum.tap("明天")
    mum.reads(f"{elder}请假：11月24日 周二\n{younger}：不能请假。")
    await mum.tap("生病")
    await mum.tap("确认请假")
    mum.reads(f"✔ {elder}已请假：11月24日 周二。")
    assert len(await leaves(stage)) == 2
    await mum.send("/leave")
    await mum.tap(f"撤销 · {younger}")
    mum.reads(f"已撤销：{younger}")
    assert [leave.withdrawn_at is None for leave in await leaves(stage)] == [False, True]


async def test_stale_doubled_and_forged(small_afternoon: Stage) -> None:
    """The same tap twice gives one leave; another family's child, dates of nobody's calendar and ids are refused."""
    stage = small_afternoon
    mum, dad, child, name = await home(stage)
    await mum.send("/leave")
    await mum.tap("明天")
    await mum.tap("生病")
    message = mum.last
    for _ in range(2):
        await mum.tap(data=f"lvy:{child}:20261124:20261124:i", message=message)
        mum.reads(f"✔ {name}已请假")
    (leave,) = await leaves(stage)
    await dad.tap(data=f"lvb:{leave.id}")
    mum.reads("照常参加")
    for _ in range(2):
        await mum.tap(data=f"lvb:{leave.id}", message=message)
        mum.finds(f"已撤销：{name}")
    other = await student(stage, "王梓涵")
    for data in (
        f"lvd:{other.id}:20261125:20261125",
        f"lvy:{other.id}:20261125:20261125:i",
        f"lvy:{child}:20261125:20261125:w",
        f"lvy:{child}:20261125:20261125:x",
        f"lvr:{child}:20261125:20261125:w",
        f"lvd:{child}:00010101:99991231",
        f"lvd:{child}:tomorrow:20261125",
        f"lvd:{child}:20261125",
        "lvb:999999",
        "lv:99999999999999999999",
        "lv:x",
    ):
        before = len(mum.toasts)
        await mum.tap(data=data, message=message)
        assert mum.toasts[before:] and mum.toasts[-1], data
    assert len(await leaves(stage)) == 1


async def test_a_restricted_guardian_gives_none_and_hears_of_none(small_afternoon: Stage) -> None:
    stage = small_afternoon
    mum, dad, child, name = await home(stage)
    async with stage.school.work() as uow:
        his = (Guardianship.student_id == child, Guardianship.person_id == person_id(dad))
        await uow.session.execute(update(Guardianship).where(*his).values(restricted=True))
    await dad.send("/leave")
    dad.reads("没有孩子参加")
    await dad.tap(data=f"lvy:{child}:20261124:20261124:i")
    assert await leaves(stage) == []
    await mum.send("/leave")
    await mum.tap("明天")
    await mum.tap("生病")
    await mum.tap("确认请假")
    dad.misses(name)


@pytest.mark.parametrize("words", ["/cancel", "restart"])
async def test_cancelled_and_begun_anew(small_afternoon: Stage, words: str) -> None:
    """A question that was set aside takes no words any more; one that a restart interrupted goes on."""
    stage = small_afternoon
    mum, _dad, _child, name = await home(stage)
    await mum.send("/leave")
    if words == "restart":
        await stage.restart()
        await mum.send("11-25")
        mum.reads(f"{name}请假：11月25日 周三")
        await stage.restart()
        await mum.send("<b>=1+1")
        mum.reads("原因：<b>=1+1")
        await stage.restart()
        await mum.tap("确认请假")
        assert [leave.reason for leave in await leaves(stage)] == ["<b>=1+1"]
    else:
        await mum.send("/cancel")
        await mum.send("11-25")
        mum.reads("/help")
        assert await leaves(stage) == []


async def test_another_question_came_between(small_afternoon: Stage) -> None:
    stage = small_afternoon
    mum, _dad, _child, name = await home(stage)
    await mum.send("/leave")
    await mum.tap("明天")
    await mum.send("/withdraw")
    await mum.tap("继续参加")
    await mum.send("发烧")
    mum.reads(f"{name}请假：11月24日 周二")
    await mum.send("发烧")
    mum.reads("原因：发烧")
