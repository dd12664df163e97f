"""Where a child is now, in one line (S19): the same words for the chat and the console. Catalogue ``common``."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from care.records.day import CONTRADICTED, Answer, Holder, Step
from care.whereabouts import Coming, InCare, NoCare, Whereabouts
from locales import Words
from locales.labels import clock_on, day, label


def today_line(_: Words, where: Whereabouts, now: datetime, zone: ZoneInfo) -> str:
    """Today's line about a child, or that of the day under way after midnight; times are the school's local time."""
    if isinstance(where, NoCare):
        return _no_care(_, where)
    if isinstance(where, Coming):
        teacher = where.teacher or _("the school office")
        at = _at(where.starts_at, zone)
        return _("Today: expected at {time}, homeroom teacher {teacher}", time=at, teacher=teacher)
    if where.step is Step.LEAVE:
        return _("Today: on leave")
    if where.step is Step.WITHDRAWN:
        return _("No care today")
    state = _in_care(_, where, now, zone)
    if where.date == now.astimezone(zone).date():
        return _("Today: {state}", state=state)
    return _("Afternoon of {date}: {state}", date=day(_, where.date), state=state)


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"


def _no_care(_: Words, where: NoCare) -> str:
    today = _("Today: on leave") if where.leave else _("No care today")
    if where.next_day is None:
        return today
    return _("{today}; next on {date}", today=today, date=day(_, where.next_day))


def _in_care(_: Words, where: InCare, now: datetime, zone: ZoneInfo) -> str:
    time = clock_on(_, where.at, zone, where.date)
    if where.step is Step.EXPECTED:
        return _expected(_, where, now, zone)
    if where.step is Step.ABSENT:
        return _missing(_, where, time)
    if where.step is Step.EXPLAINED:
        if where.holder is Holder.ADULT:
            return _("not in care, but with {name} (said at {time})", name=where.holder_name, time=time)
        return _("not in care, explained at {time}", time=time)
    if where.step is Step.RELEASED:
        return _released(_, where, time)
    return _with_teacher(_, where, time)


def _expected(_: Words, where: InCare, now: datetime, zone: ZoneInfo) -> str:
    values = {
        "time": _at(where.starts_at, zone),
        "venue": where.venue,
        "teacher": where.teacher or _("the school office"),
    }
    if now < where.starts_at:
        return _("expected at {time} in {venue}, teacher {teacher}", **values)
    if where.signed_in:
        return _("expected since {time}; {teacher} is taking the roll in {venue}", **values)
    return _("expected since {time} in {venue}; the roll has not been taken yet, teacher {teacher}", **values)


def _missing(_: Words, where: InCare, time: str) -> str:
    if where.answer == Answer.NOT_HERE:
        return _("not found at {time}; the duty lead has been told and is looking into it", time=time)
    if where.answer == CONTRADICTED:
        return _(
            "not at the roll call at {time}, and the family's answers contradict each other; the duty lead has been "
            "told and is looking into it",
            time=time,
        )
    return _("not at the roll call at {time}; we have asked you whether the child is with you", time=time)


def _released(_: Words, where: InCare, time: str) -> str:
    line = _gone(_, where, time)
    if where.disputed:
        line += "\n" + _("A guardian has said that this is not right; the duty lead is looking into it.")
    return line


def _gone(_: Words, where: InCare, time: str) -> str:
    if where.holder is not Holder.ADULT:
        return _("went home at {time}, sent off by {teacher}", time=time, teacher=where.given_by)
    name = where.holder_name
    if where.relation is not None:
        name = _("{name} ({relation})", name=name, relation=label(_, where.relation))
    return _("collected by {name} at {time}, handed over by {teacher}", name=name, time=time, teacher=where.given_by)


def _with_teacher(_: Words, where: InCare, time: str) -> str:
    name = where.holder_name
    if where.step is Step.MOVED:
        if where.holder is not Holder.TEACHER:
            return _("with the course teacher since {time}", time=time)
        return _("with the course teacher {name} since {time}", name=name, time=time)
    if where.step is Step.LINED_OUT:
        return _("with {name} on the way to the gate ({gate}) since {time}", name=name, gate=where.gate, time=time)
    if where.extended:
        return _("in extended care ({venue}) with {name} since {time}", venue=where.venue, name=name, time=time)
    if name != where.teacher:
        return _("with {name} since {time}", name=name, time=time)
    if where.step is Step.LATE:
        return _("with {name} in {venue} since {time} (came late)", name=name, venue=where.venue, time=time)
    return _("with {name} in {venue} since {time}", name=name, venue=where.venue, time=time)
