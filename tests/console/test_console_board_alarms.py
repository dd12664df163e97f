"""Alarms in the console: who sees them, who closes them, and how."""

from __future__ import annotations

from board_town import Afternoon, raise_alarm
from console_browser import SignIn
from console_town import Town, last_event
from sqlalchemy import select

from care.permissions import SYSTEM
from care.records import Alarm, AlarmAnswer, AlarmKind, Answer, Person, Role
from care.records.day import CONTRADICTED
from care.school import School


async def test_an_alarm_of_the_morning_is_there_before_the_day_opens(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """Yesterday's hand-over is disputed before noon: whoever looks sees it, may close it, and is led to the day."""
    school.clock.jump(school.clock.now().replace(day=24, hour=0))  # type: ignore[attr-defined]
    head, homeroom = await sign_in(Role.HEAD), await sign_in(Role.HOMEROOM)
    disputed = await raise_alarm(school, opened, "Ida")
    left_open = await head.get("/", **{"hx-request": "true"})
    assert left_open.headers["hx-refresh"] == "true", "yesterday's board, left open over night, makes place"
    for address, htmx in (("/", {}), ("/?opens=1", {"hx-request": "true"})):
        page = (await head.get(address, **htmx)).text
        assert "the live board opens with the day&#39;s lists at 12:00" in page
        assert "Hand-over disputed" in page and "Mon 23 Nov" in page
        assert "Close with a reason" in page
    assert "Close with a reason" not in (await homeroom.get("/")).text, "who answers for the day closes it"
    done = await head.post(f"/alarms/{disputed}/close", reason="spoke with the father", **{"from": "board"})
    page = (await head.get(done.headers["location"])).text
    assert "Closed, with your reason." in page
    assert "Hand-over disputed" not in page


async def test_closing_an_alarm_from_the_board(sign_in: SignIn, school: School, opened: Afternoon) -> None:
    alarm = await raise_alarm(school, opened, "Ida")
    head = await sign_in(Role.HEAD)
    assert "Hand-over disputed" in (await head.get("/")).text
    for nothing in ("  ", "ok", "1", "。"):
        empty = await head.post(f"/alarms/{alarm}/close", reason=nothing, **{"from": "board"})
        assert empty.status_code == 422
        assert "Please give the reason in a few words" in empty.text
    long = "so " * 100
    kept = await head.post(f"/alarms/{alarm}/close", reason=long)
    assert kept.status_code == 422
    assert f'value="{long}"' in kept.text, "what was typed is kept"
    done = await head.post(f"/alarms/{alarm}/close", reason="<b>spoke</b>", **{"from": "board"})
    assert done.headers["location"] == "/?done=alarm_closed"
    assert "Closed, with your reason." in (await head.get("/?done=alarm_closed")).text
    assert (await last_event(school)).action == "alarm_closed"
    again = await head.post(f"/alarms/{alarm}/close", reason="twice", **{"from": "board"})
    assert again.status_code == 409
    assert "closed in the meantime" in again.text
    assert "&lt;b&gt;spoke&lt;/b&gt;" in again.text, "the reason it was closed with"


async def test_guardians_who_contradict_each_other(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """Both answers, with the names, and that they cannot both be true."""
    alarm_id = await raise_alarm(school, opened, "Ida", AlarmKind.MISSING)
    async with school.work() as uow:
        alarm = await uow.session.get_one(Alarm, alarm_id)
        people = list(await uow.session.scalars(select(Person).order_by(Person.id).limit(2)))
        for person, answer in zip(people, (Answer.NOT_HERE, Answer.WITH_ME), strict=True):
            uow.session.add(AlarmAnswer(alarm_id=alarm_id, person_id=person.id, answer=answer, at=uow.now))
        alarm.answer = CONTRADICTED
        names = [person.name for person in people]
    head = await sign_in(Role.HEAD)
    for path in ("/", f"/children/{town.students['Ida']}"):
        page = (await head.get(path)).text
        assert "The guardians contradict each other" in page
        assert f"{names[0]}: “the child is not with me”" in page and f"{names[1]}: “the child is with me”" in page
        assert "no answer yet" not in page


async def test_closing_an_alarm_from_the_childs_page(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    alarm = await raise_alarm(school, opened, "Ida", AlarmKind.DISPUTED)
    homeroom = await sign_in(Role.HOMEROOM)
    seen = await homeroom.get(f"/children/{town.students['Ida']}")
    assert "Hand-over disputed" in seen.text
    assert "Close with a reason" not in seen.text, "who answers for the day closes it"
    assert (await homeroom.post(f"/alarms/{alarm}/close", reason="mine")).status_code == 403
    leader = await sign_in(Role.GRADE_LEADER)
    assert "Close with a reason" in (await leader.get(f"/children/{town.students['Ida']}")).text
    done = await leader.post(f"/alarms/{alarm}/close", reason="grandmother came", **{"from": "child"})
    assert done.headers["location"] == f"/children/{town.students['Ida']}?date=2026-11-23&done=alarm_closed"
    page = await leader.get(done.headers["location"])
    assert "grandmother came" in page.text


async def test_alarms_beyond_ones_reach_do_not_exist(sign_in: SignIn, school: School, opened: Afternoon) -> None:
    alarm = await raise_alarm(school, opened, "Ola")
    homeroom = await sign_in(Role.HOMEROOM)
    assert "Ola" not in (await homeroom.get("/")).text
    assert (await homeroom.post(f"/alarms/{alarm}/close", reason="mine?")).status_code == 404
    async with school.look() as uow:
        assert (await uow.session.get_one(Alarm, alarm)).closed_at is None


async def test_who_was_refused_is_for_who_answers_for_the_day(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """A homeroom teacher at a tablet that others can see reads neither the name nor that there was anything."""
    alarm = await raise_alarm(school, opened, "Ida", AlarmKind.REFUSED)
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(Alarm, alarm)).remark = "Uncle Stopped"
    head, homeroom = await sign_in(Role.HEAD), await sign_in(Role.HOMEROOM)
    ida = f"/children/{town.students['Ida']}"
    for page in ("/", ida):
        assert "Asked for the child: Uncle Stopped" in (await head.get(page)).text
        assert "alarm-refused" in (await head.get(page)).text
    for page in ("/", "/?q=Ida", ida):
        seen = (await homeroom.get(page)).text
        assert "Ida" in seen
        assert "Uncle Stopped" not in seen and "⊘" not in seen and "alarm-refused" not in seen
    assert (await homeroom.post(f"/alarms/{alarm}/close", reason="x")).status_code == 404
    assert (await head.post(f"/alarms/{alarm}/close", reason="the police were told")).status_code == 303
    assert "the police were told" in (await head.get(ida)).text
    assert "the police were told" not in (await homeroom.get(ida)).text
