"""What an import changes of a term (its waves, its first and last day, the room and the end of extended care) is told,
as the console tells it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from afterbell.roster.work import Import
from care.extended.moving import Place, place_of, tell_of_move
from care.records import Term
from care.telling import Told
from care.term_telling import Plan, plan_of, tell
from care.work import UnitOfWork


@dataclass(frozen=True)
class Before:
    """A term with its plan, and with where extended care is, as they were before the import."""

    term: Term
    plan: Plan
    place: Place | None


async def plans_before(uow: UnitOfWork) -> list[Before]:
    """The terms that are there, which nobody else changes meanwhile, each as it is."""
    terms = await uow.session.scalars(select(Term).order_by(Term.starts_on).with_for_update())
    return [Before(term, await plan_of(uow, term), await place_of(uow, term.id)) for term in list(terms)]


async def tell_of_plans(work: Import, plans: list[Before]) -> None:
    """Once everything else is stored: whoever has left by then is not told."""
    for before in plans:
        term = before.term
        _note(work, term, "the new plan", await tell(work.uow, term, before.plan))
        _note(work, term, "where extended care is, and until when", await tell_of_move(work.uow, term, before.place))


def _note(work: Import, term: Term, of_what: str, told: Told) -> None:
    if told:
        work.tally.tell(term.name, of_what, told)
    if told.out_of_reach:
        work.tally.notes.append(
            f"{term.name}, {of_what}: {told.out_of_reach} children have no guardian who can be reached in a chat: tell "
            "those families by phone or on paper"
        )
