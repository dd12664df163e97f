"""An alarm of the gate that is over: how it ended, for the family who raised it."""

from __future__ import annotations

from bot.chat.kinds import Context, Kind
from bot.wire.view import View
from care.enrolment.family import unrestricted_guardians
from care.errors import NotFound
from care.records.day import Alarm
from care.records.people import Person
from care.release.gate import any_child


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
                   name=await _name(c, alarm.opened_by), child=one.name)  # fmt: skip
    found = c._(
        "{name} has looked into it: “{reason}”. If anything is not clear to you, please call the school.",
        name=await _name(c, alarm.closed_by),
        reason=alarm.reason,
    )
    return View(f"{said}\n{found}")


async def _name(c: Context, person_id: int | None) -> str:
    person = await c.uow.session.get(Person, person_id) if person_id is not None else None
    return person.name if person else "–"


KINDS: dict[str, Kind] = {
    "dispute_over": Kind(_dispute_over),
}
