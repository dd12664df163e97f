"""Who taps only those who are not here goes on so, from whatever screen the list comes back."""

from __future__ import annotations

from datetime import timedelta

from missing_steps import alarms, missing, with_family
from roll_steps import labels, last, listed, moment, on_duty, opens, person_id, steps
from stage import Player, Stage

from care.records import DayChild, Person

AWAY = {
    "zh_CN": "点没到或迟到的孩子；最后其余的一键全到。",
    "en": "Tap who is missing or late. At the end: all others are here.",
}


async def _uncalled(stage: Stage) -> tuple[DayChild, str]:
    for child, name in reversed(await listed(stage)):
        if await steps(stage, child.id) == ["expected"]:
            return child, name
    raise AssertionError("every child has been called")


async def still_so(stage: Stage, teacher: Player, language: str = "zh_CN") -> None:
    """The list is before the teacher, and a tap on a child of whom nothing has been said says nothing yet."""
    teacher.reads(AWAY[language])
    child, name = await _uncalled(stage)
    await teacher.tap(f"○{child.number} {name}")
    assert await steps(stage, child.id) == ["expected"]
    assert len(await alarms(stage, child)) == 0
    await teacher.tap({"zh_CN": "‹ 返回名单", "en": "‹ To the list"}[language])
    teacher.reads(AWAY[language])


async def test_back_from_an_alarm(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    child, _name, (mum, _dad) = await with_family(stage)
    await teacher.tap("✗ 只点没到的")
    await teacher.tap(f"○{child.number} ")
    await teacher.tap("✗ 缺")
    await teacher.tap(f"✗{child.number} ")
    await teacher.tap("写明原因并结束")
    await teacher.tap("‹ 返回")
    await teacher.tap("‹ 返回名单")
    await still_so(stage, teacher)
    await teacher.tap(f"✗{child.number} ")
    await teacher.tap("写明原因并结束")
    await teacher.tap("孩子在校")
    await teacher.tap("‹ 返回名单")
    await still_so(stage, teacher)
    await mum.tap("不在我这里")
    teacher.reads("未到")  # the alarm's own message
    await teacher.tap("‹ 返回名单")
    await still_so(stage, teacher)
    await teacher.tap(f"✗{child.number} ")
    await teacher.tap("写明原因并结束")
    await teacher.tap("生病，在家")
    await teacher.tap("✔ 不在校：结束警报")
    await teacher.tap("‹ 返回名单")
    await still_so(stage, teacher)


async def test_from_what_was_typed_and_in_english(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    async with stage.school.work() as uow:
        (await uow.session.get_one(Person, person_id(teacher))).language = "en"
    (child, name), (other, _), *_ = await listed(stage)
    await teacher.send("/checkin")
    await teacher.tap("✗ Tap only who is not here")
    await teacher.send("/checkin")
    await still_so(stage, teacher, "en")
    await missing(teacher, child)
    await teacher.tap("Open the list")
    await still_so(stage, teacher, "en")
    await teacher.send(f"/checkin {other.number} late")
    await teacher.tap("Change this")
    await teacher.tap("‹ To the list")
    await still_so(stage, teacher, "en")
    await teacher.send("/checkin 2(3)")
    await still_so(stage, teacher, "en")
    await teacher.tap("✓ Tap who is here")
    await teacher.send("/checkin")
    teacher.reads("Tap a name: here.")
    await teacher.tap(f"✗{child.number} {name}")
    await teacher.tap("Close this with a reason")
    await teacher.tap("‹ Back")
    await teacher.tap("‹ To the list")
    teacher.reads("Tap a name: here.")


async def test_for_the_day_and_this_chat_alone(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    await teacher.tap("✗ 只点没到的")
    office = await stage.star("office")
    await office.send("/checkin 2(3)")
    await office.tap("只帮忙点名")
    office.reads("点姓名即为到")
    for hour, minute in ((12, 30), (14, 35)):
        await stage.at(moment(stage, hour, minute) + timedelta(days=1))
    await teacher.send("/checkin")
    await teacher.tap("✍ 值班签到")
    teacher.reads("点姓名即为到")
    assert "✗ 只点没到的" in labels(last(teacher))
