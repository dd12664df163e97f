"""A hand-over on paper: the duty lead hears that it begins, the family what was entered later, and the duty lead what
should not have happened (S14)."""

from __future__ import annotations

from sqlalchemy import select

from bot.chat.kinds import Context, Kind
from bot.wire.view import Button, View, pack
from care.people import children_of
from care.permissions import Permission
from care.records.day import CareSession, CustodyEvent, DayChild, Holder, Step
from care.records.people import SchoolClass
from care.release.alarms import gate_alarm
from locales import mark
from locales.labels import moment

WHY = {
    "stop_listed": mark("⚠ On paper: {child}, {school_class}, was given to {adult}, who must NOT collect it. {when}"),
    "not_authorised": mark("⚠ On paper: {child}, {school_class}, was given to {adult}, who is on no list. {when}"),
    "not_alone": mark("⚠ On paper: {child}, {school_class}, left alone, which is not allowed. {when}"),
}


async def _link(c: Context, day_child_id: int) -> CustodyEvent | None:
    """The release that was entered, where nothing has happened since."""
    query = (
        select(CustodyEvent)
        .join(DayChild, (DayChild.id == CustodyEvent.day_child_id) & (DayChild.last_seq == CustodyEvent.seq))
        .where(DayChild.id == day_child_id, CustodyEvent.seq == int(c.params["seq"]))
    )
    link = (await c.uow.session.scalars(query)).first()
    return link if link is not None and link.step is Step.RELEASED else None


async def _released(c: Context) -> View | None:
    child = await c.uow.session.get_one(DayChild, int(c.params["day_child_id"]))
    own = [one for one in await children_of(c.uow, c.uow.actor.person_id or 0) if one.student_id == child.student_id]
    link = await _link(c, child.id)
    if not own or link is None:
        return None
    _, time = c._, f"{link.at.astimezone(c.uow.school.zone):%H:%M}"
    if link.holder is Holder.FAMILY:
        text = _("According to the paper list, {child} went home alone at {time}.", child=own[0].name, time=time)
    else:
        text = _(
            "According to the paper list, {child} was collected by {adult} at {time}.",
            child=own[0].name,
            adult=link.holder_name,
            time=time,
        )
    later = _("Entered later by {name}. If this is not right, please call the school at once.", name=link.by_name)
    return View(f"{text}\n{later}")


async def _disputed(c: Context) -> View | None:
    """Silent to everybody else: the duty lead speaks with the family."""
    alarm = await gate_alarm(c.uow, int(c.params["alarm_id"]))
    link = await _link(c, alarm.day_child_id)
    if alarm.closed_at is not None or link is None:
        return None
    _, student = c._, alarm.day_child.student
    text = _(
        WHY[link.data.get("irregular", "not_authorised")],
        child=student.name,
        school_class=student.school_class.name,
        adult=link.holder_name,
        when=moment(_, link.at, c.uow.school.zone),
    )
    if link.remark:
        text += "\n" + _("Note: {words}", words=link.remark)
    later = _("Entered later by {name}. Nobody else has been told: please speak with the family.", name=link.by_name)
    return View(f"{text}\n{later}", ((Button(_("Close with a reason"), pack("hc", alarm.id)),),))


async def _on_paper(c: Context) -> View | None:
    """To who answers for the day: from now on nobody is reminded there, and the paper must be entered."""
    session = await c.uow.session.get(CareSession, int(c.params["session_id"]))
    if session is None or session.paper_since is None or not c.uow.actor.may(Permission.ANSWER_FOR_DAY):
        return None
    place = session.venue
    if session.school_class_id is not None:
        place = (await c.uow.session.get_one(SchoolClass, session.school_class_id)).name
    return View(
        c._(
            "✎ {group}: hand-over on paper since {time}, says {name}. Nobody is reminded of children who have not been "
            "collected until it is entered in the console, under “From paper”.",
            group=place,
            time=f"{session.paper_since.astimezone(c.uow.school.zone):%H:%M}",
            name=session.paper_by or "",
        )
    )


KINDS: dict[str, Kind] = {
    "handover_on_paper": Kind(_on_paper),
    "paper_released": Kind(_released),
    "paper_disputed": Kind(_disputed),
}
