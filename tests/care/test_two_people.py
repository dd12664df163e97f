"""The rule of two people: who is of the child's family, or gave the child away, does not also settle it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import time

import pytest
from afternoon_school import TUESDAY, actor, at, children_of, opened, session_of, teacher_of
from sqlalchemy import delete, select

from care import alarms, missing, rollcall
from care.enrolment.family import unrestricted_guardians
from care.errors import NotAllowed
from care.paper.enter import Collector, Entry, PaperRefused, enter
from care.paper.sheet import paper_children, paper_session
from care.permissions import SYSTEM, Actor
from care.pickup.adults import authorised
from care.records import (
    Adult,
    Alarm,
    AlarmKind,
    CareDay,
    DayChild,
    Guardianship,
    Letter,
    Proof,
    Relation,
    Role,
    StaffRole,
    Step,
    StopListEntry,
)
from care.release.alarms import ON_PAPER, close_alarm, raise_alarm
from care.release.giving import release
from care.release.undoing import dispute
from care.school import School

CLASS = "2(3)"


async def adopts(school: School, who: Actor, student_id: int) -> None:
    async with school.work(SYSTEM) as uow:
        uow.session.add(Guardianship(student_id=student_id, person_id=who.person_id, relation=Relation.AUNT))


async def lead_of(school: School) -> Actor:
    async with school.look() as uow:
        return await actor(school, (await uow.session.get_one(CareDay, TUESDAY)).duty_lead_id or 0)


async def another(school: School, *roles: Role, but: Actor) -> Actor:
    async with school.look() as uow:
        return await actor(school, next(one for one in await missing.holders(uow, *roles) if one != but.person_id))


async def says_no(school: School, who: Actor, alarm: int, code: str) -> None:
    """Neither door closes it."""
    doors: list[Callable[..., Awaitable[object]]] = [alarms.close, close_alarm]
    for door in doors:
        with pytest.raises(NotAllowed) as error:
            async with school.work(who) as uow:
                await door(uow, alarm, "我说了算")
        assert error.value.code == code
    async with school.look(who) as uow:
        assert [one.own for one in await alarms.alarms_of(uow, TUESDAY) if one.id == alarm] == [True]


async def closes(school: School, who: Actor, alarm: int) -> None:
    async with school.look(who) as uow:
        assert [one.own for one in await alarms.alarms_of(uow, TUESDAY) if one.id == alarm] == [False]
    async with school.work(who) as uow:
        await alarms.close(uow, alarm, "已与家长核实")


async def all_here(school: School) -> tuple[Actor, list[DayChild]]:
    await at(school, 14, 36)
    teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
    async with school.work(teacher) as uow:
        await rollcall.sign_in(uow, session.id)
        await rollcall.all_others_present(uow, session.id)
    return teacher, [child for child, _name in await children_of(school, session.id)]


async def test_a_colleague_enters_the_own_child_from_paper(school: School) -> None:
    async with opened(school, CLASS):
        await at(school, 18)
        teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
        (child, _name), *_rest = await children_of(school, session.id)
        await adopts(school, teacher, child.student_id)
        async with school.look(teacher) as uow:
            row = next(
                one for one in await paper_children(uow, await paper_session(uow, session.id)) if one.id == child.id
            )
        adult = row.adults.authorised[0]
        collected = Entry(row.id, row.seq, collector=Collector(adult.adult, adult.id), left_at=time(17))
        alone = Entry(row.id, row.seq, collector=Collector(), left_at=time(17), confirmed=True)
        away = Entry(row.id, row.seq, came=False, note="生病")
        for entry in (collected, alone, away):
            with pytest.raises(PaperRefused) as error:
                async with school.work(teacher) as uow:
                    await enter(uow, session.id, [entry], time(14, 40))
            assert [one.code for one in error.value.problems.values()] == ["paper_own_child"]
        colleague = await another(school, Role.OFFICE, but=teacher)
        async with school.work(colleague) as uow:
            assert await enter(uow, session.id, [collected], time(14, 40)) == 1


async def test_the_own_childs_alarm_is_closed_by_another(school: School) -> None:
    async with opened(school, CLASS):
        teacher, (lost, late, *_rest) = await all_here(school)
        lead = await lead_of(school)
        async with school.work(teacher) as uow:
            await rollcall.mark(uow, lost.id, Step.ABSENT)
            refused, _new = await raise_alarm(uow, late.id, AlarmKind.REFUSED)
        async with school.look() as uow:
            (gone,) = await uow.session.scalars(select(Alarm.id).where(Alarm.kind == AlarmKind.MISSING))
        await adopts(school, teacher, lost.student_id)
        await adopts(school, lead, late.student_id)
        for door in (missing.close, alarms.close):
            with pytest.raises(NotAllowed, match="alarm_own_child"):
                async with school.work(teacher) as uow:
                    await door(uow, gone, "我说了算")
        await closes(school, lead, gone)
        await says_no(school, lead, refused.id, "alarm_own_child")
        await closes(school, await another(school, Role.OFFICE, but=lead), refused.id)


async def test_who_gave_the_child_does_not_close_the_dispute(school: School) -> None:
    """The duty lead stood at the gate. Where nobody else answers for the day, the lead does close it."""
    async with opened(school, CLASS):
        _teacher, (first, second, *_rest) = await all_here(school)
        lead = await lead_of(school)
        disputed = []
        for child in (first, second):
            async with school.look() as uow:
                family = await unrestricted_guardians(uow, child.student_id)
                seq = (await uow.session.get_one(DayChild, child.id)).last_seq
            async with school.work(lead) as uow:
                await release(uow, {child.id: seq}, Adult.GUARDIAN, family[0], Proof.LIST)
            async with school.work(await actor(school, family[0])) as uow:
                await dispute(uow, child.id, seq + 1)
            async with school.look() as uow:
                query = select(Alarm.id).where(Alarm.day_child_id == child.id, Alarm.kind == AlarmKind.DISPUTED)
                disputed += list(await uow.session.scalars(query))
        await says_no(school, lead, disputed[0], "alarm_own_release")
        await closes(school, await another(school, Role.HEAD, Role.DEPUTY, but=lead), disputed[0])
        roles = (Role.HEAD, Role.DEPUTY, Role.MEMBER, Role.OFFICE, Role.GRADE_LEADER)
        async with school.work(SYSTEM) as uow:
            others = delete(StaffRole).where(StaffRole.role.in_(roles), StaffRole.person_id != lead.person_id)
            await uow.session.execute(others)
        await closes(school, lead, disputed[1])


async def test_a_dispute_from_paper_is_not_the_teachers_to_close(school: School) -> None:
    """Who had the child has given it; who entered the paper later has not. Somebody else than the giver is told."""
    async with opened(school, CLASS):
        await all_here(school)
        lead, session = await lead_of(school), await session_of(school, CLASS)
        async with school.work(SYSTEM) as uow:
            (found,) = await uow.session.scalars(select(DayChild).where(DayChild.session_id == session.id).limit(1))
            adult = (await authorised(uow, found.student_id, TUESDAY))[0]
            uow.session.add(
                StopListEntry(student_id=found.student_id, name=adult.name, reason="法院", added_at=uow.now)
            )
        async with school.work(lead) as uow:
            await rollcall.sign_in(uow, session.id)  # a take-over: the lead has the children
        await at(school, 18)
        async with school.look() as uow:
            seq = (await uow.session.get_one(DayChild, found.id)).last_seq
        entry = Entry(found.id, seq, collector=Collector(adult.adult, adult.id), left_at=time(17), confirmed=True)
        office = await another(school, Role.OFFICE, but=lead)
        async with school.work(office) as uow:
            await enter(uow, session.id, [entry], time(14, 40))
        async with school.look() as uow:
            (alarm,) = await uow.session.scalars(select(Alarm.id).where(Alarm.kind.in_(ON_PAPER)))
            told = set(await uow.session.scalars(select(Letter.person_id).where(Letter.kind == "paper_disputed")))
        assert told - {lead.person_id}
        await says_no(school, lead, alarm, "alarm_own_release")
        await closes(school, office, alarm)
