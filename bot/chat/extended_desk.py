"""/extended for teachers (S11): how extended care stands today, signing in, and giving a class's children."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from telegram import Update

from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.errors import Conflict
from care.extended import handover, roll
from care.extended.handover import Pass, can_pass, open_handovers, own_classes
from care.extended.places import offer_on
from care.extended.roll import Desk, Stand, Stayer
from care.extended.session import may_take
from care.people import children_of
from care.records.day import CareSession
from care.records.extended import Passing
from care.work import UnitOfWork
from locales import Words
from locales.labels import error_sentence, listed, step_label

PER_ROW = 4


async def desk_tapped(update: Update, turn: Turn) -> None:
    await turn.show(await desk(turn))


async def desk(turn: Turn, note: str = "") -> View:
    """Today's extended care: how many are expected and here, and what this teacher can do now."""
    _ = turn._
    found = await roll.desk(turn.uow)
    parts, rows = [note] if note else [], list[tuple[Button, ...]]()
    if found is None:
        offered = await offer_on(turn.uow, turn.uow.day) is not None
        parts.append(_("No child stays for extended care today.") if offered else _("There is no extended care today."))
        if offered and may_take(turn.uow, None):
            rows.append((Button(_("Sign in for extended care"), pack("exi", 0)),))
    else:
        parts.append(head(turn.uow, _, found))
    for session, children in await own_classes(turn.uow):
        parts.append(_own_class(_, session, children))
        rows.append((Button(_hand_over(_, session, children, turn.actor.person_id or 0), pack("exp", session.id)),))
    if found is not None:
        rows += _sign_in(_, found)
    if found is not None and found.is_mine:
        for one in await open_handovers(turn.uow):
            title = _("Count {school_class}: {n}", school_class=one.school_class, n=len(one.given))
            rows.append((Button(title, pack("exo", one.id)),))
        rows += _classes(found)
    if await children_of(turn.uow, turn.actor.person_id or 0):
        rows.append((Button(_("My children"), pack("exf", 0)),))
    return View("\n\n".join(parts), tuple(rows))


def head(uow: UnitOfWork, _: Words, found: Desk) -> str:
    """Where, when, who, how many."""
    session, zone = found.session, uow.school.zone
    lines = [
        _(
            "Extended care today: {venue}, {since}–{until}",
            venue=session.venue,
            since=f"{session.starts_at.astimezone(zone):%H:%M}",
            until=f"{session.ends_at.astimezone(zone):%H:%M}",
        ),
        _how_many(_, found),
    ]
    if session.signed_in_id is not None:
        lines.append(_("Signed in: {name}", name=found.teacher))
    elif session.teacher_id is not None:
        lines.append(_("Planned: {name}, not signed in yet", name=found.teacher))
    else:
        lines.append(_("Nobody has signed in yet."))
    missing = [child for child in found.children if child.stand is Stand.MISSING]
    if missing and found.is_mine:
        lines.append(_("⚠ Missing: {names}", names=named(_, missing)))
    return "\n".join(lines)


def _how_many(_: Words, found: Desk) -> str:
    if not found.collected:
        return _("Expected {expected} · here {present}", expected=found.expected, present=found.here)
    return _(
        "Expected {expected} · here now {here} · collected {collected}",
        expected=found.expected,
        here=found.here,
        collected=found.collected,
    )


def named(_: Words, children: Iterable[Stayer]) -> str:
    return listed(_, [f"{child.name} {child.school_class}" for child in children])


def _sign_in(_: Words, found: Desk) -> list[tuple[Button, ...]]:
    if found.is_mine or not found.may_sign_in:
        return []
    if found.session.signed_in_id is None:
        return [(Button(_("Sign in for extended care"), pack("exi", 0)),)]
    title = _("Take over from {name}", name=found.teacher)
    return [(Button(title, pack("exj", found.session.signed_in_id)),)]


def _own_class(_: Words, session: CareSession, children: Iterable[Stayer]) -> str:
    assert session.school_class is not None
    names = listed(_, [child.name for child in children])
    return _("Staying from {school_class}: {names}", school_class=session.school_class.name, names=names)


def _hand_over(_: Words, session: CareSession, children: Iterable[Stayer], giver_id: int) -> str:
    assert session.school_class is not None
    ready = sum(1 for child in children if can_pass(child, giver_id))
    return _("Hand over {school_class}: {n}", school_class=session.school_class.name, n=ready)


def _classes(found: Desk) -> list[tuple[Button, ...]]:
    """The classes whose children are not all here, as buttons."""
    open_ = [child for child in found.children if child.stand in (Stand.AWAITED, Stand.MISSING)]
    names = {child.class_id: child.school_class for child in open_}
    counts = Counter(child.class_id for child in open_)
    buttons = [Button(f"{name} · {counts[number]}", pack("exr", number)) for number, name in names.items()]
    return [tuple(buttons[at : at + PER_ROW]) for at in range(0, len(buttons), PER_ROW)]


async def take_over_asked(update: Update, turn: Turn) -> None:
    """Taking over moves children from hand to hand: it is asked about first."""
    _, found = turn._, await roll.desk(turn.uow)
    if found is None or found.session.signed_in_id != turn.numbers[0] or found.is_mine:
        raise Conflict()
    text = _.many(
        "{name} has signed in for extended care. You take over {n} child there, and all that follows.",
        "{name} has signed in for extended care. You take over {n} children there, and all that follows.",
        sum(1 for child in found.children if child.there and child.stand is Stand.HERE),
        name=found.teacher,
    )
    yes = Button(_("Take over from {name}", name=found.teacher), pack("exi", turn.numbers[0]))
    await turn.show(View(text, ((yes,), (Button(_("‹ Back"), pack("exd", 0)),))))


async def sign_in_tapped(update: Update, turn: Turn) -> None:
    """Signing in, or taking over from whoever the button named."""
    expected = turn.numbers[0] or None
    found = await roll.desk(turn.uow)
    now = found.session.signed_in_id if found is not None else None
    if now not in (expected, turn.actor.person_id):
        raise Conflict()
    await roll.sign_in(turn.uow)
    await turn.show(await desk(turn, turn._("✔ You have signed in for extended care.")))


# The class's teacher gives


async def give_asked(update: Update, turn: Turn) -> None:
    """Shows who would be handed over, and who would not."""
    _, me = turn._, turn.actor.person_id or 0
    own = next((one for one in await own_classes(turn.uow) if one[0].id == turn.numbers[0]), None)
    if own is None:
        await handover.own_class(turn.uow, turn.numbers[0])
        await _nothing_to_give(turn, Conflict("extended_nobody"))
        return
    session, children = own
    assert session.school_class is not None
    ready = [child for child in children if can_pass(child, me)]
    lines = [
        _.many(
            "Hand over {n} child of {school_class} to extended care?",
            "Hand over {n} children of {school_class} to extended care?",
            len(ready),
            school_class=session.school_class.name,
        ),
        *[f"{number}. {child.name}" for number, child in enumerate(ready, start=1)],
        *_left_out(_, [child for child in children if not can_pass(child, me)]),
    ]
    back = (Button(_("‹ Back"), pack("exd", 0)),)
    yes = (Button(_("Hand over these {n}", n=len(ready)), pack("exw", session.id)),)
    await turn.show(View("\n".join(lines), (yes, back) if ready else (back,)))


def _left_out(_: Words, children: Iterable[Stayer]) -> list[str]:
    said = [_("{child}: {state}", child=child.name, state=step_label(_, child.step, child.there)) for child in children]
    return ["", _("Not among them:"), *said] if said else []


async def give_tapped(update: Update, turn: Turn) -> None:
    try:
        given = await handover.give(turn.uow, turn.numbers[0])
    except Conflict as stale:
        await _nothing_to_give(turn, stale)
        return
    await turn.show(given_view(turn._, given))


async def _nothing_to_give(turn: Turn, why: Conflict) -> None:
    """An old screen, whose button would stay for ever: it shows how extended care stands instead."""
    await turn.toast(error_sentence(turn._, why))
    await turn.show(await desk(turn))


def given_view(_: Words, given: Pass) -> View:
    """A hand-over as the giver sees it."""
    again = ((Button(_("‹ Back"), pack("exd", 0)),),)
    n, names = len(given.given), listed(_, [child.name for child in given.given])
    if given.state is Passing.TAKEN:
        text = _("✔ {taker} has taken over {n} of {school_class}: {names}", **values(given, n), names=names)
        return View(text, again)
    text = _("✔ {n} of {school_class} are waiting to be counted: {names}", **values(given, n), names=names)
    return View(text + "\n" + _("You answer for them until they have been taken over."), again)


def values(given: Pass, n: int) -> dict[str, object]:
    """What the sentences about a hand-over name."""
    return {"taker": given.taker, "giver": given.giver, "school_class": given.school_class, "n": n}


TAPS = {
    "exd": desk_tapped,
    "exj": take_over_asked,
    "exi": sign_in_tapped,
    "exp": give_asked,
    "exw": give_tapped,
}
