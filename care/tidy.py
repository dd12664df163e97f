"""Keeping no more than is needed: once a night, what has served its purpose is deleted, in small transactions.

What was decided stays (applications, agreements, audit, facts with a key), and so does what the custody record names:
delegates and signatures, as long as its links. What carried it goes. Nothing here touches a link, so the ledger holds.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from care.marks import note
from care.permissions import SYSTEM
from care.records.delivery import DEAD, Form, InboxState, Letter, LetterState, Update
from care.records.office import ConsoleSession, Mark, SignInLink
from care.records.people import WrongCode
from care.records.pickup import Delegate, PickupCode
from care.school import School
from care.work import UnitOfWork

MARK = "tidied"
HOUR = 3
BATCH = 1000
DAY = timedelta(days=1)
INBOX_KEPT = 6 * DAY
"""A week after the last update Telegram may choose an id that was used before; it must be forgotten by then."""
REPLIES_KEPT = 30 * DAY
DRAFTS_KEPT = 90 * DAY
SIGN_INS_KEPT = 90 * DAY
WORDS_KEPT = 30 * DAY
CODES_KEPT = 30 * DAY
"""Pick-up codes, and the phones of one-day delegates, after their date."""
OVER = (LetterState.SENT, LetterState.LAPSED, LetterState.SUPERSEDED)


async def tidy(school: School) -> int:
    """Tidies once a day, after three in the morning school time. Returns how many rows went."""
    local = school.clock.local()
    async with school.look(SYSTEM) as uow:
        mark = await uow.session.get(Mark, MARK)
    if local.hour < HOUR or (mark is not None and mark.value == local.date().isoformat()):
        return 0
    gone = 0
    for table, condition in _served(school):
        while batch := await _delete(school, table, condition):
            gone += batch
            if batch < BATCH:
                break
    async with school.work(SYSTEM) as uow:
        await _forget_drafts(uow)
        await _forget_words(uow)
        await _forget_phones(uow)
        await note(uow, MARK, local.date().isoformat())
    return gone


Served = type[Update] | type[Letter] | type[WrongCode] | type[SignInLink] | type[ConsoleSession] | type[PickupCode]


def _served(school: School) -> list[tuple[Served, ColumnElement[bool]]]:
    now, today = school.clock.now(), school.clock.today()
    newest_code = select(func.max(PickupCode.id)).scalar_subquery()  # or its id, which the code is made of, comes again
    return [
        (Update, (Update.state == InboxState.DONE) & (Update.received_at < now - INBOX_KEPT)),
        (
            Letter,
            Letter.state.in_(OVER)
            & or_(Letter.unique_key.is_(None), Letter.kind == "reply")
            & (Letter.posted_at < now - REPLIES_KEPT),
        ),
        (WrongCode, WrongCode.at < now - DAY),
        (PickupCode, (PickupCode.date < today - CODES_KEPT) & (PickupCode.id < newest_code)),
        (SignInLink, SignInLink.expires_at < now - SIGN_INS_KEPT),
        (
            ConsoleSession,
            or_(ConsoleSession.expires_at < now - SIGN_INS_KEPT, ConsoleSession.revoked_at < now - SIGN_INS_KEPT),
        ),
    ]


async def _delete(school: School, table: Served, condition: ColumnElement[bool]) -> int:
    async with school.work(SYSTEM) as uow:
        ids = list(await uow.session.scalars(select(table.id).where(condition).order_by(table.id).limit(BATCH)))
        if ids:
            await uow.session.execute(delete(table).where(table.id.in_(ids)))
        return len(ids)


async def _forget_drafts(uow: UnitOfWork) -> None:
    """Answers that nobody has touched for a quarter of a year are not kept; the row stays for its version."""
    old = select(Form).where(Form.updated_at < uow.now - DRAFTS_KEPT)
    for form in await uow.session.scalars(old):
        if form.answers or form.step:
            form.answers, form.step = {}, ""
            form.version += 1


async def _forget_phones(uow: UnitOfWork) -> None:
    """A delegate's name and who sent them stay with the custody record; the phone was for that one day."""
    old = Delegate.date < uow.today - CODES_KEPT
    await uow.session.execute(update(Delegate).where(old, Delegate.phone != "").values(phone=""))


async def _forget_words(uow: UnitOfWork) -> None:
    """What failed keeps its words for a month, in which the office can try it again; then it is given up."""
    old = uow.now - WORDS_KEPT
    await uow.session.execute(
        update(Letter)
        .where(
            Letter.state.in_((LetterState.FAILED, LetterState.REVIEW)), Letter.sent_at.is_(None), Letter.posted_at < old
        )
        .values(state=LetterState.LAPSED, payload=None)
    )
    await uow.session.execute(
        update(Update).where(Update.state == DEAD, Update.received_at < old).values(state=InboxState.DONE, payload="")
    )
