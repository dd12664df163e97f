"""Head-counts say who is here now; who has been collected is a number of its own (S11, S13, S18)."""

from __future__ import annotations

from roll_steps import last, listed, on_duty, opens
from sqlalchemy import select, update
from stage import Player, Stage
from way_home import released

from care import rollcall
from care.extended import handover, roll
from care.records import Application, Role, StaffRole


async def here(stage: Stage, teacher: Player) -> list[int]:
    """Everybody of 2(3) is in the room; returns the student ids, by number."""
    children = [child for child, _ in await listed(stage)]
    async with stage.school.work(await stage.act_as(teacher)) as uow:
        await rollcall.all_others_present(uow, children[0].session_id)
    return [child.student_id for child in children]


async def test_the_class(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    students = await here(stage, teacher)
    n = len(students)
    await teacher.send("/checkin")
    assert last(teacher).text.startswith(f"2(3) · 到 {n} / 应到 {n} · 未点 0\n")
    await released(stage.school, students[0])
    await teacher.send("/checkin")
    assert last(teacher).text.startswith(f"2(3) · 现在 {n - 1} 人 / 应到 {n} · 未点 0 · 已接走 1\n")
    for student_id in students[1:]:
        await released(stage.school, student_id)
    await teacher.send("/checkin")
    assert last(teacher).text.startswith(f"2(3) · 现在 0 人 / 应到 {n} · 未点 0 · 已接走 {n}\n")


async def test_extended_care(small_afternoon: Stage) -> None:
    """Who has been handed over is neither in the class nor collected, and of extended care who has gone is not here."""
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    students = await here(stage, teacher)
    n, staying = len(students), students[:2]
    async with stage.school.work() as uow:
        stay = update(Application).where(Application.student_id.in_(staying))
        await uow.session.execute(stay.values(extended_weekdays=[2]))
    only_care = select(StaffRole.person_id).where(
        StaffRole.role == Role.CARE_TEACHER,
        StaffRole.person_id.not_in(select(StaffRole.person_id).where(StaffRole.role != Role.CARE_TEACHER)),
    )
    taker = stage.persona((await stage.ask(only_care.order_by(StaffRole.id)))[0])
    async with stage.school.work(await stage.act_as(teacher)) as uow:
        given = await handover.give(uow, (await listed(stage))[0][0].session_id)
    async with stage.school.work(await stage.act_as(taker)) as uow:
        await roll.sign_in(uow)
        await handover.take(uow, given.id, given.version, everyone=True)
    await taker.send("/extended")
    taker.reads("应到 2 · 已到 2")
    await teacher.send("/checkin")
    assert last(teacher).text.startswith(f"2(3) · 现在 {n - 2} 人 / 应到 {n} · 未点 0 · 在延时托管 2\n")
    await released(stage.school, staying[0])
    await taker.send("/extended")
    taker.reads("应到 2 · 现在 1 人 · 已接走 1")
    await released(stage.school, staying[1])
    await taker.send("/extended")
    taker.reads("应到 2 · 现在 0 人 · 已接走 2")
    await teacher.send("/checkin")
    assert last(teacher).text.startswith(f"2(3) · 现在 {n - 2} 人 / 应到 {n} · 未点 0 · 已接走 2\n")
