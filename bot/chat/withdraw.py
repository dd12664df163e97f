"""/withdraw (S21): one step, dated, any time; asked once what ends. A day that has not come yet can be taken back."""

from __future__ import annotations

import re
from datetime import date, timedelta

from telegram import Update

from bot.chat.ids import id_of
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.calendar import load_calendar
from care.custody.steps import HERE
from care.enrolment.apply import own_application, stay, withdraw
from care.enrolment.queries import application_whole, own_applications
from care.enrolment.states import OPEN
from care.errors import Conflict, Invalid
from care.people import children_of
from care.records.day import Step
from care.records.delivery import Form
from care.records.enrolment import Application, State
from care.term import the_term
from care.whereabouts import Coming, InCare, Whereabouts, today_of
from locales import Words
from locales.labels import day, label

FLOW = "withdraw"


async def withdraw_command(update: Update, turn: Turn) -> None:
    _ = turn._
    children = await children_of(turn.uow, turn.actor.person_id or 0)
    term = await the_term(turn.uow)
    existing = await own_applications(turn.uow, term.id, [child.student_id for child in children])
    found = [(child, existing[child.student_id]) for child in children if child.student_id in existing]
    found = [(child, own) for child, own in found if own.state in OPEN]
    if not found:
        await turn.say(View(_("None of your children is enrolled or has an application this term.")))
    elif len(found) == 1:
        await ask_when(turn, found[0][1].id)
    else:
        rows = tuple(
            (Button(_("{child} · {state}", child=child.name, state=label(_, own.state)), pack("wd", own.id)),)
            for child, own in found
        )
        await turn.say(View(_("Which child?"), rows))


async def child_tapped(update: Update, turn: Turn) -> None:
    await ask_when(turn, turn.numbers[0])


async def ask_when(turn: Turn, application_id: int) -> None:
    _ = turn._
    application = await own_application(turn.uow, application_id)
    if application.state not in OPEN:
        raise Conflict(state=application.state)
    child = application.student.name
    if application.state is not State.ENROLLED:
        rows: tuple[tuple[Button, ...], ...] = (
            (Button(_("Withdraw the application"), pack("wy", application.id, "now")),),
            (Button(_("Keep it"), pack("wk", application.id)),),
        )
        words = [_("Withdraw the application for {child}?", child=child)]
        if application.state is State.WAITING:
            words.append(_("The place on the waiting list is lost; who applies again joins it at its end."))
        words.append(_("All answers end with it. Taking part after all needs a new application."))
        await turn.show(View("\n\n".join(words), rows))
        return
    today = turn.uow.today
    following = (await load_calendar(turn.uow)).next_school_day(today)
    choices = [today, following, _next_monday(today)]
    rows = tuple(
        (Button(_from(turn, choice), pack("wy", application.id, choice.isoformat())),)
        for choice in dict.fromkeys(choices)
        if choice <= application.term.ends_on
    )
    await turn.open_form(FLOW, "date", {"application_id": application.id})
    text = _(
        "From which day will {child} no longer attend after-school care? Tap a day, or type a date "
        "like 2026-12-01. You are asked once more before anything changes.",
        child=child,
    )
    await turn.show(View(text, (*rows, (Button(_("Stay in care"), pack("wk", application.id)),))))


def _from(turn: Turn, choice: date) -> str:
    if choice == turn.uow.today:
        return turn._("From today, {date}", date=day(turn._, choice))
    return turn._("From {date}", date=day(turn._, choice))


def _next_monday(today: date) -> date:
    return today + timedelta(days=8 - today.isoweekday())


async def day_tapped(update: Update, turn: Turn) -> None:
    application_id = id_of(turn.parts[0])
    if turn.parts[1:] == ["now"]:
        await _withdraw_now(turn, application_id)
        return
    await turn.show(await _really(turn, application_id, _chosen(turn)))


def _chosen(turn: Turn) -> date:
    chosen = read_date(turn.parts[1]) if len(turn.parts) == 2 else None
    if chosen is None:
        raise Conflict()
    return chosen


async def confirmed(update: Update, turn: Turn) -> None:
    """The family has read what ends, and means it."""
    await _withdraw(turn, id_of(turn.parts[0]), _chosen(turn))


async def _really(turn: Turn, application_id: int, leaves_on: date) -> View:
    """What ends, from which day, and what becomes of today. Raises Invalid for a day outside the term."""
    _ = turn._
    application = await own_application(turn.uow, application_id)
    if application.state is not State.ENROLLED:
        raise Conflict(state=application.state)
    if not turn.uow.today <= leaves_on <= application.term.ends_on:
        raise Invalid("date_outside_term")
    child, date_ = application.student.name, day(_, leaves_on)
    words = [_("Withdraw {child} from after-school care? {date} is the first day without it.", child=child, date=date_)]
    if leaves_on == turn.uow.today:
        words += [line for line in [await _today(turn, application)] if line]
    else:
        words.append(_("Until then {child} takes part as usual, and you can change your mind.", child=child))
    words.append(
        _(
            "From that day the place and the signed agreement are gone, extended care too, and the health note is "
            "deleted. The place goes to the next child on the waiting list. Coming back needs a new application and "
            "a free place; in a full class, a wait at the end of the list."
        )
    )
    rows = (
        (Button(_("✔ Withdraw from {date}", date=date_), pack("wc", application.id, leaves_on.isoformat())),),
        (Button(_("‹ Another day"), pack("wd", application.id)), Button(_("Stay in care"), pack("wk", application.id))),
    )
    return View("\n\n".join(words), rows)


def still_here(_: Words, child: str, where: Whereabouts | None) -> str:
    """That a child who leaves care today is in the school's hands until it is collected; empty when it is not here."""
    if not isinstance(where, InCare) or where.step not in HERE:
        return ""
    return _(
        "Today {child} is here, with {name}, and stays in the school's care until it is collected.",
        child=child,
        name=where.holder_name,
    )


async def _today(turn: Turn, application: Application) -> str:
    """What becomes of today's care; nothing where there is none for the child (any more)."""
    _, child = turn._, application.student.name
    where = (await today_of(turn.uow, [application.student_id])).get(application.student_id)
    if here := still_here(_, child, where):
        return here
    if isinstance(where, Coming) or (isinstance(where, InCare) and where.step is Step.EXPECTED):
        return _("Today's care is cancelled, too: {child} is not expected there and is with you.", child=child)
    return ""


async def _withdraw_now(turn: Turn, application_id: int) -> None:
    """An application that has led to no care yet. Has it since, the day is asked for first."""
    if (await application_whole(turn.uow, application_id)).state is State.ENROLLED:
        await ask_when(turn, application_id)
    else:
        await _withdraw(turn, application_id, turn.uow.today)


def read_date(words: str) -> date | None:
    """A typed date: 2026-12-01, 2026/12/1 or 2026年12月1日."""
    found = re.fullmatch(r"\s*(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?\s*", words)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


async def date_typed(turn: Turn, form: Form, words: str) -> None:
    chosen = read_date(words)
    if chosen is None:
        await turn.say(
            View(turn._("Please type a date like 2026-12-01, or tap a day above. /cancel leaves everything as it is."))
        )
        return
    await turn.say(await _really(turn, form.answers["application_id"], chosen))


async def _withdraw(turn: Turn, application_id: int, leaves_on: date) -> None:
    was_in_care = (await application_whole(turn.uow, application_id)).state is State.ENROLLED
    application = await withdraw(turn.uow, application_id, leaves_on)
    await _close(turn)
    await turn.show(await _withdrawn(turn, application, was_in_care))


async def _withdrawn(turn: Turn, application: Application, was_in_care: bool) -> View:
    _, child = turn._, application.student.name
    date_ = day(_, application.leaves_on or turn.uow.today)
    if application.state is State.WITHDRAWN:
        if was_in_care:
            text = _("{child} has been withdrawn, with effect from {date}.", child=child, date=date_)
            where = await today_of(turn.uow, [application.student_id])
            text = "\n\n".join(filter(None, [text, still_here(_, child, where.get(application.student_id))]))
        else:
            text = _("The application for {child} has been withdrawn.", child=child)
        return View(text, ((Button(_("Apply again"), pack("ap", application.student_id)),),))
    text = _("{child} stays in after-school care for now; {date} is the first day without it.", child=child, date=date_)
    return View(text, ((Button(_("Stay in care after all"), pack("st", application.id)),),))


async def stay_tapped(update: Update, turn: Turn) -> None:
    application = await stay(turn.uow, turn.numbers[0])
    await turn.show(View(turn._("{child} stays in care.", child=application.student.name)))


async def kept(update: Update, turn: Turn) -> None:
    application = await own_application(turn.uow, turn.numbers[0])
    await _close(turn)
    await turn.show(View(turn._("Nothing has changed for {child}.", child=application.student.name)))


async def _close(turn: Turn) -> None:
    form = await turn.form(FLOW)
    if form is not None and form.step:
        turn.close(form)
