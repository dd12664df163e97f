"""/checkin (S13): whose list it is, where there are several or none."""

from __future__ import annotations

from roll_steps import family_of, listed, moment, no_care_teacher, on_duty, opens, person_id, session_of, steps
from sqlalchemy import delete
from stage import Player, Stage

from care.records import StaffRole


async def test_the_office_chooses_a_class_page_by_page(small_afternoon: Stage) -> None:
    stage = small_afternoon
    office = await stage.star("office")
    await stage.at(moment(stage, 11, 0))
    await office.send("/checkin")
    office.reads("今天的名单 12:00 生成")
    await opens(stage)
    await office.send("/checkin")
    office.reads("哪个班？")
    assert [button[:4] for button in office.buttons] == ["2(3)", "2(5)", "3(5)"]
    await office.send("/checkin 3")
    office.reads("哪个班？")
    (_child, name), *_ = await listed(stage, "3(5)")
    await office.send(f"/checkin {name}")
    office.reads("3(5)，应到")


async def test_no_care_and_nobody(small_stage: Stage) -> None:
    teacher = await small_stage.star("homeroom")
    await small_stage.at(moment(small_stage, 14, 40).replace(day=28))  # a Saturday
    await teacher.send("/checkin")
    teacher.reads("今天没有课后服务")


async def test_another_class_and_another_duty(small_afternoon: Stage) -> None:
    """A homeroom teacher takes the own class alone; who lost the duty, none; a guardian and a stranger, none."""
    stage = small_afternoon
    await opens(stage)
    await no_care_teacher(stage)
    teacher = await on_duty(stage)
    session, other = await session_of(stage), await session_of(stage, "3(5)")
    (child, _name), *_ = await listed(stage, "3(5)")
    for data in (f"ko:{other.id}", f"kl:{other.id}", f"ks:{other.id}:0", f"kt:{child.id}:1", f"ka:{other.id}:fff"):
        await teacher.tap(data=data)
        assert teacher.toasts[-1] == "没有找到，或者您无权查看。"
    mum, *_ = await family_of(stage, child.student_id)
    for data in (f"ko:{session.id}", f"kt:{child.id}:1", f"ks:{session.id}:0"):
        await mum.tap(data=data)
        assert mum.toasts[-1] == "没有找到，或者您无权查看。"
    stranger = Player(stage, stage.world, stage.token, name="路人", user_id=77)
    await stranger.send("/checkin 3")
    stranger.reads("为确认您的身份")
    async with stage.school.work() as uow:
        await uow.session.execute(delete(StaffRole).where(StaffRole.person_id == person_id(teacher)))
    await teacher.tap("○1 ")
    assert teacher.toasts[-1] == "没有找到，或者您无权查看。"
    await teacher.send("/checkin 1")
    teacher.reads("您的职责不包含这项操作。")
    assert await steps(stage, child.id) == ["expected"]


async def test_the_menu_has_it_by_duty(small_stage: Stage) -> None:
    teacher, office = await small_stage.star("homeroom"), await small_stage.star("office")
    ways = ((teacher, ["/checkin", "/handover"]), (office, ["/review", "/checkin"]))
    for player, first in ways:
        await player.send("/language")
        await player.tap("中文")
        assert player.commands[:2] == first
