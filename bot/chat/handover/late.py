"""Children whom nobody has collected: what their families read, and the duty lead, of one child or of a whole class."""

from __future__ import annotations

from itertools import groupby

from sqlalchemy import select
from telegram import Update

from bot.chat.handover import screens
from bot.chat.handover.letters import answers, close_row, phones
from bot.chat.handover.told import own
from bot.chat.handover.words import in_list, of_another_day, who_is
from bot.chat.kinds import Context, Kind
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.enrolment.family import unrestricted_guardians
from care.errors import Conflict, NotFound
from care.extended.asking import may_still_stay
from care.permissions import Permission
from care.pickup.plan import plan_of
from care.records.day import Alarm, Step
from care.records.people import Guardianship, Person
from care.release.alarms import KEPT, gate_alarm
from care.release.gate import any_child
from care.release.late import GUARDIAN, care_ends, told, uncollected_in
from care.release.waiting import GateChild
from care.work import UnitOfWork
from locales import Words
from locales.labels import clock_on, error_sentence, listed

MOST = 60
"""So many children of a class are shown in one message; who comes after them moves up."""


async def _child_uncollected(c: Context) -> View | None:
    one = await own(c.uow, c.params["day_child_id"])
    if one is None or not one.is_here or one.paper_since is not None:
        return None
    ends_at, gate = await care_ends(c.uow, one)
    ended = clock_on(c._, ends_at, c.uow.school.zone, c.uow.today)
    text = c._(
        "{child} is still at school: care ended at {time}. Please come to the gate ({gate}).",
        child=one.name,
        time=ended,
        gate=gate,
    )
    text += "\n" + c._("{teacher} is with your child.", teacher=one.holder_name) if one.holder_name else ""
    if c.params["step"] == GUARDIAN:
        stay = await may_still_stay(c.uow, one.student_id)
        return View(text, ((Button(c._("Extended care today"), pack("go", "extended")),),) if stay else ())
    others = set(await unrestricted_guardians(c.uow, one.student_id)) - {c.uow.actor.person_id}
    if await told(c.uow, one, others):
        text += "\n" + c._("Nobody has come so far, and the other guardian has been told.")
    else:
        text += "\n" + c._("Nobody has come so far, and nobody else of the family could be told here.")
    return View(text)


async def _uncollected_moved(c: Context) -> View | None:
    """In place of the letter: the child stays for extended care now, or no longer does."""
    one = await own(c.uow, c.params["day_child_id"])
    if one is None or not one.is_here:
        return None
    ends_at, venue = await care_ends(c.uow, one)
    if c.uow.now >= ends_at:
        view = await _child_uncollected(c)
        return c.redraw(view) if view is not None else None
    until = clock_on(c._, ends_at, c.uow.school.zone, c.uow.today)
    text = c._("{child} stays for extended care today: at {venue}, until {until}. Please collect there.",
               child=one.name, venue=venue, until=until)  # fmt: skip
    return c.redraw(View(text))


async def _child_uncollected_lead(c: Context) -> View | None:
    alarm = await gate_alarm(c.uow, c.params["alarm_id"])
    one = await any_child(c.uow, alarm.day_child_id)
    if one is None or alarm.closed_at is not None or not answers(c.uow, one):
        return None
    return await _card(c.uow, c._, alarm, one)


async def _uncollected_shown(c: Context) -> View | None:
    """In place of the letter: the family has said who comes, or has taken that back."""
    view = await _child_uncollected_lead(c)
    return c.redraw(view) if view is not None else None


async def _card(uow: UnitOfWork, _: Words, alarm: Alarm, one: GateChild) -> View:
    """One child, for who answers for the day: where it is, who has been told, and whom to ring up."""
    if one.step is Step.EXPECTED:
        head = [_("⚠ Care is over, and nothing has been said about {child} at the roll.", child=who_is(_, one))]
    else:
        head = [_("⚠ Not collected: {child}.", child=who_is(_, one)), await _who_was_told(uow, _, one)]
    when = of_another_day(uow, _, one.date)
    lines = [
        head[0],
        *when,
        *await _who_comes(uow, _, one),
        *head[1:],
        screens.state(uow, _, one),
        *await phones(uow, _, one),
    ]
    return View("\n".join(lines), () if one.step in KEPT else close_row(_, alarm))


async def _who_comes(uow: UnitOfWork, _: Words, one: GateChild) -> list[str]:
    """What the family has said: it may be on its way."""
    plan = (await plan_of(uow, [one.student_id], one.date)).get(one.student_id)
    if plan is None:
        return []
    time = clock_on(_, plan.said_at, uow.school.zone, one.date)
    if plan.in_person:
        said = _("{guardian} said at {time}: I come.", guardian=plan.name, time=time)
    else:
        said = _("{guardian} said at {time}: {adult} comes.", guardian=plan.said_by_name, time=time, adult=plan.name)
    return [said, _("⊘ {adult} must not collect the child.", adult=plan.name)] if plan.barred else [said]


async def _who_was_told(uow: UnitOfWork, _: Words, one: GateChild) -> str:
    """Whom the letters have reached, and who is to be rung up: the phones stand below."""
    query = (
        select(Person.id, Person.name)
        .join(Guardianship, Guardianship.person_id == Person.id)
        .where(Guardianship.student_id == one.student_id, Guardianship.restricted.is_(False))
        .order_by(Guardianship.id)
    )
    names = {row.id: row.name for row in await uow.connection.execute(query)}
    reached = await told(uow, one, names)
    others = [name for person, name in names.items() if person not in reached]
    if not reached:
        return _("No guardian could be told here: please ring up.")
    if not others:
        return _("All guardians have been told.")
    knowing = listed(_, [name for person, name in names.items() if person in reached])
    return _("Told: {names}. Please ring up {others}.", names=knowing, others=listed(_, others))


async def _class_uncollected_lead(c: Context) -> View | None:
    """Nothing, where all whom the letter was about have gone meanwhile."""
    children = c.params["children"]
    found = await uncollected_in(c.uow, int(c.params["session_id"]), children)
    if not any(one.id in children for _alarm, one in found):
        return None
    return _class_list(c.uow, c._, found)


async def _class_collected(c: Context) -> View | None:
    """In place of the letter: nobody it was about waits any more."""
    found = await uncollected_in(c.uow, int(c.params["session_id"]), c.params["children"])
    return c.redraw(_class_list(c.uow, c._, found))


def _class_list(uow: UnitOfWork, _: Words, found: list[tuple[int, GateChild]]) -> View:
    """The children of a class, or of extended care, who are still to be collected: who has them, and a button each."""
    if not found:
        return View(_("None of these children waits to be collected any more."))
    shown, (_alarm, first) = found[:MOST], found[0]
    lines = [
        _.many(
            "⚠ {group}: {n} child has not been collected.",
            "⚠ {group}: {n} children have not been collected.",
            len(found),
            group=first.gate if first.extended else first.school_class,
        ),
        *of_another_day(uow, _, first.date),
    ]
    by_state = sorted(((screens.state(uow, _, one), in_list(one)) for _alarm, one in shown), key=lambda one: one[0])
    for state, names in groupby(by_state, key=lambda one: one[0]):
        lines.append(_("{state}: {children}", state=state, children=listed(_, [name for _state, name in names])))
    if len(found) > MOST:
        lines.append(_.many("{n} more child waits.", "{n} more children wait.", len(found) - MOST))
    lines += ["", _("Tap a child: who has been told, and whom to ring up.")]
    buttons = [Button(in_list(one), pack("hf", alarm_id)) for alarm_id, one in shown]
    return View("\n".join(lines), tuple(screens.abreast(buttons)))


async def class_tapped(update: Update, turn: Turn) -> None:
    turn.uow.require(Permission.ANSWER_FOR_DAY)
    (session_id,) = turn.numbers
    await turn.show(_class_list(turn.uow, turn._, await uncollected_in(turn.uow, session_id)))


async def child_tapped(update: Update, turn: Turn) -> None:
    """A child of the list; where it has been collected meanwhile, the list as it is now."""
    turn.uow.require(Permission.ANSWER_FOR_DAY)
    alarm = await gate_alarm(turn.uow, turn.numbers[0])
    one = await any_child(turn.uow, alarm.day_child_id)
    if one is None or not answers(turn.uow, one):
        raise NotFound()
    if alarm.closed_at is not None:
        await turn.toast(error_sentence(turn._, Conflict("alarm_closed")), alert=True)
        await turn.show(_class_list(turn.uow, turn._, await uncollected_in(turn.uow, one.session_id)))
        return
    card = await _card(turn.uow, turn._, alarm, one)
    back = (Button(turn._("‹ To the list"), pack("hv", one.session_id)),)
    await turn.show(View(card.text, (*card.rows, back)))


KINDS: dict[str, Kind] = {
    "child_uncollected": Kind(_child_uncollected),
    "uncollected_moved": Kind(_uncollected_moved, courtesy=True),
    "child_uncollected_lead": Kind(_child_uncollected_lead),
    "uncollected_shown": Kind(_uncollected_shown, courtesy=True),
    "class_uncollected_lead": Kind(_class_uncollected_lead),
    "class_collected": Kind(_class_collected, courtesy=True),
}
