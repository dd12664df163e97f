"""An alarm of the gate that is over: how it ended, in place of the button that closed it, and for the family who raised
it."""

from __future__ import annotations

from bot.chat.handover.screens import state
from bot.chat.handover.words import ASK_FIRST, who_is
from bot.chat.kinds import Context, Kind
from bot.wire.view import Button, View, pack
from care.enrolment.family import unrestricted_guardians
from care.errors import NotFound
from care.people import name_of
from care.permissions import Permission
from care.records.day import Alarm, AlarmKind
from care.release.alarms import gate_alarm
from care.release.gate import any_child
from care.release.waiting import GateChild
from care.work import UnitOfWork
from locales import Words
from locales.labels import label, listed


async def over_view(uow: UnitOfWork, _: Words, alarm: Alarm, one: GateChild) -> View:
    """What the alarm was about, how it ended, and where the child is."""
    at = f"{alarm.closed_at.astimezone(uow.school.zone):%H:%M}" if alarm.closed_at else ""
    if alarm.reason:
        ended = _("✔ Closed {at} by {name}: {reason}", at=at, name=await name_of(uow, alarm.closed_by),
                  reason=alarm.reason)  # fmt: skip
    else:
        ended = _("✔ Settled at {at}.", at=at)
    asked = alarm.remark.splitlines() if alarm.kind is AlarmKind.REFUSED else []
    head = _("{alarm}: {child}", alarm=label(_, alarm.kind), child=who_is(_, one))
    return View("\n".join([head, *(f"• {words}" for words in asked), ended, state(uow, _, one)]))


async def _gate_alarm_over(c: Context) -> View | None:
    """To whom the alarm was told: only of an adult who was refused, nothing to who does not answer for the day. What
    somebody else has written as the reason stands nowhere else in the chat."""
    alarm = await gate_alarm(c.uow, int(c.params["alarm_id"]))
    one = await any_child(c.uow, alarm.day_child_id)
    if one is None or alarm.closed_at is None:
        return None
    if alarm.kind is AlarmKind.REFUSED and not c.uow.actor.may_for(Permission.ANSWER_FOR_DAY, one.grade, one.class_id):
        return None
    alone = alarm.reason != "" and alarm.closed_by != c.uow.actor.person_id and c.params.get("newest", True)
    return c.redraw(await over_view(c.uow, c._, alarm, one), alone)


async def _dispute_over(c: Context) -> View | None:
    """To the guardians, each of whom could read that it was being looked into: what came of it."""
    alarm = await c.uow.session.get(Alarm, int(c.params["alarm_id"]))
    one = await any_child(c.uow, alarm.day_child_id) if alarm is not None else None
    if alarm is None or one is None or c.uow.actor.person_id not in await unrestricted_guardians(c.uow, one.student_id):
        raise NotFound()
    if alarm.closed_at is None:
        return None
    if alarm.opened_by == c.uow.actor.person_id:
        said = c._("You have said that a hand-over of {child} is not right.", child=one.name)
    else:
        said = c._("{name} has said that a hand-over of {child} is not right.",
                   name=await name_of(c.uow, alarm.opened_by), child=one.name)  # fmt: skip
    found = c._(
        "{name} has looked into it: “{reason}”. If anything is not clear to you, please call the school.",
        name=await name_of(c.uow, alarm.closed_by),
        reason=alarm.reason,
    )
    return View(f"{said}\n{found}")


async def _refusal_over(c: Context) -> View | None:
    """To the teacher who asked an adult to wait: what came of it, and whether the child may go as always. The screen at
    the gate says no more of the adult than the teacher has."""
    alarm = await c.uow.session.get_one(Alarm, c.params["alarm_id"])
    one = await any_child(c.uow, alarm.day_child_id)
    if one is None or not one.within_reach or alarm.closed_at is None:
        return None
    names = listed(c._, alarm.remark.splitlines())
    lines = [
        c._("{words} asked for {child} and was asked to wait.", words=names, child=who_is(c._, one)),
        c._("{name} has looked into it: “{reason}”.", name=await name_of(c.uow, alarm.closed_by), reason=alarm.reason),
        state(c.uow, c._, one),
    ]
    if one.is_here and one.paper_since is None:
        may = c._("You can hand over {child} as always, to an adult on its list ({sign}: ask the duty lead first).",
                  child=one.name, sign=ASK_FIRST)  # fmt: skip
        return View("\n".join([*lines, may]), ((Button(one.name, pack("hk", one.id)),),))
    return View("\n".join(lines))


KINDS: dict[str, Kind] = {
    "refusal_over": Kind(_refusal_over),
    "gate_alarm_over": Kind(_gate_alarm_over, courtesy=True),
    "dispute_over": Kind(_dispute_over),
}
