"""What the roll looks like in the chat: the sign-in, the class as buttons, one child's menu, today's sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.chat.missing import state_lines
from bot.chat.rollmode import only_away
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.custody.steps import may_follow
from care.missing import alarm_of, open_alarm_id
from care.records.day import Holder, Step
from care.rollcall import WITH_COURSE, Choice, RollChild, RollSheet, leave_behind
from locales import Words, mark
from locales.labels import step_label

PAGE = 8
IN_ALL = 95
"""Telegram takes 100 buttons; a list that is longer is worked by number."""
NARROW, WIDE = 11, 19
"""Half-widths of a number and name of which three, or two, stand in a row on a phone."""
LAST_NARROW = "\u10ff"
"""Characters of the scripts that come after it, Chinese among them, count as two half-widths."""

HERE, GONE, UNSAID = "✓", "➜", "○"
LATE, LEAVE, WITHDRAWN = mark("✓L"), mark("Lv"), mark("Out")
MARKS = {
    Step.EXPECTED: UNSAID,
    Step.PRESENT: HERE,
    Step.BACK: HERE,
    Step.UNDONE: HERE,
    Step.LATE: LATE,
    Step.ABSENT: "✗",
    Step.LEAVE: LEAVE,
    Step.MOVED: "◆",
    Step.LINED_OUT: GONE,
    Step.HANDED_OVER: GONE,
    Step.RELEASED: GONE,
    Step.EXPLAINED: "⌂",
    Step.WITHDRAWN: WITHDRAWN,
}
LEGEND = (
    (UNSAID, mark("not called yet")),
    (HERE, mark("here")),
    (LATE, mark("came late")),
    ("✗", mark("missing")),
    (LEAVE, mark("on leave")),
    ("◆", mark("at a course")),
    (GONE, mark("on the way, in extended care or collected")),
    ("⌂", mark("absent, explained")),
    (WITHDRAWN, mark("withdrawn from care")),
)
SAYS = (
    (Step.PRESENT, mark("✓ Here")),
    (Step.BACK, mark("✓ Back in class")),
    (Step.LATE, mark("✓ Came late")),
    (Step.ABSENT, mark("✗ Missing: ask the family now")),
    (Step.MOVED, mark("◆ With the course teacher")),
)
"""What can be said of a child, in the order of its menu."""


def mark_of(roll: RollSheet, child: RollChild) -> str:
    """The sign of a child's state. Who came to the teacher on duty by a take-over is simply here."""
    if child.step is Step.HANDED_OVER and child.holder_id == roll.teacher_id:
        return HERE
    return MARKS[child.step]


def hour(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def counts(_: Words, roll: RollSheet) -> str:
    """The first line of every list: who is here now, and apart from that who has been here and is not any more."""
    numbers: dict[str, object] = {"school_class": roll.school_class, "expected": roll.expected, "open": roll.open}
    if not (roll.collected or roll.with_extended):
        present = roll.here
        return _(
            "{school_class} · here {present} / expected {expected} · not called {open}", **numbers, present=present
        )
    line = _("{school_class} · here now {here} / expected {expected} · not called {open}", **numbers, here=roll.here)
    if roll.collected:
        line += " · " + _("collected {n}", n=roll.collected)
    if roll.with_extended:
        line += " · " + _("in extended care {n}", n=roll.with_extended)
    return line


def list_view(_: Words, zone: ZoneInfo, roll: RollSheet, note: str = "", away: bool = False) -> View:
    """The class as buttons, with the counts on top. ``away``: a tap on a child of whom nothing has been said opens what
    there is to say, instead of saying that it is here; for whoever taps those who are not, and then "all others"."""
    shown = roll.children[:IN_ALL]
    marks = [mark_of(roll, child) for child in shown]
    lines = [counts(_, roll)]
    if note:
        lines.append(note)
    times = f"{hour(roll.starts_at, zone)}–{hour(roll.ends_at, zone)}"
    lines.append(_("{times} · {venue} · on duty: {teacher}", times=times, venue=roll.venue, teacher=roll.teacher))
    signs = {sign: _(sign) for sign in set(marks)}
    lines.append("  ".join(f"{signs[sign]} {_(said)}" for sign, said in LEGEND if sign in signs))
    if len(shown) < len(roll.children):
        lines.append(_("The list is longer than fits here. The others: /checkin and the number."))
    left = roll.open
    away = away and left > 0
    if away:
        lines.append(_("Tap who is missing or late. At the end: all others are here."))
    elif left:
        lines.append(_("Tap a name: here. Tap it again: absent, late and more."))
    elif roll.done_at is not None:
        lines.append(done_line(_, zone, roll))
    rows = _in_rows(shown, [_child_button(child, signs[sign], away) for child, sign in zip(shown, marks, strict=True)])
    if left:
        all_others = _.many("✓ The other {n} is here", "✓ All {n} others are here", left)
        rows.append((Button(all_others, pack("ka", roll.session_id, unsaid(roll))),))
    refresh = Button(_("↻ Refresh"), pack("kl", roll.session_id))
    other = _("✓ Tap who is here") if away else _("✗ Tap only who is not here")
    switch = (Button(other, pack("kl", roll.session_id, int(not away))),) if left else ()
    return View("\n".join(lines), (*rows, (*switch, refresh)))


def done_line(_: Words, zone: ZoneInfo, roll: RollSheet) -> str:
    at = hour(roll.done_at or roll.starts_at, zone)
    return _("✔ Roll done {at} by {name}", at=at, name=roll.done_by)


def unsaid(roll: RollSheet) -> str:
    """Which numbers of the list nothing has been said about, as a mask in hexadecimal: what a button was drawn from."""
    return f"{sum(1 << child.number for child in roll.children if child.step is Step.EXPECTED):x}"


def numbers_in(mask: str) -> set[int]:
    """The numbers of a mask."""
    bits = int(mask, 16)
    return {number for number in range(bits.bit_length()) if bits >> number & 1}


def _child_button(child: RollChild, sign: str, away: bool) -> Button:
    here = child.step is Step.EXPECTED and not away
    data = pack("kt", child.id, child.seq) if here else pack("km", child.id, child.seq)
    return Button(f"{sign}{child.number} {child.name}", data)


def _in_rows(children: Sequence[RollChild], buttons: Sequence[Button]) -> list[tuple[Button, ...]]:
    """Three in a row, fewer where a name is long: the buttons of a row have one width. A mark moves no button."""
    rows: list[tuple[Button, ...]] = []
    row: list[Button] = []
    room = 3
    for child, button in zip(children, buttons, strict=True):
        fits = _fits(f"{child.number} {child.name}")
        room = min(room, fits)
        if len(row) >= room:
            rows.append(tuple(row))
            row, room = [], fits
        row.append(button)
    return [*rows, tuple(row)] if row else rows


def _fits(words: str) -> int:
    """How many labels of this width stand in a row."""
    width = len(words) + sum(map(LAST_NARROW.__lt__, words))
    return 3 if width <= NARROW else 2 if width <= WIDE else 1


async def sign_in_view(turn: Turn, roll: RollSheet) -> View:
    """Nobody is on duty yet, or somebody else is: what signing in means, in one screen. Else the list."""
    _, zone = turn._, turn.uow.school.zone
    if roll.teacher_id == turn.actor.person_id:
        return list_view(_, zone, roll, away=await only_away(turn))
    text = _(
        "{school_class}, {expected} expected, {start}–{end}, {venue}; planned: {planned}",
        school_class=roll.school_class,
        expected=roll.expected,
        start=hour(roll.starts_at, zone),
        end=hour(roll.ends_at, zone),
        venue=roll.venue,
        planned=roll.planned or _("nobody"),
    )
    sign_in = pack("ks", roll.session_id, roll.teacher_id or 0)
    if roll.teacher_id is None:
        return View(text, ((Button(_("✍ Sign in for duty"), sign_in),),))
    at = hour(roll.signed_in_at or roll.starts_at, zone)
    text += "\n\n" + _taking_over(_, roll.teacher, at, len(roll.in_care))
    take = Button(_("✍ Take over from {teacher}", teacher=roll.teacher), sign_in)
    return View(text, ((take,), (Button(_("Help with the roll"), pack("kl", roll.session_id)),)))


def _taking_over(_: Words, teacher: str, at: str, children: int) -> str:
    """What a take-over does, and the other way to help."""
    if not children:
        return _(
            "{teacher} signed in at {at}. If you take over, you are on duty from now on, and {teacher} is told. "
            "To help with the roll only, open the list: {teacher} stays on duty.",
            teacher=teacher,
            at=at,
        )
    return _.many(
        "{teacher} signed in at {at} and answers for {n} child who is here. If you take over, you answer for this "
        "child from now on, and {teacher} is told. To help with the roll only, open the list: {teacher} stays on duty.",
        "{teacher} signed in at {at} and answers for {n} children who are here. If you take over, you answer for them "
        "from now on, and {teacher} is told. To help with the roll only, open the list: {teacher} stays on duty.",
        children,
        teacher=teacher,
        at=at,
    )


async def menu_view(turn: Turn, roll: RollSheet, child: RollChild, note: str = "") -> View:
    """What can be said of one child; of one who is missing, what the family has said. Who taps only those who are not
    here finds that first."""
    _, zone, away = turn._, turn.uow.school.zone, await only_away(turn)
    lines = [note] if note else []
    lines.append(f"{child.number} {child.name} · {roll.school_class}")
    lines.append(_state(_, zone, roll, child))
    rows: list[tuple[Button, ...]] = []
    alarm_id = await open_alarm_id(turn.uow, child.id)
    if alarm_id is not None:
        alarm = await alarm_of(turn.uow, alarm_id)
        lines += await state_lines(turn.uow, _, alarm)
        rows.append((Button(_("Close this with a reason"), pack("mc", alarm.id)),))
    for step, words in sorted(SAYS, key=lambda one: away and one[0] is not Step.ABSENT):
        if may_say(child, step):
            rows.append((Button(_(words), pack("kd", child.id, child.seq, step.value)),))
    if await leave_behind(turn.uow, roll, child) is not None:
        after_all = pack("kd", child.id, child.seq, Step.LEAVE.value)
        rows.append((Button(_("↩ On leave after all (nobody is asked)"), after_all),))
    if child.is_here and child.step is not Step.MOVED:
        rows.append((Button(_("Left early, with an adult"), pack("ke", child.id)),))
    rows.append((Button(_("‹ To the list"), pack("kl", roll.session_id)),))
    return View("\n".join(lines), tuple(rows))


def may_say(child: RollChild, step: Step) -> bool:
    """Whether this can be said of the child now, and would say something new."""
    if step is Step.BACK:
        return child.step in (Step.MOVED, Step.LINED_OUT, Step.UNDONE)
    if step is Step.PRESENT and child.step in (Step.HANDED_OVER, Step.BACK):
        return False
    return may_follow(child.step, step)


def _state(_: Words, zone: ZoneInfo, roll: RollSheet, child: RollChild) -> str:
    taken_over = child.step is Step.HANDED_OVER and mark_of(roll, child) == HERE
    said = _(dict(LEGEND)[HERE]) if taken_over else step_label(_, child.step, child.extended)
    holder = "" if child.holder is Holder.SCHOOL and child.holder_name == WITH_COURSE else child.holder_name
    if holder and child.step is not Step.EXPECTED:
        return _("{state}, {at} ({name})", state=said, at=hour(child.at, zone), name=holder)
    if child.step in (Step.EXPECTED, Step.LEAVE, Step.WITHDRAWN):
        return said
    return _("{state}, {at}", state=said, at=hour(child.at, zone))


def choices_view(_: Words, zone: ZoneInfo, found: Sequence[Choice], page: int) -> View:
    """Today's sessions, one's own first."""
    page = min(page, max(len(found) - 1, 0) // PAGE)
    rows = [
        (Button(_choice(_, one, zone), pack("ko", one.session_id)),) for one in found[page * PAGE : (page + 1) * PAGE]
    ]
    turning = [Button(_("‹ Back"), pack("kp", page - 1))] if page else []
    if len(found) > (page + 1) * PAGE:
        turning.append(Button(_("More ›"), pack("kp", page + 1)))
    return View(_("Which class?"), (*rows, tuple(turning)) if turning else tuple(rows))


def _choice(_: Words, one: Choice, zone: ZoneInfo) -> str:
    times = f"{hour(one.starts_at, zone)}–{hour(one.ends_at, zone)}"
    if one.done:
        state = _("✔ roll done")
    elif one.signed_in:
        state = _("on duty: {teacher}", teacher=one.teacher)
    else:
        state = _("planned: {teacher}", teacher=one.teacher or _("nobody"))
    return f"{one.school_class} · {times} · {state}"


def several_view(_: Words, found: Sequence[tuple[RollSheet, RollChild]], note: str) -> View:
    """Several children are meant: which one?"""
    rows = []
    for roll, child in found[:PAGE]:
        words = f"{_(mark_of(roll, child))}{child.number} {child.name} · {roll.school_class}"
        rows.append((Button(words, pack("km", child.id, child.seq)),))
    return View(note, tuple(rows))
