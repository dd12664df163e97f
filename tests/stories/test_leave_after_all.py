"""A child on leave that was tapped "here" by mistake goes back on leave, and nobody is asked."""

from __future__ import annotations

from datetime import date

import pytest
from databases import Databases
from gate import DAY, at, open_gate
from missing_steps import alarms, with_family
from roll_steps import TUESDAY, data_of, labels, last, moment, on_duty, person_id, steps
from sqlalchemy import select
from stage import Player, Stage
from test_somebody_comes import only_one_waits

from care.custody.ledger import Verified, verify
from care.leave import give
from care.leave import take_back as withdraw
from care.permissions import SYSTEM
from care.records import AlarmKind, DayChild, Event, Leave, Letter, Person, Step

AFTER_ALL = "↩ 仍按请假处理（不询问家长）"


async def given(stage: Stage, mum: Player, child: DayChild, last: date = TUESDAY) -> int:
    """The family's leave, from Tuesday."""
    async with stage.school.work(await stage.act_as(mum)) as uow:
        return (await give(uow, child.student_id, TUESDAY, last)).id


async def ready(stage: Stage, language: str = "zh_CN") -> tuple[Player, DayChild, str, Player]:
    """The list is before the teacher, and one of its children is on leave."""
    await stage.at(moment(stage, 12, 30))
    child, name, (mum, _dad) = await with_family(stage)
    await given(stage, mum, child)
    await stage.at(moment(stage, 14, 35))
    teacher = await on_duty(stage)
    async with stage.school.work() as uow:
        (await uow.session.get_one(Person, person_id(teacher))).language = language
    return teacher, child, name, mum


@pytest.mark.parametrize(
    ("language", "here", "button", "sign"),
    [("zh_CN", "✓ 到", AFTER_ALL, "假"), ("zh_CN", "✓ 迟到", AFTER_ALL, "假"),
     ("en", "✓ Here", "↩ On leave after all (nobody is asked)", "Lv")],
)  # fmt: skip
async def test_back_on_leave(small_afternoon: Stage, language: str, here: str, button: str, sign: str) -> None:
    stage = small_afternoon
    teacher, child, name, _mum = await ready(stage, language)
    await teacher.send("/checkin")
    before = last(teacher).text.splitlines()[0]
    await teacher.tap(f"{sign}{child.number} {name}")
    assert not any("↩" in label for label in labels(last(teacher)))
    await teacher.tap(here)
    sent = len(await stage.ask(select(Letter)))
    await teacher.tap(f"{child.number} {name}")
    old = data_of(last(teacher), button)
    await teacher.tap(button)
    assert f"{sign}{child.number} {name}" in teacher.buttons and last(teacher).text.splitlines()[0] == before
    await teacher.tap(data=old)  # twice: nothing more
    assert (await steps(stage, child.id))[-2:] == [("late" if "迟" in here else "present"), "leave"]
    assert await alarms(stage, child) == []
    posted = (await stage.ask(select(Letter).order_by(Letter.id)))[sent:]
    assert {letter.kind for letter in posted} == {"reply"}  # nobody is asked, and nobody told
    (event,) = await stage.ask(select(Event).where(Event.action == "leave_after_all"))
    assert (event.actor_id, event.subject, event.subject_id) == (person_id(teacher), "student", child.student_id)
    async with stage.school.look(SYSTEM) as uow:
        assert isinstance(await verify(uow), Verified)


async def test_only_a_child_with_a_leave_that_was_not_looked_for(small_afternoon: Stage) -> None:
    """Without a leave of the day, and of one that was missing before, the family is what can tell."""
    stage = small_afternoon
    teacher, child, _name, mum = await ready(stage)
    await teacher.tap(f"假{child.number} ")
    await teacher.tap("✓ 到")
    await teacher.tap(f"✓{child.number} ")
    forged = data_of(last(teacher), AFTER_ALL)
    (leave,) = await stage.ask(select(Leave))
    async with stage.school.work(await stage.act_as(mum)) as uow:
        await withdraw(uow, leave.id)
    await teacher.tap(data=forged)
    assert teacher.answers[-1].text and (await steps(stage, child.id))[-1] == "present"
    await teacher.send("/checkin")
    await teacher.tap(f"✓{child.number} ")
    assert AFTER_ALL not in labels(last(teacher))
    await teacher.tap("✗ 缺")
    await given(stage, mum, child)  # for a child that is looked for: it answers the alarm
    await teacher.tap("↻ 刷新")
    await teacher.tap(f"假{child.number} ")
    await teacher.tap("✓ 到")
    await teacher.tap(f"✓{child.number} ")
    assert AFTER_ALL not in labels(last(teacher))
    assert (await steps(stage, child.id))[-4:] == ["present", "absent", "leave", "present"]


async def test_not_once_it_has_been_handed_on(small_afternoon: Stage) -> None:
    stage = small_afternoon
    teacher, child, _name, _mum = await ready(stage)
    await teacher.tap(f"假{child.number} ")
    await teacher.tap("✓ 到")
    await teacher.tap(f"✓{child.number} ")
    forged = data_of(last(teacher), AFTER_ALL)
    await teacher.tap("◆ 去上特色课程")
    await teacher.tap(f"◆{child.number} ")
    assert AFTER_ALL not in labels(last(teacher))
    await teacher.tap(data=forged)
    number, seq = forged.split(":")[1], len(await steps(stage, child.id))
    await teacher.tap(data=f"kd:{number}:{seq}:leave")
    assert teacher.answers[-1].text and (await steps(stage, child.id))[-1] == "moved"


async def test_not_once_its_care_has_ended(sqlite: Databases) -> None:
    """Whoever is not collected then is waited for: no word ends that, least of all one tap at the list."""
    async with open_gate(sqlite, "2(3)") as gate:
        child = await only_one_waits(gate)
        mother, _father = await gate.guardians(child)
        async with gate.stage.school.work() as uow:
            leave = Leave(
                student_id=child.student_id, first=DAY, last=DAY, reason="", given_by=mother.id, given_at=uow.now
            )
            uow.session.add(leave)
        await gate.stage.at(at(17, 50))
        seq = (await gate.last(child)).seq
        await gate.teachers["2(3)"].tap(data=f"kd:{child.id}:{seq}:leave")
        (alarm,) = await gate.alarms(child)
        assert (alarm.kind, alarm.closed_at) == (AlarmKind.UNCOLLECTED, None)
        assert (await gate.last(child)).step is Step.PRESENT


async def test_a_slip_is_noticed_soon(small_afternoon: Stage) -> None:
    """A child that has been here for longer may have gone: then its family is asked."""
    stage = small_afternoon
    teacher, child, name, _mum = await ready(stage)
    await teacher.send("/checkin")
    await teacher.tap(f"假{child.number} {name}")
    await teacher.tap("✓ 到")
    await teacher.tap(f"{child.number} {name}")
    old = data_of(last(teacher), AFTER_ALL)
    await stage.at(moment(stage, 15, 6))
    await teacher.tap(data=old)
    assert (await steps(stage, child.id))[-1] == "present"
    await teacher.send("/checkin")
    await teacher.tap(f"{child.number} {name}")
    assert "✗ 缺（立即询问家长）" in labels(last(teacher)) and AFTER_ALL not in labels(last(teacher))
