"""A hand-over that goes on paper: the uncollected clock holds for its children, and for no others."""

from __future__ import annotations

from datetime import time

from afternoon_school import actor, at, opened, session_of, teacher_of
from extended_school import at_the_academy, begin, does, letters, roll_taken, tries, with_role
from sqlalchemy import delete, select

from care import rollcall
from care.board.today import Group, board
from care.day.close import close_day
from care.extended.handover import give, take
from care.extended.session import session_on
from care.paper.enter import Collector, Entry, enter
from care.paper.mark import back_from_paper, go_on_paper, marks
from care.paper.sheet import paper_children, paper_session
from care.permissions import SYSTEM, Actor
from care.records import Alarm, CareDay, DayChild, Event, Role, StaffRole
from care.release.late import LEAD, due_steps, take_step, take_together
from care.school import School

CLASS, OTHER = "2(3)", "3(5)"


async def here(school: School, class_name: str) -> tuple[Actor, int]:
    """The class's teacher, and its session with everybody here."""
    teacher, session = await teacher_of(school, class_name), await session_of(school, class_name)
    async with school.work(teacher) as uow:
        await rollcall.sign_in(uow, session.id)
        await rollcall.all_others_present(uow, session.id)
    return teacher, session.id


async def asked_for(school: School, session_id: int) -> int:
    """How many letters have asked guardians to come for children of a session."""
    async with school.look() as uow:
        mine = set(await uow.session.scalars(select(DayChild.id).where(DayChild.session_id == session_id)))
    return sum(one.params["day_child_id"] in mine for one in await letters(school, "child_uncollected"))


async def group(school: School, who: Actor, session_id: int) -> Group:
    async with school.look(who) as uow:
        shown = await board(uow)
    assert shown is not None
    (found,) = [one for wave in shown.waves for one in wave.groups if one.session_id == session_id]
    return found


async def test_nobody_of_the_class_is_asked_for(school: School) -> None:
    async with opened(school, CLASS, OTHER):
        await at(school, 15, 30)
        teacher, mine = await here(school, CLASS)
        _, other = await here(school, OTHER)
        await at(school, 17, 15)
        await does(school, teacher, lambda uow: go_on_paper(uow, mine))
        await does(school, teacher, lambda uow: go_on_paper(uow, mine))  # the same tap twice
        head = await with_role(school, Role.HEAD)
        on_paper = await group(school, head, mine)
        assert (on_paper.paper_by, on_paper.on_paper) == (teacher.name, on_paper.tally.waiting)
        assert len(await letters(school, "handover_on_paper")) == 1, "who answers for the day knows that it holds"
        await at(school, 17, 55)
        assert await asked_for(school, mine) == 0 and await letters(school, "class_uncollected_lead") != []
        assert await asked_for(school, other) > 0, "the other class's clock goes on"
        assert not (await group(school, head, mine)).is_over(school.clock.now())

        await does(school, head, lambda uow: back_from_paper(uow, mine))  # by hand: the clock goes on at once
        await at(school, 17, 56)
        assert await asked_for(school, mine) > 0
        async with school.look() as uow:
            said = select(Event.action).where(Event.subject == "session", Event.action.like("handover%"))
            assert list(await uow.session.scalars(said.order_by(Event.id))) == ["handover_on_paper", "handover_in_chat"]


async def test_it_ends_when_the_paper_is_entered(school: School) -> None:
    """Until then the day cannot close; half a page ends nothing."""
    async with opened(school, CLASS):
        await at(school, 14, 40)
        teacher, mine = await here(school, CLASS)
        await at(school, 17, 12)
        await does(school, teacher, lambda uow: go_on_paper(uow, mine))
        await at(school, 18, 0)
        office = await with_role(school, Role.OFFICE)
        async with school.look(office) as uow:
            lines = [
                Entry(child.id, child.seq, collector=Collector(one.adult, one.id), left_at=time(17, 14))
                for child in await paper_children(uow, await paper_session(uow, mine))
                if child.is_open and child.planned is False
                for one in child.adults.authorised[:1]
            ]
            (care_day,) = await uow.session.scalars(select(CareDay))
        assert len(lines) > 2
        await does(school, office, lambda uow: enter(uow, mine, lines[:1], time(14, 40)))
        assert (await session_of(school, CLASS)).paper_since is not None
        head = await with_role(school, Role.HEAD)
        assert await tries(school, head, lambda uow: close_day(uow, care_day.date)) == "children_open"
        await does(school, office, lambda uow: enter(uow, mine, lines[1:], time(14, 40)))
        session = await session_of(school, CLASS)
        assert (session.paper_since, session.paper_by) == (None, None)
        async with school.look() as uow:
            ended = select(Event.subject_id).where(Event.action == "paper_all_entered")
            assert list(await uow.session.scalars(ended)) == [mine]
        assert await tries(school, teacher, lambda uow: go_on_paper(uow, mine)) == "paper_nobody_left"
        await at(school, 20, 1)
        async with school.look() as uow:
            assert (await uow.session.get_one(CareDay, care_day.date)).closed_at is not None
        assert await asked_for(school, mine) == 0


async def test_who_may_say_it(school: School) -> None:
    async with opened(school, CLASS, OTHER):
        await at(school, 15, 30)
        _, mine = await here(school, CLASS)
        await only_own_classes(school)
        stranger = await teacher_of(school, OTHER)
        for who in (stranger, await with_role(school, Role.FINANCE)):
            assert await tries(school, who, lambda uow: go_on_paper(uow, mine)) == "not_found"
        leader = await leader_of(school, 2)
        await does(school, leader, lambda uow: go_on_paper(uow, mine))
        assert (await session_of(school, CLASS)).paper_by == leader.name
        async with school.look(leader) as uow:
            assert [one.session_id for one in await marks(uow)] == [mine]


async def only_own_classes(school: School) -> None:
    """The duty of a care teacher reaches the whole school: nobody has it."""
    async with school.work() as uow:
        await uow.session.execute(delete(StaffRole).where(StaffRole.role == Role.CARE_TEACHER))


async def leader_of(school: School, grade: int) -> Actor:
    async with school.look() as uow:
        query = select(StaffRole.person_id).where(StaffRole.role == Role.GRADE_LEADER, StaffRole.grade == grade)
        person = (await uow.session.scalars(query)).first()
    return await actor(school, person or 0)


async def test_of_extended_care_by_itself(school: School) -> None:
    """Its children are held; those of the class are not, and the class's teacher does not say it for extended care."""
    await begin(school, stay=2)
    giver, session = await roll_taken(school)
    taker = await at_the_academy(school)
    row = await does(school, giver, lambda uow: give(uow, session.id))
    await does(school, taker, lambda uow: take(uow, row.id, row.version, everyone=True))
    async with school.look() as uow:
        extended = await session_on(uow, uow.day)
    assert extended is not None
    await only_own_classes(school)
    giver = await teacher_of(school, CLASS)
    assert await tries(school, giver, lambda uow: go_on_paper(uow, extended.id)) == "not_found"
    await does(school, await with_role(school, Role.OFFICE), lambda uow: go_on_paper(uow, extended.id))
    await at(school, 19, 30)
    async with school.look() as uow:
        stayed = set(await uow.session.scalars(select(DayChild.id).where(DayChild.extended_at.is_not(None))))
    asked = {one.params["day_child_id"] for one in await letters(school, "child_uncollected")}
    assert len(stayed) == 2 and asked and not asked & stayed


async def test_a_letter_under_way_is_kept_back(school: School) -> None:
    """A step that was found before the mark, and is taken after it, tells nobody."""
    async with opened(school, CLASS):
        await at(school, 14, 40)
        teacher, mine = await here(school, CLASS)
        school.clock.jump(school.clock.local().replace(hour=17, minute=30))  # type: ignore[attr-defined]
        async with school.look(SYSTEM) as uow:
            found = await due_steps(uow, (10, 20, 30))
        assert found
        await does(school, teacher, lambda uow: go_on_paper(uow, mine))
        async with school.work(SYSTEM) as uow:
            for step in found:
                await take_step(uow, step)
        assert await asked_for(school, mine) == 0


async def test_a_class_of_whom_nothing_is_said_is_kept_back(school: School) -> None:
    """The same for a roll that nobody has called: no alarm, and no letter to who answers for the day."""
    async with opened(school, CLASS):
        school.clock.jump(school.clock.local().replace(hour=17, minute=45))  # type: ignore[attr-defined]
        async with school.look(SYSTEM) as uow:
            found = [one for one in await due_steps(uow, (10, 20, 30)) if one.step == LEAD]
        mine = (await session_of(school, CLASS)).id
        assert len(found) > 1 and {(one.session_id, one.unsaid) for one in found} == {(mine, True)}
        await does(school, await teacher_of(school, CLASS), lambda uow: go_on_paper(uow, mine))
        async with school.work(SYSTEM) as uow:
            await take_together(uow, mine, [one.day_child_id for one in found], unsaid=True)
        assert await letters(school, "class_unsaid_lead") == []
        async with school.look() as uow:
            assert list(await uow.session.scalars(select(Alarm))) == []
