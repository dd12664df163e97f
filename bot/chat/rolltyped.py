"""/checkin 3, /checkin NAME and /checkin 2(3): the roll by typed words, and what they say of the child ("3 absent",
"3缺")."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.chat.class_names import read_class
from bot.chat.rolllist import (
    choices_view,
    counts,
    done_line,
    mark_of,
    may_say,
    menu_view,
    several_view,
    sign_in_view,
)
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.errors import NotFound
from care.records.day import Step
from care.rollcall import Choice, RollChild, RollSheet, mark, meant, sheet
from care.rollsheet import sessions_with
from locales.labels import step_label

STATES = {
    Step.PRESENT: ("here", "present", "到", "已到", "来了"),
    Step.LATE: ("late", "迟", "迟到"),
    Step.ABSENT: ("absent", "missing", "缺", "缺勤", "缺席", "未到", "没来"),
    Step.MOVED: ("course", "课程", "社团"),
    Step.BACK: ("back", "回", "回来"),
}
"""What may be typed after a number or a name, in either language."""
BY_WORD = {word: step for step, words in STATES.items() for word in words}
GLUED = sorted((word for word in BY_WORD if not word.isascii()), key=len, reverse=True)
NUMBER = re.compile(r"\d{1,5}")

Reading = tuple[str, Step | None, str]
"""Which child, what is said of it, and which course teacher."""
Found = list[tuple[RollSheet, RollChild]]


def readings(words: str) -> list[Reading]:
    """How typed words can be understood, the likeliest first: "3 缺", "3缺", "Emma Li late", "林芷若缺"; after "course"
    its teacher's name may follow."""
    tokens = words.split()
    for at, token in enumerate(tokens[1:], start=1):
        if token.lower() in BY_WORD:
            return [(" ".join(tokens[:at]), BY_WORD[token.lower()], " ".join(tokens[at + 1 :]))]
    found: list[Reading] = [(words, None, "")]
    number = NUMBER.match(words)
    if number and words[number.end() :].lower() in BY_WORD:
        return [(number.group(), BY_WORD[words[number.end() :].lower()], "")]
    glued = next((word for word in GLUED if words.endswith(word) and words != word), None)
    return [*found, (words.removesuffix(glued), BY_WORD[glued], "")] if glued else found


async def typed(turn: Turn, choices: Sequence[Choice], words: str) -> View:
    """Does what the words say, where they mean one child; asks where they mean several; opens the list of a class.
    Raises NotFound for a class without care today, or beyond the typist's reach."""
    of_class = read_class(words)
    if of_class is not None:
        return await sign_in_view(turn, await sheet(turn.uow, _session_of(choices, *of_class)))
    for who, said, remark in readings(words):
        if who.isdecimal() and not any(one.own for one in choices) and len(choices) > 1:
            return choices_view(turn._, turn.uow.school.zone, choices, 0)
        found = await _meant(turn, choices, who)
        if len(found) > 1:
            return several_view(turn._, found, turn._("Which child is meant by “{words}”?", words=who))
        if found:
            return await _say(turn, choices, *found[0], said, remark)
    nobody = turn._(
        "No child on today's lists is called “{words}”. Type a number of your list, a name, or a class like 2(3).",
        words=words[:60],
    )
    return View(nobody)


def _session_of(choices: Sequence[Choice], grade: int, number: int) -> int:
    for one in choices:
        if one.school_class == f"{grade}({number})":
            return one.session_id
    raise NotFound()


async def _meant(turn: Turn, choices: Sequence[Choice], who: str) -> Found:
    """The children meant: of the own lists, or else, by name, of all lists that one may take."""
    own = [one.session_id for one in choices if one.own] or [one.session_id for one in choices if len(choices) == 1]
    found = await _on_lists(turn, own, who)
    if found or who.isdecimal():
        return found
    return await _on_lists(turn, await sessions_with(turn.uow, who), who)


async def _on_lists(turn: Turn, session_ids: Sequence[int], who: str) -> Found:
    found: Found = []
    for session_id in session_ids:
        try:
            roll = await sheet(turn.uow, session_id)
        except NotFound:  # another's class
            continue
        found += [(roll, child) for child in meant(roll.children, who)]
    exact = [(roll, child) for roll, child in found if child.name.casefold() == who.casefold()]
    return exact or found


async def _say(
    turn: Turn, choices: Sequence[Choice], roll: RollSheet, child: RollChild, said: Step | None, remark: str
) -> View:
    """Marks one child, where the list is the typist's own; on another's list its menu is shown instead."""
    own = any(one.own for one in choices if one.session_id == roll.session_id) or len(choices) == 1
    if roll.teacher_id is None:
        return await sign_in_view(turn, roll)
    if not own or (said is None and child.step in (Step.LEAVE, Step.WITHDRAWN)):
        return await menu_view(turn, roll, child)
    step = _wanted(child, said)
    if step is None or child.step is step:
        return _answer(turn, roll, child)
    if not may_say(child, step):
        note = turn._("That cannot be said of this child now.")
        return await menu_view(turn, roll, child, note)
    roll = await mark(turn.uow, child.id, step, child.seq, remark)
    return _answer(turn, roll, roll.child(child.id))


def _wanted(child: RollChild, said: Step | None) -> Step | None:
    """What the words say of the child; without any, that it is here. None when it is already."""
    if child.step is Step.MOVED and said in (None, Step.PRESENT):
        return Step.BACK
    if said is None or (said is Step.PRESENT and child.step is not Step.LATE):
        return None if child.is_here else Step.PRESENT
    return said


def _answer(turn: Turn, roll: RollSheet, child: RollChild) -> View:
    """How the child stands now, and how the roll does."""
    _, zone = turn._, turn.uow.school.zone
    lines = [
        f"{_(mark_of(roll, child))} {child.number} {child.name} · {step_label(_, child.step, child.extended)}",
        counts(_, roll),
    ]
    if roll.done_at == turn.uow.now:
        lines.append(done_line(_, zone, roll))
    row = (
        Button(_("Open the list"), pack("kl", roll.session_id)),
        Button(_("Change this"), pack("km", child.id, child.seq)),
    )
    return View("\n".join(lines), (row,))
