"""The agreement in the chat (S7): read page by page, signed by the typed name and a confirmation."""

from __future__ import annotations

from telegram import Update

from bot.chat.pages import cut
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.agreement import same_name, sign, to_sign
from care.errors import Conflict, Invalid
from care.records.delivery import Form
from care.records.enrolment import Application
from care.records.people import Person
from care.records.term import TermText
from locales.labels import error_sentence

FLOW = "sign"


async def read_tapped(update: Update, turn: Turn) -> None:
    """A page of the agreement; after the last one it can be signed."""
    application_id, page, text_id = [*turn.numbers, 0, 0][:3]
    application, text = await to_sign(turn.uow, application_id, turn._.language)
    if text_id not in (0, text.id):  # a newer version, or the other language: it is read from its beginning
        page = 0
        await turn.toast(error_sentence(turn._, Conflict("text_changed")), alert=True)
    await turn.show(await _page(turn, application, text, page))


async def _page(turn: Turn, application: Application, text: TermText, page: int) -> View:
    _ = turn._
    pages = cut([text.body])
    page = min(page, len(pages) - 1)
    head = _(
        "{title} (version {version}), for {child}, class {school_class}",
        title=text.title,
        version=text.version,
        child=application.student.name,
        school_class=application.student.school_class.name,
    )
    if len(pages) > 1:
        head += "\n" + _("page {page} of {pages}", page=page + 1, pages=len(pages))
    row: list[Button] = []
    if page:
        row.append(Button(_("‹ Back"), pack("sg", application.id, page - 1, text.id)))
    if page + 1 < len(pages):
        row.append(Button(_("Read on ›"), pack("sg", application.id, page + 1, text.id)))
    else:
        row.append(Button(_("✍ Sign"), pack("sy", application.id, text.id)))
    return View(f"{head}\n\n{pages[page]}", (tuple(row),))


async def sign_tapped(update: Update, turn: Turn) -> None:
    """Asks for the typed name."""
    _ = turn._
    application_id, text_id = turn.numbers[0], turn.numbers[-1]
    _application, text = await to_sign(turn.uow, application_id, _.language)
    if text.id != text_id:
        raise Conflict("text_changed")
    form = await turn.open_form(FLOW, "name", {"application_id": application_id, "text_id": text_id, "name": ""})
    await ask_name(turn, form)


async def ask_name(turn: Turn, form: Form) -> None:
    """The question for the typed name; a name typed before has to be typed again."""
    _ = turn._
    turn.put(form, "name", {**form.answers, "name": ""})
    application, _text = await to_sign(turn.uow, form.answers["application_id"], _.language)
    person = await turn.uow.session.get_one(Person, turn.actor.person_id)
    words = _(
        "To sign for {child}, type your full name as the school has it: {name}",
        child=application.student.name,
        name=person.name,
    )
    await turn.say(View(words))


async def name_typed(turn: Turn, form: Form, words: str) -> None:
    """The name is there: one confirmation, and it is signed."""
    _ = turn._
    application, text = await to_sign(turn.uow, form.answers["application_id"], _.language)
    if text.id != form.answers["text_id"]:
        turn.close(form)
        await turn.say(await _not_now(turn, application.id, Conflict("text_changed")))
        return
    name = " ".join(words.split())[:80]
    turn.put(form, "name", form.answers)  # an earlier confirmation is void
    person = await turn.uow.session.get_one(Person, turn.actor.person_id)
    if not same_name(name, person.name):
        differs = error_sentence(_, Invalid("name_differs", name=person.name))
        await turn.say(View(differs + "\n" + _("Please type it again, or /cancel.")))
        return
    turn.put(form, "confirm", {**form.answers, "name": name})
    question = _(
        "Sign the agreement (version {version}) for {child} as “{name}”?",
        version=text.version,
        child=application.student.name,
        name=name,
    )
    yes = Button(_("✔ Yes, I sign"), pack("sc", form.version, "yes"))
    no = Button(_("Not yet"), pack("sc", form.version, "no"))
    await turn.say(View(question, ((yes, no),)))


async def confirmed(update: Update, turn: Turn) -> None:
    """Signed, or put off. Only the newest question counts."""
    _ = turn._
    form = await turn.form(FLOW)
    if form is None or form.step != "confirm" or turn.parts[0] != str(form.version):
        await turn.toast(_("This question is no longer open."))
        return
    application_id, name, text_id = form.answers["application_id"], form.answers["name"], form.answers["text_id"]
    if turn.parts[-1] != "yes":
        turn.close(form)
        await turn.show(View(_("Not signed. /children takes you back to the agreement.")))
        return
    try:
        agreement = await sign(turn.uow, application_id, name, text_id, turn.channel)
    except Conflict as error:
        turn.close(form)
        await turn.show(await _not_now(turn, application_id, error))
        return
    except Invalid as error:
        turn.put(form, "name", {**form.answers, "name": ""})
        await turn.show(View(error_sentence(_, error) + "\n" + _("Please type it again, or /cancel.")))
        return
    turn.close(form)
    await turn.show(
        View(
            _(
                "Signed as “{name}”. The signed agreement follows as a PDF.\nText hash: {hash}",
                name=agreement.typed_name,
                hash=agreement.text_sha256[:16],
            )
        )
    )


async def _not_now(turn: Turn, application_id: int, error: Conflict) -> View:
    """The text or the application changed before the signature: why, and the way to what holds now."""
    way = Button(turn._("My children"), pack("go", "children"))
    if error.code == "text_changed":
        way = Button(turn._("Read and sign the agreement"), pack("sg", application_id, 0))
    return View(error_sentence(turn._, error), ((way,),))
