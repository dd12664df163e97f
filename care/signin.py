"""The way into the console: a one-time link, a session in a table that can be revoked."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from care.errors import Invalid, NotAllowed, NotFound
from care.keys import new_token
from care.people import actor_for
from care.permissions import Actor, Permission
from care.records.office import ConsoleSession, SignInLink
from care.records.people import Person
from care.work import UnitOfWork

LINK_VALID = timedelta(minutes=15)
SESSION_VALID = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)


async def make_link(uow: UnitOfWork, person_id: int, valid: timedelta = LINK_VALID) -> str:
    """A one-time sign-in token for a person who may use the console. Raises NotAllowed otherwise."""
    person = await uow.session.get_one(Person, person_id)
    actor = await actor_for(uow, person)
    if not actor.may(Permission.CONSOLE):
        raise NotAllowed()
    token = new_token()
    uow.session.add(
        SignInLink(
            token_hash=uow.school.keys.fingerprint("sign-in", token),
            person_id=person_id,
            made_at=uow.now,
            expires_at=uow.now + valid,
        )
    )
    uow.record("sign_in_link_made", "person", person_id)
    return token


async def use_link(uow: UnitOfWork, token: str, browser: str = "") -> str:
    """Trades a link for a session token, once. Raises Invalid("link_used"), ("link_expired") or ("link_unknown")."""
    fingerprint = uow.school.keys.fingerprint("sign-in", token)
    query = select(SignInLink).where(SignInLink.token_hash == fingerprint).with_for_update()
    link = (await uow.session.scalars(query)).first()
    if link is None:
        raise Invalid("link_unknown")
    if link.used_at is not None:
        raise Invalid("link_used")
    if link.expires_at <= uow.now:
        raise Invalid("link_expired")
    link.used_at = uow.now
    session_token = new_token()
    person = await uow.session.get_one(Person, link.person_id)
    uow.session.add(
        ConsoleSession(
            token_hash=uow.school.keys.fingerprint("session", session_token),
            person_id=link.person_id,
            browser=browser[:120],
            signed_in_at=uow.now,
            seen_at=uow.now,
            expires_at=uow.now + SESSION_VALID,
        )
    )
    uow.actor = await actor_for(uow, person)
    uow.record("signed_in", "person", link.person_id)
    return session_token


async def session_of(uow: UnitOfWork, token: str) -> tuple[ConsoleSession, Person, Actor] | None:
    """The living session behind a cookie, with the person and the duties held now; None when there is none."""
    fingerprint = uow.school.keys.fingerprint("session", token)
    query = (
        select(ConsoleSession, Person)
        .join(Person, Person.id == ConsoleSession.person_id)
        .where(
            ConsoleSession.token_hash == fingerprint,
            ConsoleSession.revoked_at.is_(None),
            ConsoleSession.expires_at > uow.now,
        )
    )
    row = (await uow.session.execute(query)).first()
    if row is None:
        return None
    session, person = row
    actor = await actor_for(uow, person)
    return (session, person, actor) if actor.may(Permission.CONSOLE) else None


async def touch(uow: UnitOfWork, session_id: int) -> None:
    """Notes that a session was used just now."""
    await uow.session.execute(update(ConsoleSession).where(ConsoleSession.id == session_id).values(seen_at=uow.now))


async def sessions_of(uow: UnitOfWork, person_id: int | None = None) -> list[tuple[ConsoleSession, Person]]:
    """Living sessions, of one person or (for who manages staff) of everybody."""
    if person_id != uow.actor.person_id:
        uow.require(Permission.MANAGE_STAFF)
    query = (
        select(ConsoleSession, Person)
        .join(Person, Person.id == ConsoleSession.person_id)
        .where(ConsoleSession.revoked_at.is_(None), ConsoleSession.expires_at > uow.now)
        .order_by(ConsoleSession.seen_at.desc())
    )
    if person_id is not None:
        query = query.where(ConsoleSession.person_id == person_id)
    return [(session, person) for session, person in await uow.session.execute(query)]


async def revoke(uow: UnitOfWork, session_id: int) -> None:
    """Ends a session: one's own, or anybody's for who manages staff. Raises NotFound for others."""
    session = await uow.session.get(ConsoleSession, session_id, with_for_update=True)
    if session is None or session.revoked_at is not None:
        raise NotFound()
    if session.person_id != uow.actor.person_id and not uow.actor.may(Permission.MANAGE_STAFF):
        raise NotFound()
    session.revoked_at = uow.now
    uow.record("session_revoked", "person", session.person_id)
