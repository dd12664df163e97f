"""What guardians and the duty lead are told of the gate, as it stands when the letter goes out."""

from __future__ import annotations

from sqlalchemy import select

from bot.chat.handover import screens
from bot.chat.handover.told import own, release_line, released, released_shown
from bot.chat.handover.words import who_is
from bot.chat.kinds import Context, Kind
from bot.wire.view import Button, View, pack
from care.permissions import Permission
from care.records.day import Alarm, CustodyEvent, Step
from care.records.people import Guardianship, Person
from care.release.alarms import gate_alarm
from care.release.gate import any_child, just_released
from care.release.refusing import Why
from care.release.undoing import Slip, release_told
from care.release.waiting import GateChild
from care.work import UnitOfWork
from locales import Words, mark
from locales.labels import label, listed


def _time(c: Context, one: GateChild) -> str:
    return f"{one.at.astimezone(c.uow.school.zone):%H:%M}"


async def _lined_out(c: Context) -> View | None:
    found = [await own(c.uow, child) for child, _seq in c.params["links"]]
    children = [one for one in found if one is not None and one.on_the_way]
    if not children:
        return None
    names = listed(c._, [one.name for one in children])
    text = c._.many(
        "{children} is on the way to the gate ({gate}), with {teacher}.",
        "{children} are on the way to the gate ({gate}), with {teacher}.",
        len(children),
        children=names,
        gate=children[0].gate,
        teacher=children[0].holder_name,
    )
    return View(text)


async def _release_undone(c: Context) -> View | None:
    one = await own(c.uow, c.params["day_child_id"])
    if one is None:
        return None
    query = select(CustodyEvent).where(CustodyEvent.day_child_id == one.id, CustodyEvent.seq == c.params["seq"])
    link = (await c.uow.session.scalars(query)).first()
    if link is None or link.step is not Step.UNDONE:
        return None
    why = link.data.get("why", "")
    reason = c._(screens.SLIPS[Slip(why)]) if why in set(Slip) else link.remark
    text = c._(
        "The hand-over of {child} was recorded by mistake and has been taken back by {teacher}: {reason}. {child} is "
        "with the school.",
        child=one.name,
        teacher=link.by_name,
        reason=reason,
    )
    if one.seq != link.seq and not one.is_here:  # it has been handed over since, which another letter says
        text = c._(
            "An earlier hand-over of {child} was recorded by mistake and has been taken back by {teacher}: {reason}.",
            child=one.name,
            teacher=link.by_name,
            reason=reason,
        )
    return View(text)


WHYS = {
    Why.STOP_LISTED: mark("⚠ On the stop-list: {words} asked for {child} at the gate and did not get the child."),
    Why.NOT_LISTED: mark("Not on the list: {words} asked for {child} at the gate and did not get the child."),
}


async def _release_refused(c: Context) -> View | None:
    """For who answers for the day: the screen at the gate says nothing of it. Whom to ask about somebody on no list
    stands below; of the stop-list the family need not hear."""
    alarm = await gate_alarm(c.uow, c.params["alarm_id"])
    one = await any_child(c.uow, alarm.day_child_id)
    if one is None or not answers(c.uow, one):
        return None
    why = Why(c.params["why"])
    lines = [
        c._(WHYS[why], words=c.params["words"], child=who_is(c._, one)),
        c._("Told by {teacher}, {gate}. The adult has been asked to wait.", teacher=c.params["teacher"], gate=one.gate),
        screens.state(c.uow, c._, one),
        *(await phones(c.uow, c._, one) if why is Why.NOT_LISTED else ()),
    ]
    return View("\n".join(lines), close_row(c._, alarm))


def answers(uow: UnitOfWork, one: GateChild) -> bool:
    return uow.actor.may_for(Permission.ANSWER_FOR_DAY, one.grade, one.class_id)


def close_row(_: Words, alarm: Alarm) -> tuple[tuple[Button, ...], ...]:
    if alarm.closed_at is not None:
        return ()
    return ((Button(_("Close with a reason"), pack("hc", alarm.id)),),)


async def _release_disputed(c: Context) -> View | None:
    alarm = await gate_alarm(c.uow, c.params["alarm_id"])
    told = await release_told(c.uow, alarm.day_child_id, c.params["seq"])
    lines = [
        c._("⚠ “Not right”, says {guardian}: {child}.", guardian=c.params["by"], child=who_is(c._, told.child)),
        release_line(c.uow, c._, told),
        *await phones(c.uow, c._, told.child),
    ]
    return View("\n".join(lines), close_row(c._, alarm) if answers(c.uow, told.child) else ())


async def _dispute_withdrawn(c: Context) -> View | None:
    alarm = await gate_alarm(c.uow, c.params["alarm_id"])
    told = await release_told(c.uow, alarm.day_child_id, c.params["seq"])
    text = c._(
        "{guardian} says that “not right” was a mistake: {child}. The alarm stays until it is closed.",
        guardian=c.params["by"],
        child=who_is(c._, told.child),
    )
    if alarm.closed_at is not None:
        return None
    lines = [text, release_line(c.uow, c._, told), *await phones(c.uow, c._, told.child)]
    return View("\n".join(lines), close_row(c._, alarm) if answers(c.uow, told.child) else ())


async def phones(uow: UnitOfWork, _: Words, one: GateChild) -> list[str]:
    """Whom to ring up, for who answers for the day and for the child's own homeroom teacher."""
    query = (
        select(Person, Guardianship.relation)
        .join(Guardianship, Guardianship.person_id == Person.id)
        .where(Guardianship.student_id == one.student_id, Guardianship.restricted.is_(False))
        .order_by(Guardianship.id)
    )
    return [
        f"{label(_, relation)} {person.name} {person.phone or ''}".rstrip()
        for person, relation in await uow.session.execute(query)
    ]


async def _given_elsewhere(c: Context) -> View | None:
    """To the teacher who still had the child, when a colleague gave it to somebody."""
    told = await release_told(c.uow, c.params["day_child_id"], c.params["seq"])
    if not told.holds:
        return None
    return View(release_line(c.uow, c._, told) + "\n" + c._("Until then {child} was with you.", child=told.child.name))


async def _gate_signed(c: Context) -> View | None:
    """After a signature on the page the teacher's question about the adult shows how it ended."""
    found = [await any_child(c.uow, child) for child, _seq in c.params["links"]]
    gone = [one for one in found if one is not None and one.is_gone]
    if not gone:
        return None
    text = "\n".join(f"✔ {who_is(c._, one)}\n{screens.state(c.uow, c._, one)}" for one in gone)
    undoable = {one.id for one in await just_released(c.uow)}
    rows = [
        (Button(c._("↩ Undo: {child}", child=one.name), pack("hu", one.id, one.seq)),)
        for one in gone
        if one.id in undoable
    ]
    return View(text, (*rows, _list_row(c, gone[0])), in_place_of=c.screen)


async def _gate_held(c: Context) -> View | None:
    """A signature that released nobody: the screen says no more than the page did."""
    one = await any_child(c.uow, c.params["links"][0][0])
    return View(screens.wait_sentence(c._), (_list_row(c, one),) if one else (), in_place_of=c.screen)


def _list_row(c: Context, one: GateChild) -> tuple[Button, ...]:
    return (Button(c._("‹ To the list"), pack("hs", one.session_id)),)


KINDS: dict[str, Kind] = {
    "lined_out": Kind(_lined_out, courtesy=True),
    "released": Kind(released),
    "released_shown": Kind(released_shown, courtesy=True),
    "release_undone": Kind(_release_undone),
    "release_refused": Kind(_release_refused),
    "release_disputed": Kind(_release_disputed),
    "dispute_withdrawn": Kind(_dispute_withdrawn),
    "given_elsewhere": Kind(_given_elsewhere),
    "gate_signed": Kind(_gate_signed),
    "gate_held": Kind(_gate_held),
}
