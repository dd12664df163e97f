"""What teachers and the other guardians are told of a leave."""

from __future__ import annotations

from bot.chat.kinds import Context, Kind
from bot.chat.leave_words import days_words, times_lines
from bot.wire.view import Button, View, pack
from care.day.plan import on_leave
from care.leave_queries import Told, times_of, told
from locales import Words
from locales.labels import label, leave_reason


async def _leave_today(c: Context) -> View | None:
    """For the teachers of today. Nothing is left to say once it has been taken back, or today's care is over."""
    _, one = c._, await told(c.uow, int(c.params["leave_id"]))
    if one.leave.withdrawn_at is not None or not one.days or one.days[0] != c.uow.today:
        return None
    text = _(
        "{child}, class {school_class}, is on leave today. Days: {days}.",
        child=one.child.name,
        school_class=one.child.school_class,
        days=days_words(_, one.days),
    )
    return View("\n".join([text, _("Said by {who}", who=_who(_, one)), *_reason(_, one)]))


async def _leave_taken_back(c: Context) -> View | None:
    _, one = c._, await told(c.uow, int(c.params["leave_id"]))
    if one.leave.withdrawn_at is None or await on_leave(c.uow, c.uow.today, [one.child.student_id]):
        return None
    text = _(
        "{child}, class {school_class}, attends today after all: the leave has been taken back. "
        "Please look out for the child.",
        child=one.child.name,
        school_class=one.child.school_class,
    )
    return View(text)


async def _leave_given(c: Context) -> View | None:
    """For the child's other guardians, who may take it back as well."""
    _, one = c._, await told(c.uow, int(c.params["leave_id"]))
    if one.leave.withdrawn_at is not None or not one.days:
        return None
    text = _(
        "{name} has given leave for {child}: {days}.",
        name=_who(_, one),
        child=one.child.name,
        days=days_words(_, one.days),
    )
    back = Button(_("↩ Take back"), pack("lvb", one.leave.id))
    return View("\n".join([text, *_reason(_, one)]), ((back,),))


async def _leave_ended(c: Context) -> View | None:
    _, one = c._, await told(c.uow, int(c.params["leave_id"]))
    if one.leave.withdrawn_at is None or not one.days:
        return None
    text = _(
        "{name} has taken back the leave of {child}: the child attends as usual, on {days}.",
        name=c.params["by"],
        child=one.child.name,
        days=days_words(_, one.days),
    )
    return View("\n".join([text, *times_lines(_, await times_of(c.uow, one.child, one.days))]))


def _who(_: Words, one: Told) -> str:
    if one.relation is None:
        return one.said_by
    return _("{name} ({relation})", name=one.said_by, relation=label(_, one.relation))


def _reason(_: Words, one: Told) -> list[str]:
    return [_("Reason: {value}", value=leave_reason(_, one.leave.reason))] if one.leave.reason else []


KINDS: dict[str, Kind] = {
    "leave_today": Kind(_leave_today),
    "leave_taken_back": Kind(_leave_taken_back),
    "leave_given": Kind(_leave_given, courtesy=True),
    "leave_ended": Kind(_leave_ended, courtesy=True),
}
