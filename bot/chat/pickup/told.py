"""Letters about the way home: the reminder before each wave, another guardian's word, the slip, and what the duty lead
hears of a stop-list."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from bot.chat.kinds import Context, Kind
from bot.chat.pickup.overview import overview, ways_out
from bot.chat.pickup.party import ALL, Party, letter_scope, party_about, party_of, wave_scope
from bot.chat.pickup.screens import Screen, day_words
from bot.chat.pickup.sharing import who_and_children
from bot.wire.view import View
from care.custody.steps import HERE
from care.errors import CareError
from care.pickup.codes import code_for, code_made
from care.pickup.reminding import listed as children_in
from care.records.day import DayChild
from care.records.people import Person, StopListEntry, Student
from care.records.pickup import Adult
from care.release.gate import any_child
from papers.from_records import pickup_paper

LATE = timedelta(minutes=5)
"""A reminder that goes out so much later than it should says so."""


def _day(c: Context) -> date:
    return date.fromisoformat(c.params["date"])


def _screen(c: Context, party: Party) -> Screen:
    return Screen(c._, c.uow.school.zone, c.uow.now, party)


async def _dismissal(c: Context) -> View | None:
    """Only while a child of the letter is here and nobody has said who comes."""
    asked, wave = children_in(c.params["children"]), c.params["wave"]
    party = await party_of(c.uow, c.uow.actor.person_id or 0, _day(c), letter_scope(asked, wave))
    here = party.only(one.student_id for one in party.children if one.student_id in asked and one.step in HERE)
    if not here.open:
        return None
    late = c.uow.now - datetime.fromisoformat(c.params["at"]) > LATE
    return _screen(c, here).state(c._("A late reminder:") if late else "")


async def _pickup_said(c: Context) -> View | None:
    """The other guardian has said who comes. Said again before this was sent, another letter tells it."""
    said_at: dict[str, str] = c.params["said_at"]
    day = _day(c)
    ids = {int(number) for number in said_at}
    party = await party_of(c.uow, c.uow.actor.person_id or 0, day, ALL)
    still = [child.student_id for child in party.still if child.student_id in ids]
    now = {number: party.plans[number].said_at.isoformat() if number in party.plans else "" for number in still}
    if not still or any(said_at[str(number)] != at for number, at in now.items()):
        return None
    by = await c.uow.session.get_one(Person, c.params["by"])
    waves = {child.wave for child in party.still if child.student_id in ids}
    drawn = _screen(c, replace(party.only(still), scope=wave_scope(waves.pop()) if len(waves) == 1 else party.scope))
    if any(number in party.plans for number in still):
        note = c._("{name} has said who comes {day}:", name=by.name, day=drawn.day)
    else:
        note = c._("{name} has taken back who comes {day}:", name=by.name, day=drawn.day)
    return drawn.state(note)


async def _pickup_shown(c: Context) -> View | None:
    """In place of a message about the way home: how it stands now."""
    if "children" in c.params:
        party = await party_about(c.uow, c.uow.actor.person_id or 0, _day(c), c.params["children"])
        codes = {who: await code_made(c.uow, *who, party.day) for who in party.with_codes()}
        made = {who: code for who, code in codes.items() if code is not None}
        view = Screen(c._, c.uow.school.zone, c.uow.now, party, made).state()
    else:
        view = await overview(c.uow, c._, await ways_out(c.uow), partial(code_made, c.uow))
    return c.redraw(view)


async def _pickup_stopped(c: Context) -> View | None:
    """For the duty lead alone: the guardian has read only that the school cannot accept the adult. ``before``: who was
    named before the stop-list did."""
    about = c.params["about"]
    student = await c.uow.session.get_one(Student, about["student_id"])
    by = await c.uow.session.get_one(Person, about["by"])
    words = {"guardian": by.name, "adult": about["adult"], "child": student.name}
    words["day"] = day_words(c._, _day(c), c.uow.today)
    if about.get("before"):
        text = c._(
            "⚠ Stop-list: {adult} must not collect {child} from now on. {guardian} had said that this adult comes "
            "{day}. The family has been asked to name somebody else, and was not told why.",
            **words,
        )
        return View(text)
    text = c._(
        "⚠ Stop-list: {guardian} wanted {adult} to collect {child} {day}. This adult must not collect the child. It "
        "was refused, and the guardian was not told why.",
        **words,
    )
    return View(text)


async def _pickup_unaccepted(c: Context) -> View | None:
    """The family had named an adult whom the school cannot accept any more; not why. Nothing where it has named
    somebody else meanwhile, or the adult may come again."""
    party = await party_about(c.uow, c.uow.actor.person_id or 0, _day(c), children_in(c.params["children"]))
    if not any(child.student_id in party.plans for child in party.open):
        return None
    return _screen(c, party).state()


async def _stop_list_changed(c: Context) -> View | None:
    """For the teachers of a child who is still to be collected; the reason stays in the child's record."""
    entry = await c.uow.session.get_one(StopListEntry, c.params["entry_id"])
    query = select(Student).where(Student.id == entry.student_id).options(joinedload(Student.school_class))
    student = (await c.uow.session.scalars(query)).one()
    school_class = student.school_class
    if (entry.ended_at is not None) is not c.params["ended"]:
        return None
    today = select(DayChild.id).where(DayChild.student_id == student.id, DayChild.date == c.uow.day)
    one = await any_child(c.uow, await c.uow.session.scalar(today) or 0)
    if one is None or not one.within_reach:
        return None
    about = {"adult": entry.name, "child": student.name, "school_class": school_class.name}
    if c.params["ended"]:
        text = c._("{child}, {school_class}: {adult} is on the stop-list no longer.", **about)
        return View(text + "\n" + c._("As always, only an adult on one of the child's lists gets the child."))
    text = c._("⊘ {child}, {school_class}: {adult} must not collect the child from now on.", **about)
    return View(
        text + "\n" + c._("Should they come: ask them to wait and tap their name; the duty lead is told at once.")
    )


async def _pickup_slip(c: Context) -> View | None:
    """Made when it is sent; the code is there already."""
    day, who = _day(c), (Adult(c.params["adult"]), int(c.params["adult_id"]))
    try:
        adult, party = await who_and_children(c.uow, c.uow.actor.person_id or 0, who, day)
    except CareError:  # collected, withdrawn or over meanwhile
        return None
    code = await code_for(c.uow, *who, day)
    paper = pickup_paper(c.uow, c._, adult, party.children, day, code)
    content = await asyncio.to_thread(c.printer.pickup, paper, c._.language)
    return View("", document_name=c._("pick-up-{date}.pdf", date=day.isoformat()), document=content)


KINDS: dict[str, Kind] = {
    "dismissal": Kind(_dismissal, courtesy=True),
    "pickup_said": Kind(_pickup_said, courtesy=True),
    "pickup_shown": Kind(_pickup_shown, courtesy=True),
    "pickup_unaccepted": Kind(_pickup_unaccepted),
    "pickup_stopped": Kind(_pickup_stopped),
    "stop_list_changed": Kind(_stop_list_changed),
    "pickup_slip": Kind(_pickup_slip),
}
