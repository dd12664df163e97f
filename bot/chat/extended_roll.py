"""/extended for the teacher of extended care (S11): counting the children a class gives, and the roll."""

from __future__ import annotations

from collections.abc import Iterable

from telegram import Update

from bot.chat.extended_desk import desk, named, values
from bot.chat.ids import id_of
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.errors import Conflict, NotAllowed, NotFound
from care.extended import handover, roll
from care.extended.handover import Pass
from care.extended.roll import Desk, Stand, Stayer
from care.records.day import Step
from care.records.extended import Passing
from locales import Words
from locales.labels import step_label

MOST_FOUND = 20


async def count_opened(update: Update, turn: Turn) -> None:
    await turn.show(count_view(turn._, await handover.handover_of(turn.uow, turn.numbers[0])))


def count_view(_: Words, seen: Pass) -> View:
    """The children given by a class, to be ticked one by one, or all at once."""
    n = len(seen.given)
    if seen.state is Passing.TAKEN:
        text = _("✔ Taken over from {giver}: {n} of {school_class}.", **values(seen, n))
        return View(text, ((Button(_("‹ Back"), pack("exd", 0)),),))
    lines = [_("{giver} hands over {n} of {school_class}. Who is here?", **values(seen, n))]
    if seen.state is Passing.DIFFERS:
        lines += difference(_, seen)
    rows = [(_tick(seen, child, child.name),) for child in seen.given]
    rows += [(_tick(seen, child, _("{child} (not given)", child=child.name)),) for child in seen.others]
    counted = len(seen.counted)
    done = Button(_done(_, seen), pack("exc", seen.id, seen.version, 0))
    everyone = Button(_("All {n} are here", n=n), pack("exc", seen.id, seen.version, 1))
    last = (done,) if counted else (everyone,)
    return View("\n".join(lines), (*rows, last, (Button(_("‹ Back"), pack("exd", 0)),)))


def _done(_: Words, seen: Pass) -> str:
    n, more = len(seen.given), len(seen.surplus)
    counted = n - len(seen.uncounted)
    if more:
        return _("Done: {counted} of {n}, and {more} not given", counted=counted, n=n, more=more)
    return _("Done: {counted} of {n}", counted=counted, n=n)


def difference(_: Words, seen: Pass) -> list[str]:
    """Who makes the counts differ, by name; of equal counts, that they are not the same children."""
    n, counted = len(seen.given), len(seen.counted)
    if n == counted:
        lines = ["", _("⚠ These are not the {n} children who were given.", n=n)]
    else:
        lines = ["", _("⚠ The counts differ: given {n}, counted {counted}.", n=n, counted=counted)]
    if seen.uncounted:
        lines.append(_("Not there: {names}", names=named(_, seen.uncounted)))
    if seen.surplus:
        lines.append(_("There, but not given: {names}", names=named(_, seen.surplus)))
    return [*lines, _("Nobody has been handed over.")]


def _tick(seen: Pass, child: Stayer, title: str) -> Button:
    here = child.id in seen.counted
    return Button(f"{'☑' if here else '☐'} {title}", pack("exk", seen.id, child.id, 0 if here else 1))


async def tick_tapped(update: Update, turn: Turn) -> None:
    numbers = turn.numbers
    if len(numbers) != 3:
        raise Conflict()
    await turn.show(count_view(turn._, await handover.count(turn.uow, numbers[0], numbers[1], bool(numbers[2]))))


async def count_tapped(update: Update, turn: Turn) -> None:
    if len(turn.parts) != 3:
        raise Conflict()
    number, version, everyone = (id_of(part) for part in turn.parts)
    await turn.show(count_view(turn._, await handover.take(turn.uow, number, version, bool(everyone))))


# The roll


async def _mine(turn: Turn) -> Desk:
    found = await roll.desk(turn.uow)
    if found is None or not found.is_mine:
        raise NotAllowed("extended_not_yours")
    return found


async def class_opened(update: Update, turn: Turn) -> None:
    """The children of one class who are not here."""
    found, class_id = await _mine(turn), turn.numbers[0]
    children = [child for child in found.children if child.class_id == class_id]
    if not children:
        raise NotFound()
    await turn.show(_list(turn._, children[0].school_class, children))


def _list(_: Words, title: str, children: Iterable[Stayer]) -> View:
    lines, rows = [title], list[tuple[Button, ...]]()
    for child in children:
        lines.append(_("{child}: {state}", child=child.name, state=_state(_, child)))
        rows.append((Button(f"{child.name} · {child.school_class}", pack("exq", child.id)),))
    return View("\n".join(lines), (*rows, (Button(_("‹ Back"), pack("exd", 0)),)))


def _state(_: Words, child: Stayer) -> str:
    if child.stand is Stand.HERE:
        return _("✔ here")
    if child.stand is Stand.AWAITED and child.step is not Step.EXPECTED and child.holder_id is not None:
        return _("still with {teacher}", teacher=child.holder_name)
    return step_label(_, child.step, child.there)


async def found_by_name(turn: Turn, words: str) -> View:
    """/extended NAME: the children of that name, or of a part of it."""
    found = await _mine(turn)
    children = [child for child in found.children if words.casefold() in child.name.casefold()][:MOST_FOUND]
    if not children:
        return View(turn._("No child of that name stays today."))
    return _list(turn._, turn._("Extended care"), children)


async def child_opened(update: Update, turn: Turn) -> None:
    await turn.show(await _child_view(turn, turn.numbers[0]))


async def _child_view(turn: Turn, day_child_id: int) -> View:
    """One child: where it is by the book, and what can be said of it."""
    _, found = turn._, await _mine(turn)
    child = next((one for one in found.children if one.id == day_child_id), None)
    if child is None:
        raise NotFound()
    lines = [
        _("{child}, class {school_class}", child=child.name, school_class=child.school_class),
        _state(_, child),
    ]
    rows: list[tuple[Button, ...]] = []
    if child.step in (Step.ABSENT, Step.EXPLAINED, Step.EXPECTED):
        rows.append((Button(_("Is here"), pack("exa", child.id)),))
    if child.stand in (Stand.AWAITED, Stand.HERE):
        rows.append((Button(_("⚠ Not here: ask the family"), pack("exm", child.id)),))
    rows.append((Button(_("‹ Back"), pack("exd", 0)),))
    return View("\n".join(lines), tuple(rows))


async def missing_tapped(update: Update, turn: Turn) -> None:
    await roll.not_arrived(turn.uow, turn.numbers[0])
    await turn.show(await desk(turn, turn._("⚠ The family and the homeroom teacher are being asked.")))


async def came_tapped(update: Update, turn: Turn) -> None:
    await roll.came(turn.uow, turn.numbers[0])
    await turn.show(await desk(turn, turn._("✔ Noted: the child is here.")))


TAPS = {
    "exo": count_opened,
    "exk": tick_tapped,
    "exc": count_tapped,
    "exr": class_opened,
    "exq": child_opened,
    "exm": missing_tapped,
    "exa": came_tapped,
}
