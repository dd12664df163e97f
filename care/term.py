"""The term and what it says: who may apply, when care runs, and the versioned texts (S4, S6, S7, S9)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from care.errors import Invalid, NotFound
from care.permissions import Permission
from care.records.term import Term, TermText, TextKind, Wave
from care.work import UnitOfWork

TEXT_LIMIT = 20_000


async def current_term(uow: UnitOfWork) -> Term | None:
    """The term that runs today, or else the next one that families may already apply for."""
    query = (
        select(Term)
        .where(Term.ends_on >= uow.today)
        .order_by(Term.starts_on)
        .options(joinedload(Term.extended_venue))
        .limit(1)
    )
    return (await uow.session.scalars(query)).first()


async def the_term(uow: UnitOfWork) -> Term:
    """As ``current_term``; raises NotFound("no_term") when there is none."""
    term = await current_term(uow)
    if term is None:
        raise NotFound("no_term")
    return term


def applications_open(term: Term, today: date) -> bool:
    return term.apply_from <= today <= term.apply_until


async def waves(uow: UnitOfWork, term_id: int) -> list[Wave]:
    return list(await uow.session.scalars(select(Wave).where(Wave.term_id == term_id).order_by(Wave.ordinal)))


async def wave_of(uow: UnitOfWork, term_id: int, grade: int) -> Wave | None:
    """The dismissal wave a grade leaves with, or None when the grade has no care this term."""
    return next((wave for wave in await waves(uow, term_id) if grade in wave.grades), None)


async def text_in_force(uow: UnitOfWork, term_id: int, kind: TextKind, language: str) -> TermText | None:
    """The newest version of a text, in the wanted language or else in any that version has."""
    newest = select(func.max(TermText.version)).where(TermText.term_id == term_id, TermText.kind == kind)
    query = select(TermText).where(
        TermText.term_id == term_id, TermText.kind == kind, TermText.version == newest.scalar_subquery()
    )
    found = {text.language: text for text in await uow.session.scalars(query)}
    return found.get(language) or next(iter(found.values()), None)


async def texts(uow: UnitOfWork, term_id: int) -> list[TermText]:
    """Every version of every text, newest first."""
    query = (
        select(TermText)
        .where(TermText.term_id == term_id)
        .order_by(TermText.kind, TermText.version.desc(), TermText.language)
    )
    return list(await uow.session.scalars(query))


@dataclass(frozen=True)
class NewText:
    """A text in one language, as the office wrote it."""

    language: str
    title: str
    body: str


def text_hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


async def publish_text(uow: UnitOfWork, term_id: int, kind: TextKind, written: list[NewText]) -> int:
    """Publishes the next version of a text; what was signed or shown before stays as it was. Returns the version."""
    uow.require(Permission.MANAGE_TERM)
    written = [NewText(w.language, w.title.strip(), w.body.replace("\r\n", "\n").strip()) for w in written]
    if not written or any(not w.title or not w.body for w in written):
        raise Invalid("text_empty")
    if any(len(w.body) > TEXT_LIMIT for w in written):
        raise Invalid("text_too_long", limit=TEXT_LIMIT)
    if await uow.session.get(Term, term_id, with_for_update=True) is None:
        raise NotFound()
    newest = select(func.max(TermText.version)).where(TermText.term_id == term_id, TermText.kind == kind)
    version = (await uow.session.scalar(newest) or 0) + 1
    for w in written:
        uow.session.add(
            TermText(
                term_id=term_id,
                kind=kind,
                version=version,
                language=w.language,
                title=w.title,
                body=w.body,
                sha256=text_hash(w.body),
                published_at=uow.now,
                published_by=uow.actor.person_id,
            )
        )
    uow.record("text_published", "term", term_id, kind=kind.value, version=version)
    return version
