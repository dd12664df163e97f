"""What the clock and colleagues tell the staff of an afternoon: a roll that is late, a duty that was taken over, a day
that cannot close."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot.chat.handover.words import of_another_day
from bot.chat.kinds import Context, Kind
from bot.chat.rolllist import counts, hour
from bot.wire.view import Button, View, pack
from care.day.close import open_alarms, open_children
from care.day.plan import term_on
from care.day.rules import rules_of
from care.permissions import Permission
from care.records.day import CareDay, Step
from care.rollcall import WITH_COURSE, RollSheet, sheet
from locales import Words
from locales.labels import day, listed, step_label

FIRST_NAMES = 8
"""So many children of a class are named, of whom the roll says nothing."""
NAMES = 20
"""So many open children are named in one letter."""


async def _roll_late(c: Context) -> View | None:
    """A roll is not finished: to its teacher, the grade leader, the duty lead. Nothing, when it is done meanwhile."""
    roll = await sheet(c.uow, int(c.params["session_id"]))
    if roll.open == 0:
        return None
    zone, _ = c.uow.school.zone, c._
    due = hour(await _deadline(c, roll), zone)
    lines = [counts(_, roll)]
    if c.params["step"] == 0:
        lines.append(_("Please finish the roll: it was due by {time}.", time=due))
    else:
        lines.append(_("The roll is not finished: it was due by {time}.", time=due))
        lines.append(_on_duty(_, roll))
    return View("\n".join(lines), ((Button(_("Open the list"), pack("ko", roll.session_id)),),))


def _on_duty(_: Words, roll: RollSheet) -> str:
    if roll.teacher:
        return _("On duty: {teacher}", teacher=roll.teacher)
    return _("Nobody has signed in. Planned: {teacher}", teacher=roll.planned or _("nobody"))


async def _class_unsaid(c: Context) -> View | None:
    """To who answers for the day: care is over, and the roll of a class says nothing about these children."""
    _, roll = c._, await sheet(c.uow, int(c.params["session_id"]))
    if not c.uow.actor.may_for(Permission.ANSWER_FOR_DAY, roll.grade, roll.school_class_id):
        return None
    names = [child.name for child in roll.children if child.id in c.params["children"] and child.step is Step.EXPECTED]
    if not names:
        return None
    n, shown = len(names), listed(_, names[:FIRST_NAMES])
    text = _.many(
        "⚠ {school_class}: care is over, and the roll says nothing about {n} child: {names}.",
        "⚠ {school_class}: care is over, and the roll says nothing about {n} children: {names}.",
        n,
        school_class=roll.school_class,
        names=shown if n <= FIRST_NAMES else _("{names} and others", names=shown),
    )
    when = of_another_day(c.uow, _, roll.date)
    lines = [text, *when, _on_duty(_, roll), _("Please find out where they are; the roll can still be called.")]
    return View("\n".join(lines), ((Button(_("Open the list"), pack("ko", roll.session_id)),),))


async def _deadline(c: Context, roll: RollSheet) -> datetime:
    term = await term_on(c.uow, roll.date)
    minutes = (await rules_of(c.uow, term.id)).roll_minutes if term else 0
    return roll.starts_at + timedelta(minutes=minutes)


async def _duty_taken_over(c: Context) -> View | None:
    """A colleague has taken over: who answers now, and for how many who were here."""
    roll = await sheet(c.uow, int(c.params["session_id"]))
    if roll.teacher_id == c.uow.actor.person_id:
        return None
    text = c._.many(
        "{school_class}: {by} has taken over the duty from you, with {n} child who was here.",
        "{school_class}: {by} has taken over the duty from you, with {n} children who were here.",
        int(c.params["children"]),
        school_class=roll.school_class,
        by=c.params["by"],
    )
    return View(text, ((Button(c._("Open the list"), pack("ko", roll.session_id)),),))


async def _day_still_open(c: Context) -> View | None:
    """The day is past its hour and cannot close: which children keep it open, and how many alarms."""
    _, when = c._, date.fromisoformat(c.params["date"])
    care_day = await c.uow.session.get(CareDay, when)
    if care_day is None or care_day.closed_at is not None or not c.uow.actor.may(Permission.ANSWER_FOR_DAY):
        return None
    children, alarms = await open_children(c.uow, when), await open_alarms(c.uow, when)
    if not children and not alarms:
        return None
    lines = [_("{date} cannot close yet.", date=day(_, when))]
    if children:
        lines.append(_.many("{n} child is not accounted for:", "{n} children are not accounted for:", len(children)))
    for one in children[:NAMES]:
        state = step_label(_, one.step, one.extended)
        holder = one.holder_name if one.holder_name != WITH_COURSE else ""
        who = _("{state} ({name})", state=state, name=holder) if holder else state
        lines.append(f"{one.name} {one.school_class} · {who}")
    if len(children) > NAMES:
        lines.append("…")
    if alarms:
        lines.append(_.many("{n} alarm is open.", "{n} alarms are open.", alarms))
    return View("\n".join(lines))


KINDS: dict[str, Kind] = {
    "roll_late": Kind(_roll_late),
    "class_unsaid_lead": Kind(_class_unsaid),
    "duty_taken_over": Kind(_duty_taken_over),
    "day_still_open": Kind(_day_still_open),
}
