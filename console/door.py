"""How a request becomes a visit: who is it, did they mean it, may they, and what a refusal looks like."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from urllib.parse import quote

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from care.errors import CareError, Conflict, NotAllowed, NotFound
from care.permissions import NOBODY, Actor, Permission
from care.signin import SEEN_EVERY, session_of, touch
from care.work import UnitOfWork
from console.desk import Desk
from console.render import Renderer
from console.security import (
    CSRF_FIELD,
    CSRF_HEADER,
    METHODS,
    SAFE_METHODS,
    came_from_here,
    cookie_name,
    csrf_token,
    same_token,
    with_headers,
)
from locales import LANGUAGES, Words, words

LANGUAGE_COOKIE = "language"
LARGEST_ID = 2**53
BUSY_STATES = frozenset({"40001", "40P01"})
"""PostgreSQL's word for two transactions that stood in each other's way."""
AWAY = (OperationalError, InterfaceError, NoConnectionFree, OSError)
"""The database cannot be reached, or cannot write."""
LARGEST_BODY = 600_000
"""Bytes; the longest texts of a term in two languages, as a form writes them, fit in."""
FORM_LIMITS = {"max_files": 0, "max_fields": 2000, "max_part_size": 200_000}


log = structlog.get_logger()


class Away(CareError):
    """The database cannot be used just now."""

    code = "no_database"
    status = 503


@dataclass(frozen=True)
class Visit:
    """One request by one person."""

    desk: Desk
    renderer: Renderer
    request: Request
    _: Words
    actor: Actor = NOBODY
    session_id: int | None = None
    csrf: str = ""
    form: FormData = field(default_factory=FormData)

    @property
    def language(self) -> str:
        return self._.language

    @property
    def by_htmx(self) -> bool:
        return self.request.headers.get("hx-request") == "true"

    @property
    def id(self) -> int:
        """The number in the address."""
        return int(self.request.path_params["id"])

    def looking(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self.desk.school.look(self.actor)

    def working(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self.desk.school.work(self.actor)

    def field(self, name: str) -> str:
        """A form field as typed, empty when absent."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def fields(self, name: str) -> list[str]:
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def page(self, template: str, view: object, status: int = 200) -> Response:
        return self.renderer.page(self, template, view, status)

    def go(self, path: str) -> Response:
        """Sends the browser on after a deed."""
        if self.by_htmx:
            return PlainTextResponse("", headers={"HX-Redirect": path})
        return RedirectResponse(path, status_code=303)


Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True)
class Page:
    """An address, what it shows (GET) and what can be done there (POST), and the right it needs.

    ``public`` pages are open to people who have not signed in.
    """

    path: str
    get: Handler | None = None
    post: Handler | None = None
    right: Permission = Permission.CONSOLE
    public: bool = False

    @property
    def allowed(self) -> str:
        return ", ".join(name for name, handler in (("GET", self.get), ("POST", self.post)) if handler)


class Door:
    """Lets visits in, one after the other checks, and turns refusals of the rules into pages."""

    def __init__(self, desk: Desk, renderer: Renderer) -> None:
        self.desk = desk
        self.renderer = renderer

    def route(self, page: Page) -> Route:
        async def endpoint(request: Request) -> Response:
            return with_headers(await self._answer(page, request))

        limit = Middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY)
        return Route(page.path, endpoint, methods=list(METHODS), name=page.path, middleware=[limit])

    async def _answer(self, page: Page, request: Request) -> Response:
        visit = self._stranger(request)
        try:
            try:
                visit = await self._recognise(request)
            except AWAY:
                if not page.public:
                    raise
            return await self._serve(page, visit)
        except CareError as error:
            return self._refusal(visit, error)
        except (DBAPIError, *AWAY) as error:
            if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in BUSY_STATES:
                return self._refusal(visit, Conflict("busy"))
            if not isinstance(error, AWAY):
                raise
            log.error("the console cannot use the database", error=type(error).__name__, page=page.path)
            return self._refusal(visit, Away())

    async def _serve(self, page: Page, visit: Visit) -> Response:
        request = visit.request
        if request.path_params.get("id", 0) > LARGEST_ID:
            raise NotFound()
        if request.method not in SAFE_METHODS:
            visit = await self._meant(page, visit)
        if visit.actor is NOBODY and not page.public:
            return visit.go("/sign-in")
        if not page.public and not visit.actor.may(page.right):
            raise NotAllowed()
        handler = page.get if request.method in SAFE_METHODS else page.post if request.method == "POST" else None
        if handler is None:
            return PlainTextResponse("Method not allowed", status_code=405, headers={"Allow": page.allowed})
        return await handler(visit)

    async def _meant(self, page: Page, visit: Visit) -> Visit:
        """The visit with its form, once it is sure that the person's own page sent it. Raises NotAllowed otherwise."""
        here = came_from_here(visit.request, self.desk.school.address)
        if here is False or (here is None and visit.session_id is None and page.public):
            raise NotAllowed("not_meant")
        form = await visit.request.form(**FORM_LIMITS)
        given = visit.request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD)
        if visit.session_id is not None and not same_token(given, visit.csrf):
            raise NotAllowed("not_meant")
        if visit.session_id is None and here is None:
            raise NotAllowed("not_meant")
        return replace(visit, form=form)

    def _stranger(self, request: Request) -> Visit:
        return Visit(self.desk, self.renderer, request, words(self._language(request, None), "console"))

    async def _recognise(self, request: Request) -> Visit:
        school = self.desk.school
        token = request.cookies.get(cookie_name(self.desk.secure), "")
        found = None
        if token:
            async with school.look() as uow:
                found = await session_of(uow, token)
                now = uow.now
        if found is None:
            return self._stranger(request)
        session, person, actor = found
        if now - session.seen_at > SEEN_EVERY:
            with contextlib.suppress(*AWAY):  # a full disk does not keep people from reading
                async with school.work(actor) as uow:
                    await touch(uow, session.id)
        language = self._language(request, person.language)
        csrf = csrf_token(school.keys, token)
        return Visit(self.desk, self.renderer, request, words(language, "console"), actor, session.id, csrf)

    def _language(self, request: Request, own: str | None) -> str:
        chosen = own or request.cookies.get(LANGUAGE_COOKIE)
        if chosen in LANGUAGES:
            return str(chosen)
        for part in request.headers.get("accept-language", "").split(","):
            wanted = re.split(r"[-_;]", part.strip())[0].lower()
            for language in LANGUAGES:
                if wanted and language.split("_")[0] == wanted:
                    return language
        return self.desk.school.language

    async def http_error(self, request: Request, error: HTTPException) -> Response:
        """The page for an address that does not exist; other refusals of the framework stay as they are."""
        if error.status_code != NotFound.status:
            return with_headers(PlainTextResponse(error.detail, error.status_code, dict(error.headers or {})))
        return with_headers(self._refusal(await self._recognise(request), NotFound()))

    def _refusal(self, visit: Visit, error: CareError) -> Response:
        return self.renderer.refusal(visit, error)


def number(written: str | None, lowest: int = 0, highest: int = LARGEST_ID) -> int | None:
    """A whole number as typed, or None where it is not one or out of range."""
    written = (written or "").strip()
    if not re.fullmatch(r"\d{1,16}", written, re.ASCII):
        return None
    value = int(written)
    return value if lowest <= value <= highest else None


def query_string(**values: object) -> str:
    """``?a=1&b=2`` of those that are given; empty when none is."""
    pairs = [f"{name.rstrip('_')}={quote(str(value))}" for name, value in values.items() if value not in (None, "")]
    return "?" + "&".join(pairs) if pairs else ""
