"""Which sessions of today the actor may hand children over from: those of classes, and extended care."""

from __future__ import annotations

from care.extended.session import session_on
from care.permissions import Permission
from care.records.people import Person
from care.rollcall import Choice
from care.rollcall import choices as of_classes
from care.work import UnitOfWork


async def choices(uow: UnitOfWork) -> list[Choice]:
    """The actor's own sessions first. Extended care is among them for who has signed in there, or may anywhere. Raises
    NotAllowed for who may hand over nobody."""
    found = await of_classes(uow)
    extended = await session_on(uow, uow.day)
    if extended is None:
        return found
    on_duty = extended.signed_in_id or extended.teacher_id
    own = uow.actor.person_id == on_duty
    everywhere, _grades, _classes = uow.actor.reach(Permission.TAKE_ROLL)
    if not own and not everywhere:
        return found
    teacher = await uow.session.get(Person, on_duty) if on_duty is not None else None
    choice = Choice(
        session_id=extended.id,
        school_class=extended.venue,
        grade=0,
        starts_at=extended.starts_at,
        ends_at=extended.ends_at,
        teacher=teacher.name if teacher else "",
        own=own and extended.signed_in_id is not None,
        signed_in=extended.signed_in_id is not None,
        done=False,
    )
    return [choice, *found] if choice.own else [*found, choice]
