"""What needs somebody now, on the board: late rolls, numbers to ring, what ends by itself, today before other days."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from board_town import Afternoon, actor_of, raise_alarm
from console_browser import SignIn
from console_town import Town, stop
from sqlalchemy import select

from care.custody.chain import FAMILY, Link, append
from care.records import Alarm, AlarmKind, CareSession, DayChild, Guardianship, Letter, Person, Role, SessionKind, Step
from care.school import School
from scheduler import afternoon


async def phone_of(school: School, student_id: int) -> str:
    async with school.work() as uow:
        query = select(Person).join(Guardianship, Guardianship.person_id == Person.id)
        person = (await uow.session.scalars(query.where(Guardianship.student_id == student_id))).first()
        assert person is not None
        person.phone = "13900001234"
        return person.name


async def test_not_collected_counts_from_the_end_of_care(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """Since when, whom to ring up; and no form that is refused while the child is here."""
    alarm = await raise_alarm(school, opened, "Jon", AlarmKind.UNCOLLECTED)
    name = await phone_of(school, town.students["Jon"])
    async with school.look() as uow:
        query = select(CareSession.ends_at).join(DayChild, DayChild.session_id == CareSession.id)
        ends_at = (await uow.session.scalars(query.where(DayChild.id == opened.children["Jon"]))).one()
    head = await sign_in(Role.HEAD)
    for path in ("/", f"/children/{town.students['Jon']}"):
        page = (await head.get(path)).text
        assert f"care ended at {ends_at.astimezone(school.zone):%H:%M}" in page
        assert name in page and 'href="tel:13900001234"' in page
        assert "This ends by itself" in page and f"close-{alarm}" not in page


@pytest.mark.parametrize(
    ("kind", "remark", "shown"),
    [
        (AlarmKind.OFF_LIST, "A passer-by", True),
        (AlarmKind.STOP_LISTED, "Bad Uncle", True),
        (AlarmKind.ALONE, "", True),
        (AlarmKind.REFUSED, "a man with a hat", True),
        (AlarmKind.REFUSED, "a man with a hat\nMr. Bad Uncle", False),
    ],
)
async def test_whom_to_ring_up(
    kind: AlarmKind, remark: str, shown: bool, sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """Of whatever happened at the gate or stands on the paper; but of a stop-list the family need not hear."""
    alarm = await raise_alarm(school, opened, "Jon", kind)
    name = await phone_of(school, town.students["Jon"])
    async with school.work() as uow:
        (await uow.session.get_one(Alarm, alarm)).remark = remark
        await stop(uow, town, "Jon")
        why = "not_listed" if shown else "stop_listed"
        uow.record("release_refused", "student", town.students["Jon"], why=why, alarm=alarm)
    head = await sign_in(Role.HEAD)
    for path in ("/", f"/children/{town.students['Jon']}"):
        page = (await head.get(path)).text
        assert f'id="alarm-{alarm}"' in page
        assert (f'{name} <a href="tel:13900001234"' in page) is shown


async def test_a_late_roll_needs_somebody(sign_in: SignIn, school: School, opened: Afternoon) -> None:
    """All three classes, an hour after the wave has begun, and none before."""
    head, of_class = await sign_in(Role.HEAD), CareSession.kind == SessionKind.CLASS
    for hours, late in ((-1, True), (1, False)):
        async with school.work() as uow:
            for session in await uow.session.scalars(select(CareSession).where(of_class)):
                session.starts_at = uow.now + timedelta(hours=hours)
                session.ends_at = session.starts_at + timedelta(hours=2)
        page = (await head.get("/")).text
        assert re.findall(r"(\d+) rolls? late", page) == (["3"] if late else []), page
        assert ("No alarm is open." in page) is not late


async def test_what_is_open_of_earlier_days_stands_below_today(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """One line a day, until it is opened."""
    old = await raise_alarm(school, opened, "Ida")
    school.clock.jump(school.clock.now() + timedelta(days=1))  # type: ignore[attr-defined]
    await afternoon.tick(school)
    async with school.work() as uow:
        query = select(DayChild.id).where(DayChild.date == uow.day, DayChild.student_id == town.students["Jon"])
        today = Alarm(day_child_id=(await uow.session.scalars(query)).one(), kind=AlarmKind.REFUSED, opened_at=uow.now)
        uow.session.add(today)
        await uow.session.flush()
        new = today.id
    page = (await (await sign_in(Role.HEAD)).get("/")).text
    assert page.index(f'id="alarm-{new}"') < page.index('id="older-2026-11-23"') < page.index(f'id="alarm-{old}"')


async def test_a_sealed_day_keeps_its_numbers(sign_in: SignIn, school: School, town: Town, opened: Afternoon) -> None:
    """And the duty lead hears that somebody else has closed it."""
    async with school.work(await actor_of(school, town, Role.OFFICE)) as uow:
        for planned in opened.children.values():
            await append(uow, planned, Link(Step.LEAVE, FAMILY))
    school.clock.jump(school.clock.now() + timedelta(minutes=3))  # type: ignore[attr-defined]
    head = await sign_in(Role.HEAD)
    assert (await head.post("/day/close", date="2026-11-23")).status_code == 303
    page = (await head.get("/day/close?date=2026-11-23")).text
    assert "dayend-sum" in page and "<b>8</b> on leave" in page and "Duty lead: Staff deputy" in page
    async with school.look() as uow:
        told = list(await uow.session.scalars(select(Letter.person_id).where(Letter.kind == "day_closed")))
    assert told == [town.staff[Role.DEPUTY]]
