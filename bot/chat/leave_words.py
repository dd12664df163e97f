"""How the chat words a leave: the days it covers, the days without care, the leaves that stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from bot.wire.view import Button, pack
from care.attendance import dates
from care.leave_queries import DayTimes, Prospect, Standing
from locales import Words
from locales.labels import day, error_sentence, leave_reason, listed, span

SHOWN_DAYS = 6
"""Up to so many dates are named one by one."""


def days_words(_: Words, days: Sequence[date]) -> str:
    """Some dates as people say them; many as a span and their number."""
    if len(days) <= SHOWN_DAYS:
        return listed(_, [day(_, one) for one in days])
    return _("{first} to {last}, {n} care days", first=day(_, days[0]), last=day(_, days[-1]), n=len(days))


def leave_line(_: Words, one: Standing) -> str:
    line = _("{child}: {days}", child=one.child.name, days=days_words(_, one.days))
    return line + _(" ({reason})", reason=leave_reason(_, one.leave.reason)) if one.leave.reason else line


def back_button(_: Words, one: Standing) -> Button:
    """Names the day, or the first and the last of several."""
    which = day(_, one.days[0]) if one.days else ""
    if len(one.days) > 1:
        which = _("{first} to {last}", first=which, last=day(_, one.days[-1]))
    return Button(_("↩ Take back · {child} · {date}", child=one.child.name, date=which), pack("lvb", one.leave.id))


def times_lines(_: Words, times: Sequence[DayTimes]) -> list[str]:
    """When care is, of the one day or of those days that are not as usual."""
    if len(times) == 1 and times[0].span == times[0].usual:
        return [_("Care is {span}.", span=span(_, *times[0].span))]
    return [
        _(
            "Care on {day} is {span} (usually {usual}).",
            day=day(_, one.day),
            span=span(_, *one.span),
            usual=span(_, *one.usual),
        )
        for one in times
        if one.span != one.usual
    ]


def near(_: Words, one: date, today: date) -> str:
    if one == today:
        return _("Today, {date}", date=day(_, one))
    if one == today + timedelta(days=1):
        return _("Tomorrow, {date}", date=day(_, one))
    return _("Next care day, {date}", date=day(_, one))


def prospect_lines(_: Words, prospects: Sequence[Prospect], first: date, last: date) -> list[str]:
    """For each child the care days it would miss, or why it cannot; then the dates on which there is no care."""
    lines = []
    for one in prospects:
        if one.problem is not None:
            lines.append(_("{child}: not possible. {why}", child=one.child.name, why=error_sentence(_, one.problem)))
        else:
            lines.append(_("{child}, leave on {days}", child=one.child.name, days=days_words(_, one.days)))
        if one.was_missing:
            lines.append(
                _(
                    "The school is looking for {child}: by this you say that the child is with you.",
                    child=one.child.name,
                )
            )
    missed = {day_ for one in prospects if one.problem is None for day_ in one.days}
    without = [one for one in dates(first, last) if one not in missed]
    if without and len(without) <= SHOWN_DAYS:
        lines.append(_("Not on {days}: no care then.", days=days_words(_, without)))
    elif without:
        lines.append(_("The other days in between are without care."))
    return lines
