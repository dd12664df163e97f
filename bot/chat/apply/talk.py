"""/apply: the application conversation in the chat. Every answer is saved at once; nothing is sent before the end."""

from __future__ import annotations

import base64

from telegram import Update

from bot.chat.apply.draft import Draft, Facts, Said, Tap, as_answers, begin
from bot.chat.apply.flow import advance
from bot.chat.apply.screens import Screen, problem_sentence
from bot.chat.pages import cut
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.enrolment.apply import correct, may_apply, own_application, submit
from care.enrolment.queries import own_applications, timeline
from care.errors import CareError, Conflict
from care.people import Child, children_of
from care.records.delivery import Form
from care.records.enrolment import Application, State
from care.records.term import TextKind
from care.term import applications_open, text_in_force, the_term, wave_of
from locales.labels import label, span

FLOW = "apply"


async def apply_command(update: Update, turn: Turn) -> None:
    """Begins, or offers to go on with what was begun."""
    form = await turn.form(FLOW)
    if form is not None and form.answers:
        await _offer_to_go_on(turn, form)
    else:
        await choose_child(turn)


async def choose_child(turn: Turn) -> None:
    _ = turn._
    children = await children_of(turn.uow, turn.actor.person_id or 0)
    if not children:
        await turn.say(View(_("You have no child at this school that you can apply for. Please ask the office.")))
        return
    term = await the_term(turn.uow)
    if not applications_open(term, turn.uow.today):
        raise CareError("applications_closed", since=term.apply_from, until=term.apply_until)
    existing = await own_applications(turn.uow, term.id, [child.student_id for child in children])
    free, lines = [], []
    for child in children:
        own = existing.get(child.student_id)
        if own is not None and own.state not in (State.REFUSED, State.WITHDRAWN):
            lines.append(_("{child}: {state}", child=child.name, state=label(_, own.state)))
        elif child.grade not in term.grades:
            lines.append(_("{child}: care is not offered for grade {grade}", child=child.name, grade=child.grade))
        else:
            free.append(child)
    if len(free) == 1 and not lines:
        await start(turn, free[0].student_id)
        return
    text = "\n".join(lines)
    if free:
        question = _("For which child would you like to apply?")
        text = f"{text}\n\n{question}" if text else question
    rows = tuple(
        (
            Button(
                _("{child}, class {school_class}", child=c.name, school_class=c.school_class), pack("ap", c.student_id)
            ),
        )
        for c in free
    )
    await turn.show(View(text, rows))


async def child_chosen(update: Update, turn: Turn) -> None:
    await start(turn, turn.numbers[0])


async def start(turn: Turn, student_id: int) -> None:
    """The first question for a child; raises when the child may not apply."""
    await may_apply(turn.uow, student_id)
    facts = await facts_for(turn, student_id)
    form = await turn.open_form(FLOW, "info", begin(facts))
    await turn.show(Screen(turn._, facts, form.answers, form.version).draw("info"))


async def correct_tapped(update: Update, turn: Turn) -> None:
    """A returned application, to be corrected: all answers are there already."""
    application = await own_application(turn.uow, turn.numbers[0], applicant_only=True)
    if application.state is not State.RETURNED:
        raise Conflict(state=application.state)
    facts = await facts_for(turn, application.student_id, application.id)
    draft = _draft_of(turn, application, facts)
    form = await turn.open_form(FLOW, "summary", draft)
    await turn.say(Screen(turn._, facts, draft, form.version).draw("summary"))


def _draft_of(turn: Turn, application: Application, facts: Facts) -> Draft:
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
    version, token = turn.parts[0], turn.parts[-1]
    form = await turn.form(FLOW)
    if form is None or not form.step:
        await turn.toast(turn._("This conversation is over. /apply begins a new one."), alert=True)
        return
    if version != str(form.version):
        await turn.toast(turn._("That was an earlier question. Here is the present one."))
        await turn.say(await _present(turn, form))
        return
    await _advance(turn, form, Tap(token))


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
            View(turn._("Then no application is made and nothing is kept. /apply begins again whenever you like."))
        )
        return
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
    answers = as_answers(draft, lambda sealed: turn.uow.school.keys.open(base64.b64decode(sealed)) or "")
    if "application_id" in draft:
        application = await correct(turn.uow, draft["application_id"], answers, draft["application_version"])
    else:
        application = await submit(turn.uow, facts.student_id, answers)
    turn.close(form)
    text = _(
        "Submitted: the application for {child}, class {school_class} (no. {number}).\n\n"
        "Next, the homeroom teacher reviews it; then the school decides. You are told at each step, here. "
        "/children shows where it stands.",
        child=facts.child,
        school_class=facts.school_class,
        number=application.id,
    )
    await turn.show(View(text, ((Button(_("Application as PDF"), pack("pdf", application.id)),),)))


async def _present(turn: Turn, form: Form) -> View:
    facts = await _facts_of(turn, form)
    return Screen(turn._, facts, form.answers, form.version).draw(form.step)


async def _offer_to_go_on(turn: Turn, form: Form) -> None:
    _ = turn._
    child = await _child(turn, form.answers["student_id"])
    if child is None:
        turn.close(form)
        await choose_child(turn)
        return
    rows = (
        (Button(_("Go on"), pack("fg", "on")), Button(_("Start again"), pack("fg", "anew"))),
        (Button(_("Another child"), pack("fg", "other")),),
    )
    await turn.say(View(_("You have begun an application for {child}.", child=child.name), rows))


async def going_on_tapped(update: Update, turn: Turn) -> None:
    choice = turn.parts[0]
    form = await turn.form(FLOW)
    if form is None or not form.answers:
        await choose_child(turn)
    elif choice == "on":
        answers = {**form.answers}
        step = answers.pop("step", "") or form.step
        form = await turn.open_form(FLOW, step, answers)
        await turn.show(await _present(turn, form))
    elif choice == "anew":
        student_id = form.answers["student_id"]
        if "application_id" in form.answers:
            turn.close(form)
            await turn.show(View(turn._("The changes are dropped. /children shows the returned application.")))
        else:
            await start(turn, student_id)
    elif choice == "drop":
        turn.close(form)
        await turn.show(View(turn._("The answers are deleted.")))
    else:
        await choose_child(turn)


async def put_away(turn: Turn, form: Form) -> View:
    """/cancel in the middle: the answers are kept until the guardian goes on or deletes them."""
    _ = turn._
    turn.close(form, keep=True)
    rows = ((Button(_("Go on"), pack("fg", "on")), Button(_("Delete the answers"), pack("fg", "drop"))),)
    return View(_("Put aside. Nothing was sent. Your answers are kept; /apply goes on with them."), rows)


async def _child(turn: Turn, student_id: int) -> Child | None:
    children = await children_of(turn.uow, turn.actor.person_id or 0)
    return next((child for child in children if child.student_id == student_id), None)


async def _facts_of(turn: Turn, form: Form) -> Facts:
    return await facts_for(turn, form.answers["student_id"], form.answers.get("application_id"))


async def facts_for(turn: Turn, student_id: int, application_id: int | None = None) -> Facts:
    """What the conversation must know of a child of the actor's and of the term."""
    _, uow = turn._, turn.uow
    child = await _child(turn, student_id)
    if child is None:
        raise CareError("not_found")
    term = await the_term(uow)
    wave = await wave_of(uow, term.id, child.grade)
    if wave is None:
        raise CareError("grade_not_eligible")
    kinds = (TextKind.SERVICE, TextKind.SAFETY, TextKind.CRITERIA)
    found = {kind: await text_in_force(uow, term.id, kind, _.language) for kind in kinds}
    times = _("Monday to Friday on school days, {span}", span=span(_, wave.starts_at, wave.ends_at))
    about = _(
        "For {child}, class {school_class}: {times}, in {venue} (courses: {course_venue}). Dismissal at {end}, {gate}.",
        child=child.name,
        school_class=child.school_class,
        times=times,
        venue=wave.guidance_venue,
        course_venue=wave.course_venue,
        end=f"{wave.ends_at:%H:%M}",
        gate=wave.gate,
    )
    has_extended = term.extended_venue is not None and term.extended_until is not None
    if has_extended and term.extended_venue and term.extended_until:
        about += " " + _(
            "If you need longer: extended care at {venue} until {until}.",
            venue=term.extended_venue.name,
            until=f"{term.extended_until:%H:%M}",
        )
    bodies = [f"{text.title}\n\n{text.body}" for text in found.values() if text is not None]
    criteria = found[TextKind.CRITERIA]
    return Facts(
        student_id=student_id,
        child=child.name,
        school_class=child.school_class,
        grade=child.grade,
        times=times,
        venue=wave.guidance_venue,
        gate=wave.gate,
        extended_venue=term.extended_venue.name if has_extended and term.extended_venue else "",
        extended_until=f"{term.extended_until:%H:%M}" if has_extended and term.extended_until else "",
        pages=cut([f"{about}\n\n{bodies[0]}", *bodies[1:]] if bodies else [about]),
        criteria_version=criteria.version if criteria else 0,
        remark=await _last_remark(turn, application_id) if application_id else "",
        seal=lambda words: base64.b64encode(uow.school.keys.seal(words)).decode(),
    )


async def _last_remark(turn: Turn, application_id: int) -> str:
    returned = [event for event in await timeline(turn.uow, application_id) if event.action == "returned"]
    return returned[-1].remark if returned else ""
