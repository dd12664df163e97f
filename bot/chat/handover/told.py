"""What a guardian reads of a hand-over, and answers: it is known to me, it is not right, that was a mistake (S13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from telegram import Update

from bot.chat.handover.words import Handed, pack_seen, read_seen
from bot.chat.kinds import Context
from bot.wire.turn import Turn
from bot.wire.view import DATA_LIMIT, Button, View
from care.enrolment.family import unrestricted_guardians
from care.people import name_of
from care.records.day import Alarm, Answer
from care.release.gate import any_child
from care.release.undoing import Release, acknowledge, dispute, looked_into, own_words, release_told, withdraw_dispute
from care.release.waiting import GateChild
from care.work import UnitOfWork
from locales import Words
from locales.labels import clock_on, label


def release_line(uow: UnitOfWork, _: Words, told: Release) -> str:
    at = clock_on(_, told.at, uow.school.zone, told.child.date)
    if told.alone:
        return _(
            "{child} left school alone at {at} (recorded by {teacher}).",
            child=told.child.name,
            at=at,
            teacher=told.teacher,
        )
    return _(
        "{child} was handed to {adult} at {at} by {teacher} ({proof}).",
        child=told.child.name,
        adult=Handed(told.adult_name, told.relation).said(_),
        at=at,
        teacher=told.teacher,
        proof=label(_, told.proof),
    )


async def release_view(uow: UnitOfWork, _: Words, told: Sequence[Release], thanks: bool = False) -> View:
    """Each child with what the receiver has said of it, and what they can say now. The buttons name all children of the
    letter, the one that is meant first, so that an answer about one leaves the others as they are."""
    said = await own_words(uow, [one.child.id for one in told])
    over = {child: alarm for child, alarm in (await looked_into(uow, told)).items() if child not in said}
    unsaid = [one for one in told if one.child.id not in said and one.child.id not in over]
    asked = [one for one in told if one.child.id not in over and not (thanks and one in unsaid)]
    rows = [_answer(_, told, one, said.get(one.child.id)) for one in asked]
    if unsaid and not thanks and len(all_of_them := _about("hq", told)) <= DATA_LIMIT:
        rows.insert(0, Button(_("✔ Acknowledge"), all_of_them))
    blocks = [
        [release_line(uow, _, one), await _outcome(uow, _, over[one.child.id])]
        if one.child.id in over
        else [release_line(uow, _, one), *_said(_, said.get(one.child.id), thanks)]
        for one in told
    ]
    return View("\n\n".join("\n".join(lines) for lines in blocks), tuple((button,) for button in rows))


async def _outcome(uow: UnitOfWork, _: Words, alarm: Alarm) -> str:
    """What came of it stands in a letter of its own, once."""
    at = f"{(alarm.closed_at or uow.now).astimezone(uow.school.zone):%H:%M}"
    name = await name_of(uow, alarm.closed_by)
    return _(
        "You had said that this is not right. {name} looked into it at {at}, and has written to you.", name=name, at=at
    )


def _answer(_: Words, told: Sequence[Release], one: Release, said: Answer | None) -> Button:
    alone, name = len(told) == 1, one.child.name
    if said is Answer.NOT_RIGHT:
        words = _("↩ It was a mistake: it is right") if alone else _("↩ It was a mistake: {child}", child=name)
    else:
        words = _("✖ Not right") if alone else _("✖ Not right: {child}", child=name)
    verb = "hy" if said is Answer.NOT_RIGHT else "hx"
    data = _about(verb, [one, *(other for other in told if other is not one)])
    return Button(words, data if len(data) <= DATA_LIMIT else _about(verb, [one]))


def _about(verb: str, told: Sequence[Release]) -> str:
    return ":".join([verb, *(pack_seen(one.child) for one in told)])


def _said(_: Words, word: Answer | None, thanks: bool) -> list[str]:
    if word is Answer.NOT_RIGHT:
        told = _(
            "The duty lead, the head and the homeroom teacher have been told at once. Please keep your phone near."
        )
        return [_("You say that this is not right."), told]
    if word is Answer.MISTAKE:
        return [
            _(
                "You say that “not right” was a mistake. The duty lead, the head and the homeroom teacher have been "
                "told; the duty lead closes the matter."
            )
        ]
    return [_("✔ Acknowledged. Thank you.")] if thanks else []


async def own(uow: UnitOfWork, day_child_id: int) -> GateChild | None:
    """The child, where the receiver is a guardian of it whom nothing restricts, now."""
    one = await any_child(uow, day_child_id)
    mine = one is not None and uow.actor.person_id in await unrestricted_guardians(uow, one.student_id)
    return one if mine else None


async def _still_so(uow: UnitOfWork, links: Iterable[tuple[int, int]]) -> list[Release]:
    """The receiver's own children of a letter, as far as nothing has happened since."""
    told = [await release_told(uow, child, seq) for child, seq in links if await own(uow, child) is not None]
    return [one for one in told if one.holds]


async def released(c: Context) -> View | None:
    told = await _still_so(c.uow, c.params["links"])
    return await release_view(c.uow, c._, told) if told else None


async def released_shown(c: Context) -> View | None:
    """In place of the letter: what was said to be not right has been looked into."""
    view = await released(c)
    return c.redraw(view) if view is not None else None


async def acknowledged(update: Update, turn: Turn) -> None:
    """Of each child the letter was about, unless the guardian has said that it is not right. The letter stays."""
    seen = _seen(turn)
    said = await own_words(turn.uow, seen)
    for day_child_id, seq in seen.items():
        if said.get(day_child_id) is not Answer.NOT_RIGHT:
            await acknowledge(turn.uow, day_child_id, seq)
    await _show(turn, seen, thanks=True)


async def disputed(update: Update, turn: Turn) -> None:
    seen = _seen(turn)
    await dispute(turn.uow, *next(iter(seen.items())))
    await _show(turn, seen)


async def withdrawn(update: Update, turn: Turn) -> None:
    """ "Not right" was a slip: the staff hear it and close the alarm; it can be said again."""
    seen = _seen(turn)
    await withdraw_dispute(turn.uow, *next(iter(seen.items())))
    await _show(turn, seen)


def _seen(turn: Turn) -> dict[int, int]:
    return {child: seq or 0 for child, seq in read_seen(turn.parts).items()}


async def _show(turn: Turn, seen: dict[int, int], thanks: bool = False) -> None:
    told = await _still_so(turn.uow, seen.items())
    told.sort(key=lambda one: one.child.number)
    await turn.show(await release_view(turn.uow, turn._, told, thanks))
