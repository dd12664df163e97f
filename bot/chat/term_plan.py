"""What the chat says of the term's standing plan: waves, or first and last day, that change."""

from __future__ import annotations

from bot.chat.kinds import Context, Kind
from bot.wire.view import View
from care.term_telling import Move, Telling, what_to_say
from locales import Words
from locales.calendar import long_day
from locales.labels import listed, span


async def _term_plan_changed(c: Context) -> View | None:
    telling = await what_to_say(c.uow, c.params)
    return View("\n".join(_lines(c._, telling))) if telling else None


def _lines(_: Words, telling: Telling) -> list[str]:
    """Only what changed: from when, what is and what was; then the days of the term, and which children."""
    day = long_day(_, telling.since)
    lines = [line for move in telling.moves for line in (*_way_home(_, day, move), *_rooms(_, day, move))]
    if telling.first:
        was, now = (long_day(_, one) for one in telling.first)
        lines.append(_("The first day of care this term is {day} (was {before}).", day=now, before=was))
    if telling.last:
        was, now = (long_day(_, one) for one in telling.last)
        lines.append(_("The last day of care this term is {day} (was {before}).", day=now, before=was))
    if telling.stays:
        lines.append(_("On days of extended care the child is collected as before."))
    if telling.children:
        children = listed(_, telling.children)
        lines.append(_("This is about: {children}", children=children))
    return lines


def _who(_: Words, move: Move) -> str:
    names = listed(_, map(str, move.grades or move.classes))
    if move.grades:
        return _.many("grade {grades}", "grades {grades}", len(move.grades), grades=names)
    return _.many("class {classes}", "classes {classes}", len(move.classes), classes=names)


def _way_home(_: Words, day: str, move: Move) -> list[str]:
    who, was, now = _who(_, move), move.before, move.after
    times = span(_, now.starts_at, now.ends_at)
    if was is None:
        return [
            _(
                "From {day} on, care of {who} is {span}; the gate is {gate}.",
                day=day,
                who=who,
                span=times,
                gate=now.gate,
            )
        ]
    before = span(_, was.starts_at, was.ends_at)
    if times == before and was.gate == now.gate:
        return []
    if times == before:
        return [
            _(
                "From {day} on, the gate of {who} is {gate} (was {before}).",
                day=day,
                who=who,
                gate=now.gate,
                before=was.gate,
            )
        ]
    if was.gate == now.gate:
        return [
            _("From {day} on, care of {who} is {span} (was {before}).", day=day, who=who, span=times, before=before)
        ]
    return [
        _(
            "From {day} on, care of {who} is {span} (was {before}), and the gate is {gate} (was {gate_before}).",
            day=day,
            who=who,
            span=times,
            before=before,
            gate=now.gate,
            gate_before=was.gate,
        )
    ]


def _rooms(_: Words, day: str, move: Move) -> list[str]:
    """The rooms, of which only staff are told."""
    who, was, now = _who(_, move), move.before, move.after
    lines = []
    if was is not None and was.guidance_venue != now.guidance_venue:
        lines.append(
            _(
                "From {day} on, homework and reading of {who} is in {venue} (was {before}).",
                day=day,
                who=who,
                venue=now.guidance_venue,
                before=was.guidance_venue,
            )
        )
    if was is not None and was.course_venue != now.course_venue:
        lines.append(
            _(
                "From {day} on, the courses of {who} are in {venue} (was {before}).",
                day=day,
                who=who,
                venue=now.course_venue,
                before=was.course_venue,
            )
        )
    return lines


KINDS: dict[str, Kind] = {"term_plan_changed": Kind(_term_plan_changed, courtesy=True)}
