"""/extended (S11): a guardian says who stays today and on which weekdays; teachers come to their own desk."""

from __future__ import annotations

from telegram import Update

from bot.chat import extended_desk, extended_roll
from bot.chat.ids import id_of
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.day.rules import rules_of
from care.errors import Conflict, Invalid, NotAllowed, NotFound
from care.extended.asking import ChildToday, Choice, ask, choice, own_children, withdraw
from care.extended.deciding import decide, request_of
from care.extended.places import Offer, places_left
from care.extended.session import running_on
from care.extended.standing import Standing, own_standing, set_standing, weekly
from care.extended.telling import cut_off
from care.people import children_of, name_of
from care.permissions import SYSTEM, Permission
from care.records.extended import ExtendedRequest, Wish
from locales import Words, mark
from locales.labels import day as day_name
from locales.labels import weekday as weekday_name
from locales.labels import weekdays

PER_ROW = 3
SAID = {
    Wish.APPROVED: mark("✔ {child} stays today."),
    Wish.ASKED: mark("✔ The school has been asked. You will be told here."),
    Wish.WITHDRAWN: mark("✔ {child} leaves at {at} today, without extended care."),
}
DECIDED = {
    Wish.APPROVED: mark("✔ Granted. {child}, class {school_class}, stays today; the family has been told."),
    Wish.DECLINED: mark("✖ Declined. {child}, class {school_class}; the family has been told."),
}


SETTLED = {
    Wish.APPROVED: mark("{child}, class {school_class}: granted already ({name})."),
    Wish.DECLINED: mark("{child}, class {school_class}: declined already ({name})."),
    Wish.WITHDRAWN: mark("{child}, class {school_class}: the family has taken the request back ({name})."),
}


async def extended_command(update: Update, turn: Turn) -> None:
    """Teachers see their desk, guardians their children; who is both begins at the desk."""
    if turn.actor.may(Permission.TAKE_ROLL):
        words = " ".join(turn.args or ())
        await turn.say(await extended_roll.found_by_name(turn, words) if words else await extended_desk.desk(turn))
    elif await children_of(turn.uow, turn.actor.person_id or 0):
        await turn.say(await family(turn))
    else:
        raise NotAllowed()


async def family_tapped(update: Update, turn: Turn) -> None:
    await turn.show(await family(turn))


async def family(turn: Turn, note: str = "") -> View:
    """The own children: today, every week, and what can be changed."""
    _ = turn._
    offer, offered = await running_on(turn.uow, turn.uow.today), await weekly(turn.uow) is not None
    if offer is None and not offered:
        return View(_("Extended care is not offered this term."))
    children, today = await own_standing(turn.uow), {one.student_id: one for one in await own_children(turn.uow)}
    if not children:
        return View(_("None of your children is in after-school care this term."))
    parts, rows = [one for one in (note, _midnight(turn)) if one], list[tuple[Button, ...]]()
    for child in children:
        now = today.get(child.student_id)
        parts.append(_about(turn, child, now, offer))
        rows.append(_ways(turn, child, now, offer, several=len(children) > 1))
    can_change = offer is not None and any(choice(turn.uow, offer, one) for one in today.values())
    parts.append(await _footer(turn, offer, can_change))
    if turn.actor.may(Permission.TAKE_ROLL):
        rows.append((Button(_("For teachers"), pack("exd", 0)),))
    return View("\n\n".join(parts), tuple(rows))


def _midnight(turn: Turn) -> str:
    """Which date is meant while the day before is still under way."""
    if turn.uow.day == turn.uow.today:
        return ""
    date = day_name(turn._, turn.uow.today)
    return turn._("It is past midnight: “today” is {date} here. /children says where your child is now.", date=date)


def _about(turn: Turn, child: Standing, now: ChildToday | None, offer: Offer | None) -> str:
    _ = turn._
    head = _("{child}, class {school_class}", child=child.name, school_class=child.school_class)
    days = weekdays(_, child.days) if child.days else _("none")
    return "\n".join([head, _today(turn, now, offer), _("Every week: {days}", days=days)])


def _today(turn: Turn, now: ChildToday | None, offer: Offer | None) -> str:
    _ = turn._
    if offer is None or now is None or not now.in_care:
        return _("Today: not in care.")
    venue, until = offer.venue, f"{offer.ends_at.astimezone(turn.uow.school.zone):%H:%M}"
    if now.there:
        return _("Today: in extended care at {venue}, until {until}.", venue=venue, until=until)
    if now.stays:
        return _("Today: stays for extended care at {venue}, until {until}.", venue=venue, until=until)
    return (_afterwards if now.class_has_left(turn.uow.now) else _before)(_, now, leaving(turn, now))


def _before(_: Words, now: ChildToday, at: str) -> str:
    if now.waits:
        return _("Today: asked, not answered yet. Until then: leaves at {at}.", at=at)
    if now.wish is Wish.DECLINED:
        return _("Today: the school has declined; leaves at {at}.", at=at)
    return _("Today: leaves at {at}, without extended care.", at=at)


def _afterwards(_: Words, now: ChildToday, at: str) -> str:
    """The class has left, and the child is still here."""
    if now.waits:
        return _("Today: asked, not answered yet. Care in the class ended at {at}.", at=at)
    if now.wish is Wish.DECLINED:
        return _("Today: the school has declined; care in the class ended at {at}.", at=at)
    return _("Today: without extended care; care in the class ended at {at}.", at=at)


def leaving(turn: Turn, now: ChildToday) -> str:
    """When the child's class leaves, in school time."""
    return f"{now.leaves_at.astimezone(turn.uow.school.zone):%H:%M}" if now.leaves_at else "–"


def _ways(
    turn: Turn, child: Standing, now: ChildToday | None, offer: Offer | None, several: bool
) -> tuple[Button, ...]:
    _, name = turn._, f" · {child.name}" if several else ""
    row, about = [], (child.student_id, turn.uow.today.toordinal())
    can = choice(turn.uow, offer, now) if offer is not None and now is not None else None
    if now is not None and can is Choice.LEAVE:
        row.append(Button(_("Leave at {at}", at=leaving(turn, now)) + name, pack("exn", *about)))
    elif can is Choice.TAKE_BACK:
        row.append(Button(_("Take the request back") + name, pack("exn", *about)))
    elif can is Choice.STAY:
        again = now is not None and now.wish is Wish.DECLINED
        row.append(Button((_("Ask again") if again else _("Stay today")) + name, pack("exy", *about)))
    if offer is None or not offer.ended:
        row.append(Button(_("Every week") + name, pack("exs", child.student_id)))
    return tuple(row)


async def _footer(turn: Turn, offer: Offer | None, can_change: bool) -> str:
    """What extended care is today; and while they ``can_change`` it for a child of theirs, how many places are left,
    and what a change means now."""
    _, zone = turn._, turn.uow.school.zone
    if offer is None:
        return _("There is no extended care today.")
    if offer.ended:
        return _("The school has ended extended care. Who stays today stays; nobody else can. No fixed days any more.")
    since, ends = (f"{one.astimezone(zone):%H:%M}" for one in (offer.starts_at, offer.ends_at))
    if not can_change:
        return _("Extended care today: {venue}, {since}–{until}", venue=offer.venue, since=since, until=ends)
    left = await places_left(turn.uow, offer)
    lines = [
        _(
            "Extended care today: {venue}, {since}–{until}. Places left: {left}.",
            venue=offer.venue,
            since=since,
            until=ends,
            left=left,
        )
    ]
    if not (await rules_of(turn.uow, offer.term_id)).extended_automatic:
        lines.append(_("The school decides on each request."))
    elif left == 0:
        lines.append(_("The school decides on further requests."))
    until = await cut_off(turn.uow, offer)
    at = f"{until.astimezone(zone):%H:%M}"
    if turn.uow.now < until:
        lines.append(_("You can change this freely until {at}; after that both teachers are told at once.", at=at))
    else:
        lines.append(_("It is past {at}: you can still change this, and both teachers are told at once.", at=at))
    return "\n".join(lines)


def _child_today(turn: Turn) -> int:
    """The child of a button that speaks of today. Raises Conflict("of_another_day")."""
    numbers = turn.numbers
    if len(numbers) != 2:
        raise Conflict()
    if numbers[1] != turn.uow.today.toordinal():
        raise Conflict("of_another_day")
    return numbers[0]


async def stay_tapped(update: Update, turn: Turn) -> None:
    child = await ask(turn.uow, _child_today(turn))
    said = Wish.ASKED if child.waits else Wish.APPROVED
    await turn.show(await family(turn, turn._(SAID[said], child=child.name)))


async def leave_tapped(update: Update, turn: Turn) -> None:
    child = await withdraw(turn.uow, _child_today(turn))
    if child.class_has_left(turn.uow.now):
        note = turn._("✔ Taken back: {child} does not stay for extended care today.", child=child.name)
    else:
        note = turn._(SAID[Wish.WITHDRAWN], child=child.name, at=leaving(turn, child))
    await turn.show(await family(turn, note))


async def standing_tapped(update: Update, turn: Turn) -> None:
    await turn.show(await standing_view(turn, turn.numbers[0]))


async def standing_view(turn: Turn, student_id: int) -> View:
    """The weekdays of one child as switches."""
    _ = turn._
    child = next((one for one in await own_standing(turn.uow) if one.student_id == student_id), None)
    offered = await weekly(turn.uow)
    if child is None or offered is None:
        raise NotFound()
    text = _(
        "{child}: on which days of every week does the child stay for extended care, at {venue} until {until}?\n\n"
        "A change counts from the next care day; today stays as it is.",
        child=child.name,
        venue=offered.venue,
        until=f"{offered.until:%H:%M}",
    )
    switches = [_switch(_, child, day, offered.left.get(day, 0)) for day in child.care_days]
    rows = [tuple(switches[at : at + PER_ROW]) for at in range(0, len(switches), PER_ROW)]
    return View(text, (*rows, (Button(_("‹ Back"), pack("exf", 0)),)))


def _switch(_: Words, child: Standing, day: int, left: int) -> Button:
    on, name = day in child.days, weekday_name(_, day)
    label = f"☑ {name}" if on else f"☐ {name}" if left > 0 else _("☐ {day} (full)", day=name)
    return Button(label, pack("ext", child.student_id, day, 0 if on else 1))


async def switch_tapped(update: Update, turn: Turn) -> None:
    numbers = turn.numbers
    if len(numbers) != 3 or numbers[1] not in range(1, 8) or numbers[2] not in (0, 1):
        raise Conflict()
    student_id, day, wanted = numbers
    await set_standing(turn.uow, student_id, day, bool(wanted))
    await turn.show(await standing_view(turn, student_id))


async def decision_tapped(update: Update, turn: Turn) -> None:
    """Who answers for the day grants or declines, from the letter."""
    if len(turn.parts) != 3 or turn.parts[0] not in (Wish.APPROVED.value, Wish.DECLINED.value):
        raise Invalid()
    to, request_id, version = Wish(turn.parts[0]), id_of(turn.parts[1]), id_of(turn.parts[2])
    request = await request_of(turn.uow, request_id)
    same_tap = (request.state, request.version, request.decided_by) == (to, version + 1, turn.actor.person_id)
    if request.state in SETTLED and request.version > version and request.date == turn.uow.today and not same_tap:
        await turn.show(await _settled(turn, request))
        return
    request = await decide(turn.uow, request_id, version, to)
    await turn.show(View(turn._(DECIDED[to], **_whom(request)), _after_all(turn._, request)))


def _whom(request: ExtendedRequest) -> dict[str, object]:
    return {"child": request.student.name, "school_class": request.student.school_class.name}


async def _settled(turn: Turn, request: ExtendedRequest) -> View:
    """What a letter's old buttons ask has been answered since, or taken back: by whom, and what can still be done."""
    who = request.asked_by if request.state is Wish.WITHDRAWN else request.decided_by
    name = await name_of(turn.uow, who) or SYSTEM.name
    text = turn._(SETTLED[request.state], **_whom(request), name=name)
    return View(text, _after_all(turn._, request))


def _after_all(_: Words, request: ExtendedRequest) -> tuple[tuple[Button, ...], ...]:
    """What was declined can still be granted; the tap finds out whether there are a place and time."""
    if request.state is not Wish.DECLINED:
        return ()
    return ((Button(_("✔ Grant after all"), pack("exg", Wish.APPROVED.value, request.id, request.version)),),)


TAPS = {
    "exf": family_tapped,
    "exy": stay_tapped,
    "exn": leave_tapped,
    "exs": standing_tapped,
    "ext": switch_tapped,
    "exg": decision_tapped,
    **extended_desk.TAPS,
    **extended_roll.TAPS,
}
