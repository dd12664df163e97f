"""Who hears the alarms of a day: its duty lead, or the others who may answer where the lead cannot be written to."""

from __future__ import annotations

from afternoon_school import TUESDAY, at
from extended_school import CLASS, attending, begin, day_child, does, letters, roll_taken
from sqlalchemy import select, update
from stage import care_runs_in

from care import rollcall
from care.day.lead import who_answers
from care.people import holders
from care.permissions import SYSTEM
from care.records import CareDay, Contact, Guardianship, Reach, Role, Step
from care.school import School


async def lose(school: School, *people: int) -> None:
    """These people have blocked the bot."""
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Contact).where(Contact.person_id.in_(people)).values(reach=Reach.BLOCKED))


async def lead_of(school: School) -> int:
    async with school.look() as uow:
        return (await uow.session.get_one(CareDay, TUESDAY)).duty_lead_id or 0


async def leading(school: School) -> set[int]:
    async with school.look() as uow:
        return set(await holders(uow, Role.DEPUTY, Role.HEAD))


async def test_the_duty_lead_is_told_when_the_day_opens(school: School) -> None:
    await begin(school)
    assert [one.person_id for one in await letters(school, "duty_lead")] == [await lead_of(school)]
    await at(school, 12, 40)
    assert len(await letters(school, "duty_lead")) == 1


async def test_a_day_opens_with_a_lead_who_can_be_written_to(school: School) -> None:
    await care_runs_in(school, CLASS)
    async with school.look() as uow:
        deputies = await holders(uow, Role.DEPUTY)
    turn = deputies[TUESDAY.toordinal() % len(deputies)]
    await lose(school, turn)
    await at(school, 12, 30)
    assert await lead_of(school) not in (0, turn)
    async with school.look() as uow:
        reach = select(Contact.reach).where(Contact.person_id == await lead_of(school))
        assert Reach.REACHABLE in set(await uow.session.scalars(reach))


async def test_nobody_can_be_written_to_and_still_somebody_answers(school: School) -> None:
    await care_runs_in(school, CLASS)
    await lose(school, *await leading(school))
    await at(school, 12, 30)
    async with school.look() as uow:
        assert set(await who_answers(uow, TUESDAY)) == await leading(school)
    assert await lead_of(school) in await leading(school)


async def test_an_alarm_reaches_the_others_where_the_lead_has_no_chat(school: School) -> None:
    await begin(school)
    child = (await attending(school))[0]
    async with school.look() as uow:
        query = select(Guardianship.person_id).where(Guardianship.student_id == child.student_id)
        guardians = list(await uow.session.scalars(query))
    lead = await lead_of(school)
    async with school.look() as uow:
        assert await who_answers(uow, TUESDAY) == [lead]
    await lose(school, lead, *guardians)
    teacher, _ = await roll_taken(school)
    row = await day_child(school, child)
    await does(school, teacher, lambda uow: rollcall.mark(uow, row.id, Step.ABSENT))
    told = {one.person_id for one in await letters(school, "child_missing_lead")}
    assert told == await leading(school) and lead in told and len(told) > 1
