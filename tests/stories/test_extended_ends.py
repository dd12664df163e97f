"""The school ends extended care in the middle of a day: families read what holds, in both languages."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from journey import guardians, person_id
from roll_steps import lead_of
from sqlalchemy import select, update
from stage import Stage

from care.leave import give
from care.records import (
    Application,
    DayChild,
    DayRules,
    ExtendedRequest,
    Leave,
    Person,
    SchoolClass,
    State,
    Student,
    Term,
    Wish,
)
from care.term_changes import NOT_OFFERED, change_extended

TUESDAY = date(2026, 11, 24)


async def children(stage: Stage) -> list[tuple[int, int, str]]:
    """Application, student and name of the children of 2(3) who come on Tuesdays."""
    async with stage.school.look() as uow:
        query = (
            select(Application.id, Application.weekdays, Student.id, Student.name)
            .join(Student, Student.id == Application.student_id)
            .join(SchoolClass)
            .where(SchoolClass.grade == 2, SchoolClass.number == 3, Application.state == State.ENROLLED)
            .order_by(Student.student_no)
        )
        return [(one, student, name) for one, days, student, name in await uow.session.execute(query) if 2 in days]


async def test_it_ends_while_children_stay(small_afternoon: Stage) -> None:
    stage = small_afternoon
    (standing, first, name), (_, second, other_name), *_rest = await children(stage)
    async with stage.school.work() as uow:
        await uow.session.execute(update(Application).values(extended_weekdays=[]))
        chosen = update(Application).where(Application.id == standing)
        await uow.session.execute(chosen.values(extended_weekdays=[2, 4]))
    mum, other = (await guardians(stage, first))[0], (await guardians(stage, second))[0]
    async with stage.school.work() as uow:
        (await uow.session.get_one(Person, person_id(other))).language = "en"
    await stage.at(datetime.combine(TUESDAY, time(12, 30), stage.school.zone))
    await other.send("/extended")
    stale = other.last
    async with stage.school.work(await stage.act_as(await stage.star("office"))) as uow:
        await change_extended(uow, (await uow.session.scalars(select(Term.id))).one(), NOT_OFFERED)
    stage.school.wake()
    await stage.calm()

    mum.reads("学校将停办延时托管，今天是最后一天。")
    mum.reads(f"{name}今天照常参加延时托管：澹台书院，至 18:30。")
    mum.reads(f"{name}：周二、周四的延时托管取消。")
    mum.reads("之后请在班级放学时来接孩子")
    await mum.send("/extended")
    mum.reads("今天：参加延时托管，澹台书院，至 18:30。")
    mum.reads("固定日期：无")
    mum.reads("学校已停办延时托管。今天已参加的孩子照常留下")
    assert not any("固定日期" in button for button in mum.buttons)

    other.misses("extended care ends")
    await other.tap("Stay today", message=stale)
    assert other.toasts[-1] == "The school has ended extended care: who stays today stays, but nobody else can."
    await other.send("/extended")
    other.reads(f"{other_name}, class 2(3)\nToday: leaves at 17:10, without extended care.")
    other.reads("Who stays today stays; nobody else can. No fixed days any more.")
    assert other.last is not None and not (other.last.markup or {}).get("inline_keyboard")

    await mum.tap("改为 17:10 放学")
    mum.reads(f"✔ {name}今天 17:10 放学，不参加延时托管。")
    await stage.at(datetime.combine(TUESDAY.replace(day=25), time(12, 30), stage.school.zone))
    await mum.send("/extended")
    mum.reads("本学期不提供延时托管。")


async def test_a_child_that_went_before_the_letter_came(small_afternoon: Stage) -> None:
    """Both children stay on Tuesdays; one is taken over, one goes on leave, between the end and the letter."""
    stage = small_afternoon
    (standing, first, name), (other_standing, second, other_name), *_rest = await children(stage)
    mum, other = (await guardians(stage, first))[0], (await guardians(stage, second))[0]
    async with stage.school.work() as uow:
        chosen = update(Application).where(Application.id.in_((standing, other_standing)))
        await uow.session.execute(chosen.values(extended_weekdays=[2]))
    await stage.at(datetime.combine(TUESDAY, time(12, 30), stage.school.zone))
    office = await stage.act_as(await stage.star("office"))
    async with stage.school.work(office) as uow:
        await change_extended(uow, (await uow.session.scalars(select(Term.id))).one(), NOT_OFFERED)
        await uow.session.execute(
            update(DayChild).where(DayChild.student_id == first).values(extended_at=uow.now),
        )
        given_by = person_id(other)
        uow.session.add(Leave(student_id=second, first=TUESDAY, last=TUESDAY, given_by=given_by, given_at=uow.now))
    stage.school.wake()
    await stage.calm()
    for person, child in ((mum, name), (other, other_name)):
        person.reads(f"{child}：星期二的延时托管取消。")
        person.misses("照常参加延时托管")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_what_was_asked_for_a_child_on_leave_and_never_decided(small_afternoon: Stage, language: str) -> None:
    """The school has its whole day for it; then the request stands open nowhere, and the family reads why."""
    stage = small_afternoon
    (_, student, name), *_rest = await children(stage)
    async with stage.school.work() as uow:
        await uow.session.execute(update(Application).values(extended_weekdays=[]))
        term_id = (await uow.session.scalars(select(Term.id))).one()
        uow.session.add(DayRules(term_id=term_id, extended_automatic=False))
    mum = (await guardians(stage, student))[0]
    async with stage.school.work() as uow:
        (await uow.session.get_one(Person, person_id(mum))).language = language
    await stage.at(datetime.combine(TUESDAY, time(12, 30), stage.school.zone))
    await mum.send("/extended")
    await mum.tap("今天参加" if language == "zh_CN" else "Stay today")
    mum.reads("已提交申请" if language == "zh_CN" else "The school has been asked.")
    async with stage.school.work(await stage.act_as(mum)) as uow:
        await give(uow, student, TUESDAY, TUESDAY)
    lead = await lead_of(stage)
    lead.finds(name)
    await stage.at(datetime.combine(TUESDAY, time(18, 29), stage.school.zone))
    mum.misses("未作答复" if language == "zh_CN" else "has not decided")
    await stage.at(datetime.combine(TUESDAY, time(18, 30), stage.school.zone))
    await stage.restart()
    await stage.later(minutes=1)
    texts = {
        "zh_CN": f"{name}11月24日 周二的延时托管申请，学校未作答复。{name}当天请假，此申请已不再需要。",
        "en": f"Extended care for {name} on Tue 24 Nov: the school has not decided on the request. It is not needed "
        f"any more, as {name} is on leave that day.",
    }
    assert sum(texts[language] in (message.text or "") for message in mum.messages) == 1
    (asked,) = [m for m in lead.messages if "exg:" in str(m.markup) and name in (m.text or "")]
    await lead.tap("✔", message=asked)
    assert lead.toasts[-1]
    async with stage.school.look() as uow:
        assert list(await uow.session.scalars(select(ExtendedRequest.state))) == [Wish.LAPSED]
