"""The application conversation in the chat. Every answer is saved at once; nothing is sent before the end."""

from __future__ import annotations

import base64

from telegram import Update

from bot.chat.apply.begun import PREFIX, choose_child, draft_of, flow_of, start
from bot.chat.apply.draft import Draft, Facts, Said, Tap, as_answers, begin
from bot.chat.apply.facts import facts_for
from bot.chat.apply.flow import advance
from bot.chat.apply.screens import Screen, problem_sentence
from bot.chat.ids import id_of
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.enrolment.apply import correct, may_apply, own_application, submit
from care.enrolment.queries import own_applications
from care.enrolment.states import OPEN
from care.errors import CareError, Conflict
from care.people import children_of
from care.records.delivery import Form
from care.records.enrolment import Application, State
from care.term import current_term, the_term
from locales.labels import label


async def correct_tapped(update: Update, turn: Turn) -> None:
    """A returned application, to be corrected: all answers are there already."""
    application = await own_application(turn.uow, turn.numbers[0], applicant_only=True)
    if application.state is not State.RETURNED:
        raise Conflict(state=application.state)
    facts = await facts_for(turn, application.student_id, application.id)
    step, answers = "summary", _as_draft(application, facts)
    begun = await draft_of(turn, application.student_id)
    if begun is not None and begun.answers.get("application_version") == application.version:
        step, answers = _where(begun)
    form = await turn.open_form(flow_of(application.student_id), step, answers)
    await turn.say(Screen(turn._, facts, form.answers, form.version).draw(form.step))


def _where(form: Form) -> tuple[str, Draft]:
    """The step and the answers of a draft, open or put aside."""
    answers = {**form.answers}
    kept = answers.pop("step", "")
    return form.step or kept, answers


def _as_draft(application: Application, facts: Facts) -> Draft:
    return {
        **begin(facts),
        "application_id": application.id,
        "application_version": application.version,
        "weekdays": application.weekdays,
        "needs": application.needs,
        "need_words": application.need_words,
        "extended": application.extended_weekdays,
        "pickup": [[adult.name, adult.relation.value, adult.phone] for adult in application.pickup],
        "leave": application.leave_mode.value,
        "health": base64.b64encode(application.health_note).decode() if application.health_note else "",
        "courses": application.courses_wished,
        "consent_data": True,
        "consent_health": application.health_note is not None,
    }


async def answer_tapped(update: Update, turn: Turn) -> None:
    """A button of a question. One of an older question is told so, and the present question is shown."""
    if len(turn.parts) != 3:
        raise Conflict()
    student_id, version, token = id_of(turn.parts[0]), id_of(turn.parts[1]), turn.parts[2]
    form = await turn.form(flow_of(student_id))
    if form is None or not form.step:
        if arrived := await _arrived(turn, student_id):  # tapped twice, or once more later
            await turn.toast(arrived)
        else:
            await turn.toast(turn._("This conversation is over. /apply starts a new one."), alert=True)
        return
    if (await turn.forms())[0] is not form:  # who taps here means this conversation by the next words, too
        form = await turn.open_form(form.flow, form.step, form.answers)
    if version != form.version:
        await turn.toast(turn._("That was an earlier question. Here is the current one."))
        await turn.say(await present(turn, form))
        return
    await _advance(turn, form, Tap(token))


async def _arrived(turn: Turn, student_id: int) -> str:
    """That the school has an application for this child of the family already; empty when it has none."""
    children = await children_of(turn.uow, turn.actor.person_id or 0)
    child = next((one for one in children if one.student_id == student_id), None)
    term = await current_term(turn.uow)
    if child is None or term is None:
        return ""
    own = (await own_applications(turn.uow, term.id, [student_id])).get(student_id)
    if own is None or own.state not in OPEN or own.state is State.RETURNED:
        return ""
    state = label(turn._, own.state)
    return turn._("The school has the application for {child}: {state}.", child=child.name, state=state)


async def answer_typed(turn: Turn, form: Form, words: str) -> None:
    await _advance(turn, form, Said(words))


async def _advance(turn: Turn, form: Form, said: Tap | Said) -> None:
    facts = await _facts_of(turn, form)
    step = advance(form.step, form.answers, said, facts)
    if step.end == "submit":
        await _submit(turn, form, facts)
        return
    if step.end == "declined":
        turn.close(form)
        await turn.show(
            View(turn._("Then no application is made, and nothing is kept. /apply starts again whenever you like."))
        )
        return
    if form.step in ("health", "health_words") and isinstance(said, Said):
        await turn.erase()  # taken or not (too long, no consent yet): it does not stay in the chat
    turn.put(form, step.step, step.answers)
    view = Screen(turn._, facts, form.answers, form.version).draw(form.step)
    if step.problem and isinstance(said, Tap):
        await turn.toast(problem_sentence(turn._, step.problem), alert=True)
        if step.step == form.step:
            await turn.show(view)
        return
    if step.problem:
        view = View(problem_sentence(turn._, step.problem) + "\n\n" + view.text, view.rows)
    await turn.show(view)


async def _submit(turn: Turn, form: Form, facts: Facts) -> None:
    _, draft = turn._, form.answers
    answers = as_answers(draft, facts, lambda sealed: turn.uow.school.keys.open(base64.b64decode(sealed)) or "")
    try:
        if "application_id" in draft:
            application = await correct(turn.uow, draft["application_id"], answers, draft["application_version"])
        else:
            application = await submit(turn.uow, facts.student_id, answers)
    except Conflict:
        turn.close(form)
        await turn.show(await _overtaken(turn, facts))
        return
    turn.close(form)
    text = _(
        "Submitted: the application for {child}, class {school_class} (no. {number}).\n\nNext, the "
        "homeroom teacher reviews it; then the school decides. You will hear about each step here. "
        "/children shows where it stands.",
        child=facts.child,
        school_class=facts.school_class,
        number=application.id,
    )
    rows = [(Button(_("Application as PDF"), pack("pdf", application.id)),)]
    await turn.show(View(text, (*rows, *await _further_children(turn, facts.student_id))))


async def _further_children(turn: Turn, student_id: int) -> list[tuple[Button, ...]]:
    """Buttons for brothers and sisters without an application; those who may not apply have none."""
    rows: list[tuple[Button, ...]] = []
    for child in await children_of(turn.uow, turn.actor.person_id or 0):
        try:
            if child.student_id != student_id:
                await may_apply(turn.uow, child.student_id)
                rows.append((Button(turn._("Apply for {child}", child=child.name), pack("ap", child.student_id)),))
        except CareError:
            continue
    return rows


async def _overtaken(turn: Turn, facts: Facts) -> View:
    """Somebody was faster (the other parent, another device): how it stands, and what became of the answers here."""
    _ = turn._
    term = await the_term(turn.uow)
    own = (await own_applications(turn.uow, term.id, [facts.student_id])).get(facts.student_id)
    if own is None:
        raise Conflict()
    text = _(
        "There is already an application for {child}, made by {name}: {state}.\n\nWhat you filled in "
        "here was not submitted and is not kept.",
        child=facts.child,
        name=own.applied_by,
        state=label(_, own.state),
    )
    return View(text, ((Button(_("My children"), pack("go", "children")),),))


async def present(turn: Turn, form: Form) -> View:
    """The question at which a conversation stands."""
    facts = await _facts_of(turn, form)
    return Screen(turn._, facts, form.answers, form.version).draw(form.step)


async def going_on_tapped(update: Update, turn: Turn) -> None:
    choice, student_id = turn.parts[0], id_of(turn.parts[-1])
    form = await draft_of(turn, student_id)
    if form is None:
        await choose_child(turn)
    elif choice == "on":
        step, answers = _where(form)
        form = await turn.open_form(form.flow, step, answers)
        await turn.show(await present(turn, form))
    elif choice == "anew":
        await _anew(turn, form)
    elif choice == "drop":
        turn.close(form)
        await turn.show(View(turn._("Your answers have been deleted.")))
    else:
        raise Conflict()


async def _anew(turn: Turn, form: Form) -> None:
    student_id, correcting = form.answers["student_id"], "application_id" in form.answers
    turn.close(form)
    if correcting:
        await turn.show(View(turn._("Your changes have been discarded. /children shows the returned application.")))
    else:
        await start(turn, student_id)


async def put_away(turn: Turn, form: Form) -> View:
    """/cancel in the middle: the answers are kept until the guardian goes on or deletes them."""
    _ = turn._
    student_id = form.answers["student_id"]
    turn.close(form, keep=True)
    rows = (
        (
            Button(_("Go on"), pack("fg", "on", student_id)),
            Button(_("Delete the answers"), pack("fg", "drop", student_id)),
        ),
    )
    return View(
        _("Set aside. Nothing has been submitted. Your answers are kept; /apply picks up where you left off."), rows
    )


def is_application(form: Form) -> bool:
    return form.flow.startswith(PREFIX)


async def _facts_of(turn: Turn, form: Form) -> Facts:
    return await facts_for(turn, form.answers["student_id"], form.answers.get("application_id"))
