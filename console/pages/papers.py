"""What the console prints: applications, agreements, invitation slips (S5, S7)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.responses import Response

from care.enrolment.decide import application_for_staff
from care.linking import PrintedSlip
from care.permissions import Permission
from care.students import print_class_slips, print_slip
from care.work import UnitOfWork
from console.door import Page, Visit
from console.words import Say
from locales import labels, words
from papers import Slip
from papers.from_records import agreement_paper, application_paper


def pdf(content: bytes, name: str) -> Response:
    """Shown in the browser; the name is for who saves it."""
    # A PDF is no page: the pages' policy would only get in the way of the browsers' viewers.
    policy = "frame-ancestors 'none'"
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', "Content-Security-Policy": policy}
    return Response(content, media_type="application/pdf", headers=headers)


async def application_pdf(visit: Visit) -> Response:
    async with visit.looking() as uow:
        await application_for_staff(uow, visit.id)
        paper = await application_paper(uow, visit.id, visit._)
    content = await asyncio.to_thread(visit.desk.printer.application, paper, visit.language)
    return pdf(content, f"application-{visit.id}")


async def agreement_pdf(visit: Visit) -> Response:
    """As signed; before that, with room to sign by hand."""
    async with visit.looking() as uow:
        await application_for_staff(uow, visit.id)
        paper = await agreement_paper(uow, visit.id, visit._)
    content = await asyncio.to_thread(visit.desk.printer.agreement, paper, visit.language)
    return pdf(content, f"agreement-{visit.id}")


def slip_papers(visit: Visit, uow: UnitOfWork, slips: Sequence[PrintedSlip]) -> list[Slip]:
    school = visit.desk.school
    _ = words(school.language, "console")  # for the families, whatever language the clerk reads
    say = Say(_, school.zone, uow.now)
    return [
        Slip(
            school=visit.desk.name(school.language),
            student=slip.student,
            school_class=_("Class {school_class}", school_class=slip.school_class),
            guardian=slip.person,
            relation=labels.label(_, slip.relation),
            link=visit.desk.deep_link(slip.code),
            address=visit.desk.deep_link(slip.code).partition("?")[0],
            code=slip.code,
            valid_until=say.date(slip.expires_at.astimezone(school.zone).date()),
            printed_at=uow.now.astimezone(school.zone),
        )
        for slip in slips
    ]


async def class_slips(visit: Visit) -> Response:
    """POST only: guardians who have no slip yet get one."""
    async with visit.working() as uow:
        papers = slip_papers(visit, uow, await print_class_slips(uow, visit.id))
    content = await asyncio.to_thread(visit.desk.printer.slips, papers, visit.desk.school.language)
    return pdf(content, f"slips-{visit.id}")


async def guardian_slip(visit: Visit) -> Response:
    async with visit.working() as uow:
        papers = slip_papers(visit, uow, [await print_slip(uow, visit.id)])
    content = await asyncio.to_thread(visit.desk.printer.slips, papers, visit.desk.school.language)
    return pdf(content, f"slip-{visit.id}")


PAGES = [
    Page("/applications/{id:int}.pdf", get=application_pdf, right=Permission.SEE_APPLICATIONS),
    Page("/applications/{id:int}/agreement.pdf", get=agreement_pdf, right=Permission.SEE_APPLICATIONS),
    Page("/classes/{id:int}/slips.pdf", post=class_slips, right=Permission.PRINT_SLIPS),
    Page("/guardians/{id:int}/slip.pdf", post=guardian_slip, right=Permission.PRINT_SLIPS),
]
