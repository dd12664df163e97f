"""The office names somebody else duty lead: that person is told once, in the words of their language."""

from __future__ import annotations

import pytest
from board_afternoon import holder_of
from sqlalchemy import update
from stage import Stage

from care.day.lead import set_duty_lead
from care.permissions import SYSTEM
from care.records import CareDay, Person, Role
from scheduler.afternoon import open_today


@pytest.mark.parametrize(("language", "told"), [("zh_CN", "今天由您担任值班领导"), ("en", "You are duty lead today")])
async def test_the_new_duty_lead_is_told_once(small_afternoon: Stage, language: str, told: str) -> None:
    stage, school = small_afternoon, small_afternoon.school
    await open_today(school)
    office, member = await holder_of(school, Role.OFFICE), await holder_of(school, Role.MEMBER)
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Person).where(Person.id == member.person_id).values(language=language))
    persona = stage.persona(member.person_id or 0)
    for _ in range(2):
        async with school.work(office) as uow:
            await set_duty_lead(uow, member.person_id or 0)
        await stage.calm()
    assert len([message for message in persona.messages if told in (message.text or "")]) == 1
    persona.reads(told)


async def test_who_is_lead_no_more_when_the_letter_goes_out_is_told_nothing(small_afternoon: Stage) -> None:
    stage, school = small_afternoon, small_afternoon.school
    await open_today(school)
    await stage.kill()
    office, member = await holder_of(school, Role.OFFICE), await holder_of(school, Role.MEMBER)
    async with school.work(office) as uow:
        await set_duty_lead(uow, member.person_id or 0)
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(CareDay).values(duty_lead_id=office.person_id))
    await stage.start()
    await stage.calm()
    stage.persona(member.person_id or 0).misses("值班领导")
