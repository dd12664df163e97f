"""The gate's screens: a child, an adult with the children they came for, and the questions between."""

from __future__ import annotations

from collections.abc import Sequence

from bot.chat.handover.words import (
    ASK_FIRST,
    PROOFS,
    Handed,
    adult_name,
    ask_first,
    in_list,
    pack_adult,
    pack_seen,
    who_comes,
    who_is,
)
from bot.wire.view import DATA_LIMIT, Button, View, pack
from care.pickup.adults import Authorised, authorised, bare_name, barred
from care.records.day import Alarm, AlarmKind, Holder, Proof
from care.release.gate import Come
from care.release.signing import Screen, make_token
from care.release.undoing import Slip, may_undo
from care.release.waiting import GateChild
from care.work import UnitOfWork
from locales import Words, mark
from locales.labels import label, listed, step_label

ABREAST = 2
Row = tuple[Button, ...]

SLIPS = {
    Slip.WRONG_CHILD: mark("Wrong child"),
    Slip.WRONG_ADULT: mark("Wrong adult tapped"),
    Slip.TOO_EARLY: mark("Not gone yet"),
}


def abreast(buttons: Sequence[Button], most: int = ABREAST) -> list[Row]:
    return [tuple(buttons[at : at + most]) for at in range(0, len(buttons), most)]


def undo_row(_: Words, child: GateChild) -> Row:
    return (Button(_("↩ Undo: {child}", child=in_list(child)), pack("hu", child.id, child.seq)),)


def back_row(_: Words, child: GateChild) -> Row:
    """To the child's list; where extended care has many, to those of the child's class."""
    of_class = (child.class_id,) if child.extended else ()
    return (Button(_("‹ To the list"), pack("hs", child.session_id, *of_class)),)


async def child_card(uow: UnitOfWork, _: Words, child: GateChild) -> View:
    """Who may collect this child; the neutral sign stands beside those who must not."""
    back = back_row(_, child)
    if not child.is_here:
        undo = [undo_row(_, child)] if await may_undo(uow, child) else []
        return View(f"{who_is(_, child)}\n{state(uow, _, child)}", (*undo, back))
    lists = await authorised(uow, child.student_id, child.date)
    against = await barred(uow, child.student_id)
    named = {bare_name(one.name) for one in lists if one.stopped}
    buttons = [_adult_button(_, child, one) for one in lists]
    buttons += [
        Button(
            f"{label(_, bar.relation) + ' ' if bar.relation else ''}{bar.name} {ASK_FIRST}", pack("hz", child.id, place)
        )
        for place, bar in enumerate(against)
        if bare_name(bar.name) not in named
    ]
    rows: list[Row] = [(button,) for button in buttons]
    if child.goes_alone:
        rows.append((Button(_("Goes home alone"), pack("hl", child.id, child.seq, 0)),))
    rows += [(Button(_("Somebody else: not on the list"), pack("hn", child.id)),), back]
    lines = [who_is(_, child), state(uow, _, child)]
    lines += [_("Today {adult} comes.", adult=adult) for adult in (await who_comes(uow, [child])).values()]
    lines += ["", _("Who is here? Tap the adult, or type the pick-up code.")]
    if any(ASK_FIRST in text for text in (*lines, *(button.label for button in buttons))):
        lines.append(ask_first(_))
    return View("\n".join(lines), tuple(rows))


def _adult_button(_: Words, child: GateChild, who: Authorised) -> Button:
    today = " · " + _("today only") if who.adult.value == "delegate" else ""
    sign = f" {ASK_FIRST}" if who.stopped else ""
    return Button(f"{adult_name(_, who)}{today}{sign}", pack("ha", child.id, pack_adult(who.adult, who.id)))


def state(uow: UnitOfWork, _: Words, child: GateChild) -> str:
    """Where the child is, and who answers for it."""
    at = f"{child.at.astimezone(uow.school.zone):%H:%M}"
    if child.is_gone and child.holder is Holder.FAMILY:
        return _("Left alone at {at} (recorded by {teacher})", at=at, teacher=child.by_name)
    if child.is_gone:
        adult = Handed(child.holder_name, str(child.data.get("relation", ""))).said(_)
        return _("Handed to {adult} at {at} by {teacher}", adult=adult, at=at, teacher=child.by_name)
    said = step_label(_, child.step, child.extended)
    return _("{state} · {holder}", state=said, holder=child.holder_name) if child.holder_name else said


def nobody_here(uow: UnitOfWork, _: Words, came: Come) -> View:
    """An adult whose children have all left or never came; who has left is named, with whom they went."""
    lines = [_("{adult}: none of this adult's children is here now.", adult=came.who.name)]
    lines += [f"• {who_is(_, child)}\n{state(uow, _, child)}" for child in came.gone]
    return View("\n".join(lines))


def come_screen(
    uow: UnitOfWork, _: Words, came: Come, proof: Proof, only: int | None = None, screen: Screen | None = None
) -> View:
    """An adult, and every child here whom they may collect; ``only``: the day child that was tapped; ``screen``: where
    this is shown."""
    found = [(child, own) for child, own in came.children if child.within_reach]
    lines = [_adult_line(_, came.children[0][1] if came.children else came.who)]
    if proof is Proof.CODE:
        lines.insert(0, _("The pick-up code is right."))
    lines += [f"• {who_is(_, child)}{_elsewhere(uow, _, child)}" for child, _listed in found]
    lines += [
        "• " + _("{child}: another teacher hands this child over", child=who_is(_, child))
        for child, _listed in came.children
        if not child.within_reach
    ]
    single = [child for child, _listed in found if only in (None, child.id)]
    groups = [[child for child, _listed in found]] if len(found) > 1 else []
    groups += [[child] for child in single]
    rows: list[Row] = []
    for group in groups:
        address = "" if proof is Proof.CODE else sign_address(uow, came.who, group, screen)
        rows += _ways(_, came.who, group, proof, address, several=len(groups) > 1)
        if address and not address.startswith("https://"):
            who = listed(_, [child.name for child in group])
            lines += ["", _("✍ Sign with a finger ({children}): {address}", children=who, address=address)]
    place = next(iter(single or [child for child, _listed in found]), None)
    if place is None:
        return View("\n".join(lines))
    rows.append((Button(_("‹ To the list"), pack("hs", place.session_id)),))
    return View("\n".join(lines), tuple(rows))


def _elsewhere(uow: UnitOfWork, _: Words, child: GateChild) -> str:
    """With whom the child still is, where that is a colleague."""
    if not child.holder_name or not child.is_elsewhere(uow.actor.person_id):
        return ""
    return "\n  " + _("still with {teacher}", teacher=child.holder_name)


def _adult_line(_: Words, who: Authorised) -> str:
    if not who.phone:
        return adult_name(_, who)
    return _("{adult}, phone ending in {digits}", adult=adult_name(_, who), digits=who.phone[-4:])


def _ways(
    _: Words, who: Authorised, group: Sequence[GateChild], proof: Proof, address: str, several: bool
) -> list[Row]:
    """How this adult can take these children over: by the code that was typed, or by signing at ``address``, or known
    to the teacher."""
    names = _.many("{n} child", "all {n} children", len(group)) if len(group) > 1 else in_list(group[0])
    beside = f" · {names}" if several or len(group) > 1 else ""
    rows: list[Row] = []
    if address.startswith("https://"):  # Telegram takes no plain http address on a button
        rows.append((Button(_("✍ Sign with a finger") + beside, url=address),))
    data = give_data(who, group, proof)
    if data:
        text = _("✔ Hand over") if proof is Proof.CODE else _("✔ Hand over: I know this adult")
        rows.append((Button(text + beside, data),))
    return rows


def sign_address(uow: UnitOfWork, who: Authorised, group: Sequence[GateChild], screen: Screen | None) -> str:
    """The signing page for this adult and these children; empty where the school has no address."""
    if not uow.school.address:
        return ""
    token = make_token(uow, who.adult, who.id, {child.id: child.seq for child in group}, screen)
    return f"{uow.school.address}/sign/{token}"


def give_data(who: Authorised, group: Sequence[GateChild], proof: Proof, sure: bool = False) -> str:
    """The data of a release; empty where so many children do not fit on one button."""
    parts = [PROOFS[proof], int(sure), pack_adult(who.adult, who.id), *map(pack_seen, group)]
    data = ":".join(["hg", *map(str, parts)])
    return data if len(data.encode()) <= DATA_LIMIT else ""


def namesake_question(_: Words, child: GateChild, adult: str, data: str) -> View:
    """The second tap where two children of a class have one name."""
    text = _(
        "Careful: there are two children called {child} in {school_class}. This is no. {number}, the child of "
        "{guardian}. Hand this child to {adult}?",
        child=child.name,
        school_class=child.school_class,
        number=child.number,
        guardian=child.guardian,
        adult=adult,
    )
    yes = Button(_("Yes, no. {number}, child of {guardian}", number=child.number, guardian=child.guardian), data)
    return View(text, ((yes,), back_row(_, child)))


def alone_question(_: Words, child: GateChild) -> View:
    text = _("{child} goes home alone, as the family has agreed?", child=who_is(_, child))
    yes = Button(_("Yes, goes home alone"), pack("hl", child.id, child.seq, 1))
    return View(text, ((yes,), (Button(_("‹ Back"), pack("hk", child.id)),)))


def undo_question(_: Words, child: GateChild, seq: int) -> View:
    """Only a slip of the finger is taken back: the family is told that the child is still at school."""
    text = _(
        "Is {child} still with you? Then take the hand-over back: tap why, or type it.\n\n"
        "If the child has gone with somebody who must not have it, do not take it back: call the duty lead at once.",
        child=who_is(_, child),
    )
    rows: list[Row] = [(Button(_(SLIPS[slip]), pack("hw", child.id, seq, slip.value)),) for slip in Slip]
    return View(text, (*rows, back_row(_, child)))


def who_question(_: Words, child: GateChild) -> View:
    text = _("Who asks for {child}? Type the name, and what the adult is to the child.", child=who_is(_, child))
    return View(text, ((Button(_("‹ Back"), pack("hk", child.id)),),))


def end_question(_: Words, child: GateChild, alarm: Alarm) -> View:
    """How an alarm ended is typed; of a dispute the family reads it, of a refused adult the teacher who waits."""
    text = _("How did it end for {child}? Please type it.", child=who_is(_, child))
    if alarm.kind is AlarmKind.DISPUTED:
        text += "\n" + _("The family will read it.")
    elif alarm.kind is AlarmKind.REFUSED:
        text += "\n" + _("It is about: {words}", words=listed(_, alarm.remark.splitlines()))
        text += "\n" + _("The teacher at the gate will read it.")
    return View(text)


def wait_sentence(_: Words) -> str:
    """All that is said on the teacher's screen when an adult does not get the child."""
    return _("One moment, please: a colleague will come to the gate.")
