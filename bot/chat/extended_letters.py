"""What extended care says by itself (S11): to families what was decided, to the school what is asked, to teachers what
changes and what is handed over."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from bot.chat import extended_desk
from bot.chat.extended_desk import given_view
from bot.chat.extended_roll import count_view, difference
from bot.chat.kinds import Context, Kind
from bot.wire.view import Button, View, pack
from care.extended import roll
from care.extended.deciding import request_of
from care.extended.ending import still_holds
from care.extended.handover import Pass, handover_of
from care.extended.lapsing import Why
from care.extended.places import Offer, places_left
from care.extended.session import running_on
from care.missing import alarm_of
from care.people import children_of
from care.permissions import Permission
from care.records.day import CareSession, Step
from care.records.extended import ExtendedHandover, ExtendedRequest, Passing, Wish
from care.records.people import Person, Student
from care.whereabouts import in_care
from locales import mark
from locales.labels import day, weekdays


async def _current(c: Context) -> tuple[ExtendedRequest, Offer] | None:
    """The letter's request with what is offered on its date, where it still stands as it was when the letter was
    posted."""
    query = (
        select(ExtendedRequest)
        .where(ExtendedRequest.id == c.params["request_id"], ExtendedRequest.date == c.uow.day)
        .options(joinedload(ExtendedRequest.student).joinedload(Student.school_class))
    )
    request = (await c.uow.session.scalars(query)).first()
    offer = await running_on(c.uow, c.uow.day)
    if request is None or offer is None or request.version != c.params["version"]:
        return None
    return request, offer


def _values(c: Context, request: ExtendedRequest, offer: Offer) -> dict[str, object]:
    student = request.student
    until = f"{offer.ends_at.astimezone(c.uow.school.zone):%H:%M}"
    return {
        "child": student.name,
        "school_class": student.school_class.name,
        "venue": offer.venue,
        "until": until,
    }


async def _asked(c: Context) -> View | None:
    """To who answers for the day: what is asked, with both answers as buttons."""
    found = await _current(c)
    if found is None or found[0].state is not Wish.ASKED:
        return None
    request, offer = await request_of(c.uow, found[0].id), found[1]
    asker = await c.uow.session.get(Person, request.asked_by) if request.asked_by else None
    text = c._(
        "{child}, class {school_class}: {name} asks for extended care today, until {until}. Places left: {left}.",
        **_values(c, request, offer),
        name=asker.name if asker else "–",
        left=await places_left(c.uow, offer),
    )
    about = (request.id, request.version)
    yes = Button(c._("✔ Grant"), pack("exg", Wish.APPROVED.value, *about))
    no = Button(c._("✖ Decline"), pack("exg", Wish.DECLINED.value, *about))
    return View(text, ((yes, no),))


async def _decided(c: Context) -> View | None:
    """To the child's guardians: granted, declined, or withdrawn by another guardian."""
    found = await _current(c)
    if found is None:
        return None
    request, offer = found
    if request.student_id not in {child.student_id for child in await children_of(c.uow, c.uow.actor.person_id or 0)}:
        return None
    values = _values(c, request, offer)
    if request.state is Wish.APPROVED:
        text = c._("{child} stays for extended care today: at {venue}, until {until}. Please collect there.", **values)
        return View(text, ((Button(c._("Extended care"), pack("exf", 0)),),))
    if request.state is Wish.DECLINED:
        text = c._("The school cannot offer {child} extended care today; the child leaves with the class.", **values)
        text += "\n" + c._("Remark: {remark}", remark=request.remark) if request.remark else ""
        return View(text, ((Button(c._("Extended care"), pack("exf", 0)),),))
    if request.state is Wish.WITHDRAWN:
        by = await c.uow.session.get(Person, request.asked_by) if request.asked_by else None
        text = c._(
            "{child} does not stay for extended care today ({name} has withdrawn it) and leaves with the class.",
            **values,
            name=by.name if by else "–",
        )
        return View(text, ((Button(c._("Extended care"), pack("exf", 0)),),))
    return None


WHYS = {
    Why.ON_LEAVE: mark(
        "Extended care for {child} on {date}: the school has not decided on the request. It is not needed any more, as "
        "{child} is on leave that day."
    ),
    Why.AWAY: mark(
        "Extended care for {child} on {date}: the school has not decided on the request. It is not needed any more, as "
        "{child} is not in care that day."
    ),
    Why.LATE: mark(
        "Extended care for {child} on {date}: the school has not decided on the request in time, and extended care of "
        "that day is over. We are sorry."
    ),
}


async def _lapsed(c: Context) -> View | None:
    """To the child's guardians: what was asked is answered by nobody any more."""
    request = await c.uow.session.get(ExtendedRequest, c.params["request_id"])
    names = {child.student_id: child.name for child in await children_of(c.uow, c.uow.actor.person_id or 0)}
    if request is None or request.state is not Wish.LAPSED or request.student_id not in names:
        return None
    return View(c._(WHYS[Why(c.params["why"])], child=names[request.student_id], date=day(c._, request.date)))


async def _ended(c: Context) -> View | None:
    """To a guardian, once: what the end of the offer means for each of the children. Of today only what still holds."""
    _, names = c._, {child.student_id: child.name for child in await children_of(c.uow, c.uow.actor.person_id or 0)}
    told = await still_holds(c.uow, date.fromisoformat(c.params["date"]), list(names))
    until = f"{told.until.astimezone(c.uow.school.zone):%H:%M}" if told.until is not None else ""
    lines = []
    for student_id, stays, refused, days in c.params["children"]:
        if student_id not in names:
            continue
        child = names[student_id]
        if stays and student_id in told.stay:
            lines.append(_("{child} still stays today, until {until}: {venue}.", child=child, until=until,
                           venue=told.venue))  # fmt: skip
        if refused and student_id in told.refused:
            lines.append(_("{child} cannot stay today and leaves with the class.", child=child))
        if days:
            lines.append(_("{child}: no extended care on {days} any more.", child=child, days=weekdays(_, days)))
    if not lines:
        return None
    last, over = _("The school ends extended care; today is the last day."), _("The school has ended extended care.")
    after = _("From then on please collect when the class leaves: /pickup shows when and where.")
    is_last = c.params["last_today"] and told.until is not None
    return View("\n".join([last if is_last else over, *lines, "", after]))


async def _changed(c: Context) -> View | None:
    """To both teachers, after the cut-off."""
    found = await _current(c)
    if found is None or not c.uow.actor.may(Permission.TAKE_ROLL):
        return None
    request, offer = found
    values = _values(c, request, offer)
    if request.state is Wish.APPROVED:
        text = c._("Late change: {child}, class {school_class}, stays for extended care today.", **values)
        return View(text + await _bring_back(c, request))
    if request.state is Wish.WITHDRAWN:
        return View(
            c._("Late change: {child}, class {school_class}, leaves with the class today, not to {venue}.", **values)
        )
    return None


async def _bring_back(c: Context, request: ExtendedRequest) -> str:
    """The child has set out with its class already."""
    where = (await in_care(c.uow, [request.student_id], request.date)).get(request.student_id)
    if where is None or where.step is not Step.LINED_OUT:
        return ""
    return "\n" + c._(
        "The child is on the way to the gate with {teacher}, who has to bring it back and hand it over: /extended.",
        teacher=where.holder_name,
    )


async def _handover(c: Context) -> Pass | None:
    seen = await handover_of(c.uow, int(c.params["handover_id"]))
    return seen if seen.version == c.params["version"] else None


async def _given(c: Context) -> View | None:
    seen = await _handover(c)
    if seen is None or seen.state is Passing.TAKEN:
        return None
    found = await roll.desk(c.uow)
    if found is not None and not found.is_mine:
        text = c._("{giver} of {school_class} waits to hand over {n}.", giver=seen.giver, n=len(seen.given),
                   school_class=seen.school_class)  # fmt: skip
        return View(text, ((Button(c._("Sign in for extended care"), pack("exi", 0)),),))
    return count_view(c._, seen)


async def _taken(c: Context) -> View | None:
    seen = await _handover(c)
    return given_view(c._, seen) if seen is not None and seen.state is Passing.TAKEN else None


async def _differs(c: Context) -> View | None:
    """To the class's teacher: who was not there, or too many."""
    seen = await _handover(c)
    if seen is None or seen.state is not Passing.DIFFERS:
        return None
    row = await c.uow.session.get_one(ExtendedHandover, seen.id)
    text = c._("{taker} has counted the children of {school_class}.", taker=seen.taker, school_class=seen.school_class)
    again = Button(c._("Hand over anew"), pack("exp", row.class_session_id))
    return View("\n".join([text, *difference(c._, seen)]), ((again,),))


async def _missing(c: Context) -> View | None:
    """To whoever had the child last by the book."""
    alarm = await alarm_of(c.uow, int(c.params["alarm_id"]))
    if alarm.closed_at is not None:
        return None
    student = alarm.day_child.student
    text = c._(
        "⚠ {child}, class {school_class}, has not come to extended care. By the book the child is with you. "
        "The family is being asked. Do you know where the child is?",
        child=student.name,
        school_class=student.school_class.name,
    )
    return View(text)


async def _teacher(c: Context) -> View | None:
    session = await c.uow.session.get(CareSession, c.params["session_id"])
    found = await roll.desk(c.uow)
    if session is None or found is None or session.teacher_id != c.uow.actor.person_id or session.signed_in_id:
        return None
    text = c._("You have extended care today.") + "\n" + extended_desk.head(c.uow, c._, found)
    return View(text, ((Button(c._("Sign in for extended care"), pack("exi", 0)),),))


async def _roll_late(c: Context) -> View | None:
    found = await roll.desk(c.uow)
    if found is None or found.session.id != c.params["session_id"] or found.session.roll_done_at is not None:
        return None
    n = found.count(roll.Stand.AWAITED)
    text = c._.many(
        "The roll of extended care is not finished: {n} child has not arrived.",
        "The roll of extended care is not finished: {n} children have not arrived.",
        n,
    )
    lines = [text, "", extended_desk.head(c.uow, c._, found)]
    return View("\n".join(lines), ((Button(c._("Extended care"), pack("exd", 0)),),))


KINDS: dict[str, Kind] = {
    "extended_asked": Kind(_asked),
    "extended_decided": Kind(_decided),
    "extended_lapsed": Kind(_lapsed),
    "extended_ended": Kind(_ended),
    "extended_changed": Kind(_changed),
    "extended_given": Kind(_given),
    "extended_taken": Kind(_taken),
    "extended_differs": Kind(_differs),
    "extended_missing": Kind(_missing),
    "extended_teacher": Kind(_teacher),
    "extended_roll_late": Kind(_roll_late),
}
