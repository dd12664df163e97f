"""The calendar's pages, used as the office would: by form and link alone, with what was typed kept."""

from __future__ import annotations

import html
from datetime import date, time

import httpx
import pytest
from chinese_calendar import Holiday
from console_browser import Browser, SignIn
from console_town import HOSTILE, Town, last_event
from sqlalchemy import select, update

import locales
from care.calendar_dates import state_of
from care.permissions import SYSTEM
from care.records import CalendarDay, DayRules, Letter, LetterState, Role, Wave, WaveDay
from care.school import School
from care.work import UnitOfWork
from locales.calendar import HOLIDAYS

FRIDAY, MONDAY = "/calendar/2026-12-04", "/calendar/2026-11-30"
SUNDAY = "/calendar/2026-12-06"


def seen_in(page: httpx.Response) -> str:
    return html.unescape(page.text.partition('name="seen" value="')[2].partition('"')[0])


async def put(office: Browser, path: str, step: str = "save", **fields: str) -> httpx.Response:
    page = await office.get(path)
    return await office.post(path, **{"step": step, "seen": seen_in(page), "follows": "", "note": "", **fields})


async def wave_ids(school: School) -> list[int]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(Wave.id).order_by(Wave.ordinal)))


async def day(uow: UnitOfWork, year: int, month: int, number: int, **values: object) -> None:
    uow.session.add(CalendarDay(date=date(year, month, number), **{"care": values.get("school"), **values}))


async def test_a_month_says_what_each_date_is(sign_in: SignIn, school: School, town: Town) -> None:
    first, _ = await wave_ids(school)
    async with school.work(SYSTEM) as uow:
        await day(uow, 2026, 12, 3, school=False, note=HOSTILE)
        await day(uow, 2026, 12, 6, school=True)
        await day(uow, 2026, 12, 12, school=True, follows_weekday=5)
        await day(uow, 2026, 12, 16, school=True, care=False)
        await day(uow, 2026, 12, 18, school=True)  # as its weekday: nothing special
        uow.session.add(WaveDay(date=date(2026, 12, 17), wave_id=first, starts_at=time(14, 35), ends_at=time(16)))
    office = await sign_in(Role.OFFICE)
    page = (await office.get("/calendar?month=2026-12")).text
    for words in (
        "Thu 3 Dec: No school; &lt;b&gt;=1+1&lt;/b&gt;",
        "Sun 6 Dec: Lessons, but not decided whose timetable: no care",
        "Sat 12 Dec: School day, follows Friday&#39;s timetable",
        "Wed 16 Dec: School day without care",
        "Thu 17 Dec: Care at other times; Grades 1, 2: 14:35–16:00",
        "Fri 4 Dec: School day with care",
        "Sat 5 Dec: Weekend",
    ):
        assert f'aria-label="{words}' in page, words
    for word in ("as Fri", "to 16:00", "no care", "decide"):
        assert f'<span class="day-word">{word}</span>' in page
    assert "No care runs on that day until you decide." in page
    assert "under two hours of care" in page
    special = page.partition('id="special"')[2].partition("</section>")[0]
    assert special.count("<li>") == 5 and "18 Dec" not in special
    january = (await office.get("/calendar?month=2027-01")).text
    assert "term ends" in january and "not yet announced" in january and "outside" not in january.lower()[:200]
    for month in ("2027-13", "x", "9999-01", "0001-01", "2026-11-1", "2026-1"):
        assert (await office.get(f"/calendar?month={month}")).status_code == 200, month


async def test_official_holidays_are_named_in_ones_language(sign_in: SignIn, school: School, town: Town) -> None:
    """What somebody typed stays as it is, in the list and in the form."""
    async with school.work(SYSTEM) as uow:
        await day(uow, 2026, 12, 3, school=False, note="国庆节")
        await day(uow, 2026, 12, 5, school=True, note="国庆节")
        await day(uow, 2026, 12, 4, school=False, note="国庆节后休整")
    office = await sign_in(Role.OFFICE)
    page = (await office.get("/calendar?month=2026-12")).text
    assert "Thu 3 Dec: No school; National Day" in page and "Fri 4 Dec: No school; 国庆节后休整" in page
    assert "no care; make-up day for National Day" in page
    assert 'name="note" value="国庆节"' in (await office.get("/calendar/2026-12-03")).text
    look = await put(office, MONDAY, "look", what="off", note="中秋")
    assert "Note of the school: Mid-autumn Festival" in look.text and "学校说明：中秋" in look.text


def test_every_holiday_of_the_official_list_has_a_name() -> None:
    assert {one.chinese for one in Holiday} == set(HOLIDAYS)
    assert {locales.words("zh_CN", "common")(name) for name in HOLIDAYS.values()} == set(HOLIDAYS)


async def test_the_date_is_shown_then_saved(sign_in: SignIn, school: School, town: Town) -> None:
    """Monday: Fay, class 3(1), is enrolled for it; her parent, the leading group and the care teachers are told."""
    office = await sign_in(Role.OFFICE)
    look = await put(office, MONDAY, "look", what="no_care", note="snow")
    assert "There are lessons on Monday 30 November, but no after-school care." in look.text
    assert "11月30日（星期一）照常上课，但没有课后服务。" in look.text
    assert "Note of the school: snow" in look.text
    async with school.look() as uow:
        assert await uow.session.get(CalendarDay, date(2026, 11, 30)) is None, "so far only looked at"
    back = await put(office, MONDAY, "edit", what="no_care", note="snow")
    assert 'value="snow"' in back.text and 'value="no_care" checked' in back.text
    saved = await put(office, MONDAY, what="no_care", note="snow")
    assert saved.status_code == 303
    assert "are told." in (await office.get(saved.headers["location"])).text
    assert (await last_event(school)).action == "calendar_changed"
    async with school.look() as uow:
        parents = select(Letter.person_id).where(Letter.kind == "calendar_changed")
        told = set(await uow.session.scalars(parents))
    assert town.staff[Role.HEAD] in told and town.staff[Role.OFFICE] not in told, "who does it knows it"
    assert town.staff[Role.HOMEROOM] not in told, "of another class"
    audit = await office.get("/audit")
    assert "Date of the calendar changed" in audit.text
    cleared = await put(office, MONDAY, "clear")
    assert "so nobody is told" in cleared.text, "the letters have not gone out: nobody knows of it yet"
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Letter).values(state=LetterState.SENT, sent_at=uow.now))
    cleared = await put(office, MONDAY, "clear")
    assert "Monday 30 November is an ordinary school day; after-school care runs as usual." in cleared.text


async def test_what_was_typed_is_kept_when_it_cannot_be(sign_in: SignIn, school: School, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    first, _ = await wave_ids(school)
    for fields, why in (
        ({"what": ""}, "choose what this date is"),
        ({"what": "care", f"starts_{first}": "16:00", f"ends_{first}": "14:00"}, "end before it begins"),
        ({"what": "care", f"starts_{first}": "16:00", f"ends_{first}": ""}, "hours and minutes"),
        ({"what": "care", f"ends_{first}": "25:00", f"starts_{first}": "9"}, "hours and minutes"),
        ({"what": "care", "follows": "7"}, "Monday to Friday"),
        ({"what": "off", "note": "x" * 200}, "120"),
    ):
        for step in ("look", "save"):
            answer = await put(office, FRIDAY, step, **fields)
            assert answer.status_code == 422 and why in answer.text, fields
            assert all(f'value="{value}"' in answer.text for name, value in fields.items() if name != "what" and value
                       and name != "follows")  # fmt: skip
    async with school.look() as uow:
        assert list(await uow.session.scalars(select(CalendarDay))) == []


async def test_an_old_page_and_a_past_date(sign_in: SignIn, school: School, town: Town) -> None:
    office, head = await sign_in(Role.OFFICE), await sign_in(Role.HEAD)
    old = seen_in(await head.get(FRIDAY))
    assert (await put(office, FRIDAY, what="no_care")).status_code == 303
    refused = await head.post(FRIDAY, step="save", seen=old, what="off", follows="", note="")
    assert refused.status_code == 409 and "changed in the meantime" in refused.text
    past = await office.get("/calendar/2026-11-20")
    assert "stays as it was" in past.text and "<fieldset" not in past.text
    assert (await office.post("/calendar/2026-11-20", step="save", what="off", seen=old)).status_code == 422
    for path in ("/calendar/2026-02-30", "/calendar/x", "/calendar/20261204"):
        assert (await office.get(path)).status_code in (200, 404), path
    assert (await office.get("/calendar/2026-02-30")).status_code == 404


async def test_a_weekend_waits_for_its_timetable(sign_in: SignIn, school: School, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    assert (await put(office, SUNDAY, what="care")).status_code == 303
    page = await office.get(SUNDAY)
    assert "No care runs until you decide." in page.text
    assert (await put(office, SUNDAY, what="care", follows="1")).status_code == 303
    async with school.look() as uow:
        assert (await state_of(uow, date(2026, 12, 6))).timetable(date(2026, 12, 6)) == 1


async def test_the_years(sign_in: SignIn, school: School, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    page = await office.get("/calendar")
    assert "Take over the official list of 2026" in page.text
    assert "The official list of 2027 is not known" in page.text
    assert "The term reaches into this year." in page.text
    taken = await office.post("/calendar/years/2026", how="official")
    assert taken.status_code == 303
    assert "2026: 25 dates new" in (await office.get(taken.headers["location"].partition("#")[0])).text
    assert (await office.post("/calendar/years/2026", how="official")).status_code == 409
    assert (await office.post("/calendar/years/2027", how="official")).status_code == 422
    assert (await office.post("/calendar/years/2031", how="hand")).status_code == 422
    assert (await office.post("/calendar/years/2027", how="hand")).status_code == 303
    january = (await office.get("/calendar?month=2027-01")).text
    assert "not yet announced" not in january.partition('id="month"')[2].partition("</section>")[0]
    for taken_ in ("1.2.3", "x", "1.2.3.4.5", "9" * 30):
        assert (await office.get(f"/calendar?taken={taken_}&saved=x&told=x")).status_code == 200


async def test_settings_of_the_afternoon(sign_in: SignIn, school: School, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    page = await office.get("/settings/afternoon")
    assert 'name="late_third" value="30"' in page.text
    good = {
        "opens_at": "12:30", "leave_until": "11:00", "closes_at": "19:30", "roll_minutes": "15", "missing_minutes": "5",
        "remind_minutes": "45", "sheet_minutes": "50", "late_first": "5", "late_second": "15", "late_third": "25",
    }  # fmt: skip
    saved = await office.post("/settings/afternoon", **good)
    assert saved.status_code == 303 and "Saved." in (await office.get(saved.headers["location"])).text
    async with school.look() as uow:
        rules = await uow.session.get_one(DayRules, town.term)
        assert (rules.opens_at, rules.roll_minutes, rules.late_minutes) == (time(12, 30), 15, [5, 15, 25])
    for wrong, why in (
        ({"late_second": "5"}, "Minutes go from 1"),
        ({"roll_minutes": "0"}, "Minutes go from 1"),
        ({"roll_minutes": "x"}, "whole number"),
        ({"roll_minutes": ""}, "whole number"),
        ({"opens_at": "15:00"}, "before the first wave begins, at 14:35"),
        ({"closes_at": "17:00"}, "last wave ends, at 17:25"),
        ({"leave_until": "noon"}, "hours and minutes"),
    ):
        answer = await office.post("/settings/afternoon", **(good | wrong))
        assert answer.status_code == 422 and why in answer.text, wrong
        ((name, value),) = wrong.items()
        assert f'name="{name}" value="{value}"' in answer.text
    assert "/settings/afternoon" in (await office.get("/settings")).text


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_without_a_term(sign_in: SignIn, school: School, town: Town, language: str) -> None:
    office = await sign_in(Role.OFFICE)
    school.clock.jump(school.clock.now().replace(year=2027, month=3, day=5))  # type: ignore[attr-defined]
    office = await sign_in(Role.OFFICE)
    for path in ("/calendar", "/calendar/2027-03-08", "/settings/afternoon"):
        answer = await office.client.get(path, headers={"accept-language": language})
        assert answer.status_code == 200, path
    assert (await put(office, "/calendar/2027-03-08", what="off")).status_code == 303
