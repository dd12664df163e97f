"""A child's number is its place in the class's register: the same on every day, whoever else is in care (S13)."""

from __future__ import annotations

from datetime import date, timedelta

from roll_steps import EVERY_DAY, TUESDAY, all_attend, labels, last, listed, moment, on_duty, opens
from sqlalchemy import select
from stage import Stage

from care.records import Application, SchoolClass, Student


async def register_of(stage: Stage) -> list[Student]:
    """The children of 2(3), by student number."""
    query = select(Student).join(SchoolClass).where(SchoolClass.grade == 2, SchoolClass.number == 3)
    return await stage.ask(query.order_by(Student.student_no))


async def attends(stage: Stage, student: Student, days: list[int]) -> None:
    async with stage.school.work() as uow:
        query = select(Application).where(Application.student_id == student.id)
        for application in await uow.session.scalars(query):
            application.weekdays = days


async def leaves_the_school(stage: Stage, student: Student, on: date) -> None:
    async with stage.school.work() as uow:
        (await uow.session.get_one(Student, student.id)).left_on = on


async def test_a_number_means_the_same_child_every_day(afternoon: Stage) -> None:
    stage = afternoon
    await all_attend(stage.school, "2(3)")
    register = await register_of(stage)
    await attends(stage, register[4], [1, 3, 4, 5])
    await opens(stage)
    teacher = await on_duty(stage)
    numbers = [child.number for child, _ in await listed(stage)]
    assert numbers == [number for number in range(1, 46) if number != 5]
    shown = labels(last(teacher))
    assert f"○4 {register[3].name}" in shown and f"○6 {register[5].name}" in shown
    assert not any(label.startswith("○5 ") for label in shown)

    await teacher.send("/checkin 6 缺")
    teacher.reads(f"✗ 6 {register[5].name} · ")
    await teacher.send("/checkin 5")
    teacher.reads("今天的名单里没有“5”")
    await teacher.send("/checkin")
    await teacher.tap("✓ 其余 43 人全到")
    assert last(teacher).text.startswith("2(3) · 到 43 / 应到 44 · 未点 0\n")
    await teacher.send("/handover 7")
    teacher.reads(f"{register[6].name}（2(3)班，7 号）")

    await attends(stage, register[4], EVERY_DAY)
    await attends(stage, register[0], [2])
    await leaves_the_school(stage, register[1], TUESDAY)
    await stage.at(moment(stage, 12, 30, TUESDAY + timedelta(days=1)))
    await stage.at(moment(stage, 14, 35, TUESDAY + timedelta(days=1)))
    await teacher.send("/checkin")
    await teacher.tap("✍ 值班签到")
    shown = labels(last(teacher))
    assert f"○6 {register[5].name}" in shown and f"○5 {register[4].name}" in shown
    assert not any(label.startswith(("○1 ", "○2 ")) for label in shown)
