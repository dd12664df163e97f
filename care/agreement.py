"""The agreement of the term (S7): read and signed by the guardian who applied; only then is the child enrolled."""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import select

from care.enrolment.apply import own_application
from care.errors import Conflict, Invalid, NotFound
from care.permissions import SYSTEM
from care.records.delivery import Class
from care.records.enrolment import Agreement, Application, State
from care.records.people import Person
from care.records.term import TermText, TextKind
from care.term import text_in_force
from care.work import UnitOfWork


def same_name(typed: str, name: str) -> bool:
    """Whether a typed name is the person's own; spaces, dots between parts, apostrophes, width and case do not
    matter: keyboards differ in them."""

    def bare(words: str) -> str:
        folded = unicodedata.normalize("NFKC", words).casefold()
        return re.sub(r"[\s·•・‧∙⋅.'’‘ʼ`´\u200b-\u200d]", "", unicodedata.normalize("NFKC", folded))

    return bool(bare(typed)) and bare(typed) == bare(name)


async def to_sign(uow: UnitOfWork, application_id: int, language: str) -> tuple[Application, TermText]:
    """The approved application and the text to be signed. Raises Conflict when there is nothing to sign."""
    application = await own_application(uow, application_id, applicant_only=True)
    if application.state is not State.APPROVED:
        raise Conflict(state=application.state)
    text = await text_in_force(uow, application.term_id, TextKind.AGREEMENT, language)
    if text is None:
        raise NotFound("no_agreement_text")
    return application, text


async def sign(uow: UnitOfWork, application_id: int, typed_name: str, term_text_id: int, channel: str) -> Agreement:
    """Signs the text that was shown, and enrols the child.

    Raises Invalid("name_differs") unless the typed name is the signer's own, Conflict("text_changed") when a newer
    version was published since the text was shown.
    """
    person = await uow.session.get_one(Person, uow.actor.person_id)
    shown = await uow.session.get(TermText, term_text_id)
    if shown is None:
        raise NotFound()
    application, text = await to_sign(uow, application_id, shown.language)
    if text.id != shown.id:
        raise Conflict("text_changed")
    if not same_name(typed_name, person.name):
        raise Invalid("name_differs", name=person.name)
    agreement = Agreement(
        application_id=application.id,
        term_text_id=text.id,
        text_version=text.version,
        text_sha256=text.sha256,
        language=text.language,
        signer_id=person.id,
        typed_name=" ".join(typed_name.split()),
        channel=channel,
        signed_at=uow.now,
    )
    uow.session.add(agreement)
    application.state = State.ENROLLED
    application.state_since = uow.now
    application.version += 1
    uow.record("signed", "application", application.id, text_version=text.version, text_sha256=text.sha256)
    actor, uow.actor = uow.actor, SYSTEM
    uow.record("enrolled", "application", application.id)
    uow.actor = actor
    await uow.post(
        "agreement_signed",
        person.id,
        Class.ALARM,
        key=f"signed:{application.id}",
        application_id=application.id,
    )
    await uow.session.flush()
    return agreement


async def agreement_of(uow: UnitOfWork, application_id: int) -> tuple[Agreement, TermText] | None:
    query = (
        select(Agreement, TermText)
        .join(TermText, TermText.id == Agreement.term_text_id)
        .where(Agreement.application_id == application_id)
    )
    row = (await uow.session.execute(query)).first()
    return (row[0], row[1]) if row else None
