"""A hand-over on paper: the duty lead hears that it begins, the family what was entered later, and the duty lead what
should not have happened (S14)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from bot.chat.handover.letters import phones
from bot.chat.handover.words import of_another_day
from bot.chat.kinds import Context, Kind
from bot.wire.view import Button, View, pack
from care.custody.steps import HERE
from care.people import children_of
from care.permissions import Permission
from care.records.day import CareSession, CustodyEvent, DayChild, Holder, Proof, Step
from care.records.people import SchoolClass
from care.release.alarms import gate_alarm
from care.release.gate import any_child
from locales import mark
from locales.labels import moment

WHY = {
    "stop_listed": mark("⚠ On paper: {child}, {school_class}, was given to {adult}, who must NOT collect it. {when}"),
    "not_authorised": mark("⚠ On paper: {child}, {school_class}, was given to {adult}, who is on no list. {when}"),
    "not_alone": mark("⚠ On paper: {child}, {school_class}, left alone, which is not allowed. {when}"),
}


async def _last(c: Context, day_child_id: int | None = None) -> CustodyEvent | None:
    """The link that was entered, where nothing has happened since."""
    query = (
        select(CustodyEvent)
        .join(DayChild, (DayChild.id == CustodyEvent.day_child_id) & (DayChild.last_seq == CustodyEvent.seq))
        .where(DayChild.id == (day_child_id or int(c.params["day_child_id"])))
        .where(CustodyEvent.seq == int(c.params["seq"]))
    )
    return (await c.uow.session.scalars(query)).first()


async def _own(c: Context) -> str | None:
    """The child's name, for its guardian."""
    child = await c.uow.session.get_one(DayChild, int(c.params["day_child_id"]))
    own = await children_of(c.uow, c.uow.actor.person_id or 0)
    return next((one.name for one in own if one.student_id == child.student_id), None)


async def _released(c: Context) -> View | None:
    own = await _own(c)
    link = await _last(c)
    if own is None or link is None or link.step is not Step.RELEASED:
        return None
    return View(f"{_release_line(c, own, link)}\n{_entered_by(c, link)}")


def _release_line(c: Context, child: str, link: CustodyEvent) -> str:
    _, time = c._, _time(c, link)
    if link.holder is Holder.FAMILY:
        return _("According to the paper list, {child} went home alone at {time}.", child=child, time=time)
    return _(
        "According to the paper list, {child} was collected by {adult} at {time}.",
        child=child,
        adult=link.holder_name,
        time=time,
    )


def _entered_by(c: Context, link: CustodyEvent) -> str:
    return c._("Entered later by {name}. If this is not right, please call the school at once.", name=link.by_name)


def _time(c: Context, link: CustodyEvent) -> str:
    return f"{link.at.astimezone(c.uow.school.zone):%H:%M}"


async def _absent(c: Context) -> View | None:
    """Of today's paper: a slip of the row would leave a child that is here without anybody who misses it."""
    own = await _own(c)
    link = await _last(c)
    if own is None or link is None or link.step is not Step.EXPLAINED:
        return None
    text = c._(
        "According to the paper list, {child} was not there today. Reason: {reason}", child=own, reason=link.remark
    )
    return View(f"{text}\n{_entered_by(c, link)}")


async def _corrected(c: Context) -> View | None:
    """What was told of the hand-over was wrong, and what is so now."""
    own = await _own(c)
    if own is None:
        return None
    _, undone = c._, int(c.params["undone"])
    query = select(CustodyEvent).where(CustodyEvent.day_child_id == int(c.params["day_child_id"]))
    links = {link.seq: link for link in await c.uow.session.scalars(query)}
    link, wrong = links[undone], links[undone - 1]
    text = _(
        "Correction: the hand-over of {child} at {time}, entered from the paper list, was entered by mistake. {name} "
        "has taken it back: {reason}.",
        child=own,
        time=_time(c, wrong),
        name=link.by_name,
        reason=link.remark,
    )
    when = wrong.at.astimezone(c.uow.school.zone).date()
    return View("\n".join([*of_another_day(c.uow, _, when), text, *_now_so(c, own, links[max(links)], when)]))


def _now_so(c: Context, child: str, last: CustodyEvent, when: date) -> list[str]:
    """Where the child is: nothing where another letter says it."""
    if last.step in HERE:
        return [c._("{child} is with the school.", child=child)]
    if "irregular" in last.data:
        return [c._("The school will speak with you.")]
    if last.proof is not Proof.PAPER:
        return []
    if last.step is Step.RELEASED:
        return [_release_line(c, child, last), _entered_by(c, last)]
    if when != c.uow.today:
        return [c._("According to the paper list, {child} was not there.", child=child)]
    return [c._("According to the paper list, {child} was not there today.", child=child)]


async def _disputed(c: Context) -> View | None:
    """Silent to everybody else: the duty lead speaks with the family."""
    alarm = await gate_alarm(c.uow, int(c.params["alarm_id"]))
    link = await _last(c, alarm.day_child_id)
    if alarm.closed_at is not None or link is None or link.step is not Step.RELEASED:
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
    one = await any_child(c.uow, alarm.day_child_id)
    numbers = await phones(c.uow, _, one) if one is not None else []
    return View("\n".join([text, later, *numbers]), ((Button(_("Close with a reason"), pack("hc", alarm.id)),),))


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
    "paper_absent": Kind(_absent),
    "paper_corrected": Kind(_corrected),
    "paper_disputed": Kind(_disputed),
}
