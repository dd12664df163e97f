"""/start: who is this? By the slip's one-time code (QR deep link or typed), or by the sender's own phone number."""

from __future__ import annotations

from telegram import Update

from bot.chat.handover.talk import code_scanned
from bot.chat.menus import menu_letter
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.linking import TRIES_PER_HOUR, Linked, Refusal, open_slip, set_reach, share_phone
from care.people import Child, Known, actor_for, children_of
from care.permissions import Duty, Permission
from care.pickup.codes import from_link
from care.records.people import Person, Reach, SchoolClass
from locales import Words, mark, words
from locales.labels import label

FLOW = "hello"

REFUSALS = {
    Refusal.WRONG: mark("This code is not known. Please check it on the slip: it has 10 letters and digits."),
    Refusal.USED: mark(
        "This slip has already been used. If that was not you, tell the school office at once; "
        "they can print a new one."
    ),
    Refusal.EXPIRED: mark("This slip is no longer valid. The homeroom teacher can print a new one."),
    Refusal.TOO_MANY: mark(
        "Too many wrong codes ({limit} within an hour). Please wait an hour, or ask the homeroom teacher."
    ),
    Refusal.CHAT_TAKEN: mark(
        "This chat is already linked to somebody else at the school. Please use your own account, "
        "or ask the school office."
    ),
    Refusal.NOT_OWN_PHONE: mark("Please share your own number with the button; a forwarded contact does not count."),
    Refusal.PHONE_UNKNOWN: mark(
        "The school does not have this number. Please use the slip from the school bag, or ask the homeroom teacher."
    ),
    Refusal.PHONE_AMBIGUOUS: mark(
        "The school has this number for several people. Please use the slip from the school bag."
    ),
}


async def start_command(update: Update, turn: Turn) -> None:
    """/start, with or without a slip's code; with a pick-up code it is a teacher who has scanned one."""
    pickup_code = from_link("".join(turn.args or []))
    if pickup_code:
        await code_scanned(turn, pickup_code)
    elif turn.args:
        await try_code(turn, "".join(turn.args))
    elif turn.person is not None:
        await turn.say(await welcome(turn))
    else:
        await ask_who(turn)


async def speak_as_chosen(turn: Turn) -> str:
    """A stranger's choice of language is kept in the conversation; the turn goes on in it. Empty: none was made."""
    form = await turn.form(FLOW)
    language = str(form.answers.get("language", "")) if form is not None else ""
    if language:
        turn._ = words(language, "chat")
    return language


def nobody_reads(_: Words) -> str:
    return _("Nobody reads what is typed here: it reaches no teacher and not the school.")


async def ask_who(turn: Turn, words_typed: bool = False) -> None:
    """Asks for the slip. ``words_typed``: after words that were no code, which nobody reads."""
    language = await speak_as_chosen(turn)
    await turn.open_form(FLOW, "code", {"language": language})
    _ = turn._
    text = _(
        "Hello, this is the after-school care service of {school}.\n\nTo show who you are, take the "
        "slip that the school gave your child and\n• scan its QR code, or\n• type its code here, or\n"
        "• share your phone number with the button below, if the school has it.\n\nLanguage: "
        "/language",
        school=turn.uow.school.called(_.language),
    )
    if words_typed:
        text = nobody_reads(_) + "\n\n" + text
    await turn.say(View(text, share_phone=_("Share my phone number")))


async def try_code(turn: Turn, code: str) -> None:
    if turn.person is None:
        await speak_as_chosen(turn)
    outcome = await open_slip(turn.uow, code, turn.channel, turn.chat)
    await _answer(turn, outcome)


async def contact_shared(update: Update, turn: Turn) -> None:
    """A phone number came: only the sender's own counts, as the messenger says."""
    message = update.effective_message
    contact = message.contact if message else None
    user = update.effective_user
    if contact is None or user is None:
        return
    if turn.person is None:
        await speak_as_chosen(turn)
    own = contact.user_id is not None and contact.user_id == user.id
    await _answer(turn, await share_phone(turn.uow, contact.phone_number, own, turn.channel, turn.chat))


async def _answer(turn: Turn, outcome: Linked | Refusal) -> None:
    if isinstance(outcome, Refusal):
        await turn.say(View(turn._(REFUSALS[outcome], limit=TRIES_PER_HOUR)))
        return
    if not outcome.person.language:  # letters come in the language that was spoken here
        outcome.person.language = turn._.language
    turn._ = words(outcome.person.language, "chat")
    form = await turn.form(FLOW)
    if form is not None and form.step:
        turn.close(form)
        await turn.say(View(turn._("Thank you."), drop_keyboard=True))
    person = outcome.person
    turn.person = Known(person.id, person.name, person.language)
    turn.actor = turn.uow.actor = await actor_for(turn.uow, person)
    await turn.say(await you_are(turn, outcome))
    await menu_letter(turn)


async def you_are(turn: Turn, linked: Linked) -> View:
    """Says back who the school takes this chat for: the best guard against a mixed-up slip."""
    _ = turn._
    lines = [child_line(_, child) for child in linked.children]
    if not linked.children:
        lines += [await duty_line(turn, duty) for duty in linked.duties]
    text = _("Hello, {name}.", name=linked.person.name) + "\n" + "\n".join(lines)
    text += "\n\n" + _("If that is wrong, please tell the school office.")
    return View(text, _first_steps(_, bool(linked.children), turn.actor.may(Permission.REVIEW)))


def child_line(_: Words, child: Child) -> str:
    return _(
        "You are the {relation} of {child}, class {school_class}.",
        relation=label(_, child.relation),
        child=child.name,
        school_class=child.school_class,
    )


async def duty_line(turn: Turn, duty: Duty) -> str:
    _ = turn._
    name = label(_, duty.role)
    if duty.school_class_id is not None:
        school_class = await turn.uow.session.get_one(SchoolClass, duty.school_class_id)
        return _("Duty: {duty}, class {school_class}", duty=name, school_class=school_class.name)
    if duty.grade is not None:
        return _("Duty: {duty}, grade {grade}", duty=name, grade=duty.grade)
    return _("Duty: {duty}", duty=name)


async def welcome(turn: Turn) -> View:
    person = await turn.uow.session.get(Person, turn.actor.person_id)
    children = tuple(await children_of(turn.uow, turn.actor.person_id or 0))
    return await you_are(turn, Linked(person, children, turn.actor.duties)) if person else View("")


def _first_steps(_: Words, guardian: bool, reviewer: bool) -> tuple[tuple[Button, ...], ...]:
    rows: list[tuple[Button, ...]] = []
    if guardian:
        rows.append((Button(_("Apply for after-school care"), pack("go", "apply")),))
        rows.append((Button(_("My children"), pack("go", "children")),))
    if reviewer:
        rows.append((Button(_("Applications to review"), pack("go", "review")),))
    return tuple(rows)


async def reach_changed(update: Update, turn: Turn) -> None:
    """The person blocked the bot, or let it in again."""
    change = update.my_chat_member
    if change is not None:
        gone = change.new_chat_member.status in ("kicked", "left")
        await set_reach(turn.uow, turn.channel, turn.chat, Reach.BLOCKED if gone else Reach.REACHABLE)
