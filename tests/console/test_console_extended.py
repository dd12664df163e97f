"""The page of extended care, used as the office, a grade leader and a teacher would."""

from __future__ import annotations

from datetime import date, datetime, time

from console_browser import SignIn
from console_town import Town, child
from sqlalchemy import select

from care.clock import MovableClock
from care.extended.asking import ask, withdraw
from care.permissions import SYSTEM, Actor
from care.records import (
    Application,
    CareSession,
    ExtendedRequest,
    Guardianship,
    Letter,
    Person,
    Role,
    SessionKind,
    State,
    Term,
    Wish,
)
from care.school import School
from scheduler import afternoon

TUESDAY = date(2026, 11, 24)
HOSTILE = "<i>=1+1</i>"


async def parent(school: School, town: Town, name: str) -> Actor:
    async with school.look() as uow:
        person_id = (await uow.session.get_one(Guardianship, town.guardianships[name])).person_id
        return Actor(person_id, (await uow.session.get_one(Person, person_id)).name)


async def enrolled(school: School, town: Town, name: str, place: str) -> None:
    async with school.work(SYSTEM) as uow:
        await child(uow, town, name, place, State.ENROLLED)


async def asked(school: School, town: Town, name: str) -> int:
    """A standing child that was withdrawn for today and asked for again; returns the request's id."""
    who = await parent(school, town, name)
    for work in (withdraw, ask):
        async with school.work(who) as uow:
            await work(uow, town.students[name])
    async with school.look() as uow:
        query = select(ExtendedRequest.id).where(ExtendedRequest.student_id == town.students[name])
        return (await uow.session.scalars(query)).one()


async def request(school: School, request_id: int) -> ExtendedRequest:
    async with school.look() as uow:
        return await uow.session.get_one(ExtendedRequest, request_id)


async def by_approval(sign_in: SignIn, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    answer = await office.post(f"/extended/terms/{town.term}", until_ask="15:30", places="20")
    assert (answer.status_code, answer.headers["location"]) == (303, "/extended?done=settings#settings")


async def test_today_by_class_and_every_week(sign_in: SignIn, school: School, town: Town) -> None:
    await enrolled(school, town, HOSTILE, "1(1)")
    page = await (await sign_in(Role.OFFICE)).get("/extended")
    assert "Library, 17:25–18:30" in page.text
    assert "2/20" in page.text and "the day is not open yet" in page.text
    assert "Fay" in page.text and "stays: every week" in page.text
    assert HOSTILE not in page.text and "&lt;i&gt;=1+1" in page.text
    assert ">Mon<" in page.text
    await afternoon.tick(school)
    page = await (await sign_in(Role.OFFICE)).get("/extended")
    assert "Expected" in page.text


async def test_everybody_sees_as_far_as_the_duty_reaches(sign_in: SignIn, school: School, town: Town) -> None:
    await enrolled(school, town, "Ivy", "1(1)")
    everywhere = (Role.MEMBER, Role.CARE_TEACHER)
    for role, sees in ((Role.HOMEROOM, False), (Role.GRADE_LEADER, False), *((role, True) for role in everywhere)):
        page = await (await sign_in(role)).get("/extended")
        assert ("Fay" in page.text) is sees and "Ivy" in page.text, role
        assert ("Planned teacher" in page.text) is False, "the day is not open"
        assert ("Free changes until" in page.text) is False, role


async def test_granted_and_declined(sign_in: SignIn, school: School, town: Town) -> None:
    await enrolled(school, town, "Ivy", "1(1)")
    await by_approval(sign_in, town)
    fay, ivy = await asked(school, town, "Fay"), await asked(school, town, "Ivy")
    office, leader = await sign_in(Role.OFFICE), await sign_in(Role.GRADE_LEADER)
    page = await office.get("/extended")
    assert "Parent of Fay" in page.text and "Parent of Ivy" in page.text
    version = str((await request(school, fay)).version)
    answer = await office.post(f"/extended/requests/{fay}", version=version, to="approved")
    assert answer.headers["location"] == "/extended?done=granted"
    assert "Granted. The family has been told." in (await office.get("/extended?done=granted")).text
    assert "stays: granted for the day" in (await office.get("/extended")).text

    assert "Parent of Fay" not in (await leader.get("/extended")).text
    answer = await leader.post(f"/extended/requests/{fay}", version=version, to="declined")
    assert answer.status_code == 404, "another grade"
    version = str((await request(school, ivy)).version)
    await leader.get("/extended")
    answer = await leader.post(f"/extended/requests/{ivy}", version=version, to="declined", remark="<b>no place</b>")
    assert answer.headers["location"] == "/extended?done=declined"
    assert "&lt;b&gt;no place" in (await leader.get("/extended")).text
    assert (await request(school, ivy)).state is Wish.DECLINED

    answer = await office.post(f"/extended/requests/{ivy}", version=version, to="approved")
    assert answer.status_code == 409
    assert "This has changed in the meantime" in answer.text
    assert "Grant after all: Ivy" in answer.text
    answer = await office.post(f"/extended/requests/{ivy}", version=str(int(version) + 1), to="approved")
    assert answer.headers["location"] == "/extended?done=granted"
    assert (await request(school, ivy)).state is Wish.APPROVED
    assert "Grant after all" not in (await office.get("/extended")).text
    for fields in ({"to": "approved"}, {"version": "x", "to": "approved"}, {"version": "1", "to": "withdrawn"}):
        assert (await office.post(f"/extended/requests/{fay}", **fields)).status_code == 422
    answer = await office.post(f"/extended/requests/{fay}", version="1", to="declined", remark="x" * 121)
    assert answer.status_code == 422 and "within 120 characters" in answer.text


async def test_what_nobody_has_decided_stands_open_no_longer(sign_in: SignIn, school: School, town: Town) -> None:
    await by_approval(sign_in, town)
    fay, office = await asked(school, town, "Fay"), await sign_in(Role.OFFICE)
    await afternoon.tick(school)
    page = await office.get("/extended")
    assert "Parent of Fay" in page.text and "not decided" not in page.text
    school.clock.jump(school.clock.local().replace(hour=18, minute=30))  # type: ignore[attr-defined]
    await afternoon.tick(school)
    page = await office.get("/extended")
    assert "Nobody waits for an answer." in page.text and "not decided" in page.text
    answer = await office.post(f"/extended/requests/{fay}", version="2", to="approved")
    assert answer.status_code == 409


async def test_the_teacher_is_planned_and_told(sign_in: SignIn, school: School, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    page = await office.get("/extended")
    assert "The teacher can be planned once the day is open." in page.text
    teacher = str(town.staff[Role.CARE_TEACHER])
    answer = await office.post("/extended/teacher", teacher=teacher)
    assert answer.status_code == 409 and "plan is not made yet" in answer.text
    await afternoon.tick(school)
    assert (await office.post("/extended/teacher", teacher=teacher)).headers["location"] == "/extended?done=teacher"
    page = await office.get("/extended")
    assert "Staff care_teacher" in page.text and "planned, not signed in yet" in page.text
    assert (await office.post("/extended/teacher", teacher=str(town.staff[Role.FINANCE]))).status_code == 404
    leader = await sign_in(Role.GRADE_LEADER)
    assert (await leader.post("/extended/teacher", teacher=teacher)).status_code == 403
    async with school.look() as uow:
        session = (await uow.session.scalars(select(CareSession).where(CareSession.kind == SessionKind.EXTENDED))).one()
        told = list(await uow.session.scalars(select(Letter.person_id).where(Letter.kind == "extended_teacher")))
    assert session.teacher_id == town.staff[Role.CARE_TEACHER] and told == [session.teacher_id]


async def test_the_settings(sign_in: SignIn, school: School, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    page = await office.get("/extended")
    assert 'name="until_ask" value="16:00"' in page.text and "checked" in page.text
    await by_approval(sign_in, town)
    page = await office.get("/extended")
    assert 'name="until_ask" value="15:30"' in page.text and "checked" not in page.text
    for fields in (
        {"until_ask": "", "places": "20"},
        {"until_ask": "25:00", "places": "20"},
        {"until_ask": "15:30", "places": "-1"},
        {"until_ask": "15:30", "places": "2001"},
    ):
        answer = await office.post(f"/extended/terms/{town.term}", **fields)
        assert answer.status_code == 422 and "Please give" in answer.text, fields
    assert (await office.post("/extended/terms/99", until_ask="15:30", places="20")).status_code == 404
    answer = await office.post(f"/extended/terms/{town.term}", until_ask="15:30", places="7", automatic="yes")
    assert answer.status_code == 303
    async with school.look() as uow:
        assert (await uow.session.get_one(Term, town.term)).extended_capacity == 7


async def test_fewer_places_take_nobodys_away(sign_in: SignIn, school: School, town: Town) -> None:
    """Fay has her Monday; nobody is struck, and no family has to be told."""
    office = await sign_in(Role.OFFICE)
    assert (await office.post(f"/extended/terms/{town.term}", until_ask="15:30", places="0")).status_code == 303
    page = (await office.get("/extended")).text
    assert "Fewer places take nobody&#39;s place away." in page and "stays: every week" in page and "1/0" in page


async def test_after_midnight_the_new_date_is_one_link_away(sign_in: SignIn, school: School, town: Town) -> None:
    """Fay waits here over midnight; her family asks for Tuesday. The page says which date it shows."""
    office = await sign_in(Role.OFFICE)
    await by_approval(sign_in, town)
    await afternoon.tick(school)
    assert "It is past midnight" not in (await office.get("/extended?date=2026-11-24")).text, "by day there is one date"
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(datetime.combine(TUESDAY, time(0, 30), school.zone))
    async with school.work(await parent(school, town, "Fay")) as uow:
        await ask(uow, town.students["Fay"])
    async with school.look() as uow:
        found = (await uow.session.scalars(select(ExtendedRequest.id).where(ExtendedRequest.date == TUESDAY))).one()
    office = await sign_in(Role.OFFICE)
    night = (await office.get("/extended")).text
    assert "Mon 23 Nov: Library, 17:25–18:30" in night and "stays: every week" in night
    assert "Mon 23 Nov is still under way: this page shows it. What families ask for now is for Tue 24 Nov." in night
    assert "Tue 24 Nov: 1 request" in night and "Grant</button>" not in night
    new = (await office.get("/extended?date=2026-11-24")).text
    assert "Tue 24 Nov: Library, 17:25–18:30" in new and "Mon 23 Nov is still under way." in new
    assert "asked</span>" in new and "stays: every week" not in new
    path = f"/extended/requests/{found}"
    refused = await office.post(path, version="7", to="approved", date="2026-11-24")
    assert refused.status_code == 409 and "Tue 24 Nov: Library" in refused.text, "what was before one stays"
    done = await office.post(path, version="1", to="approved", date="2026-11-24")
    assert (done.status_code, done.headers["location"]) == (303, "/extended?date=2026-11-24&done=granted")
    assert "stays: granted for the day" in (await office.get(done.headers["location"])).text
    for odd in ("2026-11-25", "x", "2026-11-23"):
        assert "Mon 23 Nov: Library" in (await office.get(f"/extended?date={odd}")).text


async def test_ending_it_says_first_what_it_means(sign_in: SignIn, school: School, town: Town) -> None:
    """Fay and Ned stay today by standing weekdays; the day is open."""
    await enrolled(school, town, "Ned", "3(1)")
    await afternoon.tick(school)
    office = await sign_in(Role.OFFICE)
    path, nothing = f"/settings/terms/{town.term}/extended", {"venue": "", "until": "", "places": ""}
    page = await office.post_and_follow(path, **nothing)
    assert "Nothing has been changed yet." in page.text
    assert "2 children stay today, and still do." in page.text
    assert "The fixed weekdays of 2 children are over." in page.text
    done = await office.post(path, sure="yes", **nothing)
    assert done.headers["location"] == "/settings?saved=extended#extended"
    page = await office.get("/extended")
    assert "The school has ended extended care. Who stays today stays; nobody else can." in page.text
    assert "Ned" in page.text and "Every week" not in page.text
    assert "Extended care ended" in (await office.get("/audit?subject=term")).text


async def test_an_approval_finds_extended_care_full(sign_in: SignIn, school: School, town: Town) -> None:
    """One place on each weekday: Fay has Tuesday. Ben and Cai wish Tuesday and Wednesday; Ben, approved first, gets
    Wednesday, and Cai none."""
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(Term, town.term)).extended_capacity = 1
        for name, days in (("Fay", [2]), ("Ben", [2, 3]), ("Cai", [2, 3])):
            application = await uow.session.get_one(Application, town.applications[name])
            application.weekdays, application.extended_weekdays = [1, 2, 3], days
    head = await sign_in(Role.HEAD)
    ben, cai = town.applications["Ben"], town.applications["Cai"]
    assert "full on Tuesday. Approving takes the child without it" in (await head.get(f"/applications/{ben}")).text
    picks = [f"{one}:1" for one in (ben, cai)]
    before = await head.post_and_follow("/applications/bulk", move="approved", pick=picks)
    assert "2 of them get no place on a wished weekday" in before.text
    assert (await head.post(f"/applications/{ben}", move="approved", version="1")).status_code == 303
    assert (await head.post(f"/applications/{cai}", move="approved", version="1")).status_code == 303
    async with school.look() as uow:
        kept = [(await uow.session.get_one(Application, one)).extended_weekdays for one in (ben, cai)]
        told = list(await uow.session.scalars(select(Letter).where(Letter.params["action"].as_string() == "approved")))
    assert kept == [[3], []]
    assert sorted(letter.params["extended_full"] for letter in told) == [[2], [2, 3]]
    assert "Without extended care on Tue, Wed: no place was left." in (await head.get(f"/applications/{cai}")).text
    assert "full on" not in (await head.get(f"/applications/{cai}")).text, "it is decided"


async def test_where_it_is_not_offered(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work(SYSTEM) as uow:
        term = await uow.session.get_one(Term, town.term)
        term.extended_venue_id = term.extended_until = term.extended_capacity = None
    page = await (await sign_in(Role.OFFICE)).get("/extended")
    assert page.status_code == 200
    assert "Extended care is not offered this term." in page.text
