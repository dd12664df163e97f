"""Papers of what the records say: an application with its way, an agreement with its signature, a pick-up slip."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from care.agreement import agreement_of
from care.enrolment.queries import application_whole, timeline
from care.enrolment.states import OPEN
from care.errors import NotFound
from care.pickup.adults import Authorised
from care.pickup.codes import shown
from care.pickup.leaving import Leaving
from care.records.enrolment import Application, Need
from care.records.term import TextKind
from care.school import School
from care.term import text_in_force, wave_of
from care.work import UnitOfWork
from locales import Words
from locales.labels import action_label, day, label, listed, moment, span, weekdays
from papers.contents import (
    AgreementPaper,
    ApplicationPaper,
    CollectedChild,
    PickupPaper,
    PickupPerson,
    Signature,
    TimelineEntry,
)


async def application_paper(uow: UnitOfWork, application_id: int, words: Words) -> ApplicationPaper:
    """An application as the actor may see it (S5). Raises NotFound beyond the actor's reach."""
    _ = words.within("papers")
    a = await application_whole(uow, application_id)
    zone = uow.school.zone
    events = await timeline(uow, a.id)
    steps = [event for event in events if event.action != "waiver_recorded"]
    return ApplicationPaper(
        school=uow.school.called(_.language),
        term=a.term.name,
        number=str(a.id),
        student=a.student.name,
        student_no=a.student.student_no,
        school_class=a.student.school_class.name,
        guardian=a.guardianship.person.name,
        relation=label(_, a.guardianship.relation),
        phone=a.guardianship.person.phone or "",
        submitted_on=moment(_, a.submitted_at, zone),
        state=label(_, a.state),
        answers=tuple(_answers(_, a)),
        pickup=tuple(PickupPerson(p.name, label(_, p.relation), p.phone) for p in a.pickup),
        criteria_version=str(a.criteria_version),
        timeline=tuple(
            TimelineEntry(moment(_, e.at, zone), e.actor_name, action_label(_, e.action), e.remark) for e in steps
        ),
        printed_at=uow.now.astimezone(zone),
    )


def _answers(_: Words, a: Application) -> list[tuple[str, str]]:
    needs = [label(_, Need(value)) for value in a.needs] + ([a.need_words] if a.need_words else [])
    rows = [
        (_("Days of care"), weekdays(_, a.weekdays)),
        (_("Reason"), listed(_, needs)),
        (_("Extended care"), weekdays(_, a.extended_weekdays) if a.extended_weekdays else ""),
        (_("How the child leaves"), label(_, a.leave_mode)),
    ]
    if a.health_note is not None:
        rows.append((_("Health note"), _("given; not shown here")))  # papers lie about, and stay in chats
    rows.append((_("Course wishes"), a.courses_wished))
    return rows


async def agreement_paper(uow: UnitOfWork, application_id: int, words: Words) -> AgreementPaper:
    """The signed agreement, or the text still to be signed (S7). Raises NotFound where there is neither."""
    _ = words.within("papers")
    a = await application_whole(uow, application_id)
    signed = await agreement_of(uow, a.id)
    text = signed[1] if signed else await text_in_force(uow, a.term_id, TextKind.AGREEMENT, _.language)
    if text is None or (signed is None and a.state not in OPEN):
        raise NotFound()
    wave = await wave_of(uow, a.term_id, a.student.school_class.grade)
    zone = uow.school.zone
    signature = None
    if signed is not None:
        agreement = signed[0]
        signature = Signature(
            typed_name=agreement.typed_name,
            signed_at=moment(_, agreement.signed_at, zone),
            how=_("name typed and confirmed in the chat"),
            channel=agreement.channel,
        )
    return AgreementPaper(
        school=uow.school.called(_.language),
        term=a.term.name,
        number=str(a.id),
        student=a.student.name,
        school_class=a.student.school_class.name,
        guardian=a.guardianship.person.name,
        relation=label(_, a.guardianship.relation),
        title=text.title,
        body=text.body,
        version=str(text.version),
        text_sha256=text.sha256,
        signed=signature,
        weekdays=weekdays(_, a.weekdays),
        times=span(_, wave.starts_at, wave.ends_at) if wave else "",
        venue=wave.guidance_venue if wave else "",
        printed_at=(signed[0].signed_at if signed else uow.now).astimezone(zone),
    )


def pickup_link(school: School, code: str) -> str:
    """Where a pick-up slip's QR code leads: into the chat, with the code as ``pk`` and its signs."""
    start = f"pk{code}"
    if school.bot_name:
        return f"https://t.me/{school.bot_name}?start={start}"
    return f"{school.address}/chat?start={start}"


def pickup_paper(
    uow: UnitOfWork, words: Words, adult: Authorised, children: Iterable[Leaving], on: date, code: str
) -> PickupPaper:
    """The slip with which an adult collects these children on a date (S14)."""
    _, zone = words.within("papers"), uow.school.zone
    return PickupPaper(
        school=uow.school.called(_.language),
        number=f"{adult.adult.value[0].upper()}-{adult.id}",
        day=day(_, on),
        adult=adult.name,
        relation=label(_, adult.relation),
        children=tuple(
            CollectedChild(one.name, one.school_class, f"{one.ends_at.astimezone(zone):%H:%M}", one.gate)
            for one in children
        ),
        code=shown(code),
        link=pickup_link(uow.school, code),
        printed_at=uow.now.astimezone(zone),
    )
