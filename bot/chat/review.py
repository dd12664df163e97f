"""/review: the homeroom teacher passes, returns or refuses; the leading group approves. The console has the same."""

from __future__ import annotations

from sqlalchemy import select
from telegram import Update

from bot.chat.ids import id_of
from bot.chat.pages import cut
from bot.wire.turn import Turn
from bot.wire.view import TOAST_LIMIT, Button, View, pack
from care.enrolment.decide import application_for_staff, decide
from care.enrolment.family import is_family
from care.enrolment.places import extended_full_for
from care.enrolment.queries import Row, application_whole, health_note_for, moves_open_to, timeline, waiting_for
from care.enrolment.states import RULES, Move
from care.errors import Conflict, Invalid, NotAllowed, NotFound
from care.permissions import Permission
from care.records.delivery import Form
from care.records.enrolment import Application, Need
from care.records.people import StopListEntry
from care.records.term import TextKind
from care.term import text_in_force
from care.work import UnitOfWork
from locales import Words, mark
from locales.labels import error_sentence, label, moment, weekdays

FLOW = "remark"
PAGE = 8

MOVES = {
    Move.PASS: mark("✔ Pass"),
    Move.APPROVE: mark("✔ Approve"),
    Move.WAIT_LIST: mark("⏳ Waiting list"),
    Move.RETURN: mark("↩ Return with a remark"),
    Move.REFUSE: mark("✖ Refuse with a reason"),
}
DONE = {
    Move.PASS: mark("✔ Passed. It now waits for the school."),
    Move.APPROVE: mark("✔ Approved. The family has been asked to sign the agreement."),
    Move.WAIT_LIST: mark("⏳ On the waiting list. The family has been told."),
    Move.RETURN: mark("↩ Returned. The family was told: {remark}"),
    Move.REFUSE: mark("✖ Refused. The family was told: {remark}"),
}


async def review_command(update: Update, turn: Turn) -> None:
    await turn.say(await waiting_list(turn, 0))


async def page_tapped(update: Update, turn: Turn) -> None:
    await turn.show(await waiting_list(turn, turn.numbers[0]))


async def waiting_list(turn: Turn, page: int) -> View:
    """What waits for this person, oldest first."""
    _ = turn._
    if not (turn.actor.may(Permission.REVIEW) or turn.actor.may(Permission.APPROVE)):
        raise NotAllowed()
    rows: list[Row] = []
    for permission in (Permission.REVIEW, Permission.APPROVE):
        if turn.actor.may(permission):
            rows += await waiting_for(turn.uow, permission)
    if not rows:
        return View(_("Nothing is waiting for you."))
    text = _.many(
        "{n} application is waiting for you:", "{n} applications are waiting for you, oldest first:", len(rows)
    )
    shown = rows[page * PAGE : (page + 1) * PAGE]
    buttons = [
        (Button(f"{row.student} · {row.school_class} · {_since(turn, row)}", pack("ro", row.id)),) for row in shown
    ]
    turning = []
    if page:
        turning.append(Button(_("‹ Back"), pack("rl", page - 1)))
    if len(rows) > (page + 1) * PAGE:
        turning.append(Button(_("More ›"), pack("rl", page + 1)))
    return View(text, (*buttons, tuple(turning)) if turning else tuple(buttons))


def _since(turn: Turn, row: Row) -> str:
    days = (turn.uow.today - row.state_since.astimezone(turn.uow.school.zone).date()).days
    return turn._("today") if days <= 0 else turn._.many("{n} day", "{n} days", days)


async def card(uow: UnitOfWork, _: Words, application_id: int, note: str = "") -> View:
    """The application as a reviewer reads it, with what this reviewer may do now."""
    await application_for_staff(uow, application_id)  # a guardian has other screens: this one shows the stop-list
    application = await application_whole(uow, application_id)
    lines = await _card_lines(uow, _, application)
    family = await is_family(uow, application.student_id)
    moves = [Move(value) for value in moves_open_to(uow.actor, application, family=family)]
    rows: list[tuple[Button, ...]] = [
        (Button(_(MOVES[move]), pack("rv", move.value, application.id, application.version)),) for move in moves
    ]
    papers = [Button(_("Criteria"), pack("rc", application.id)), Button(_("PDF"), pack("pdf", application.id))]
    if application.health_note is not None and health_note_for(uow, application) is not None:
        papers.append(Button(_("Health note"), pack("rh", application.id)))
    rows.append(tuple(papers))
    state = label(_, application.state)
    text = "\n".join([note or state, "", *lines])
    return View(text[:4000], tuple(rows))


async def _card_lines(uow: UnitOfWork, _: Words, a: Application) -> list[str]:
    student, guardian = a.student, a.guardianship
    needs = [label(_, Need(value)) for value in a.needs]
    if a.need_words:
        needs.append(_("“{words}”", words=a.need_words))
    lines = [
        _(
            "{child}, class {school_class}, no. {number}",
            child=student.name,
            school_class=student.school_class.name,
            number=student.student_no,
        ),
        _(
            "Applied: {name} ({relation}), {at}",
            name=guardian.person.name,
            relation=label(_, guardian.relation),
            at=moment(_, a.submitted_at, uow.school.zone),
        ),
        _("Days: {value}", value=weekdays(_, a.weekdays, in_list=True)),
        _("Reason: {value}", value=_("; ").join(needs)),
        _("Extended care: {value}", value=weekdays(_, a.extended_weekdays, in_list=True) or _("none")),
        _("Leaves: {value}", value=label(_, a.leave_mode)),
    ]
    if full := await extended_full_for(uow, a):
        said = _("⚠ Full on {days}: approved without it on these days; the family is told.", days=weekdays(_, full))
        lines.insert(5, said)
    adults = _("; ").join(_("{name} ({relation})", name=p.name, relation=label(_, p.relation)) for p in a.pickup)
    lines.append(_("May also collect: {value}", value=adults or _("nobody else")))
    if a.health_note is not None:
        lines.append(_("Health note: {value}", value=_("given, kept encrypted")))
    if a.courses_wished:
        lines.append(_("Course wishes: {value}", value=a.courses_wished))
    stop = select(StopListEntry.name).where(StopListEntry.student_id == a.student_id, StopListEntry.ended_at.is_(None))
    stopped = list(await uow.session.scalars(stop))
    if stopped:
        lines.append(_("⚠ Must not collect: {names}", names=_(", ").join(stopped)))
    return lines


async def card_tapped(update: Update, turn: Turn) -> None:
    await turn.show(await card(turn.uow, turn._, turn.numbers[0]))


async def criteria_tapped(update: Update, turn: Turn) -> None:
    """The eligibility criteria beside the application (S4)."""
    _, (application_id, page) = turn._, [*turn.numbers, 0][:2]
    application = await application_for_staff(turn.uow, application_id)
    text = await text_in_force(turn.uow, application.term_id, TextKind.CRITERIA, _.language)
    words = f"{text.title} (v{text.version})\n\n{text.body}" if text else _("There are no criteria for this term.")
    pages = cut([words])
    page = min(page, len(pages) - 1)
    turning = [Button(_("‹ Back"), pack("rc", application.id, page - 1))] if page else []
    if page + 1 < len(pages):
        turning.append(Button(_("Read on ›"), pack("rc", application.id, page + 1)))
    back = (Button(_("‹ To the application"), pack("ro", application.id)),)
    await turn.show(View(pages[page], (tuple(turning), back) if turning else (back,)))


async def health_tapped(update: Update, turn: Turn) -> None:
    """The health note, for who may read it: in a box that leaves nothing in the chat, where it is short enough."""
    _ = turn._
    application = await application_for_staff(turn.uow, turn.numbers[0])
    note = health_note_for(turn.uow, application)
    if note is None:
        raise NotFound()
    if len(note) <= TOAST_LIMIT:
        await turn.toast(note, alert=True)
        return
    back = (Button(_("‹ To the application"), pack("ro", application.id)),)
    await turn.show(View(_("Health note: {value}", value=note), (back,)))


async def move_tapped(update: Update, turn: Turn) -> None:
    """A decision. Where the family must read why, the words are asked for first."""
    if len(turn.parts) != 3 or turn.parts[0] not in set(Move):
        raise Conflict()
    move, application_id, version = Move(turn.parts[0]), id_of(turn.parts[1]), id_of(turn.parts[2])
    application = await application_for_staff(turn.uow, application_id)
    if move.value not in moves_open_to(turn.actor, application, family=False) or application.version != version:
        await _past(turn, application_id)
        return
    if await is_family(turn.uow, application.student_id):
        raise NotAllowed("own_child")
    if RULES[move].remark_needed:
        answers = {"application_id": application_id, "version": version, "move": move.value}
        await ask_remark(turn, await turn.open_form(FLOW, "words", answers))
        return
    try:
        await decide(turn.uow, move, application_id, version=version)
    except Conflict:
        await _past(turn, application_id)
        return
    await turn.show(await card(turn.uow, turn._, application_id, turn._(DONE[move])))


QUESTIONS = {
    Move.RETURN: mark(
        "What should be corrected in the application for {child}? Please type it; the family reads "
        "it exactly as you write it."
    ),
    Move.REFUSE: mark(
        "Why is the application for {child} refused? Please type it; the family reads it exactly as you write it."
    ),
}


async def ask_remark(turn: Turn, form: Form) -> None:
    """The question for the words that the family reads."""
    application = await application_for_staff(turn.uow, form.answers["application_id"])
    question = turn._(QUESTIONS[Move(form.answers["move"])], child=application.student.name)
    await turn.show(View(question, ((Button(turn._("‹ Back"), pack("rx", application.id)),),)))


async def _past(turn: Turn, application_id: int) -> None:
    """The button was old: say so, and show how the application stands now. The second of two taps on one button is
    no news: it sees what the first one did."""
    tapped = Move(turn.parts[0])
    application = await application_for_staff(turn.uow, application_id)
    if application.state is RULES[tapped].target and await last_move_by(turn.uow, application_id) == tapped:
        await turn.show(await card(turn.uow, turn._, application_id, turn._(DONE[tapped], remark="")))
        return
    await turn.toast(error_sentence(turn._, Conflict()), alert=True)
    await turn.show(await card(turn.uow, turn._, application_id))


async def last_move_by(uow: UnitOfWork, application_id: int) -> str | None:
    """The last thing done to an application, where the actor did it."""
    last = (await timeline(uow, application_id))[-1:]
    return last[0].action if last and last[0].actor_id == uow.actor.person_id else None


async def remark_left(update: Update, turn: Turn) -> None:
    """Back from the question for a remark."""
    form = await turn.form(FLOW)
    if form is not None and form.step:
        turn.close(form)
    await turn.show(await card(turn.uow, turn._, turn.numbers[0]))


async def remark_typed(turn: Turn, form: Form, words: str) -> None:
    """The remark came: the decision is made with it."""
    move, application_id, version = Move(form.answers["move"]), form.answers["application_id"], form.answers["version"]
    try:
        await decide(turn.uow, move, application_id, words, version)
    except Invalid as error:
        await turn.say(View(error_sentence(turn._, error)))
        return
    except Conflict as error:
        turn.close(form)
        await turn.say(await card(turn.uow, turn._, application_id, error_sentence(turn._, error)))
        return
    except (NotFound, NotAllowed) as error:  # the duty ended meanwhile
        turn.close(form)
        await turn.say(View(error_sentence(turn._, error)))
        return
    turn.close(form)
    note = turn._(DONE[move], remark=words.strip())
    await turn.say(await card(turn.uow, turn._, application_id, note))
