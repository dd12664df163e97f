"""What the application conversation must know of the child and the term, read anew at each step."""

from __future__ import annotations

import base64

from bot.chat.apply.draft import Facts
from bot.chat.pages import cut
from bot.wire.turn import Turn
from care.enrolment.queries import timeline
from care.errors import Invalid, NotFound
from care.people import Child, children_of
from care.records.term import TextKind
from care.term import text_in_force, the_term, wave_of
from locales.labels import gap, span


async def child_of(turn: Turn, student_id: int) -> Child | None:
    """A child that the person at this chat may decide for."""
    children = await children_of(turn.uow, turn.actor.person_id or 0)
    return next((child for child in children if child.student_id == student_id), None)


async def facts_for(turn: Turn, student_id: int, application_id: int | None = None) -> Facts:
    """Raises NotFound for a child that is not the actor's, Invalid where its grade has no care."""
    _, uow = turn._, turn.uow
    child = await child_of(turn, student_id)
    if child is None:
        raise NotFound()
    term = await the_term(uow)
    wave = await wave_of(uow, term.id, child.grade)
    if wave is None:
        raise Invalid("grade_not_eligible")
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
        about += gap(_) + _(
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
