"""Signing in by a one-time link from the chat, signing out, the sessions, and the language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from care.errors import Invalid
from care.people import set_language
from care.permissions import NOBODY, Permission
from care.signin import SESSION_VALID, revoke, sessions_of, use_link
from console.door import LANGUAGE_COOKIE, Page, Visit
from console.refusals import sentence
from console.security import cookie_name
from locales import LANGUAGES

YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True)
class SignInView:
    """``token`` is empty where no link was followed."""

    token: str = ""
    error: str = ""


async def show(visit: Visit) -> Response:
    if visit.actor is not NOBODY:
        return visit.go("/")
    return visit.page("signin/page.html", SignInView())


async def show_link(visit: Visit) -> Response:
    """A button only: messengers open links to show a preview, and that must not use the link up."""
    return visit.page("signin/page.html", SignInView(token=visit.request.path_params["token"]))


async def use(visit: Visit) -> Response:
    browser = visit.request.headers.get("user-agent", "")
    try:
        async with visit.working() as uow:
            token = await use_link(uow, visit.request.path_params["token"], browser)
    except Invalid as error:
        return visit.page("signin/page.html", SignInView(error=sentence(visit._, error)), error.status)
    response = visit.go("/")
    secure = visit.desk.secure
    response.set_cookie(
        cookie_name(secure),
        token,
        max_age=int(SESSION_VALID.total_seconds()),
        secure=secure,
        httponly=True,
        # Lax, not Strict: a link in the chat to an application must arrive signed in.
        samesite="lax",
    )
    return response


async def sign_out(visit: Visit) -> Response:
    if visit.session_id is not None:
        async with visit.working() as uow:
            await revoke(uow, visit.session_id)
    response = visit.go("/sign-in")
    response.delete_cookie(cookie_name(visit.desk.secure), secure=visit.desk.secure, httponly=True, samesite="lax")
    return response


async def choose_language(visit: Visit) -> Response:
    language = visit.field("language")
    back = visit.field("back")
    response = visit.go(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/")
    if language not in LANGUAGES:
        return response
    if visit.actor.person_id is not None:
        async with visit.working() as uow:
            await set_language(uow, visit.actor.person_id, language)
    response.set_cookie(
        LANGUAGE_COOKIE, language, max_age=YEAR_S, secure=visit.desk.secure, httponly=True, samesite="lax"
    )
    return response


@dataclass(frozen=True)
class SessionRow:
    id: int
    person: str
    browser: str
    signed_in_at: datetime
    seen_at: datetime
    this_one: bool


@dataclass(frozen=True)
class SessionsView:
    own: tuple[SessionRow, ...]
    others: tuple[SessionRow, ...]
    everybody: bool


async def sessions(visit: Visit) -> Response:
    everybody = visit.actor.may(Permission.MANAGE_STAFF)
    async with visit.looking() as uow:
        found = await sessions_of(uow, None if everybody else visit.actor.person_id)
    rows = [
        (
            person.id == visit.actor.person_id,
            SessionRow(
                session.id,
                person.name,
                browser_name(session.browser),
                session.signed_in_at,
                session.seen_at,
                session.id == visit.session_id,
            ),
        )
        for session, person in found
    ]
    own = tuple(row for mine, row in rows if mine)
    others = tuple(row for mine, row in rows if not mine)
    return visit.page("signin/sessions.html", SessionsView(own, others, everybody))


def browser_name(agent: str) -> str:
    """The browser and system a person would recognise in a user agent."""
    browsers = (("Edg/", "Edge"), ("MicroMessenger", "WeChat"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"))
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    browser = next((name for key, name in browsers if key in agent), "Safari" if "Safari/" in agent else "")
    system = next((name for key, name in systems if key in agent), "")
    return ", ".join(filter(None, (browser, system))) or agent[:40]


async def end_session(visit: Visit) -> Response:
    async with visit.working() as uow:
        await revoke(uow, visit.id)
    return visit.go("/sign-in" if visit.id == visit.session_id else "/sessions")


PAGES = [
    Page("/sign-in", get=show, public=True),
    Page("/sign-in/{token}", get=show_link, post=use, public=True),
    Page("/sign-out", post=sign_out, public=True),
    Page("/language", post=choose_language, public=True),
    Page("/sessions", get=sessions),
    Page("/sessions/{id:int}/end", post=end_session),
]
