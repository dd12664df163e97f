"""The day sheet in the chat: it comes before the wave ends, and when it is asked for, to who is on duty and to nobody
else; and what was on paper when the network was away reaches the families."""

from __future__ import annotations

import io
from datetime import datetime, time

from pypdf import PdfReader
from sqlalchemy import select, update
from stage import Player, Stage, homeroom_id

from afterbell import demo
from care import rollcall
from care.extended.session import open_extended
from care.paper.enter import Collector, Entry, enter
from care.paper.sheet import PaperChild, paper_children, paper_session
from care.permissions import SYSTEM
from care.pickup.adults import authorised
from care.records import (
    Adult,
    Alarm,
    CareDay,
    CareSession,
    Contact,
    DayChild,
    Event,
    Guardianship,
    Letter,
    LetterState,
    Person,
    SchoolClass,
    StopListEntry,
    Student,
)

NONE = "今天没有您的日签到表"
CAPTION = "内含电话号码：请勿转发"
NO_DUTY = "您的职责不包含这项操作。"
NOT_FOUND = "没有找到，或者您无权查看。"


def clock(hour: int, minute: int, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=demo.START.tzinfo)


def sheets(player: Player) -> list[str]:
    """The words of every day sheet this person has been sent."""
    found = [message.document for message in player.messages if message.document]
    assert all(one.name.startswith(("day-sheet-", "日签到表-")) for one in found)
    return ["\n".join(page.extract_text() for page in PdfReader(io.BytesIO(one.content)).pages) for one in found]


async def session_id(stage: Stage, class_name: str) -> int:
    grade, number = int(class_name[0]), int(class_name[2:-1])
    query = select(CareSession.id).join(SchoolClass).where(SchoolClass.grade == grade, SchoolClass.number == number)
    return int((await stage.ask(query.order_by(CareSession.id.desc())))[0])


async def names(stage: Stage, session: int) -> list[str]:
    query = select(Student.name).join(DayChild).where(DayChild.session_id == session).order_by(DayChild.number)
    return await stage.ask(query)


async def test_it_comes_before_the_wave_ends_once(afternoon: Stage) -> None:
    """Tuesday: 2(3) leaves at 17:10, 3(5) at 17:25; all rolls are taken."""
    stage = afternoon
    second, third = await stage.homeroom_of("2(3)"), await stage.homeroom_of("3(5)")
    await stage.at(clock(12, 30, day=24))
    async with stage.school.work(SYSTEM) as uow:
        await uow.session.execute(update(CareSession).values(roll_done_at=uow.now))
    await stage.at(clock(16, 29, day=24))
    assert sheets(second) == []
    await stage.at(clock(16, 30, day=24))
    second.reads(CAPTION)
    (paper,) = sheets(second)
    for name in await names(stage, await session_id(stage, "2(3)")):
        assert name in paper
    assert "2(3)班" in paper and f"打印人：{second.user.name}" in paper
    assert sheets(third) == []
    await stage.restart()
    await stage.at(clock(16, 46, day=24))
    assert (len(sheets(second)), len(sheets(third))) == (1, 1)
    await stage.at(clock(17, 0, day=24))
    assert (len(sheets(second)), len(sheets(third))) == (1, 1)


async def test_who_asks_gets_the_own_as_it_is_now(afternoon: Stage) -> None:
    stage = afternoon
    teacher = await stage.star("homeroom")
    await teacher.send("/daysheet")
    teacher.reads(NONE)
    await stage.at(clock(12, 30, day=24))
    session = await session_id(stage, "2(3)")
    async with stage.school.work(SYSTEM) as uow:
        query = select(DayChild.student_id).where(DayChild.session_id == session, DayChild.number == 1)
        student = (await uow.session.scalars(query)).one()
        uow.session.add(
            StopListEntry(student_id=student, name="坏叔叔", phone="13512340000", reason="x", added_at=uow.now)
        )
    await teacher.send("/daysheet")
    teacher.reads(CAPTION)
    assert "禁止接走：坏叔叔 13512340000" in sheets(teacher)[-1]
    await teacher.send("/language")
    await teacher.tap("English")
    await teacher.send("/daysheet@afterbell_bot")
    teacher.reads("It holds phone numbers")
    english = sheets(teacher)[-1]
    assert "MUST NOT COLLECT: 坏叔叔" in english and "Who may collect" in english and "Class 2(3)" in english
    (event,) = await stage.ask(select(Event).where(Event.action == "day_sheet_printed").limit(1))
    assert event.subject_id == session


async def test_who_answers_for_more_classes_chooses(afternoon: Stage) -> None:
    stage = afternoon
    leader, office = await stage.star("grade_leader"), await stage.star("office")
    await stage.at(clock(12, 30, day=24))
    await leader.send("/daysheet")
    leader.reads("要哪个班的日签到表？")
    assert leader.buttons == ["2(3)班", "2(5)班"]
    await leader.tap("2(5)班")
    await leader.tap("2(5)班", message=next(m for m in leader.messages if "要哪个班" in m.text))
    assert len(sheets(leader)) == 2 and "2(5)班" in sheets(leader)[0], "asked twice, sent twice"
    async with stage.school.work(SYSTEM) as uow:
        await open_extended(uow)
    await office.send("/daysheet")
    assert office.buttons == ["2(3)班", "2(5)班", "3(5)班", "延时托管"]


async def test_nobody_else_gets_one(afternoon: Stage) -> None:
    stage = afternoon
    mother, other = await stage.star("english_mother"), await stage.homeroom_of("3(5)")
    await stage.at(clock(12, 30, day=24))
    session = await session_id(stage, "2(3)")
    await other.tap(data=f"ds:{session}")
    assert other.toasts[-1] == NOT_FOUND
    for data in ("ds:999999", "ds:x", "ds:", f"ds:{session}:1"):
        await other.tap(data=data)
    assert sheets(other) == []
    async with stage.school.work() as uow:
        person = int(mother.user_id - 1_000_000_000)
        uow.session.add(
            Contact(person_id=person, channel="web", chat_id=mother.user_id, linked_at=uow.now, linked_by="test")
        )
    mother.world.bots[stage.token].chat(mother.user_id).started = True
    await mother.send("/daysheet")
    assert sheets(mother) == []
    await mother.tap(data=f"ds:{session}")
    assert sheets(mother) == []


async def test_who_was_replaced_meanwhile_is_sent_nothing(small_afternoon: Stage) -> None:
    """The letter waits while the office takes the class over: the teacher is no more on duty there."""
    stage = small_afternoon
    teacher, office = await stage.homeroom_of("2(3)"), await stage.star("office")
    await stage.at(clock(12, 30, day=24))
    session = await session_id(stage, "2(3)")
    async with stage.school.work(await stage.act_as(office)) as uow:
        await rollcall.sign_in(uow, session)
        person = await homeroom_id(uow, "2(3)")
        await uow.post("day_sheet", person, key="late", session_id=session)
    await stage.calm()
    assert sheets(teacher) == []
    (state,) = await stage.ask(select(Letter.state).where(Letter.unique_key.startswith("late")))
    assert state is LetterState.LAPSED
    await office.send("/daysheet")
    assert len(sheets(office)) == 1, "the own comes at once, the others by button"
    office.reads("要哪个班的日签到表？")


# from paper


async def on_paper(stage: Stage, player: Player, session: int, *entries: Entry) -> None:
    async with stage.school.work(await stage.act_as(player)) as uow:
        await enter(uow, session, entries, time(14, 40))
    stage.school.wake()
    await stage.calm()


async def first_child(stage: Stage, session: int) -> tuple[PaperChild, Player]:
    """A child whose first guardian has a chat, and that guardian."""
    async with stage.school.look(SYSTEM) as uow:
        uow.actor = await stage.act_as(await stage.star("office"))
        children = await paper_children(uow, await paper_session(uow, session))
        linked = set(await uow.session.scalars(select(Contact.person_id)))
        for child in children:
            one = child.adults.authorised[0]
            if one.adult is Adult.GUARDIAN and one.id in linked:
                return child, stage.persona(one.id)
    raise AssertionError("no family of this class has a chat")


async def test_the_family_hears_what_was_on_paper(afternoon: Stage) -> None:
    stage = afternoon
    office = await stage.star("office")
    await stage.at(clock(17, 30))
    session = await session_id(stage, "2(3)")
    child, guardian = await first_child(stage, session)
    one = child.adults.authorised[0]
    entry = Entry(child.id, child.seq, collector=Collector(one.adult, one.id), left_at=time(17, 12))
    await on_paper(stage, office, session, entry)
    guardian.reads(f"{child.name}于 17:12 由{one.name}接走" if guardian.user.language != "en" else "was collected by")
    guardian.reads(office.user.name)


async def phones_of(stage: Stage, student_id: int) -> list[str]:
    """The numbers of a child's guardians; there are some."""
    query = select(Person.phone).join(Guardianship, Guardianship.person_id == Person.id)
    found = [phone for phone in await stage.ask(query.where(Guardianship.student_id == student_id)) if phone]
    assert found
    return found


async def test_the_duty_lead_hears_of_the_stop_list_and_the_family_does_not(afternoon: Stage) -> None:
    stage = afternoon
    office = await stage.star("office")
    await stage.at(clock(17, 30))
    (lead_id,) = await stage.ask(select(CareDay.duty_lead_id))
    lead = stage.persona(lead_id)
    session = await session_id(stage, "2(3)")
    child, guardian = await first_child(stage, session)
    async with stage.school.work(SYSTEM) as uow:
        uow.session.add(StopListEntry(student_id=child.student_id, name="<b>=1+1", reason="x", added_at=uow.now))
    before = len(guardian.messages)
    entry = Entry(
        child.id,
        child.seq,
        collector=Collector(name="<b>=1+1"),
        left_at=time(17, 12),
        note="看门人看见",
        confirmed=True,
    )
    await on_paper(stage, office, session, entry)
    lead.reads(f"{child.name}（2(3)班）被<b>=1+1接走，此人在禁止接送名单上")
    lead.reads("看门人看见")
    lead.reads(f"由{office.user.name}补录")
    for phone in await phones_of(stage, child.student_id):
        lead.reads(phone)
    assert len(guardian.messages) == before
    await lead.tap("写明原因并结束")
    await lead.send("已与家长核实")
    (alarm,) = await stage.ask(select(Alarm))
    assert (alarm.reason, alarm.closed_at is not None) == ("已与家长核实", True)
    async with stage.school.look() as uow:
        assert await authorised(uow, child.student_id, clock(17, 30).date())


async def test_the_duty_lead_is_not_told_of_what_is_settled(small_afternoon: Stage) -> None:
    """The alarm is closed before the letter goes out: there is nothing left to say."""
    stage = small_afternoon
    office = await stage.star("office")
    await stage.at(clock(17, 30))
    (lead_id,) = await stage.ask(select(CareDay.duty_lead_id))
    lead = stage.persona(lead_id)
    session = await session_id(stage, "2(3)")
    child, _guardian = await first_child(stage, session)
    await stage.kill()
    before = len(lead.messages)
    async with stage.school.work(await stage.act_as(office)) as uow:
        entry = Entry(child.id, child.seq, collector=Collector(name="路人"), left_at=time(17, 12), confirmed=True)
        await enter(uow, session, [entry], time(14, 40))
        await uow.session.execute(update(Alarm).values(closed_at=uow.now, reason="已核实"))
    await stage.start()
    await stage.calm()
    assert len(lead.messages) == before
