"""The office gives extended care another room or end: whoever stays reads it, once, and so do the teachers (S11)."""

from __future__ import annotations

from console_browser import Browser
from office_steps import in_english, office_console
from sqlalchemy import delete, select, update
from stage import Player, Stage
from way_home import Family, at, attend_every_day, brother_of, count, families, family, id_of, marked

from care.records import Application, Letter, Role, StaffRole, Term, Venue, VenueKind

HALL = "排练厅"


async def stays_on(stage: Stage, *student_ids: int, weekdays: tuple[int, ...] = (2, 3)) -> None:
    """These children stay for extended care on some weekdays, and no other child does."""
    async with stage.school.work() as uow:
        await uow.session.execute(update(Application).values(extended_weekdays=[]))
        theirs = update(Application).where(Application.student_id.in_(student_ids))
        await uow.session.execute(theirs.values(extended_weekdays=list(weekdays)))
        uow.session.add(Venue(name=HALL, kind=VenueKind.EXTENDED))


async def save(stage: Stage, console: Browser, venue: str = "", until: str = "", places: str = "") -> str:
    """Saves extended care with other values; what the page then says of it."""
    async with stage.school.look() as uow:
        term = (await uow.session.scalars(select(Term))).one()
        hall = (await uow.session.scalars(select(Venue.id).where(Venue.name == venue))).first()
    form = {
        "venue": str(hall or term.extended_venue_id),
        "until": until or f"{term.extended_until:%H:%M}",
        "places": places or str(term.extended_capacity),
    }
    saved = await console.post(f"/settings/terms/{term.id}/extended", **form)
    assert saved.status_code == 303
    await stage.calm()
    page = await console.get(saved.headers["location"].partition("#")[0])
    return page.text.split('id="extended"')[1].split("</form>")[0]


async def told(stage: Stage) -> set[int | None]:
    return {letter.person_id for letter in await stage.ask(select(Letter).where(Letter.kind == "extended_moved"))}


async def two_children(stage: Stage) -> tuple[Family, Family, Player, Player]:
    """A family with two children who come every day; its guardians read Chinese and English."""
    child, mum, dad = await family(stage)
    other = (await families(stage.school, "2(3)"))[1]
    await brother_of(stage.school, child, other.student_id)
    await attend_every_day(stage.school, other.student_id)
    await in_english(stage, dad)
    return child, other, mum, dad


async def test_another_room_and_another_end(home: Stage) -> None:
    """In the morning, before the day is open: it counts from today on. One letter for both children; the family of a
    child that goes home with its class reads nothing, nor does anybody of more places."""
    stage = home
    child, other, mum, dad = await two_children(stage)
    home_by_class = (await families(stage.school, "2(3)"))[2]
    await attend_every_day(stage.school, home_by_class.student_id)
    await stays_on(stage, child.student_id, other.student_id)
    async with stage.school.work() as uow:
        await uow.session.execute(delete(StaffRole).where(StaffRole.role == Role.CARE_TEACHER, StaffRole.id % 2 == 0))
    await stage.at(at(9))
    await mum.send("/pickup")
    card = mum.last
    assert card is not None and "18:30" in card.text
    async with office_console(stage, "zh_CN") as console:
        note = await save(stage, console, HALL, "18:10")
        assert "从 11月24日 周二起生效" in note and "在聊天中通知" in note
        mum.reads(
            "从11月24日（星期二）起，延时托管改在排练厅（原澹台书院），至 18:10（原 18:30）。\n请到那里接孩子。\n"
            f"涉及：{child.child}、{other.child}"
        )
        dad.reads(
            "From Tuesday 24 November on, extended care is at 排练厅 (was 澹台书院), until 18:10 (was 18:30).\n"
            f"Please collect there.\nThis is about: {child.child}, {other.child}"
        )
        now = mum.chat.messages[card.id].text
        assert now.count("18:10 放学，请到排练厅接") == 2 and "18:30" not in now
        teacher = await stage.homeroom_of("2(3)")
        teacher.finds("延时托管改在排练厅（原澹台书院）")
        heard = await told(stage)
        care_teachers = set(await stage.ask(select(StaffRole.person_id).where(StaffRole.role == Role.CARE_TEACHER)))
        assert care_teachers and care_teachers <= heard and heard.isdisjoint(home_by_class.people)
        for again in (await save(stage, console), await save(stage, console, places="90")):
            assert "不需要通知任何人" in again
        assert (count(mum, "排练厅（原"), count(dad, "(was ")) == (1, 1)
        await save(stage, console, until="18:20")
        mum.reads("从11月24日（星期二）起，延时托管改为至 18:20（原 18:10），地点仍是排练厅。")
        dad.reads("From Tuesday 24 November on, extended care is until 18:20 (was 18:10), at 排练厅 as before.")
        await save(stage, console, "澹台书院")
        mum.reads("从11月24日（星期二）起，延时托管改在澹台书院（原排练厅），仍至 18:20。")
        dad.reads("From Tuesday 24 November on, extended care is at 澹台书院 (was 排练厅), until 18:20 as before.")


async def test_a_session_that_is_made_stays_as_it_is(small_home: Stage) -> None:
    """At two o'clock today's room is set: it counts from tomorrow, and today's reminder says the old one."""
    stage = small_home
    child, mum, _dad = await family(stage)
    await stays_on(stage, child.student_id)
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.at(at(14))
    async with office_console(stage) as console:
        assert "It counts from Wed 25 Nov" in await save(stage, console, HALL, "18:10")
    mum.reads("从11月25日（星期三）起，延时托管改在排练厅（原澹台书院），至 18:10（原 18:30）。")
    await mum.send("/pickup")
    mum.reads("今天 18:30 放学，请到澹台书院接")


async def test_at_night_and_taken_back(small_home: Stage) -> None:
    """What is taken back before the morning nobody hears of; of two changes each reads one letter."""
    stage = small_home
    child, mum, _dad = await family(stage)
    await stays_on(stage, child.student_id)
    await stage.at(at(21))
    async with office_console(stage) as console:
        await save(stage, console, HALL)
        await save(stage, console, "澹台书院")
    await stage.at(at(7, 31, day=25))
    assert count(mum, "延时托管改") == 0
    await stage.at(at(21, day=25))
    async with office_console(stage) as console:
        await save(stage, console, HALL)
        await save(stage, console, until="18:10")
    await stage.at(at(7, 31, day=26))
    assert count(mum, "延时托管改") == 1
    mum.reads("延时托管改在排练厅（原澹台书院），至 18:10（原 18:30）。")
    assert id_of(mum) in await told(stage)
