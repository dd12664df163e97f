"""The gate's list: who waits, who is on the way; class by class where that is more than a message can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.chat.handover.screens import Row, abreast, undo_row
from bot.chat.handover.words import ASK_FIRST, ask_first, in_list, who_comes
from bot.wire.view import Button, View, pack
from care.paper.mark import says_how
from care.release.gate import just_released, sheet
from care.release.waiting import Gate, GateChild
from care.rollcall import Choice
from care.work import UnitOfWork
from locales import Words
from locales.labels import listed

MANY = 60
"""More children than this are shown class by class: a message has a hundred buttons at most, and 4,096 characters."""
CLASSES_ABREAST = 4


def choice_list(_: Words, found: Sequence[Choice]) -> View:
    if not found:
        return View(_("No class has care now that you could hand over."))
    buttons = [
        Button(f"{one.school_class} · {one.teacher}" if one.teacher else one.school_class, pack("hs", one.session_id))
        for one in found
    ]
    return View(_("Which class leaves?"), tuple(abreast(buttons)))


async def gate_list(uow: UnitOfWork, _: Words, session_id: int, note: str = "", class_id: int | None = None) -> View:
    """The class at the gate: counts on top, the children who are still here as buttons, what can still be undone.
    ``class_id``: of many children only this class's are shown, as long as any of them waits."""
    gate = await sheet(uow, session_id)
    here = [child for child in gate.children if child.is_here]
    by_class = len(here) > MANY
    if class_id not in {child.class_id for child in here}:
        class_id = None
    shown = [child for child in here if child.class_id == class_id] if by_class else here
    rows: list[Row] = []
    setting_out = [child for child in here if not child.on_the_way and not child.stays]
    if setting_out:
        label_ = _.many("➜ Line out {n} child", "➜ Line out all {n}", len(setting_out))
        rows.append((Button(label_, pack("ho", gate.session_id)),))
    rows += [undo_row(_, child) for child in await just_released(uow)]
    if by_class and class_id is None:
        rows += _classes(gate, here)
    rows += [(_child_button(_, child),) for child in shown if child.has_namesake]
    rows += abreast([_child_button(_, child) for child in shown if not child.has_namesake])
    if by_class and class_id is not None:
        rows.append((Button(_("‹ All classes"), pack("hs", gate.session_id, 0)),))
    if (here or gate.paper_since is not None) and await says_how(uow, gate):
        rows.append((_paper_button(_, gate),))
    lines = [
        *([note, ""] if note else []),
        *_head(uow, _, gate),
        *await _about(uow, _, gate, shown, by_class and class_id is None),
    ]
    return View("\n".join(lines), tuple(rows))


def _classes(gate: Gate, here: Iterable[GateChild]) -> list[Row]:
    counts = Counter((child.class_id, child.school_class) for child in here)
    buttons = [Button(f"{name} · {n}", pack("hs", gate.session_id, number)) for (number, name), n in counts.items()]
    return abreast(buttons, CLASSES_ABREAST)


def early_question(uow: UnitOfWork, _: Words, gate: Gate) -> View:
    text = _(
        "{group} ends at {time} only. Set out now? The families are told that the children are on the way to the gate.",
        group=gate.place,
        time=f"{gate.ends_at.astimezone(uow.school.zone):%H:%M}",
    )
    yes = Button(_("Yes, set out now"), pack("ho", gate.session_id, 1))
    return View(text, ((yes,), (Button(_("‹ To the list"), pack("hs", gate.session_id)),)))


def paper_question(_: Words, gate: Gate) -> View:
    text = _(
        "{group}: hand over on paper from now on? Note who, when, and the signature on the day sheet. Until it is "
        "entered in the console, nobody is reminded of children who have not been collected, and the day stays open. "
        "The duty lead is told.",
        group=gate.place,
    )
    yes = Button(_("Yes, on paper"), pack("hp", gate.session_id, 1))
    return View(text, ((yes,), (Button(_("‹ To the list"), pack("hs", gate.session_id)),)))


def _child_button(_: Words, child: GateChild) -> Button:
    name = in_list(child)
    if child.stays:
        name = _("⚠ {child}: bring back", child=name) if child.on_the_way else _("{child} (stays)", child=name)
    elif child.on_the_way:
        name = f"➜ {name}"
    return Button(name, pack("hk", child.id))


def _paper_button(_: Words, gate: Gate) -> Button:
    if gate.paper_since is not None:
        return Button(_("The chat works again"), pack("hb", gate.session_id))
    return Button(_("✎ Hand over on paper"), pack("hp", gate.session_id, 0))


def _head(uow: UnitOfWork, _: Words, gate: Gate) -> list[str]:
    time = f"{gate.ends_at.astimezone(uow.school.zone):%H:%M}"
    if gate.extended:
        head = _("{venue} · care ends at {time}", venue=gate.place, time=time)
    else:
        head = _("{school_class} · {gate} · care ends at {time}", school_class=gate.place, gate=gate.gate, time=time)
    lines = [
        head,
        _(
            "Waiting {waiting} · on the way {on_the_way} · collected {collected}",
            waiting=gate.waiting,
            on_the_way=gate.on_the_way,
            collected=gate.collected,
        ),
    ]
    if gate.paper_since is not None:
        since = f"{gate.paper_since.astimezone(uow.school.zone):%H:%M}"
        lines.append(
            _(
                "✎ On paper since {time}, by {name}. Afterwards it is entered in the console, under “From paper”.",
                time=since,
                name=gate.paper_by,
            )
        )
    if gate.staying:
        lines.append(_.many("{n} child stays for extended care.", "{n} children stay for extended care.", gate.staying))
    if gate.called_back:
        back = _(
            "⚠ On the way to the gate, but to stay for extended care now: {names}. Please bring them back, and hand "
            "them over to extended care: /extended.",
            names=listed(_, [in_list(child) for child in gate.called_back]),
        )
        lines.append(back)
    return lines


async def _about(uow: UnitOfWork, _: Words, gate: Gate, shown: Sequence[GateChild], of_classes: bool) -> list[str]:
    """Who comes for those shown, and what to do now."""
    if of_classes:
        return ["", _("Tap a class; or type a pick-up code or a child's name.")]
    if not shown:
        return ["", _("Nobody waits here.") if gate.extended else _("Nobody of this class waits here.")]
    come = await who_comes(uow, shown)
    who = [_("{child}: {adult} comes", child=in_list(one), adult=come[one.id]) for one in shown if one.id in come]
    if any(ASK_FIRST in line for line in who):
        who.append(ask_first(_))
    return [*who, "", _("Tap a child; or type a pick-up code, a name or a number of the list.")]
