"""Steps of the alarm about a missing child that several stories share."""

from __future__ import annotations

from roll_steps import family_of, listed
from sqlalchemy import select
from stage import Player, Stage

from care.records import Alarm, DayChild, Letter, LetterState, Role, StaffRole

CLOSED = "这件事已经处理完毕。"


async def care_teacher(stage: Stage, class_name: str = "2(3)") -> Player:
    """A care teacher who is not the class's own, signed in for it: so the homeroom teacher has to be told."""
    query = select(StaffRole.person_id).where(StaffRole.role == Role.CARE_TEACHER).order_by(StaffRole.id)
    player = stage.persona((await stage.ask(query))[0])
    await player.send("/checkin")
    await player.tap(class_name)
    await player.tap("✍ 值班签到")
    return player


async def with_family(stage: Stage, count: int = 2, class_name: str = "2(3)") -> tuple[DayChild, str, list[Player]]:
    """A child of the list with so many guardians."""
    for child, name in await listed(stage, class_name):
        family = await family_of(stage, child.student_id)
        if len(family) == count:
            return child, name, family
    raise AssertionError("no such child")


async def alarms(stage: Stage, child: DayChild) -> list[Alarm]:
    return await stage.ask(select(Alarm).where(Alarm.day_child_id == child.id).order_by(Alarm.id))


async def letters(stage: Stage, kind: str) -> list[int]:
    """Who got one of a kind that was really sent."""
    query = select(Letter.person_id).where(Letter.kind == kind, Letter.state == LetterState.SENT)
    return sorted(await stage.ask(query))


async def missing(teacher: Player, child: DayChild) -> None:
    await teacher.send(f"/checkin {child.number} 缺")
