"""A dismissal wave more, or one less: what it does is shown first, and what stands in the way is said."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time
from html import unescape

import pytest
from console_browser import Browser, SignIn
from console_town import Town, child, last_event, state_of
from sqlalchemy import select, update

from care.clock import MovableClock
from care.permissions import SYSTEM
from care.records import (
    CareDay,
    Contact,
    Event,
    Letter,
    LetterState,
    Reach,
    Role,
    State,
    Term,
    Wave,
    WaveDay,
)
from care.school import School
from care.term import waves
from scheduler import afternoon

NEW = {
    "starts_at": "16:00",
    "ends_at": "17:40",
    "gate": "West <gate>",
    "guidance_venue": "Rooms",
    "course_venue": "Hall",
}
TUESDAY = date(2026, 11, 24)


async def grades(school: School, town: Town) -> dict[int, list[int]]:
    async with school.look() as uow:
        return {wave.ordinal: wave.grades for wave in await waves(uow, town.term)}


async def office(sign_in: SignIn) -> Browser:
    browser = await sign_in(Role.OFFICE)
    await browser.get("/settings")
    return browser


async def test_a_grade_without_a_wave_gets_one_of_its_own(sign_in: SignIn, school: School, town: Town) -> None:
    """Grade 4 may apply and is in no wave; Zoe waits for a place in 4(1)."""
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(Wave, 2)).grades = [3]
        (await uow.session.get_one(Term, town.term)).grades = [1, 2, 3, 4]
    clerk = await office(sign_in)
    page = (await clerk.get("/settings")).text
    assert "Grade 4 may apply but leaves with no wave: no child of it can be approved." in page
    form = (await clerk.get("/settings/waves/new")).text
    assert 'value="4" checked' in form and 'value="3" checked' not in form
    look = await clerk.post("/settings/waves/new", step="look", grades=["4"], **NEW)
    assert look.status_code == 200 and "Nothing has been changed yet." in look.text
    assert "Grade 4: 16:00 to 17:40, West &lt;gate&gt;." in look.text and "0 classes leave with this wave." in look.text
    back = await clerk.post("/settings/waves/new", step="edit", grades=["4"], **NEW)
    assert 'value="West &lt;gate&gt;"' in back.text and 'value="4" checked' in back.text
    assert await grades(school, town) == {1: [1, 2], 2: [3]}
    assert "Nobody needs to be told." in look.text
    done = await clerk.post("/settings/waves/new", step="add", grades=["4"], **NEW)
    assert (done.status_code, done.headers["location"]) == (303, "/settings?saved=wave-3&told=0.0.0#wave-3")
    assert await grades(school, town) == {1: [1, 2], 2: [3], 3: [4]}
    event = await last_event(school)
    assert (event.action, event.subject, event.data["wave"]) == ("wave_added", "term", 3)
    assert event.data["after"]["times"] == "16:00-17:40"
    again = await clerk.post("/settings/waves/new", step="add", grades=["4"], **NEW)
    assert again.status_code == 422 and "Wave 3 would be left without a grade." in again.text, "the same tap twice"
    assert "may apply but" not in (await clerk.get("/settings")).text
    assert "Dismissal wave added" in (await clerk.get("/audit")).text


async def test_a_new_wave_takes_grades_and_frees_who_waited(sign_in: SignIn, school: School, town: Town) -> None:
    """Grade 3 moves; Gus of 3(1) has waited for a place, of which there are enough, for want of a wave."""
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(Wave, 2)).grades = [4]
    clerk = await office(sign_in)
    look = await clerk.post("/settings/waves/new", step="look", grades=["1", "3"], **NEW)
    assert (
        "3 classes leave with this wave. 1 of their children has a place." in look.text
        and "Grade 1 leaves wave 1." in look.text
    )
    assert "1 guardian and 4 of the staff are told of it" in look.text and "by phone or on paper" not in look.text
    added = await clerk.post("/settings/waves/new", step="add", grades=["1", "3"], **NEW)
    assert (added.status_code, await told(school)) == (303, Counter({"guardian": 1, "staff": 4}))
    assert "1 guardian and 4 of the staff are told of it" in (await clerk.get(added.headers["location"])).text
    assert await grades(school, town) == {1: [2], 2: [4], 3: [1, 3]}
    assert await state_of(school, town.applications["Gus"]) is State.APPROVED


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"grades": []}, "at least one grade"),
        ({"starts_at": "late"}, "hours and minutes"),
        ({"starts_at": "18:00"}, "end before it begins"),
        ({"ends_at": "18:40"}, "Extended care must end after the last wave"),
        ({"starts_at": "11:00"}, "lists are made at 12:00: care cannot begin before that."),
        ({"gate": " "}, "fill in the gate"),
        ({"grades": ["3", "4"]}, "Wave 2 would be left without a grade."),
    ],
)
async def test_what_cannot_be_added(
    sign_in: SignIn, school: School, town: Town, wrong: dict[str, str | list[str]], why: str
) -> None:
    clerk = await office(sign_in)
    for step in ("look", "add"):
        answer = await clerk.post("/settings/waves/new", **{"step": step, "grades": ["4"], **NEW, **wrong})
        assert answer.status_code == 422 and why in answer.text
        assert 'value="Rooms"' in answer.text, "what was typed is kept"
    assert await grades(school, town) == {1: [1, 2], 2: [3, 4]}


async def test_a_wave_goes_and_its_grades_leave_with_another(sign_in: SignIn, school: School, town: Town) -> None:
    """Fay of grade 3 has a place, so wave 2 cannot go without saying where to; one date has other times for it."""
    async with school.work(SYSTEM) as uow:
        uow.session.add(WaveDay(date=date(2026, 12, 17), wave_id=2, starts_at=time(14), ends_at=time(16)))
    clerk = await office(sign_in)
    assert 'href="/settings/waves/2/remove"' in (await clerk.get("/settings")).text
    page = (await clerk.get("/settings/waves/2/remove")).text
    assert "1 class leaves with this wave. 1 of their children has a place." in page
    assert "2 applications are not decided" in page and "1 date of the calendar has other times" in page
    assert "If they leave with wave 1: 1 guardian and 4 of the staff are told of it" in " ".join(page.split())
    refused = await clerk.post("/settings/waves/2/remove", into="")
    assert refused.status_code == 422
    assert "Children who leave with wave 2 have a place (1): choose the wave" in refused.text
    assert (await clerk.post("/settings/waves/2/remove", into="2")).status_code == 404, "not into itself"
    assert await grades(school, town) == {1: [1, 2], 2: [3, 4]}
    done = await clerk.post("/settings/waves/2/remove", into="1")
    assert (done.status_code, done.headers["location"]) == (303, "/settings?saved=removed&told=1.4.0")
    assert await told(school) == Counter({"guardian": 1, "staff": 4})
    assert "Saved. 1 guardian and 4 of the staff are told" in " ".join(
        (await clerk.get("/settings?saved=removed&told=1.4.0")).text.split()
    )
    assert await grades(school, town) == {1: [1, 2, 3, 4]}
    event = await last_event(school)
    assert (event.action, event.data["wave"], event.data["into"], event.data["dates"]) == ("wave_removed", 2, 1, 1)
    assert event.data["before"]["grades"] == [3, 4]
    async with school.look() as uow:
        assert list(await uow.session.scalars(select(WaveDay))) == []
        assert (await uow.session.scalars(select(Event.id).where(Event.action == "wave_changed"))).one()
    assert (await clerk.post("/settings/waves/2/remove", into="1")).status_code == 404, "the same tap twice"
    last = await clerk.get("/settings/waves/1/remove")
    assert "It is the only wave of the term" in last.text and "Remove the wave" not in last.text
    assert (await clerk.post("/settings/waves/1/remove", into="")).status_code == 409
    assert "/remove" not in (await clerk.get("/settings")).text


async def test_a_wave_that_nobody_needs_goes_without_another(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(Wave, 2)).grades = [3]
        uow.session.add(Wave(term_id=town.term, ordinal=3, grades=[4], **_times()))
    clerk = await office(sign_in)
    assert (await clerk.post("/settings/waves/3/remove", into="")).status_code == 303
    assert await grades(school, town) == {1: [1, 2], 2: [3]}
    assert "Grade 4 may apply but leaves with no wave" in (await clerk.get("/settings")).text


def _times() -> dict[str, object]:
    return {**NEW, "starts_at": time(16), "ends_at": time(17, 40)}


async def test_a_wave_stays_while_its_classes_are_on_open_lists(sign_in: SignIn, school: School, town: Town) -> None:
    """Monday's day is open; the other way round a wave added now waits for the next one."""
    async with school.work(SYSTEM) as uow:
        await child(uow, town, "Ned", "1(1)", State.ENROLLED)
    await afternoon.tick(school)
    clerk = await office(sign_in)
    why = "Classes of wave 1 are on the lists of a day that is not closed yet."
    page = await clerk.get("/settings/waves/1/remove")
    assert page.status_code == 200 and why in page.text and "Remove the wave" not in page.text
    refused = await clerk.post("/settings/waves/1/remove", into="2")
    assert refused.status_code == 409 and why in refused.text
    async with school.work(SYSTEM) as uow:
        for day in await uow.session.scalars(select(CareDay)):
            day.closed_at = uow.now
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(datetime.combine(TUESDAY, time(9), school.zone))
    clerk = await office(sign_in)
    assert (await clerk.post("/settings/waves/1/remove", into="2")).status_code == 303
    assert await grades(school, town) == {2: [1, 2, 3, 4]}
    await clerk.post("/settings/waves/new", step="add", grades=["1"], **NEW)
    assert await grades(school, town) == {2: [2, 3, 4], 3: [1]}, "no number comes back while a higher one is there"


async def test_what_is_saved_says_from_when_it_counts_and_who_is_told(
    sign_in: SignIn, school: School, town: Town
) -> None:
    """The note stands at the wave, where the page jumps to; a day that is open keeps its lists."""
    async with school.work(SYSTEM) as uow:
        await child(uow, town, "Ned", "1(1)", State.ENROLLED)
    clerk = await office(sign_in)
    for opened, counts, gate in ((False, "Mon 23 Nov", "North gate"), (True, "Tue 24 Nov", "South gate")):
        if opened:
            await afternoon.tick(school)
        async with school.work(SYSTEM) as uow:
            await uow.session.execute(update(Letter).values(state=LetterState.SENT, sent_at=uow.now))
        done = await clerk.post("/settings/waves/1", grades=["1", "2"], **NEW | {"starts_at": "14:30", "gate": gate})
        assert (done.status_code, done.headers["location"]) == (303, "/settings?saved=wave-1&told=1.6.0#wave-1")
        page = (await clerk.get("/settings?saved=wave-1&told=1.6.0")).text
        note = page.split('id="wave-1"')[1].split("</form>")[0]
        assert f"Saved. It counts from {counts} on." in note and "A day that is open keeps its lists." in note
        assert "1 guardian and 6 of the staff are told of it in the chat, once." in note
        assert page.count("Saved.") == 1
    again = await clerk.post("/settings/waves/1", grades=["1", "2"], **NEW | {"starts_at": "14:30", "gate": gate})
    assert again.headers["location"] == "/settings?saved=wave-1&told=0.0.0#wave-1", "the same tap twice"
    assert "Nobody needs to be told." in (await clerk.get("/settings?saved=wave-1&told=0.0.0")).text
    for odd in ("x", "1.2", "1.2.3.4", "-1.2.3", "9" * 30):
        assert "told of it" not in (await clerk.get(f"/settings?saved=wave-1&told={odd}")).text


async def test_whom_no_chat_reaches_is_said(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Contact).values(reach=Reach.BLOCKED))
    clerk = await office(sign_in)
    said = "1 child has no guardian who can be reached in a chat. Tell that family by phone or on paper."
    look = await clerk.post("/settings/waves/new", step="look", grades=["3"], **NEW)
    assert said in look.text and said in (await clerk.get("/settings/waves/2/remove")).text
    saved = await clerk.post("/settings/waves/2", grades=["3", "4"], **NEW)
    assert saved.headers["location"] == "/settings?saved=wave-2&told=1.4.1#wave-2"
    assert said in (await clerk.get("/settings?saved=wave-2&told=1.4.1")).text


async def test_the_terms_dates_are_told(sign_in: SignIn, school: School, town: Town) -> None:
    clerk = await office(sign_in)
    form = {"starts_on": "2026-09-01", "ends_on": "2027-01-22", "apply_from": "2026-09-01", "apply_until": "2027-01-29"}
    saved = await clerk.post(f"/settings/terms/{town.term}", grades=["1", "2", "3", "4"], **form)
    assert saved.headers["location"] == "/settings?saved=dates&told=1.4.0"
    assert "1 guardian and 4 of the staff are told" in (await clerk.get(saved.headers["location"])).text
    assert await told(school) == Counter({"guardian": 1, "staff": 4})
    assert (await last_event(school)).data["told"] == 5


@pytest.mark.parametrize(
    ("path", "wrong", "kept"),
    [
        ("/settings/waves/2", {"ends_at": "14:00", "grades": ["3"]}, ['value="14:00"', 'value="West &lt;gate&gt;"']),
        ("/settings/waves/2", {"starts_at": "late", "grades": ["3", "4"]}, ['value="late"', 'value="Hall"']),
        ("/settings/terms/1", {"starts_on": "2027-03-01", "ends_on": "x", "grades": ["3"]}, ['value="2027-03-01"']),
        ("/settings/terms/1/extended", {"venue": "1", "until": "18:45", "places": ""}, ['value="18:45"']),
    ],
)
async def test_what_was_typed_stands_beside_why_it_is_refused(
    sign_in: SignIn, school: School, path: str, wrong: dict[str, str | list[str]], kept: list[str]
) -> None:
    clerk = await office(sign_in)
    answer = await clerk.post(path, **{**NEW, **wrong})
    assert answer.status_code == 422 and "note-bad" in answer.text
    form = answer.text.split("note-bad")[1].split("</form>")[0]
    assert all(value in form for value in kept), form
    ticked = [one.split('"')[0] for one in form.split('name="grades" value="')[1:] if "checked" in one.split(">")[0]]
    assert ticked == wrong.get("grades", [])
    assert answer.text.count(kept[0]) == 1, "in that form alone"


async def told(school: School) -> Counter[str]:
    async with school.look() as uow:
        found = await uow.session.scalars(select(Letter.params).where(Letter.kind == "term_plan_changed"))
        return Counter("guardian" if params["students"] else "staff" for params in found)


async def test_a_wave_that_a_colleague_has_changed_meanwhile(sign_in: SignIn, school: School, town: Town) -> None:
    """Nothing is saved over, and what was typed stays."""
    clerk = await office(sign_in)
    page = (await clerk.get("/settings")).text
    async with school.look() as uow:
        wave = (await waves(uow, town.term))[0]
    part = page.split(f'id="wave-{wave.id}"')[1]
    seen = unescape(part.split('name="seen" value="')[1].split('"')[0])
    form = {**NEW, "grades": [str(grade) for grade in wave.grades], "starts_at": "14:35", "ends_at": "17:10"}
    saved = await clerk.post(f"/settings/waves/{wave.id}", **{**form, "gate": "North gate", "seen": seen})
    assert saved.status_code == 303
    stale = await clerk.post(f"/settings/waves/{wave.id}", **{**form, "ends_at": "17:05", "seen": seen})
    assert stale.status_code == 409 and 'value="17:05"' in stale.text
    assert "This has changed in the meantime" in stale.text
    async with school.look() as uow:
        assert (await waves(uow, town.term))[0].gate == "North gate"
