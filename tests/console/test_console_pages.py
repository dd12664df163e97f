"""The other pages of the office, used as a person would."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from console_browser import Browser, SignIn
from console_town import HOSTILE, Town, child, last_event, state_of, stop
from openpyxl import load_workbook
from sqlalchemy import event, func, select, update

from care.permissions import SYSTEM
from care.records import (
    Application,
    Person,
    Role,
    SchoolClass,
    StaffRole,
    State,
    Term,
    TermText,
    Wave,
)
from care.school import School
from care.term import waves
from console.pages.reports import harmless

# the start page


async def test_home_says_what_waits_for_whom(sign_in: SignIn, town: Town) -> None:
    head = await (await sign_in(Role.HEAD)).get("/")
    assert "to approve for the school" in head.text
    assert "the longest for 2 days" in head.text
    assert "1/3" in head.text
    assert "letters and messages that need somebody" in head.text
    homeroom = await (await sign_in(Role.HOMEROOM)).get("/")
    assert "to review for the class" in homeroom.text
    assert "to approve for the school" not in homeroom.text
    assert "3(1)" not in homeroom.text
    finance = await (await sign_in(Role.FINANCE)).get("/")
    assert "3(1)" in finance.text
    assert "/applications" not in finance.text


async def test_everybody_may_be_homeroom_teacher_and_member(sign_in: SignIn, school: School, town: Town) -> None:
    """Who reviews one class and approves for the school is not asked to review the other classes."""
    async with school.work(SYSTEM) as uow:
        uow.session.add(
            StaffRole(
                person_id=town.staff[Role.MEMBER],
                role=Role.HOMEROOM,
                school_class_id=town.classes["1(1)"],
                since=uow.now,
            )
        )
    page = await (await sign_in(Role.MEMBER)).get("/applications?state=mine")
    assert "Parent of Ann" in page.text
    assert "Parent of Ben" in page.text
    assert "&lt;b&gt;" not in page.text, "class 1(2) has a homeroom teacher of its own"


# roster and classes


async def test_students_with_guardians_and_stop_list(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work(SYSTEM) as uow:
        await stop(uow, town, "Ben")
    office = await sign_in(Role.OFFICE)
    page = await office.get("/students?q=be")
    assert "Parent of Ben" in page.text
    assert "chat linked" in page.text
    assert "✕ Bad Uncle" in page.text
    assert "Parent of Ann" not in page.text
    assert "S1001" in (await office.get("/students?q=s1001")).text
    assert "&lt;b&gt;=1+1&lt;/b&gt;" in (await office.get("/students")).text
    homeroom = await sign_in(Role.HOMEROOM)
    page = await homeroom.get(f"/students?class={town.classes['3(1)']}")
    assert "No child matches" in page.text
    assert "%" not in (await office.get("/students?q=%25")).text.partition('id="list"')[2]


async def test_places_are_changed_and_set_back(sign_in: SignIn, school: School, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    await head.get("/classes")
    place = town.classes["3(1)"]
    answer = await head.post(f"/classes/{place}/places", capacity="4")
    page = await head.get(answer.headers["location"].partition("#")[0])
    assert "Class 3(1): 3 → 4 places." in page.text
    assert "1 child from the waiting list got a place" in page.text
    assert "Set back to 3" in page.text
    assert await state_of(school, town.applications["Gus"]) is State.APPROVED
    for wrong, why in (("-1", "whole number"), ("201", "from 0 to 200"), ("many", "whole number")):
        answer = await head.post(f"/classes/{place}/places", capacity=wrong)
        assert answer.status_code == 422
        assert why in answer.text
    assert (await head.post("/classes/999/places", capacity="4")).status_code == 404


async def test_a_waiting_list_of_a_grade_in_no_wave(sign_in: SignIn, school: School, town: Town) -> None:
    """Nobody moves up, by whichever way a place gets free, and the page says why; a wave for the grade ends that."""
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Wave).where(Wave.ordinal == 2).values(grades=[4]))
    head = await sign_in(Role.HEAD)
    await head.get("/classes")
    place = town.classes["3(1)"]
    answer = await head.post(f"/classes/{place}/places", capacity="4")
    page = await head.get(answer.headers["location"].partition("#")[0])
    assert "Class 3(1): 3 → 4 places." in page.text and "got a place" not in page.text
    why = "Grade 3 is in no dismissal wave yet."
    assert page.text.count(why) == 1 and "Grade 1 is in no" not in page.text
    assert await state_of(school, town.applications["Gus"]) is State.WAITING

    wave = {"starts_at": "15:25", "ends_at": "17:25", "gate": "West", "guidance_venue": "Rooms", "course_venue": "Hall"}
    assert (await head.post("/settings/waves/2", **wave, grades=["3", "4"])).status_code == 303
    assert await state_of(school, town.applications["Gus"]) is State.APPROVED
    assert why not in (await head.get("/classes")).text


# staff


async def test_taking_on_giving_and_ending_duties(sign_in: SignIn, school: School, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    await office.get("/staff")
    answer = await office.post("/staff", name=HOSTILE, phone="138 1111 2222", role="homeroom")
    assert answer.status_code == 422
    assert "needs a class" in answer.text
    assert "138 1111 2222" in answer.text, "what was typed is kept"
    answer = await office.post(
        "/staff", name=HOSTILE, phone="138 1111 2222", role="homeroom", class_=str(town.classes["1(2)"])
    )
    assert answer.status_code == 303
    page = await office.get("/staff?q=1%2B1")
    assert "&lt;b&gt;=1+1&lt;/b&gt;" in page.text
    assert "1(2)" in page.text
    again = await office.post("/staff", name="Somebody", phone="13811112222", role="finance")
    assert again.status_code == 422
    assert "already has this phone number" in again.text
    person = await school_person(school, HOSTILE)
    assert (await office.post(f"/staff/{person}/duties", role="finance")).status_code == 303
    assert (await office.post(f"/staff/{person}/duties", role="finance")).status_code == 409
    assert (await last_event(school)).action == "duty_added"
    assert (await office.post("/staff", name="", phone="", role="finance")).status_code == 422
    assert (await office.post("/staff", name="X", phone="12", role="finance")).status_code == 422
    assert (await office.post("/staff", name="X", phone="", role="king")).status_code == 422


async def school_person(school: School, name: str) -> int:
    async with school.look() as uow:
        return (await uow.session.scalars(select(Person.id).where(Person.name == name))).one()


async def test_the_last_manager_stays(sign_in: SignIn, school: School, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    await office.get("/staff")
    duties = {role: number for number, role in enumerate(Role, 1)}
    assert (await office.post(f"/duties/{duties[Role.HEAD]}/end")).status_code == 303
    answer = await office.post(f"/duties/{duties[Role.OFFICE]}/end")
    assert answer.status_code == 422
    assert "Somebody must be able to manage staff" in answer.text


async def test_a_way_in_for_a_colleague(sign_in: SignIn, stranger: Browser, school: School, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    await office.get("/staff")
    page = await office.post(f"/staff/{town.staff[Role.FINANCE]}/slip")
    assert "chat?start=" in page.text
    page = await office.post(f"/staff/{town.staff[Role.FINANCE]}/sign-in")
    token = page.text.partition("/sign-in/")[2].partition('"')[0]
    answer = await stranger.client.post(f"/sign-in/{token}", headers={"origin": "http://school.test"})
    assert answer.status_code == 303
    parent = await school_person(school, "Parent of Ann")
    assert (await office.post(f"/staff/{parent}/sign-in")).status_code in (403, 404)
    assert (await office.post("/staff/999/slip")).status_code == 404


# the term and its texts


async def test_the_term_is_changed_as_a_whole(sign_in: SignIn, school: School, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    await head.get("/settings")
    dates = {
        "starts_on": "2026-09-01",
        "ends_on": "2027-01-30",
        "apply_from": "2026-09-01",
        "apply_until": "2026-12-01",
    }
    assert (await head.post(f"/settings/terms/{town.term}", **dates, grades=["1", "3"])).status_code == 303
    async with school.look() as uow:
        term = await uow.session.get_one(Term, town.term)
    assert term.grades == [1, 3]
    assert (await last_event(school)).action == "term_changed"
    for wrong in ({"ends_on": "2026-01-01"}, {"ends_on": "soon"}, {"grades": []}):
        answer = await head.post(f"/settings/terms/{town.term}", **{"grades": ["1"], **dates, **wrong})
        assert answer.status_code == 422


async def test_a_wave_is_changed_with_care(sign_in: SignIn, school: School, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    await head.get("/settings")
    wave = {"starts_at": "14:30", "ends_at": "17:00", "gate": "West", "guidance_venue": "Rooms", "course_venue": "Hall"}
    assert (await head.post("/settings/waves/1", **wave, grades=["1", "2"])).status_code == 303
    async with school.look() as uow:
        assert (await uow.session.get_one(Wave, 1)).gate == "West"
    for wrong, why in (
        ({"ends_at": "14:00"}, "end before it begins"),
        ({"ends_at": "19:00"}, "Extended care must end after the last wave"),
        ({"gate": ""}, "fill in the gate"),
        ({"grades": []}, "at least one grade"),
        ({"starts_at": "late"}, "hours and minutes"),
    ):
        answer = await head.post("/settings/waves/1", **{"grades": ["1"], **wave, **wrong})
        assert answer.status_code == 422
        assert why in answer.text


async def test_no_child_is_left_without_a_wave(sign_in: SignIn, school: School, town: Town) -> None:
    """Fay of grade 3 is enrolled; nobody of grade 4 is. A grade that is ticked elsewhere moves."""
    head = await sign_in(Role.HEAD)
    page = await head.get("/settings")
    assert "tick it here, and it leaves the wave it was in" in page.text
    wave = {"starts_at": "15:00", "ends_at": "17:00", "gate": "West", "guidance_venue": "Rooms", "course_venue": "Hall"}
    refused = await head.post("/settings/waves/2", **wave, grades=["4"])
    assert refused.status_code == 422
    assert "Grade 3 would leave with no wave, and 1 of its children have a place." in refused.text
    empty = await head.post("/settings/waves/1", **wave, grades=["1", "2", "3", "4"])
    assert (empty.status_code, "Wave 2 would be left without a grade." in empty.text) == (422, True)

    async def grades() -> list[list[int]]:
        async with school.look() as uow:
            return [found.grades for found in await waves(uow, town.term)]

    assert await grades() == [[1, 2], [3, 4]]
    assert (await head.post("/settings/waves/2", **wave, grades=["3"])).status_code == 303, "nobody is in grade 4"
    assert (await head.post("/settings/waves/2", **wave, grades=["2", "3"])).status_code == 303
    assert await grades() == [[1], [2, 3]]
    async with school.work(SYSTEM) as uow:
        application = await child(uow, town, "Zoe", "3(1)", State.REVIEWED)
        (await uow.session.get_one(Wave, 2)).grades = [2]
    late = await head.post(f"/applications/{application}", move="approved", version="1")
    assert "Grade 3 is in no dismissal wave yet." in late.text


async def test_extended_care_is_changed_with_care(sign_in: SignIn, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    await head.get("/settings")
    extended = f"/settings/terms/{town.term}/extended"
    assert (await head.post(extended, venue="1", until="18:00", places="30")).status_code == 303
    assert (await head.post(extended, venue="1", until="", places="30")).status_code == 422
    assert (await head.post(extended, venue="1", until="17:00", places="30")).status_code == 422
    nothing = {"venue": "", "until": "", "places": ""}
    asked = await head.post(extended, **nothing)
    assert asked.headers["location"] == "/settings?end=extended#extended", "first it says what that would mean"
    assert (await head.post(extended, sure="yes", **nothing)).status_code == 303


async def test_a_text_gets_a_new_version_after_a_look(sign_in: SignIn, school: School, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    path = "/settings/texts/criteria/new"
    page = await head.get(path)
    assert "One rule in zh_CN" in page.text
    written = {
        "base": "1",
        "title_zh_CN": "条件",
        "body_zh_CN": "# 条件\n1. 新规定",
        "title_en": "criteria",
        "body_en": "# About criteria\n1. One rule in en\n2. <b>Another</b>",
    }
    page = await head.post(path, step="look", **written)
    assert "<ins>+ 2. &lt;b&gt;Another&lt;/b&gt;</ins>" in page.text
    assert "<del>− 1. One rule in zh_CN</del>" in page.text
    assert await versions(school) == 1, "nothing is published by looking"
    assert (await head.post(path, step="publish", **{**written, "title_en": " "})).status_code == 422
    assert (await head.post(path, step="publish", **written)).status_code == 303
    assert await versions(school) == 2
    late = await head.post(path, step="publish", **written)
    assert late.status_code == 409, "somebody else has published in the meantime"
    assert "Another" in late.text
    assert await versions(school) == 2
    assert "One rule in en" in (await head.get("/settings/texts/criteria?version=1")).text
    assert (await head.get("/settings/texts/criteria?version=9")).status_code == 404
    assert (await head.get("/settings/texts/poetry")).status_code == 404


async def versions(school: School) -> int:
    async with school.look() as uow:
        query = select(func.max(TermText.version)).where(TermText.kind == "criteria")
        return await uow.session.scalar(query) or 0


# numbers


async def test_numbers_without_names(sign_in: SignIn, town: Town) -> None:
    finance = await sign_in(Role.FINANCE)
    page = await finance.get("/reports")
    assert "Fee waivers" in page.text
    rows = list(csv.reader(io.StringIO((await finance.get("/reports/enrolment.csv")).text.lstrip("\ufeff"))))
    assert rows[0][:4] == ["Grade", "Class", "Children", "Places"]
    assert ["3", "3(1)", "3", "3", "1", "0", "1", "1", "1", "1", "0", "0", "1", "0", "0", "0", "0", "0"] in rows
    book = load_workbook(io.BytesIO((await finance.get("/reports/enrolment.xlsx")).content))
    assert book.active is not None
    assert book.active["B4"].value == "3(1)"
    committee = await (await sign_in(Role.COMMITTEE)).get("/reports")
    assert "Fee waivers" not in committee.text


def test_cells_never_become_formulas() -> None:
    for wicked in ("=1+1", "+1", "-1", "@x", " =1", "\t=1", "＝1"):
        assert str(harmless(wicked)).startswith("'")
    assert harmless("1(2)") == "1(2)"
    assert harmless(-1) == -1


# the list does not grow dearer


async def test_queries_do_not_grow_with_rows(sign_in: SignIn, school: School, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    paths = ("/", "/applications?state=all", "/students", "/classes", "/audit", "/reports", "/outbox", "/staff")
    seen: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    async def cost() -> dict[str, int]:
        found = {}
        for path in paths:
            seen.clear()
            assert (await head.get(path)).status_code == 200
            found[path] = len(seen)
        return found

    event.listen(school.reader.sync_engine, "before_cursor_execute", count)
    before = await cost()
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(SchoolClass).values(capacity=100))
        for number in range(60):
            state = list(State)[number % len(State)]
            await child(
                uow, town, f"Child {number}", ("1(1)", "1(2)", "3(1)")[number % 3], state, uow.now - timedelta(1)
            )
    assert await cost() == before
    assert max(before.values()) <= 20
    async with school.look() as uow:
        assert await uow.session.scalar(select(func.count()).select_from(Application)) == 67
