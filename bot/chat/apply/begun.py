"""/apply: which child, and what was begun already. Each child has a draft of its own; none is lost to another."""

from __future__ import annotations

from dataclasses import dataclass

from telegram import Update

from bot.chat.apply.draft import begin
from bot.chat.apply.facts import child_of, facts_for
from bot.chat.apply.screens import Screen
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.enrolment.apply import may_apply
from care.enrolment.queries import OwnApplication, own_applications
from care.enrolment.states import OPEN
from care.errors import Invalid
from care.people import Child, children_of
from care.records.delivery import Form
from care.records.enrolment import State
from care.term import applications_open, the_term
from locales.labels import label

PREFIX = "apply:"


def flow_of(student_id: int) -> str:
    return f"{PREFIX}{student_id}"


@dataclass(frozen=True)
class Begun:
    """A draft with the child that it is for."""

    form: Form
    child: Child


async def apply_command(update: Update, turn: Turn) -> None:
    """Begins, or offers to go on with what was begun."""
    begun = await _all_begun(turn)
    if not begun:
        await choose_child(turn)
        return
    several = len(await children_of(turn.uow, turn.actor.person_id or 0)) > len(begun)
    await turn.say(_offer(turn, begun, several))


async def _all_begun(turn: Turn) -> list[Begun]:
    """The drafts of this chat, the last used first. One that came to nothing is closed."""
    children = {child.student_id: child for child in await children_of(turn.uow, turn.actor.person_id or 0)}
    term = await the_term(turn.uow)
    existing = await own_applications(turn.uow, term.id, list(children))
    found = []
    for form in await turn.forms():
        if not form.flow.startswith(PREFIX) or not form.answers:
            continue
        child = children.get(form.answers["student_id"])
        if child is None or _overtaken(form, existing.get(child.student_id)):
            turn.close(form)
        else:
            found.append(Begun(form, child))
    return found


def _overtaken(form: Form, own: OwnApplication | None) -> bool:
    """Whether the application stands otherwise than when the draft was begun."""
    if "application_id" in form.answers:
        return own is None or own.state is not State.RETURNED or own.version != form.answers["application_version"]
    return own is not None and own.state in OPEN


def _offer(turn: Turn, begun: list[Begun], several: bool) -> View:
    _ = turn._
    other = [(Button(_("Another child"), pack("fg", "other", 0)),)] if several else []
    if len(begun) > 1:
        rows = [
            (Button(_("Go on: {child}", child=one.child.name), pack("fg", "on", one.child.student_id)),)
            for one in begun
        ]
        return View(_("You have started several applications."), (*rows, *other))
    child = begun[0].child
    ways = (
        Button(_("Go on"), pack("fg", "on", child.student_id)),
        Button(_("Start over"), pack("fg", "anew", child.student_id)),
    )
    return View(_("You have started an application for {child}.", child=child.name), (ways, *other))


async def choose_child(turn: Turn) -> None:
    _ = turn._
    children = await children_of(turn.uow, turn.actor.person_id or 0)
    if not children:
        await turn.say(
            View(_("There is no child at this school that you can apply for. Please ask the school office."))
        )
        return
    term = await the_term(turn.uow)
    if not applications_open(term, turn.uow.today):
        raise Invalid("applications_closed", since=term.apply_from, until=term.apply_until)
    existing = await own_applications(turn.uow, term.id, [child.student_id for child in children])
    free, lines = [], []
    for child in children:
        own = existing.get(child.student_id)
        if own is not None and own.state in OPEN:
            lines.append(_("{child}: {state}", child=child.name, state=label(_, own.state)))
        elif child.grade not in term.grades:
            lines.append(_("{child}: care is not offered for grade {grade}", child=child.name, grade=child.grade))
        else:
            free.append(child)
    if len(free) == 1 and not lines:
        await begin_or_offer(turn, free[0].student_id)
        return
    await turn.show(_choice(turn, free, lines))


def _choice(turn: Turn, free: list[Child], lines: list[str]) -> View:
    _ = turn._
    parts = ["\n".join(lines)] if lines else []
    if free:
        parts.append(_("For which child would you like to apply?"))
    else:
        parts.append(_("/children shows more."))
    rows = tuple((child_button(turn, child),) for child in free)
    return View("\n\n".join(parts), rows)


def child_button(turn: Turn, child: Child) -> Button:
    words = turn._("{child}, class {school_class}", child=child.name, school_class=child.school_class)
    return Button(words, pack("ap", child.student_id))


async def child_chosen(update: Update, turn: Turn) -> None:
    await begin_or_offer(turn, turn.numbers[0])


async def begin_or_offer(turn: Turn, student_id: int) -> None:
    """The first question for a child; where there are answers already, they are kept until the guardian says."""
    begun = [one for one in await _all_begun(turn) if one.child.student_id == student_id]
    if begun:
        await turn.show(_offer(turn, begun, several=False))
    else:
        await start(turn, student_id)


async def start(turn: Turn, student_id: int) -> None:
    """The first question for a child; raises when the child may not apply."""
    await may_apply(turn.uow, student_id)
    facts = await facts_for(turn, student_id)
    form = await turn.open_form(flow_of(student_id), "info", begin(facts))
    await turn.show(Screen(turn._, facts, form.answers, form.version).draw("info"))


async def draft_of(turn: Turn, student_id: int) -> Form | None:
    """The draft for a child of the person at this chat, open or put aside. A draft outlives no right to the child."""
    form = await turn.form(flow_of(student_id))
    if form is None or not form.answers:
        return None
    return form if await child_of(turn, student_id) is not None else None
