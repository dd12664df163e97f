"""/leave: the child does not attend on a day or some days; and what others are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from telegram import Update

from bot.chat.dates import read_backwards, read_dates
from bot.chat.ids import id_of
from bot.chat.leave_words import back_button, days_words, leave_line, near, prospect_lines, times_lines
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.attendance import Attends
from care.errors import Conflict, Invalid
from care.leave import REASON_LIMIT, give_all, take_back
from care.leave_queries import (
    Prospect,
    before_cut_off,
    children_in_care,
    coming,
    given_alike,
    look,
    nearest,
    own_child,
    own_leave,
    times_of,
)
from care.records.day import LeaveReason
from care.records.delivery import Form
from locales import Words
from locales.labels import clock, day, label, leave_reason, listed

FLOW = "leave"
ALL = 0
"""In a button, in place of a child's id: all the guardian's children in care."""
REASONS = {"i": LeaveReason.ILL.value, "f": LeaveReason.FAMILY.value, "n": ""}
SHOWN = 10
"""So many leaves that stand are listed, the nearest first."""
OTHER, TYPED = "o", "w"
"""In a button: the reason is to be typed, and the one that was typed."""


@dataclass(frozen=True)
class Wanted:
    """For whom and when, as the buttons carry it."""

    who: int
    children: tuple[Attends, ...]
    first: date
    last: date

    @property
    def ids(self) -> list[int]:
        return [child.student_id for child in self.children]

    def pack(self, verb: str, reason: str) -> str:
        return pack(verb, self.who, f"{self.first:%Y%m%d}", f"{self.last:%Y%m%d}", reason)


async def leave_command(update: Update, turn: Turn) -> None:
    children = await children_in_care(turn.uow)
    if not children:
        await turn.say(View(turn._("None of your children is in after-school care this term.")))
    elif len(children) == 1:
        await turn.say(await _when(turn, children[0].student_id, children))
    else:
        await turn.say(await _who(turn, children))


async def _who(turn: Turn, children: Sequence[Attends]) -> View:
    _ = turn._
    rows = [(Button(child.name, pack("lv", child.student_id)),) for child in children]
    rows.append((Button(_("All of them together"), pack("lv", ALL)),))
    standing, back = await _standing(turn, children)
    return View("\n\n".join([*standing, _("Leave: for which child?")]), (*rows, *back))


async def _standing(turn: Turn, children: Sequence[Attends]) -> tuple[list[str], list[tuple[Button, ...]]]:
    """The leaves that stand, as a paragraph, each with its button."""
    _, found = turn._, (await coming(turn.uow, children))[:SHOWN]
    lines = [leave_line(_, one) for one in found]
    rows: list[tuple[Button, ...]] = [(back_button(_, one),) for one in found]
    return (["\n".join([_("On leave already:"), *lines])] if lines else []), rows


async def _chosen(turn: Turn, part: str) -> tuple[int, list[Attends]]:
    """The children a button means, as they are in care now. Raises NotFound for another family's child,
    Conflict("not_in_care")."""
    who = id_of(part)
    if who != ALL:
        return who, [await own_child(turn.uow, who)]
    children = await children_in_care(turn.uow)
    if not children:
        raise Conflict("not_in_care")
    return who, children


async def child_tapped(update: Update, turn: Turn) -> None:
    who, children = await _chosen(turn, turn.parts[0])
    await turn.show(await _when(turn, who, children))


async def _when(turn: Turn, who: int, children: Sequence[Attends]) -> View:
    """Asks for the days; a typed date or range is heard from now on."""
    _, today = turn._, turn.uow.today
    await turn.open_form(FLOW, "date", {"who": who})
    rows = [
        (Button(near(_, one, today), pack("lvd", who, f"{one:%Y%m%d}", f"{one:%Y%m%d}")),)
        for one in await nearest(turn.uow, children)
    ]
    standing, back = await _standing(turn, children)
    question = _(
        "On which day will {names} not attend? Tap a day, or type a date or a range, "
        "like 11-25 or 11-25 to 11-27. /cancel leaves everything as it is.",
        names=listed(_, [child.name for child in children]),
    )
    return View("\n\n".join([*standing, question]), (*rows, *back))


async def days_tapped(update: Update, turn: Turn) -> None:
    await _ask_why(turn, await _wanted(turn))


async def _wanted(turn: Turn, extra: int = 0) -> Wanted:
    """What the tapped button says. Raises Conflict for one that was not ours."""
    if len(turn.parts) != 3 + extra:
        raise Conflict()
    return await _wanted_of(turn, turn.parts[0], turn.parts[1], turn.parts[2])


async def _wanted_of(turn: Turn, who: str, first: str, last: str) -> Wanted:
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise Conflict() from None
    number, children = await _chosen(turn, who)
    return Wanted(number, tuple(children), *days)


async def _prospects(turn: Turn, wanted: Wanted) -> list[Prospect]:
    """Raises the first child's error when none of them can have this leave."""
    found = await look(turn.uow, wanted.ids, wanted.first, wanted.last)
    problems = [one.problem for one in found if one.problem is not None]
    if len(problems) == len(found):
        raise problems[0]
    return found


async def _ask_why(turn: Turn, wanted: Wanted) -> None:
    _ = turn._
    lines = prospect_lines(_, await _prospects(turn, wanted), wanted.first, wanted.last)
    await turn.open_form(FLOW, "reason", _answers(wanted))
    lines += ["", _("Why? The teacher reads it.")]
    rows = [(Button(label(_, LeaveReason(REASONS[key])), wanted.pack("lvr", key)),) for key in ("i", "f")]
    rows.append((Button(_("In other words"), wanted.pack("lvr", OTHER)),))
    rows += [(Button(_("Give no reason"), wanted.pack("lvr", "n")),), (_other_days(_, wanted),)]
    await turn.show(View("\n".join(lines), tuple(rows)))


def _answers(wanted: Wanted, words: str = "") -> dict[str, str]:
    return {
        "who": str(wanted.who),
        "first": f"{wanted.first:%Y%m%d}",
        "last": f"{wanted.last:%Y%m%d}",
        "words": words,
    }


def _other_days(_: Words, wanted: Wanted) -> Button:
    return Button(_("‹ Other days"), pack("lv", wanted.who))


async def reason_tapped(update: Update, turn: Turn) -> None:
    wanted, reason = await _wanted(turn, 1), turn.parts[-1]
    if reason == OTHER:
        await turn.open_form(FLOW, "reason", _answers(wanted))
        question = turn._("Please type the reason. The teacher reads it.")
        await turn.show(View(question, ((_other_days(turn._, wanted),),)))
    elif reason in REASONS:
        await turn.show(await _confirm(turn, wanted, reason))
    else:
        raise Conflict()


async def _confirm(turn: Turn, wanted: Wanted, reason: str, words: str = "") -> View:
    _ = turn._
    prospects = await _prospects(turn, wanted)
    await turn.open_form(FLOW, "confirm", _answers(wanted, words))
    lines = prospect_lines(_, prospects, wanted.first, wanted.last)
    why = words if reason == TYPED else leave_reason(_, REASONS[reason])
    if why:
        lines.append(_("Reason: {value}", value=why))
    first = min(one.days[0] for one in prospects if one.problem is None)
    in_time, until = await before_cut_off(turn.uow, wanted.children[0].term_id, first)
    if in_time:
        lines.append(_("In time: possible until {time} on the day.", time=clock(until)))
    else:
        lines.append(_("It is after {time}, so the teacher is told at once.", time=clock(until)))
    rows = ((Button(_("✔ Give leave"), wanted.pack("lvy", reason)),), (_other_days(_, wanted),))
    return View("\n".join(lines), rows)


async def confirmed(update: Update, turn: Turn) -> None:
    """Gives the leave. The second of two taps on one button sees what the first one did."""
    wanted, reason = await _wanted(turn, 1), turn.parts[-1]
    prospects = await look(turn.uow, wanted.ids, wanted.first, wanted.last)
    if any(one.problem is None for one in prospects):
        fresh = await give_all(turn.uow, wanted.ids, wanted.first, wanted.last, await _reason(turn, reason))
        given, at_once = [one.id for one in fresh], any(one.told_at_once for one in fresh)
    else:
        given, at_once = await given_alike(turn.uow, wanted.ids, wanted.first, wanted.last), False
        if not given:
            raise next(one.problem for one in prospects if one.problem is not None)
    await _close(turn)
    await turn.show(await _given(turn, given, at_once))


async def _reason(turn: Turn, key: str) -> str:
    if key in REASONS:
        return REASONS[key]
    form = await turn.form(FLOW)
    if key != TYPED or form is None or form.step != "confirm" or not form.answers.get("words"):
        raise Conflict()
    return str(form.answers["words"])


async def _given(turn: Turn, leave_ids: Sequence[int], at_once: bool) -> View:
    _, standing = turn._, [await own_leave(turn.uow, leave_id) for leave_id in leave_ids]
    lines = [
        _("✔ {child} is on leave: {days}.", child=one.child.name, days=days_words(_, one.days)) for one in standing
    ]
    if at_once:
        lines.append(_("The teacher is being told."))
    return View("\n".join(lines), tuple((back_button(_, one),) for one in standing))


async def back_tapped(update: Update, turn: Turn) -> None:
    """The leave is taken back; the second of two taps sees the same."""
    _, standing = turn._, await own_leave(turn.uow, turn.numbers[0])
    if standing.leave.withdrawn_at is None:
        await take_back(turn.uow, standing.leave.id)
    await _close(turn)
    lines = [_("Taken back: {child} attends as usual.", child=standing.child.name)]
    if standing.days:
        days = days_words(_, standing.days)
        lines = [_("Taken back: {child} attends as usual, on {days}.", child=standing.child.name, days=days)]
        lines += times_lines(_, await times_of(turn.uow, standing.child, standing.days))
    again = Button(_("Give leave again"), pack("lv", standing.child.student_id))
    await turn.show(View("\n".join(lines), ((again,),)))


async def words_typed(turn: Turn, form: Form, words: str) -> None:
    """A date or a range, whenever it comes; other words are the reason once there are days."""
    answers = form.answers
    who, children = await _chosen(turn, str(answers["who"]))
    about = (words, turn.uow.today, children[0].term_ends, turn._.language == "en")
    typed, turned = read_dates(*about), read_backwards(*about)
    if turned is not None:
        await turn.say(_backwards(turn, who, *turned))
    elif typed is not None:
        await _ask_why(turn, Wanted(who, tuple(children), *typed))
    elif form.step == "date":
        await turn.say(
            View(turn._("Please type a date like 11-25, or a range like 11-25 to 11-27, or tap a day above."))
        )
    else:
        words = " ".join(words.split())
        if len(words) > REASON_LIMIT:
            raise Invalid("words_too_long", limit=REASON_LIMIT)
        wanted = await _wanted_of(turn, answers["who"], answers["first"], answers["last"])
        await turn.say(await _confirm(turn, wanted, TYPED, words))


def _backwards(turn: Turn, who: int, first: date, last: date) -> View:
    """The last day was named first. Nothing is asked anew: the days as they can be meant are a tap away."""
    _, ends = turn._, {"first": day(turn._, first), "last": day(turn._, last)}
    text = _("The days run backwards: {first} is before {last}. Please type the first day first.", **ends)
    meant = Button(_("{first} to {last}", **ends), pack("lvd", who, f"{first:%Y%m%d}", f"{last:%Y%m%d}"))
    return View(text, ((meant,),) if first >= turn.uow.today else ())


async def ask_again(turn: Turn, form: Form) -> None:
    """The question that waits, once more."""
    if form.step == "date":
        who, children = await _chosen(turn, str(form.answers["who"]))
        await turn.say(await _when(turn, who, children))
    else:
        answers = form.answers
        await _ask_why(turn, await _wanted_of(turn, answers["who"], answers["first"], answers["last"]))


async def _close(turn: Turn) -> None:
    form = await turn.form(FLOW)
    if form is not None and form.step:
        turn.close(form)
