"""/checkin (S13): a roll that is late is chased; care ends before it was called."""

from __future__ import annotations

from roll_steps import lead_of, listed, moment, on_duty, on_leave, opens, person_id, session_of
from sqlalchemy import select
from stage import Stage

from care.records import Letter


async def test_a_late_roll_is_chased(afternoon: Stage) -> None:
    """The teacher at the deadline, the grade leader after 5 minutes, the duty lead after 10: each once, through a
    restart; nobody once the roll is done."""
    stage = afternoon
    await opens(stage)
    teacher, leader = await on_duty(stage, "homeroom"), await stage.star("grade_leader")
    session = await session_of(stage)

    async def chased() -> list[tuple[int, int]]:
        query = select(Letter).where(Letter.kind == "roll_late").order_by(Letter.id)
        found = [letter for letter in await stage.ask(query) if letter.params["session_id"] == session.id]
        return [(letter.person_id, letter.params["step"]) for letter in found]

    await stage.at(moment(stage, 14, 54))
    assert await chased() == []
    await stage.at(moment(stage, 14, 55))
    teacher.reads("请完成点名，应在 14:55 前点完。")
    await teacher.tap("打开名单")
    teacher.reads("2(3) · 到 0 /")
    await stage.at(moment(stage, 14, 55))
    await stage.restart()
    await stage.at(moment(stage, 15, 0))
    leader.finds("点名还没有完成，应在 14:55 前点完。\n值班：" + teacher.user.name)
    assert await chased() == [(person_id(teacher), 0), (person_id(leader), 1)]
    await stage.at(moment(stage, 15, 5))
    assert len(await chased()) == 3
    await teacher.tap("其余")
    await stage.at(moment(stage, 15, 20))
    assert len(await chased()) == 3


async def test_a_roll_that_is_done_is_not_chased(small_afternoon: Stage) -> None:
    """A letter about it that waited is not sent any more."""
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    async with stage.school.work() as uow:
        await uow.post("roll_late", person_id(teacher), session_id=(await session_of(stage)).id, step=0, due=None)
        uow.letters[-1]["due_at"] = moment(stage, 14, 50)
    await teacher.tap("其余")
    await stage.at(moment(stage, 15, 10))
    teacher.misses("请完成点名")


async def test_care_is_over_and_nobody_has_called_the_roll(small_afternoon: Stage) -> None:
    """The duty lead hears of the children of whom nothing was said, once for each class."""
    stage = small_afternoon
    await opens(stage)
    lead = await lead_of(stage)
    await stage.at(moment(stage, 17, 39))
    lead.misses("没有点名记录，不知道是否在校")
    await stage.at(moment(stage, 17, 40))
    told = [message.text for message in lead.messages if "没有点名记录，不知道是否在校" in message.text]
    assert sorted(text.split("：")[0] for text in told) == ["⚠ 2(3)", "⚠ 2(5)"]


async def test_care_is_over_and_one_child_was_never_called(small_afternoon: Stage) -> None:
    """The duty lead hears of this child by itself, with the phones of its guardians."""
    stage = small_afternoon
    await opens(stage)
    lead = await lead_of(stage)
    (_, name), *others = await listed(stage)
    for child, _ in others:
        await on_leave(stage, child.id)
    await stage.at(moment(stage, 17, 40))
    lead.finds(f"课后服务已结束，{name}")
    lead.finds("还没有点名记录，不知道是否在校")
