"""What the facts posted by ``care/`` read like in the chat: one function per kind, in the receiver's language.

Each looks again at the present state when the letter is sent: what no longer holds is not said, or said without
buttons. ``None`` means that there is nothing left to say.
"""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from bot.chat import (
    calendar,
    chased,
    day_sheet,
    dutylead,
    extended_letters,
    extended_moved,
    leave_letters,
    missing_letters,
    paper,
    term_plan,
)
from bot.chat.handover import late, over
from bot.chat.handover.letters import KINDS as HANDOVER_KINDS
from bot.chat.kinds import Context, Kind
from bot.chat.pickup import told as pickup
from bot.chat.review import card
from bot.chat.withdraw import still_here
from bot.wire.view import Button, View, pack
from bot.wire.voice import Fact
from care.agreement import agreement_of
from care.enrolment.places import waiting_position
from care.enrolment.queries import application_whole, timeline, waiting_for
from care.errors import NotFound
from care.people import actor_for
from care.permissions import Permission
from care.records.delivery import Letter, LetterState
from care.records.enrolment import Application, State
from care.records.people import Guardianship, Person
from care.school import School
from care.whereabouts import in_care
from care.work import UnitOfWork
from locales import Words, mark, words
from locales.labels import day, weekdays
from papers import Printer
from papers.from_records import agreement_paper, application_paper


class Renderer:
    """Renders letters for the sender."""

    def __init__(self, school: School, printer: Printer) -> None:
        self.school = school
        self.printer = printer

    async def __call__(self, letter: Fact) -> View | None:
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
        return view


def again(kind: str) -> bool:
    return kind not in KINDS or KINDS[kind].again


async def tell_another_guardian(uow: UnitOfWork, letter: Letter) -> None:
    """The receiver cannot be reached: another guardian of the child is told instead, once (the office sees it too)."""
    kind = KINDS.get(letter.kind)
    if kind is not None and kind.courtesy:
        letter.state = LetterState.LAPSED
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
    corrected = [event for event in await timeline(c.uow, application.id) if event.action == "returned"]
    if corrected:
        note = c._("Corrected and submitted again. The remark was: “{remark}”", remark=corrected[-1].remark)
        return await card(c.uow, c._, application.id, note)
    return await card(c.uow, c._, application.id, c._("A new application for your review"))


STEPS = {
    "passed": mark("The application for {child} has passed the class review. Next, the school decides."),
    "returned": mark(
        "The application for {child} was returned for correction:\n“{remark}”\n\nAll your answers "
        "have been kept: change what is needed and submit again."
    ),
    "refused": mark("The application for {child} was refused:\n“{remark}”\n\nQuestions? Please ask the school office."),
    "approved": mark(
        "The school has approved the application for {child}. Please read and sign the agreement "
        "now: the place is confirmed once it is signed."
    ),
    "wait_listed": mark(
        "Class {school_class} is full. {child} is on the waiting list at number {place}. You will "
        "be told as soon as a place is free."
    ),
}


async def _application_step(c: Context) -> View | None:
    _, application = c._, await application_whole(c.uow, c.application_id)
    action = c.params["action"]
    child, school_class = application.student.name, application.student.school_class
    place = await waiting_position(c.uow, application, school_class.id) if action == "wait_listed" else 0
    text = _(STEPS[action], child=child, remark=c.params["remark"], school_class=school_class.name, place=place)
    if c.params.get("extended_full"):
        text += "\n" + _(
            "Extended care has no place left on {days}: on these days {child} leaves with the class. "
            "/extended takes a day as soon as a place is free; single days can be asked for there as well.",
            days=weekdays(_, c.params["extended_full"]),
            child=child,
        )
    if c.params["remark"] and action in ("passed", "approved", "wait_listed"):
        text += "\n" + _("Remark: {remark}", remark=c.params["remark"])
    current = application.version == c.params["version"]
    return _for_guardian(c, application, text, buttons=current)


def _for_guardian(c: Context, application: Application, text: str, buttons: bool = True) -> View:
    """With the next step for who applied; the other guardian is told why the letter comes and whose the step is."""
    applicant = application.guardianship.person
    if applicant.id == c.uow.actor.person_id:
        return View(text, _step_buttons(c._, application) if buttons else ())
    return View(
        text
        + "\n\n"
        + c._(
            "You are getting this because {name}, who applied, cannot be reached here. Please pass it on.",
            name=applicant.name,
        )
    )


def _step_buttons(_: Words, application: Application) -> tuple[tuple[Button, ...], ...]:
    if application.state is State.RETURNED:
        return ((Button(_("Correct the application"), pack("co", application.id)),),)
    if application.state is State.APPROVED:
        return ((Button(_("Read and sign the agreement"), pack("sg", application.id, 0)),),)
    return ()


async def _agreement_signed(c: Context) -> View | None:
    application = await application_whole(c.uow, c.application_id)
    text = c._("{child} is enrolled. Here is the signed agreement for your records.", child=application.student.name)
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
    child, school_class = application.student.name, application.student.school_class.name
    if not c.params.get("from_care", True):
        return View(
            c._(
                "The application for {child}, class {school_class}, has been withdrawn.",
                child=child,
                school_class=school_class,
            )
        )
    text = c._(
        "{child}, class {school_class}, is leaving after-school care: {date} is the first day without it.",
        child=child,
        school_class=school_class,
        date=day(c._, application.leaves_on),
    )
    if application.leaves_on == c.uow.today:
        where = await in_care(c.uow, [application.student_id], c.uow.today)
        text = "\n".join(filter(None, [text, still_here(c._, child, where.get(application.student_id))]))
    return View(text)


async def _child_stays(c: Context) -> View | None:
    application = await application_whole(c.uow, c.application_id)
    if application.version != c.params["version"]:
        return None
    text = c._(
        "{child}, class {school_class}, stays in after-school care: the withdrawal has been taken back.",
        child=application.student.name,
        school_class=application.student.school_class.name,
    )
    return View(text)


async def _review_waits(c: Context) -> View | None:
    rows = await waiting_for(c.uow, Permission.REVIEW)
    if not rows:
        return None
    text = c._.many(
        "A reminder: {n} application is waiting for your review.",
        "A reminder: {n} applications are waiting for your review, some for a school day or more.",
        len(rows),
    )
    return View(text, ((Button(c._("Applications to review"), pack("go", "review")),),))


async def _approval_waits(c: Context) -> View | None:
    rows = await waiting_for(c.uow, Permission.APPROVE)
    if not rows:
        return None
    text = c._.many(
        "A reminder: {n} application is waiting for the school's decision.",
        "A reminder: {n} applications are waiting for the school's decision, some for a school day or more.",
        len(rows),
    )
    return View(text + "\n" + c._("Send /console to open the list."))


async def _agreement_waits(c: Context) -> View | None:
    application = await application_whole(c.uow, c.application_id)
    if application.state is not State.APPROVED:
        return None
    text = c._(
        "A reminder: the place for {child} is approved, but the agreement has not been signed yet. "
        "Care starts only once it is signed.",
        child=application.student.name,
    )
    return _for_guardian(c, application, text)


KINDS: dict[str, Kind] = {
    "review_wanted": Kind(_review_wanted),
    "application_step": Kind(_application_step, other_guardian=True),
    "agreement_signed": Kind(_agreement_signed),
    "agreement_pdf": Kind(_agreement_pdf),
    "application_pdf": Kind(_application_pdf),
    "child_withdrawn": Kind(_child_withdrawn, courtesy=True),
    "child_stays": Kind(_child_stays, courtesy=True),
    "review_waits": Kind(_review_waits),
    "approval_waits": Kind(_approval_waits),
    "agreement_waits": Kind(_agreement_waits, other_guardian=True),
    **dutylead.KINDS,
}
KINDS |= (
    calendar.KINDS | leave_letters.KINDS | missing_letters.KINDS | chased.KINDS | pickup.KINDS | extended_letters.KINDS
)
KINDS |= HANDOVER_KINDS | over.KINDS | late.KINDS
KINDS |= day_sheet.KINDS | paper.KINDS | term_plan.KINDS | extended_moved.KINDS
