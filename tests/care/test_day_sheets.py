"""The day sheet's contents: what stands on it is what the rules say, read for a whole school in a few queries, and only
for those who may hold it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from afternoon_school import TUESDAY, at, children_of, opened, session_of, teacher_of
from day_sheet_steps import CLASS, holder_of, letters, sheet
from sqlalchemy import event, select, update
from stage import care_runs_in

from care import rollcall
from care.custody.ledger import last_root
from care.day.sheets import day_sheets, sessions_of, taken
from care.errors import NotFound
from care.extended.session import open_extended
from care.permissions import SYSTEM, Actor, Duty
from care.pickup.adults import adults_of_all, authorised, barred
from care.records import (
    Adult,
    Application,
    CareDay,
    CareSession,
    Delegate,
    Event,
    LeaveMode,
    Person,
    PickupPlan,
    Relation,
    Role,
    SessionKind,
    Step,
    StopListEntry,
    Student,
)
from care.school import School
from locales import words
from papers.from_day import day_sheet_papers


@contextmanager
def counted(school: School) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    engine = school.reader.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


async def test_everybody_in_bulk_is_as_one_by_one(school: School) -> None:
    async with school.work(SYSTEM) as uow:
        students = list(await uow.session.scalars(select(Student.id).order_by(Student.id).limit(400)))
        guardian = await uow.session.scalar(select(Person.id).limit(1))
        for number, student in enumerate(students[:6]):
            one = (await authorised(uow, student, TUESDAY))[-1]
            uow.session.add(
                StopListEntry(student_id=student, name=one.name, phone=None, reason="x", added_at=uow.now)
                if number % 2
                else Delegate(
                    date=TUESDAY,
                    guardian_id=guardian,
                    student_ids=[student, students[number + 1]],
                    name=f"代接{number}",
                    relation=Relation.OTHER,
                    phone=f"1350000000{number}",
                    made_at=uow.now,
                )
            )
        await uow.session.flush()
        found = await adults_of_all(uow, students, TUESDAY)
        for student in students:
            assert list(found[student].authorised) == await authorised(uow, student, TUESDAY)
            assert list(found[student].barred) == await barred(uow, student)
        assert any(one.stopped for one in found[students[1]].authorised)
        assert await adults_of_all(uow, [], TUESDAY) == {}


async def test_the_sheet_says_who_is_where_and_who_comes(school: School) -> None:
    async with opened(school, CLASS):
        teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
        await at(school, 14, 40)
        async with school.work(teacher) as uow:
            await rollcall.sign_in(uow, session.id)
            await rollcall.all_others_present(uow, session.id)
        (first, name), (second, _), (third, _), *_rest = await children_of(school, session.id)
        async with school.work(SYSTEM) as uow:
            mother, *_others = await authorised(uow, first.student_id, TUESDAY)
            uow.session.add(
                PickupPlan(
                    date=TUESDAY,
                    student_id=first.student_id,
                    adult=Adult.GUARDIAN,
                    adult_id=mother.id,
                    name=mother.name,
                    said_by=mother.id,
                    said_at=uow.now,
                )
            )
            stopped, *_others = await authorised(uow, second.student_id, TUESDAY)
            for student, bad in ((second.student_id, stopped.name), (third.student_id, "坏叔叔")):
                uow.session.add(StopListEntry(student_id=student, name=bad, reason="法院", added_at=uow.now))
            await uow.session.execute(
                update(Application).where(Application.id == first.application_id).values(leave_mode=LeaveMode.ALONE)
            )
            await uow.session.execute(
                update(Application).where(Application.id == second.application_id).values(extended_weekdays=[2])
            )
        one, two, three, *rest = await sheet(school, teacher)
        assert (one.number, one.name, one.step, one.holder_name) == (1, name, Step.PRESENT, teacher.name)
        assert one.planned == (Adult.GUARDIAN, mother.id) and one.planned_name == mother.name
        assert not one.alone, "children of grade 2 never leave alone, whatever stands in the application"
        assert two.extended
        assert next(adult.stopped for adult in two.adults) and two.barred == ()
        assert [bar.name for bar in three.barred] == ["坏叔叔"]
        assert all(child.adults and all(adult.phone for adult in child.adults) for child in (one, *rest))


async def test_a_grade_that_may_leaves_alone(school: School) -> None:
    async with opened(school, "3(5)"):
        session = await session_of(school, "3(5)")
        (first, _), (second, _), *_rest = await children_of(school, session.id)
        async with school.work(SYSTEM) as uow:
            for child, mode in ((first, LeaveMode.ALONE), (second, LeaveMode.COLLECTED)):
                await uow.session.execute(
                    update(Application).where(Application.id == child.application_id).values(leave_mode=mode)
                )
        one, two, *_rest = await sheet(school, await teacher_of(school, "3(5)"), "3(5)")
        assert (one.alone, two.alone) == (True, False)


async def test_only_who_is_on_duty_or_answers_for_the_day_holds_it(school: School) -> None:
    async with opened(school, CLASS, "3(5)"):
        session = await session_of(school, CLASS)
        other = await teacher_of(school, "3(5)")
        async with school.work(SYSTEM) as uow:
            person = Person(name="看护", created_at=uow.now)
            uow.session.add(person)
            await uow.session.flush()
        substitute = Actor(person.id, "看护", (Duty(Role.CARE_TEACHER),))
        homeroom = await teacher_of(school, CLASS)
        may = [homeroom, *[await holder_of(school, role) for role in (Role.HEAD, Role.DEPUTY, Role.OFFICE)]]
        may.append(await holder_of(school, Role.GRADE_LEADER, 2))
        must_not = [other, substitute, Actor(1, "x"), Actor(None, ""), Actor(person.id, "x", (Duty(Role.FINANCE),))]
        must_not.append(await holder_of(school, Role.GRADE_LEADER, 3))
        for who in may:
            async with school.look(who) as uow:
                assert session.id in [one.session_id for one in await sessions_of(uow, TUESDAY)]
                assert await day_sheets(uow, [session.id])
        for who in must_not:
            async with school.look(who) as uow:
                assert session.id not in [one.session_id for one in await sessions_of(uow, TUESDAY)]
                with pytest.raises(NotFound):
                    await day_sheets(uow, [session.id])
        async with school.work(substitute) as uow:
            await rollcall.sign_in(uow, session.id)
        async with school.look(substitute) as uow:
            assert await day_sheets(uow, [session.id])
        async with school.look(homeroom) as uow:
            with pytest.raises(NotFound):
                await day_sheets(uow, [session.id])


async def test_unknown_sessions_are_nobodys(school: School) -> None:
    async with opened(school, CLASS):
        session = await session_of(school, CLASS)
        async with school.look(await holder_of(school, Role.HEAD)) as uow:
            for wanted in ([], [999_999], [session.id, 999_999]):
                with pytest.raises(NotFound):
                    await day_sheets(uow, wanted)


async def test_the_whole_school_takes_as_few_queries_as_one_class(school: School) -> None:
    async with opened(school, "2(3)", "3(5)", "2(5)", "1(2)", "4(1)"):
        head = await holder_of(school, Role.HEAD)
        async with school.work(SYSTEM) as uow:
            await open_extended(uow)
        async with school.look(head) as uow:
            ids = [session.session_id for session in await sessions_of(uow, TUESDAY)]
        assert len(ids) == 6, "and extended care"
        async with school.look(head) as uow:
            with counted(school) as for_one:
                await day_sheets(uow, ids[:1])
        async with school.look(head) as uow:
            with counted(school) as for_all:
                sheets = await day_sheets(uow, ids)
        assert [one.session.session_id for one in sheets] == ids
        assert len(for_all) == len(for_one) <= 25


async def test_the_sheet_carries_the_last_seal_and_the_lead(school: School) -> None:
    async with opened(school, CLASS):
        head = await holder_of(school, Role.HEAD)
        session = await session_of(school, CLASS)
        async with school.work(SYSTEM) as uow:
            day = await uow.session.get_one(CareDay, TUESDAY)
            lead = await uow.session.get_one(Person, day.duty_lead_id)
            uow.session.add(
                CareDay(
                    date=TUESDAY - timedelta(days=1),
                    term_id=day.term_id,
                    opened_at=uow.now,
                    closed_at=uow.now,
                    root="ab" * 32,
                )
            )
        async with school.work(head) as uow:
            (sheet,) = await day_sheets(uow, [session.id])
            assert (sheet.lead, sheet.lead_phone) == (lead.name, lead.phone)
            assert sheet.seal == "ab" * 32 == await last_root(uow)
            taken(uow, [sheet.session])
        async with school.look() as uow:
            last = (await uow.session.scalars(select(Event).order_by(Event.id.desc()).limit(1))).one()
            assert (last.action, last.subject_id, last.actor_id) == ("day_sheet_printed", session.id, head.person_id)


async def test_extended_care_has_a_sheet_of_its_own(school: School) -> None:
    """Two children of 2(3) and one of 3(5) stay today: they stand on both sheets."""
    await care_runs_in(school, CLASS, "3(5)")
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Application).values(extended_weekdays=[]))
    await at(school, 12, 30)
    stay = []
    for class_name, many in ((CLASS, 2), ("3(5)", 1)):
        rows = await children_of(school, (await session_of(school, class_name)).id)
        stay += [(child.application_id, name) for child, name in rows[:many]]
    async with school.work(SYSTEM) as uow:
        ids = [number for number, _name in stay]
        await uow.session.execute(update(Application).where(Application.id.in_(ids)).values(extended_weekdays=[2]))
        late = await open_extended(uow)
    assert late is not None
    head, leader = await holder_of(school, Role.HEAD), await holder_of(school, Role.GRADE_LEADER, 2)
    async with school.look(head) as uow:
        (listed,) = [one for one in await sessions_of(uow, TUESDAY) if one.kind is SessionKind.EXTENDED]
        (sheet,) = await day_sheets(uow, [late.id])
        (paper,) = await day_sheet_papers(uow, [late.id], words("zh_CN", "papers"))
        both = await day_sheets(uow, [late.id, (await session_of(school, CLASS)).id])
    assert listed.children == 3
    assert [(child.number, child.name) for child in sheet.children] == [
        (number, name) for number, (_id, name) in enumerate(stay, 1)
    ]
    assert [child.school_class for child in paper.children] == [CLASS, CLASS, "3(5)"]
    assert (paper.group, paper.times) == ("延时托管", "17:25–18:30") and paper.venue == late.venue
    assert [sum(child.extended for child in one.children) for one in both] == [2, 3]
    async with school.look(leader) as uow:
        with pytest.raises(NotFound):  # its children are of more grades than one
            await day_sheets(uow, [late.id])
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(CareSession, late.id)).signed_in_id = leader.person_id
    async with school.look(leader) as uow:
        assert len(await day_sheets(uow, [late.id])) == 1, "on duty there"
    await at(school, 17, 50)
    sent = [one for one in await letters(school) if one.params == {"session_id": late.id}]
    assert [one.person_id for one in sent] == [leader.person_id]


async def test_what_the_paper_says_of_a_child(school: School) -> None:
    """Who comes today is marked, unless that adult must not, or is on no list any more."""
    async with opened(school, CLASS):
        session, teacher = await session_of(school, CLASS), await teacher_of(school, CLASS)
        (first, _), (second, _), (third, _), *_rest = await children_of(school, session.id)
        async with school.work(SYSTEM) as uow:
            for child, adult_id in ((first, None), (second, None), (third, 999_999)):
                one = (await authorised(uow, child.student_id, TUESDAY))[0]
                plan = PickupPlan(
                    date=TUESDAY,
                    student_id=child.student_id,
                    adult=Adult.GUARDIAN,
                    adult_id=adult_id or one.id,
                    name="不再是" if adult_id else one.name,
                    said_by=one.id,
                    said_at=uow.now,
                )
                uow.session.add(plan)
                if child is second:
                    uow.session.add(
                        StopListEntry(student_id=child.student_id, name=one.name, reason="x", added_at=uow.now)
                    )
        async with school.look(teacher) as uow:
            (paper,) = await day_sheet_papers(uow, [session.id], words("zh_CN", "papers"))
        one, two, three, *_others = paper.children
        assert next(adult.today for adult in one.adults) and one.plan == ""
        assert two.adults[0].stopped and not any(adult.today for adult in two.adults) and two.plan == ""
        assert not any(adult.today for adult in three.adults) and three.plan == "不再是"
        assert (one.state, one.gone, one.school_class) == ("应到", False, "")
        assert (paper.teacher, paper.printed_by) == (teacher.name, teacher.name)
