"""What the facts posted by ``care/`` read like in the chat: one function per kind, in the receiver's language.

Each looks again at the present state when the letter is sent: what no longer holds is not said, or said without
buttons. ``None`` means that there is nothing left to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from bot.chat.review import card
from bot.wire.send import Ready
from bot.wire.view import Button, View, pack
from care.agreement import agreement_of
from care.enrolment.places import waiting_position
from care.enrolment.queries import application_whole, waiting_for
from care.errors import NotFound
from care.people import actor_for
from care.permissions import Permission
from care.records.delivery import Letter
from care.records.enrolment import Application, State
from care.records.people import Guardianship, Person
from care.school import School
from care.work import UnitOfWork
from locales import Words, mark, words
from locales.labels import day
from papers import Printer
from papers.from_records import agreement_paper, application_paper


@dataclass(frozen=True)
class Context:
    """What a letter is rendered with: a reading transaction as its receiver, the words, the printer."""

    uow: UnitOfWork
    _: Words
    printer: Printer
    params: dict[str, Any]

    @property
    def application_id(self) -> int:
        return int(self.params["application_id"])


Rendered = Callable[[Context], Awaitable[View | None]]


@dataclass(frozen=True)
class Kind:
    """How a kind of letter is rendered, whether it may go out twice when its fate is unknown (``again``), and whether
    another guardian of the child gets it when the receiver cannot be reached."""

    render: Rendered
    again: bool = True
    other_guardian: bool = False


class Renderer:
    """Renders letters for the sender."""

    def __init__(self, school: School, printer: Printer) -> None:
        self.school = school
        self.printer = printer

    async def __call__(self, letter: Letter) -> Ready | None:
        kind = KINDS[letter.kind]
        async with self.school.look() as uow:
            person = await uow.session.get(Person, letter.person_id)
            if person is None:
                return None
            uow.actor = await actor_for(uow, person)
            _ = words(person.language or self.school.language, "chat")
            try:
                view = await kind.render(Context(uow, _, self.printer, letter.params))
            except NotFound:
                return None
        return Ready(view) if view is not None else None


def again(kind: str) -> bool:
    return kind not in KINDS or KINDS[kind].again


async def tell_another_guardian(uow: UnitOfWork, letter: Letter) -> None:
    """The receiver cannot be reached: another guardian of the child is told instead, once (the office sees it too)."""
    kind = KINDS.get(letter.kind)
    if kind is None or not kind.other_guardian or letter.params.get("instead_of"):
        return
    application = await uow.session.get(Application, letter.params["application_id"])
    if application is None:
        return
    query = select(Guardianship.person_id).where(
        Guardianship.student_id == application.student_id,
        Guardianship.restricted.is_(False),
        Guardianship.person_id != letter.person_id,
    )
    others = list(await uow.session.scalars(query))
    params = {**letter.params, "instead_of": letter.person_id}
    await uow.post(letter.kind, others, letter.klass, key=f"instead:{letter.id}", **params)


async def _review_wanted(c: Context) -> View | None:
    application = await application_whole(c.uow, c.application_id)
    if application.state is not State.SUBMITTED or application.version != c.params["version"]:
        return None
    return await card(c.uow, c._, application.id, c._("A new application for your review"))


STEPS = {
    "passed": mark("The class review of the application for {child} is passed. Next, the school decides."),
    "returned": mark(
        "The application for {child} was returned for correction:\n“{remark}”\n\nYour answers are all kept; change "
        "what is needed and submit again."
    ),
    "refused": mark("The application for {child} was refused:\n“{remark}”\n\nQuestions? Please ask the school office."),
    "approved": mark(
        "The school has approved the application for {child}. Now please read and sign the agreement: only then is "
        "the place {child}'s."
    ),
    "wait_listed": mark(
        "Class {school_class} is full. {child} is on the waiting list, place {place}. You are told as soon as a place "
        "is free."
    ),
}


async def _application_step(c: Context) -> View | None:
    _, application = c._, await application_whole(c.uow, c.application_id)
    action = c.params["action"]
    child, school_class = application.student.name, application.student.school_class
    place = await waiting_position(c.uow, application, school_class.id) if action == "wait_listed" else 0
    text = _(STEPS[action], child=child, remark=c.params["remark"], school_class=school_class.name, place=place)
    if c.params["remark"] and action in ("passed", "approved", "wait_listed"):
        text += "\n" + _("Remark: {remark}", remark=c.params["remark"])
    applicant = application.guardianship.person_id == c.uow.actor.person_id
    current = application.version == c.params["version"] and applicant
    return View(text, _step_buttons(_, application) if current else ())


def _step_buttons(_: Words, application: Application) -> tuple[tuple[Button, ...], ...]:
    if application.state is State.RETURNED:
        return ((Button(_("Correct the application"), pack("co", application.id)),),)
    if application.state is State.APPROVED:
        return ((Button(_("Read and sign the agreement"), pack("sg", application.id, 0)),),)
    return ()


async def _agreement_signed(c: Context) -> View | None:
    application = await application_whole(c.uow, c.application_id)
    text = c._("{child} is enrolled. This is the signed agreement, for your records.", child=application.student.name)
    return await _agreement_view(c, application, text)


async def _agreement_pdf(c: Context) -> View | None:
    return await _agreement_view(c, await application_whole(c.uow, c.application_id), "")


async def _agreement_view(c: Context, application: Application, text: str) -> View | None:
    if await agreement_of(c.uow, application.id) is None:
        return None
    paper = await agreement_paper(c.uow, application.id, c._)
    content = await asyncio.to_thread(c.printer.agreement, paper, c._.language)
    name = c._("agreement-{number}.pdf", number=application.id)
    return View(text, document_name=name, document=content)


async def _application_pdf(c: Context) -> View | None:
    paper = await application_paper(c.uow, c.application_id, c._)
    content = await asyncio.to_thread(c.printer.application, paper, c._.language)
    return View("", document_name=c._("application-{number}.pdf", number=c.application_id), document=content)


async def _child_withdrawn(c: Context) -> View | None:
    application = await application_whole(c.uow, c.application_id)
    if application.leaves_on is None:
        return None
    return View(
        c._(
            "{child}, class {school_class}, was withdrawn from care, with effect from {date}.",
            child=application.student.name,
            school_class=application.student.school_class.name,
            date=day(c._, application.leaves_on),
        )
    )


async def _review_waits(c: Context) -> View | None:
    rows = await waiting_for(c.uow, Permission.REVIEW)
    if not rows:
        return None
    text = c._.many(
        "A reminder: {n} application waits for your review.",
        "A reminder: {n} applications wait for your review, some for a school day or longer.",
        len(rows),
    )
    return View(text, ((Button(c._("Applications to review"), pack("go", "review")),),))


async def _approval_waits(c: Context) -> View | None:
    rows = await waiting_for(c.uow, Permission.APPROVE)
    if not rows:
        return None
    text = c._.many(
        "A reminder: {n} application waits for the school's decision.",
        "A reminder: {n} applications wait for the school's decision, some for a school day or longer.",
        len(rows),
    )
    return View(text + "\n" + c._("/console leads to the list."))


async def _agreement_waits(c: Context) -> View | None:
    application = await application_whole(c.uow, c.application_id)
    if application.state is not State.APPROVED:
        return None
    text = c._(
        "A reminder: the place for {child} is approved, but the agreement is not signed yet. Care begins only after "
        "the signature.",
        child=application.student.name,
    )
    applicant = application.guardianship.person_id == c.uow.actor.person_id
    return View(text, _step_buttons(c._, application) if applicant else ())


KINDS: dict[str, Kind] = {
    "review_wanted": Kind(_review_wanted),
    "application_step": Kind(_application_step, other_guardian=True),
    "agreement_signed": Kind(_agreement_signed),
    "agreement_pdf": Kind(_agreement_pdf),
    "application_pdf": Kind(_application_pdf),
    "child_withdrawn": Kind(_child_withdrawn),
    "review_waits": Kind(_review_waits),
    "approval_waits": Kind(_approval_waits),
    "agreement_waits": Kind(_agreement_waits, other_guardian=True),
}
