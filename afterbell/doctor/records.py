"""The database and what its records tell: key, clock, what is left lying, who may sign in, term and calendar."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from afterbell.build import has_database
from afterbell.doctor.machine import Finding
from afterbell.settings import Settings
from care.channels import Trouble, channel_troubles
from care.clock import Clock
from care.keys import Keys
from care.migrate import is_current
from care.people import holders
from care.records import CalendarDay, Event, InboxState, Letter, LetterState, Slip, TextKind, Update
from care.school import School, open_engines
from care.staff import MANAGERS
from care.term import current_term, text_in_force, waves
from care.work import UnitOfWork

LATE = timedelta(minutes=5)


async def database(settings: Settings) -> AsyncIterator[Finding]:
    if not has_database(settings):
        yield False, "database: not there yet: run `afterbell migrate`"
        return
    writer, reader = open_engines(settings.database)
    try:
        if not await is_current(reader):
            yield False, "database: its schema is not this program's: run `afterbell migrate`, or upgrade the program"
            return
        yield await _whole(reader)
        async for finding in _records(settings, writer, reader):
            yield finding
    except (SQLAlchemyError, OSError) as error:
        yield False, f"database: cannot be used ({type(error).__name__}): check AFTERBELL_DATABASE_URL"
    finally:
        await writer.dispose()
        await reader.dispose()


async def _whole(reader: AsyncEngine) -> Finding:
    if reader.dialect.name != "sqlite":
        return True, "database: PostgreSQL, schema up to date"
    async with reader.connect() as connection:
        answer = await connection.scalar(text("PRAGMA quick_check(1)"))
    if answer != "ok":
        return False, "database: the file is damaged: stop the program and restore the last backup"
    return True, "database: SQLite, whole, schema up to date"


def _as_school(settings: Settings, writer: AsyncEngine, reader: AsyncEngine, key: str) -> School:
    """The school as it is, for reading; nothing is made that is not there yet."""
    return School("", settings.zone, settings.language, Clock(settings.zone), Keys(key), writer, reader)


async def _records(settings: Settings, writer: AsyncEngine, reader: AsyncEngine) -> AsyncIterator[Finding]:
    file = settings.data_dir / "secret.key"
    key = settings.secret_key or (file.read_text().strip() if file.exists() else "")
    async with _as_school(settings, writer, reader, key).look() as uow:
        for check in (_key_fits, _times, _inbox, _outbox, _channels, _sign_in, _term, _calendar):
            yield await check(uow)


async def _key_fits(uow: UnitOfWork) -> Finding:
    """Codes are made from the key, so the newest one tells whether the key is still that of the records."""
    query = select(Slip).where(Slip.code_hash.is_not(None)).order_by(Slip.id.desc()).limit(1)
    slip = (await uow.session.scalars(query)).first()
    keys = uow.school.keys
    if slip is not None and keys.fingerprint("slip", keys.code("slip", slip.id)) != slip.code_hash:
        return False, (
            "secret key: it is not the key that the records were made with, so slips and health notes cannot be "
            "read: bring the old key back from a backup"
        )
    return True, "secret key: fits the records"


async def _times(uow: UnitOfWork) -> Finding:
    newest = await uow.session.scalar(select(func.max(Event.at)))
    if newest is not None and newest > uow.now + LATE:
        return False, (
            f"clock: the newest record is of {newest.astimezone(uow.school.zone):%Y-%m-%d %H:%M}, later than now: "
            "set the computer's clock (or this is demonstration data)"
        )
    return True, "clock: later than every record"


async def _inbox(uow: UnitOfWork) -> Finding:
    late = await _count(uow, Update.state == InboxState.WAITING, Update.received_at < uow.now - LATE)
    dead = await _count(uow, Update.state == InboxState.DEAD)
    if late:
        return False, f"inbox: {late} messages wait longer than 5 minutes: is `afterbell run` or `bot` running?"
    if dead:
        return False, f"inbox: {dead} messages could not be handled: look at Outbox in the console, then the log"
    return True, "inbox: nothing is left lying"


async def _outbox(uow: UnitOfWork) -> Finding:
    due = (Letter.state == LetterState.WAITING, Letter.due_at < uow.now - LATE)
    late = await _count(uow, *due)
    review = await _count(uow, Letter.state.in_((LetterState.REVIEW, LetterState.FAILED)))
    if late:
        return False, f"outbox: {late} messages are overdue: is `afterbell run` or `bot` running, Telegram reachable?"
    if review:
        return False, f"outbox: {review} messages were not delivered for sure: look at Outbox in the console"
    return True, "outbox: nothing is overdue"


async def _channels(uow: UnitOfWork) -> Finding:
    """Only who polls can meet another program that does; token, webhook and network are looked at directly."""
    for one in await channel_troubles(uow):
        if one.code is Trouble.OTHER_POLLER:
            since = f"{one.since.astimezone(uow.school.zone):%Y-%m-%d %H:%M}"
            return False, (
                f"channels: another program has fetched this bot's messages since {since}: stop it, or get a new "
                "token from @BotFather; if it is stopped, this is forgotten a few minutes later"
            )
    return True, "channels: no other program fetches the messages"


async def _count(uow: UnitOfWork, *conditions: ColumnElement[bool]) -> int:
    return await uow.session.scalar(select(func.count()).where(*conditions)) or 0


async def _sign_in(uow: UnitOfWork) -> Finding:
    count = len(await holders(uow, *MANAGERS))
    if not count:
        return False, "staff: nobody can run the console yet: afterbell staff add NAME --role office"
    return True, f"staff: {count} can run the console"


async def _term(uow: UnitOfWork) -> Finding:
    term = await current_term(uow)
    if term is None:
        return False, "term: none runs today or is to come: import one (docs/roster.md)"
    grades = {grade for wave in await waves(uow, term.id) for grade in wave.grades}
    missing = sorted(set(term.grades) - grades)
    if missing:
        return False, f"term: {term.name} has no dismissal wave for grade {', '.join(map(str, missing))}: import it"
    for kind in TextKind:
        if await text_in_force(uow, term.id, kind, uow.school.language) is None:
            return False, f"term: {term.name} has no text {kind.value!r}: write it in the console under Settings"
    return True, f"term: {term.name}, {term.starts_on} to {term.ends_on}"


async def _calendar(uow: UnitOfWork) -> Finding:
    """A year without a single day off has not been entered; nothing is guessed (S8)."""
    term = await current_term(uow)
    if term is None:
        return True, "calendar: waits for the term"
    days = await uow.session.scalars(select(CalendarDay.date).where(CalendarDay.date >= date(uow.today.year, 1, 1)))
    known = {day.year for day in days}
    missing = [y for y in range(max(uow.today, term.starts_on).year, term.ends_on.year + 1) if y not in known]
    if missing:
        return False, f"calendar: no holidays of {missing[0]} yet: import them when the official notice is out"
    return True, f"calendar: holidays known until the end of {max(known)}"
