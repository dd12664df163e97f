"""What was entered from paper wrongly is taken back while the day is open, by a link of its own; whoever was told of it
is told so."""

from __future__ import annotations

from datetime import datetime, time

import pytest
from afternoon_school import TUESDAY, actor, at, opened, session_of, teacher_of
from paper_steps import CLASS, alarms, chain, collected, enters, letters, page, verified
from sqlalchemy import select, update

from care import rollcall
from care.errors import CareError, Conflict, Invalid, NotAllowed, NotFound
from care.missing import holders
from care.paper.correct import Right, correct
from care.paper.enter import Collector, Entry, PaperRefused
from care.permissions import Actor, Duty
from care.records import Alarm, AlarmKind, CareDay, Event, Holder, Proof, Role, Step
from care.release.late import due_steps, take_step
from care.school import School


async def office(school: School) -> Actor:
    async with school.look() as uow:
        return await actor(school, (await holders(uow, Role.OFFICE))[0])


async def corrects(
    school: School, day_child_id: int, seen: int, right: Right, reason: str = "第四行看错", who: Actor | None = None
) -> None:
    async with school.work(who or await office(school)) as uow:
        await correct(uow, day_child_id, seen, reason, right)


async def refuses(school: School, day_child_id: int, seen: int, right: Right, **more: object) -> CareError:
    with pytest.raises(CareError) as error:
        await corrects(school, day_child_id, seen, right, **more)  # type: ignore[arg-type]
    return error.value


async def test_a_child_that_is_still_here_is_seen_again(dark: School) -> None:
    """The gravest slip: the wrong row. The child is with its teacher again, and the clock goes on."""
    _, (child, *_rest) = await page(dark)
    entry = collected(child)
    await enters(dark, Entry(**{**entry.__dict__, "note": "奶奶一起"}))
    told = await letters(dark, "paper_released")
    teacher = await teacher_of(dark, CLASS)
    await corrects(dark, child.id, 3, Right())
    *_before, released, undone = await chain(dark, child.id)
    assert (released.step, undone.step, undone.proof) == (Step.RELEASED, Step.UNDONE, Proof.PAPER)
    assert (undone.holder, undone.holder_id) == (Holder.TEACHER, teacher.person_id)
    assert (undone.remark, undone.by_name, undone.at) == ("第四行看错", (await office(dark)).name, dark.clock.now())
    corrected = await letters(dark, "paper_corrected")
    assert [one.person_id for one in corrected] == [one.person_id for one in told] and told
    async with dark.work() as uow:
        due = [one for one in await due_steps(uow, (10, 20, 30)) if one.day_child_id == child.id]
        assert [one.step for one in due] == [1, 2, 3]
        await take_step(uow, due[-1])
    async with dark.look() as uow:
        query = select(Alarm).where(Alarm.day_child_id == child.id, Alarm.kind == AlarmKind.UNCOLLECTED)
        assert [one.closed_at for one in await uow.session.scalars(query)][-1] is None
        event = (await uow.session.scalars(select(Event).where(Event.action == "paper_corrected"))).one()
        assert (event.remark, event.actor_id) == ("第四行看错", undone.by_id)
    await verified(dark)


async def test_what_is_right_is_entered_with_it(dark: School) -> None:
    """Another adult, and earlier than the wrong one: one letter says both."""
    _, (child, *_rest) = await page(dark)
    await enters(dark, collected(child))
    told = len(await letters(dark, "paper_released"))
    other = child.adults.authorised[1]
    await corrects(dark, child.id, 3, Right(collector=Collector(other.adult, other.id), left_at=time(17, 1)))
    links = await chain(dark, child.id)
    assert [one.step for one in links[2:]] == [Step.RELEASED, Step.UNDONE, Step.RELEASED]
    assert (links[-1].holder_name, links[-1].at) == (other.name, datetime.combine(TUESDAY, time(17, 1), dark.zone))
    assert len(await letters(dark, "paper_released")) == told, "the correction says it"
    assert {one.params["seq"] for one in await letters(dark, "paper_corrected")} == {5}
    await corrects(dark, child.id, 5, Right(collector=Collector(other.adult, other.id), left_at=time(17)), "又错了")
    assert len(await letters(dark, "paper_corrected")) == 2 * told
    assert isinstance(await refuses(dark, child.id, 5, Right()), Conflict)
    await verified(dark)


async def test_a_child_that_never_came(school: School) -> None:
    """Only paper had said that it came, so paper can say that it did not. Who was at the roll has come."""
    async with opened(school, CLASS):
        await at(school, 14, 50)
        session = await session_of(school, CLASS)
        _, (here, away, *_rest) = await page(school)
        async with school.work(await teacher_of(school, CLASS)) as uow:
            await rollcall.sign_in(uow, session.id)
            await rollcall.mark(uow, here.id, Step.PRESENT)
        await at(school, 18, 0)
        _, (here, away, *_rest) = await page(school)
        await enters(school, collected(here), collected(away))
        error = await refuses(school, here.id, 3, Right(away=True, note="生病"))
        assert isinstance(error, PaperRefused) and error.problems[here.id].code == "paper_contradicts"
        await corrects(school, away.id, 3, Right(away=True, note="生病"))
        links = await chain(school, away.id)
        assert [one.step for one in links[3:]] == [Step.UNDONE, Step.ABSENT, Step.EXPLAINED]
        assert await letters(school, "paper_absent") == [], "the correction says it"
        await verified(school)


async def test_who_corrects_and_what_is_needed(dark: School) -> None:
    _, (child, *_rest) = await page(dark)
    await enters(dark, collected(child))
    for who in (await teacher_of(dark, CLASS), Actor(1, "x", (Duty(Role.GRADE_LEADER, grade=3),)), Actor(1, "x")):
        if not any(duty.role is Role.GRADE_LEADER and duty.grade == 2 for duty in who.duties):
            assert isinstance(await refuses(dark, child.id, 3, Right(), who=who), NotFound)
    assert isinstance(await refuses(dark, child.id, 3, Right(), reason=" "), Invalid)
    assert isinstance(await refuses(dark, child.id, 2, Right()), Conflict)
    assert isinstance(await refuses(dark, 999_999, 2, Right()), NotFound)
    half = await refuses(dark, child.id, 3, Right(left_at=time(17)))
    assert isinstance(half, PaperRefused) and half.problems[child.id].code == "paper_collector_needed"
    async with dark.look() as uow:
        mother = child.adults.authorised[0].id
    own = Actor(mother, "mother", (Duty(Role.OFFICE),))
    assert isinstance(await refuses(dark, child.id, 3, Right(), who=own), NotAllowed)
    async with dark.work() as uow:
        await uow.session.execute(update(CareDay).values(closed_at=uow.now, root="0" * 64))
    assert (await refuses(dark, child.id, 3, Right())).code == "day_closed"
    assert len(await chain(dark, child.id)) == 3


async def test_a_stranger_that_never_was(dark: School) -> None:
    """The alarm is over with the correction; nobody of the family had been told, and is told of the right one only."""
    _, (child, *_rest) = await page(dark)
    stranger = Entry(child.id, child.seq, collector=Collector(name="路人"), left_at=time(17), confirmed=True)
    await enters(dark, stranger)
    (alarm,) = await alarms(dark)
    assert alarm.kind is AlarmKind.OFF_LIST
    adult = child.adults.authorised[0]
    await corrects(dark, child.id, 3, Right(collector=Collector(adult.adult, adult.id), left_at=time(17)), "笔误")
    (alarm,) = await alarms(dark)
    assert alarm.closed_at is not None and alarm.reason == "笔误"
    assert await letters(dark, "paper_corrected") == [] and await letters(dark, "paper_released")
    again = Right(collector=Collector(name="生人"), left_at=time(17), confirmed=True)
    await corrects(dark, child.id, 5, again, "还是错")
    assert [one.closed_at is None for one in await alarms(dark)] == [False, True]
    assert len(await letters(dark, "paper_disputed")) == 2, "the duty lead hears of each"
    assert await letters(dark, "paper_corrected")
    await verified(dark)
