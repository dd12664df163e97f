"""After midnight, while the day before is not sealed, a family asks for the new date (S11)."""

from __future__ import annotations

from datetime import date, datetime, time

from journey import guardians, person_id
from sqlalchemy import select, update
from stage import Stage

from care.records import Application, DayRules, ExtendedRequest, Letter, Person, SchoolClass, State, Student, Term

TUESDAY, WEDNESDAY = date(2026, 11, 24), date(2026, 11, 25)


async def test_a_family_asks_for_the_new_date(small_afternoon: Stage) -> None:
    stage = small_afternoon
    async with stage.school.work() as uow:
        query = (
            select(Application)
            .join(Student, Student.id == Application.student_id)
            .join(SchoolClass)
            .where(SchoolClass.grade == 2, SchoolClass.number == 3, Application.state == State.ENROLLED)
            .order_by(Student.student_no)
        )
        child = next(one for one in await uow.session.scalars(query) if {2, 3} <= set(one.weekdays))
        name = (await uow.session.get_one(Student, child.student_id)).name
        term_id = (await uow.session.scalars(select(Term.id))).one()
        await uow.session.merge(DayRules(term_id=term_id, extended_automatic=False))
    mum = (await guardians(stage, child.student_id))[0]
    async with stage.school.work() as uow:
        await uow.session.execute(update(Person).where(Person.id == person_id(mum)).values(language="en"))
    await stage.at(datetime.combine(TUESDAY, time(12, 30), stage.school.zone))
    await mum.send("/extended")
    stale = mum.last
    await stage.at(datetime.combine(WEDNESDAY, time(0, 30), stage.school.zone))
    async with stage.school.look() as uow:
        assert (uow.day, uow.today) == (TUESDAY, WEDNESDAY)
    await mum.tap("Stay today", message=stale)
    assert mum.toasts[-1] == "That is of another day, and over. Please send the command again for today's."
    await mum.send("/extended")
    mum.reads("It is past midnight: “today” is Wed 25 Nov here. /children says where your child is now.")
    await mum.tap("Stay today")
    mum.reads("✔ The school has been asked. You will be told here.")
    (request,) = await stage.ask(select(ExtendedRequest))
    assert (request.student_id, request.date, request.state) == (child.student_id, WEDNESDAY, "asked")
    awake = datetime.combine(WEDNESDAY, time(7, 30), stage.school.zone)
    asked = await stage.ask(select(Letter).where(Letter.kind == "extended_asked"))
    assert {one.due_at for one in asked} == {awake}
    await stage.at(awake)
    office = await stage.star("office")
    office.finds(f"2(3) 班{name}：")
    await mum.tap("Leave at 17:10")
    mum.reads(f"✔ {name} leaves at 17:10 today, without extended care.")
