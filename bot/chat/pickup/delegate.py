"""Authorising somebody for one day: for which children, name, relation, phone, confirm; and taking it back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from telegram import Update

from bot.chat.ids import id_of
from bot.chat.pickup.command import about, edit_reminders, me, not_accepted, view_of
from bot.chat.pickup.party import ALL, child_scope, day_of, party_now
from bot.chat.pickup.screens import Rows, code_rows
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.errors import CareError, Conflict
from care.people import adult_name, normal_phone
from care.pickup.codes import code_for, shown
from care.pickup.delegates import DAYS_AHEAD, authorise, own_delegate, withdraw
from care.pickup.leaving import care_days, leaving
from care.pickup.plan import own_leaving
from care.records.delivery import Form
from care.records.people import Relation, Student
from care.records.pickup import Adult, Delegate
from locales import mark
from locales.labels import day as day_label
from locales.labels import error_sentence, label, listed

FLOW = "delegate"
Answers = dict[str, Any]


async def begun(update: Update, turn: Turn) -> None:
    """From a question about the way home: the day is that one's, and another can be chosen."""
    if len(turn.parts) != 2:
        raise Conflict()
    party = await about(turn)
    if party is None:
        return
    day = party.day
    ids = [one.student_id for one in await own_leaving(turn.uow, party.ids, day)]
    form = await turn.open_form(FLOW, "name", {"day": day.isoformat(), "students": ids, "from": turn.parts})
    await turn.show(await question(turn, form))


# questions


async def question(turn: Turn, form: Form) -> View:
    """The question at which the conversation stands."""
    return await QUESTIONS[form.step](turn, form)


def _button(form: Form, words: str, token: str) -> Button:
    return Button(words, pack("puq", form.version, token))


def _day(form: Form) -> date:
    return date.fromisoformat(form.answers["day"])


async def _children(turn: Turn, form: Form) -> str:
    names = [(await turn.uow.session.get_one(Student, number)).name for number in form.answers["students"]]
    return listed(turn._, names)


async def _name(turn: Turn, form: Form) -> View:
    _ = turn._
    text = _(
        "Who may collect {children} on {date}, on this day only? Please type the adult's full name.",
        children=await _children(turn, form),
        date=day_label(_, _day(form)),
    )
    rows: Rows = [(_button(form, _("Another day"), "day"),)]
    if len(form.answers["students"]) > 1:
        rows.append((_button(form, _("Not for all of them"), "child"),))
    return View(text, (*rows, (_button(form, _("Leave it"), "leave"),)))


async def _other_day(turn: Turn, form: Form) -> View:
    today = turn.uow.day
    rows: Rows = []
    for day in await care_days(turn.uow, today, today + DAYS_AHEAD):
        in_care = await leaving(turn.uow, form.answers["students"], day)
        if any(not one.is_over for one in in_care):
            rows.append((_button(form, day_label(turn._, day), f"d{day.toordinal()}"),))
    return View(turn._("On which day?"), (*rows, (_button(form, turn._("‹ Back"), "back"),)))


async def _which_child(turn: Turn, form: Form) -> View:
    rows: Rows = []
    for number in form.answers["students"]:
        student = await turn.uow.session.get_one(Student, number)
        rows.append((_button(form, turn._("Only for {child}", child=student.name), child_scope(number)),))
    return View(turn._("For which child?"), (*rows, (_button(form, turn._("‹ Back"), "back"),)))


async def _relation(turn: Turn, form: Form) -> View:
    _ = turn._
    text = _("How is {name} related to {child}?", name=form.answers["name"], child=await _children(turn, form))
    buttons = [_button(form, label(_, relation), relation.value) for relation in Relation]
    rows = [tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2)]
    return View(text, (*rows, (_button(form, _("‹ Back"), "back"),)))


async def _phone(turn: Turn, form: Form) -> View:
    text = turn._("What is {name}'s phone number? Please type it.", name=form.answers["name"])
    return View(text, ((_button(form, turn._("‹ Back"), "back"),),))


async def _confirm(turn: Turn, form: Form) -> View:
    _ = turn._
    text = _(
        "{name} ({relation}, {phone}) may collect {children} on {date}, on this day only. Is that right?",
        name=form.answers["name"],
        relation=label(_, Relation(form.answers["relation"])),
        phone=form.answers["phone"],
        children=await _children(turn, form),
        date=day_label(_, _day(form)),
    )
    yes = (_button(form, _("✔ Authorise"), "yes"),)
    return View(text, (yes, (_button(form, _("‹ Back"), "back"), _button(form, _("Leave it"), "leave"))))


QUESTIONS: dict[str, Callable[[Turn, Form], Awaitable[View]]] = {
    "name": _name,
    "day": _other_day,
    "child": _which_child,
    "relation": _relation,
    "phone": _phone,
    "confirm": _confirm,
}
BEFORE = {"day": "name", "child": "name", "relation": "name", "phone": "relation", "confirm": "phone"}


# answers


async def tapped(update: Update, turn: Turn) -> None:
    """A button of a question; one of an older question is told so, and the present question is shown."""
    if len(turn.parts) != 2:
        raise Conflict()
    version, token = id_of(turn.parts[0]), turn.parts[1]
    form = await turn.form(FLOW)
    if form is None or not form.step:
        given = await _given_by(turn, form, version) if form is not None and token == "yes" else None
        if given is not None:
            await turn.show(await _card(turn, given))
            return
        await turn.toast(turn._("This conversation is over. /pickup starts a new one."), alert=True)
        return
    if (await turn.forms())[0] is not form:
        form = await turn.open_form(form.flow, form.step, form.answers)
    if version != form.version:
        await turn.toast(turn._("That was an earlier question. Here is the current one."))
        await turn.say(await question(turn, form))
    elif token == "leave":
        begun_at, scope = form.answers["from"]  # the question that this one stood in place of
        turn.close(form)
        await turn.toast(turn._("Nobody was authorised."))
        await turn.show(await view_of(turn, await party_now(turn.uow, me(turn), day_of(begun_at), scope)))
    elif token == "yes" and form.step == "confirm":
        await _authorise(turn, form)
    else:
        step, answers = _next(form, token)
        turn.put(form, step, answers)
        await turn.show(await question(turn, form))


async def _given_by(turn: Turn, form: Form, version: int) -> Delegate | None:
    """Whom the last tap of this conversation authorised, where this is that tap again, and still holds."""
    if version != form.version - 1 or "given" not in form.answers:
        return None
    delegate, _mine = await own_delegate(turn.uow, form.answers["given"])
    return delegate if delegate.withdrawn_at is None else None


def _next(form: Form, token: str) -> tuple[str, Answers]:
    """Where a tap leads. Raises Conflict for one that does not fit the question."""
    answers = {**form.answers}
    if token == "back" and form.step in BEFORE:
        return BEFORE[form.step], answers
    if form.step == "name" and token in ("day", "child"):
        return token, answers
    if form.step == "day" and token.startswith("d"):
        answers["day"] = day_of(token[1:]).isoformat()
        return "name", answers
    if form.step == "child" and token in [child_scope(number) for number in answers["students"]]:
        answers["students"] = [id_of(token[1:])]
        return "name", answers
    if form.step == "relation" and token in set(Relation):
        return "phone", {**answers, "relation": token}
    raise Conflict()


PROBLEMS = {
    "name": mark(
        "Please type the adult's full name only: two letters or more, no digits or signs, up to 40 characters."
    ),
    "phone": mark("That is not a phone number. Please type digits, for example 13800000000."),
}


async def typed(turn: Turn, form: Form, words: str) -> None:
    """A name or a phone number; at any other question the buttons are meant."""
    problem, step, answers = "", form.step, {**form.answers}
    if form.step == "name":
        name = adult_name(words)
        if name:
            step, answers = "relation", {**answers, "name": name}
        else:
            problem = turn._(PROBLEMS[form.step])
    elif form.step == "phone":
        phone = normal_phone(words)
        if phone:
            step, answers = "confirm", {**answers, "phone": phone}
        else:
            problem = turn._(PROBLEMS[form.step])
    else:
        problem = turn._("Please use the buttons under the question.")
    turn.put(form, step, answers)
    view = await question(turn, form)
    await turn.say(View(f"{problem}\n\n{view.text}", view.rows) if problem else view)


async def _authorise(turn: Turn, form: Form) -> None:
    answers, day = form.answers, _day(form)
    turn.close(form)
    try:
        given = await authorise(
            turn.uow, answers["students"], answers["name"], Relation(answers["relation"]), answers["phone"], day
        )
    except CareError as error:  # collected meanwhile, the day is over, too many: the conversation has no way on
        await turn.show(View(error_sentence(turn._, error)))
        return
    if given is None:
        await turn.show(not_accepted(turn))
        return
    turn.put(form, "", {"given": given.delegate.id})  # the same tap twice finds what it has come to
    await edit_reminders(turn, given.said, day)
    await turn.show(await _card(turn, given.delegate))


# one delegate


async def _card(turn: Turn, delegate: Delegate) -> View:
    """Whom the guardian has authorised for which day, with the code and what can be done with it."""
    _, who = turn._, (Adult.DELEGATE, delegate.id)
    _delegate, mine = await own_delegate(turn.uow, delegate.id)
    names = [(await turn.uow.session.get_one(Student, number)).name for number in mine]
    text = _(
        "{name} ({relation}) may collect {children} on {date}, on this day only.\nPick-up code: {code}",
        name=delegate.name,
        relation=label(_, delegate.relation),
        children=listed(_, names),
        date=day_label(_, delegate.date),
        code=shown(await code_for(turn.uow, *who, delegate.date)),
    )
    text += "\n" + _("The teacher at the gate asks for it. It works once for each child.")
    rows = code_rows(_, delegate.date, who, forward=True)
    rows.append((Button(_("✖ Withdraw"), pack("puw", delegate.id)),))
    return View(text, tuple(rows))


async def shown_again(update: Update, turn: Turn) -> None:
    delegate, mine = await own_delegate(turn.uow, turn.numbers[0])
    if delegate.withdrawn_at is not None:
        raise Conflict()
    await own_leaving(turn.uow, mine, delegate.date)
    await turn.show(await _card(turn, delegate))


async def withdrawn(update: Update, turn: Turn) -> None:
    _, (delegate_id, *_rest) = turn._, turn.numbers
    try:
        delegate, said = await withdraw(turn.uow, delegate_id)
    except Conflict as error:
        delegate, _mine = await own_delegate(turn.uow, delegate_id)
        if delegate.withdrawn_at is None:
            raise error
    else:
        await edit_reminders(turn, said, delegate.date)
    rows = ((Button(_("Who comes, and the code"), pack("puv", delegate.date.toordinal(), ALL)),),)
    text = _(
        "{name} may no longer collect anybody on {date}. The code does not work any more.",
        name=delegate.name,
        date=day_label(_, delegate.date),
    )
    await turn.show(View(text, rows))
