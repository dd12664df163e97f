"""The first administrator comes from the command line: who they are, what they may, and how they get in."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from afterbell.settings import SettingsError
from afterbell.staff import add_from_command_line
from care.linking import Linked, open_slip
from care.permissions import NOBODY
from care.records import Event, Person, Role, SchoolClass, SignInLink, Slip, StaffRole
from care.school import School
from care.signin import session_of, use_link


async def _class(school: School, grade: int, number: int) -> int:
    async with school.work() as uow:
        school_class = SchoolClass(grade=grade, number=number, capacity=36)
        uow.session.add(school_class)
        await uow.session.flush()
        return school_class.id


async def _count(school: School, record: type[object]) -> int:
    async with school.look() as uow:
        return await uow.session.scalar(select(func.count()).select_from(record)) or 0


async def test_the_links_let_the_new_clerk_into_console_and_chat(school: School) -> None:
    told = await add_from_command_line(school, " 乔 月蓉 ", Role.OFFICE, "+86 138-0000-0001", None, "")

    assert told.startswith("乔 月蓉 is now office.")
    token = re.search(r"/sign-in/(\S+)", told)
    code = re.search(r"start=(\w+)", told)
    assert token
    assert code
    assert f"/start {code[1]}" in told
    async with school.work() as uow:
        session = await use_link(uow, token[1])
    async with school.work() as uow:
        found = await session_of(uow, session)
        assert found
        assert found[1].name == "乔 月蓉"
        assert found[1].phone == "13800000001"
    async with school.work() as uow:
        assert isinstance(await open_slip(uow, code[1], "web", 5), Linked)


async def test_the_link_is_good_for_a_day_and_the_code_for_two_weeks(school: School) -> None:
    await add_from_command_line(school, "乔月蓉", Role.OFFICE, "", None, "")
    async with school.look() as uow:
        link = (await uow.session.scalars(select(SignInLink))).one()
        slip = (await uow.session.scalars(select(Slip))).one()
    assert (link.expires_at - link.made_at).total_seconds() == 24 * 3600
    assert (slip.expires_at - slip.issued_at).days == 14


async def test_the_deed_is_audited_as_the_systems(school: School) -> None:
    await add_from_command_line(school, "乔月蓉", Role.OFFICE, "", None, "")
    async with school.look() as uow:
        events = {event.action: event for event in await uow.session.scalars(select(Event))}
    assert {"staff_added", "duty_added", "sign_in_link_made", "slip_issued"} <= set(events)
    assert events["duty_added"].actor_id is None
    assert events["duty_added"].actor_name == "AfterBell"
    assert events["duty_added"].data["role"] == "office"


async def test_a_care_teacher_gets_a_link_to_the_board(school: School) -> None:
    told = await add_from_command_line(school, "尹若岚", Role.CARE_TEACHER, "", None, "")
    assert "sign-in" in told
    assert "/start " in told


async def test_the_same_command_again_only_gives_new_links(school: School) -> None:
    first = await add_from_command_line(school, "乔月蓉", Role.OFFICE, "13800000001", None, "")
    again = await add_from_command_line(school, "乔月蓉", Role.OFFICE, "13800000001", None, "")
    without_phone = await add_from_command_line(school, "乔月蓉", Role.OFFICE, "", None, "")

    assert "already; here are new links" in again
    assert "already; here are new links" in without_phone
    assert await _count(school, Person) == 1
    assert await _count(school, StaffRole) == 1
    old = re.search(r"start=(\w+)", first)
    assert old
    async with school.work() as uow:
        assert not isinstance(await open_slip(uow, old[1], "web", 5), Linked)


async def test_a_mother_of_the_roster_becomes_a_committee_member(school: School) -> None:
    async with school.work(NOBODY) as uow:
        uow.session.add(Person(name="夏淑云", phone="13800000009", created_at=uow.now))
    told = await add_from_command_line(school, "夏淑云", Role.COMMITTEE, "138 0000 0009", None, "")
    assert "whom the school knows already" in told
    assert await _count(school, Person) == 1


async def test_homeroom_and_grade_leader_get_what_they_answer_for(school: School) -> None:
    class_id = await _class(school, 2, 3)
    await add_from_command_line(school, "尹若岚", Role.HOMEROOM, "", None, " 2（3）班")
    await add_from_command_line(school, "戴晓松", Role.GRADE_LEADER, "", 2, "")
    async with school.look() as uow:
        duties = {duty.role: duty for duty in await uow.session.scalars(select(StaffRole))}
    assert duties[Role.HOMEROOM].school_class_id == class_id
    assert duties[Role.GRADE_LEADER].grade == 2


@pytest.mark.parametrize(
    ("name", "role", "phone", "grade", "school_class", "says"),
    [
        ("  ", Role.OFFICE, "", None, "", "NAME"),
        ("长" * 41, Role.OFFICE, "", None, "", "at most 40"),
        ("甲", Role.OFFICE, "12", None, "", "--phone"),
        ("甲", Role.GRADE_LEADER, "", None, "", "--grade 2"),
        ("甲", Role.GRADE_LEADER, "", 13, "", "--grade 2"),
        ("甲", Role.OFFICE, "", 2, "", "leave it out"),
        ("甲", Role.HOMEROOM, "", None, "", '--class "2(3)"'),
        ("甲", Role.HOMEROOM, "", None, "二班", '--class "2(3)"'),
        ("甲", Role.HOMEROOM, "", None, "2(4)", "There are 2(3) to 2(3)"),
        ("甲", Role.OFFICE, "", None, "2(3)", "leave it out"),
        ("夏淑云", Role.OFFICE, "13800000001", None, "", "belongs to 乔月蓉"),
        ("乔月蓉", Role.FINANCE, "", None, "", "add --phone"),
    ],
)
async def test_what_cannot_be_is_refused_and_leaves_no_trace(
    school: School, name: str, role: Role, phone: str, grade: int | None, school_class: str, says: str
) -> None:
    await _class(school, 2, 3)
    await add_from_command_line(school, "乔月蓉", Role.OFFICE, "13800000001", None, "")
    with pytest.raises(SettingsError) as refused:
        await add_from_command_line(school, name, role, phone, grade, school_class)
    assert says in str(refused.value)
    assert await _count(school, Person) == 1
    assert await _count(school, StaffRole) == 1
    assert await _count(school, SignInLink) == 1


async def test_a_number_that_two_people_share_names_nobody(school: School) -> None:
    async with school.work(NOBODY) as uow:
        for name in ("甲", "乙"):
            uow.session.add(Person(name=name, phone="13800000009", created_at=uow.now))
    with pytest.raises(SettingsError, match="2 people"):
        await add_from_command_line(school, "甲", Role.OFFICE, "13800000009", None, "")
