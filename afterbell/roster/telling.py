"""What an import changes of a term's plan (its waves, its first and last day) is told, as the console tells it."""

from __future__ import annotations

from sqlalchemy import select

from afterbell.roster.work import Import
from care.records import Term
from care.term_telling import Plan, plan_of, tell
from care.work import UnitOfWork

Plans = list[tuple[Term, Plan]]


async def plans_before(uow: UnitOfWork) -> Plans:
    """The terms that are there, which nobody else changes meanwhile, each with its plan."""
    terms = await uow.session.scalars(select(Term).order_by(Term.starts_on).with_for_update())
    return [(term, await plan_of(uow, term)) for term in list(terms)]


async def tell_of_plans(work: Import, plans: Plans) -> None:
    """Once everything else is stored: whoever has left by then is not told."""
    for term, before in plans:
        told = await tell(work.uow, term, before)
        if told:
            work.tally.tell(term.name, told.guardians, told.staff)
        if told.out_of_reach:
            work.tally.notes.append(
                f"{term.name}: {told.out_of_reach} children have no guardian who can be reached in a chat: tell those "
                "families by phone or on paper"
            )
