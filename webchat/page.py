"""The chat page: a messenger in the browser, for the demonstration's people or for real families."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from locales import LANGUAGES, words
from webchat.bot import Bot
from webchat.clock import ClockRoutes
from webchat.deeds import Deeds
from webchat.model import User
from webchat.people import ClockPanel, MenuOf, People, Somebody, Visitors
from webchat.stream import Stream
from webchat.view import state
from webchat.wording import page_words
from webchat.world import World

_HERE = Path(__file__).parent
_LANGUAGE_COOKIE = "webchat_language"
_PEOPLE_FOR = 5.0
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class ChatPage:
    """With ``people`` it is the demonstration: whoever is chosen from the list acts, with the menu of ``menu_of`` until
    the bot sets one. Without, each browser is its own user, by a cookie signed with ``key``."""

    def __init__(
        self,
        world: World,
        bot_token: str,
        *,
        key: str,
        people: People | None = None,
        menu_of: MenuOf | None = None,
        clock: ClockPanel | None = None,
        zone: str = "Asia/Shanghai",
        title: str = "AfterBell",
    ) -> None:
        self.world = world
        self.bot: Bot = world.bots[bot_token]
        self.zone = ZoneInfo(zone)
        self.title = title
        self.stream = Stream(world, self.bot)
        self.clock = clock if people else None
        self._people = people
        self._menu_of = menu_of
        self._visitors = Visitors(key)
        self._known: tuple[float, dict[int, Somebody]] = (-_PEOPLE_FOR, {})
        self._seen: dict[int, int] = {}
        self._templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True)

    @property
    def is_demonstration(self) -> bool:
        return self._people is not None

    def routes(self) -> list[BaseRoute]:
        found: list[BaseRoute] = [
            Route("/chat", self.home),
            Route("/chat/words.json", self.words),
            Route("/chat/people.json", self.people_list),
            Route("/chat/events", self.events),
            Mount("/chat/static", StaticFiles(directory=_HERE / "static")),
            *ClockRoutes(self).routes(),
            Route("/chat/{user_id:int}", self.conversation),
            Route("/chat/{user_id:int}/state.json", self.state),
            *Deeds(self).routes(),
        ]
        return found

    # who is there

    async def people(self) -> dict[int, Somebody]:
        """The people of the demonstration by id; asked for again after a few seconds."""
        since, known = self._known
        if self._people and time.monotonic() - since > _PEOPLE_FOR:
            known = {somebody.user_id: somebody for somebody in await self._people()}
            self._known = (time.monotonic(), known)
        return known

    async def somebody(self, user_id: int) -> Somebody | None:
        """Known people are known; asking the school anew at each tap would slow the tap."""
        return self._known[1].get(user_id) or (await self.people()).get(user_id)

    async def user_id_of(self, request: Request) -> int:
        """Whose conversation this address is; 404 when this browser may not have it."""
        user_id = int(request.path_params["user_id"])
        mine = None if self.is_demonstration else self._visitors.of(request)
        if user_id != mine and not await self.somebody(user_id):
            raise HTTPException(404)
        return user_id

    async def acting(self, request: Request) -> User:
        """The user of this address, made known to the messenger at the first deed."""
        user_id = await self.user_id_of(request)
        somebody = await self.somebody(user_id)
        if somebody:
            known = self.world.users.get(user_id)
            if known and (known.name, known.phone) == (somebody.name, somebody.phone):
                return known
            return self.world.add_user(somebody.name, user_id=user_id, language=somebody.language, phone=somebody.phone)
        if user_id in self.world.users:
            return self.world.users[user_id]
        language = self.language(request)
        name = words(language, "webchat")("Browser visitor")
        return self.world.add_user(name, user_id=user_id, language="zh-hans" if language == "zh_CN" else "en")

    def language(self, request: Request) -> str:
        """The page's language: asked for, remembered, or the browser's."""
        for wish in (request.query_params.get("lang"), request.cookies.get(_LANGUAGE_COOKIE)):
            if found := _language(wish or ""):
                return found
        for accepted in request.headers.get("accept-language", "").split(","):
            if found := _language(accepted.partition(";")[0].strip()):
                return found
        return LANGUAGES[0]

    def _bot_language(self, user_id: int, fallback: str) -> str:
        user = self.world.users.get(user_id)
        return user.language if user else fallback

    # pages

    async def home(self, request: Request) -> Response:
        if self.is_demonstration:
            return self._page(request, None, None)
        user_id = self._visitors.of(request)
        is_new = user_id is None
        user_id = user_id or self._visitors.invent()
        response = self._page(request, user_id, None)
        if is_new:
            self._visitors.remember(response, request, user_id)
        return response

    async def conversation(self, request: Request) -> Response:
        user_id = await self.user_id_of(request)
        if not self.is_demonstration:
            return RedirectResponse("/chat")
        return self._page(request, user_id, await self.somebody(user_id))

    def _page(self, request: Request, user_id: int | None, somebody: Somebody | None) -> HTMLResponse:
        language = self.language(request)
        payload = request.query_params.get("start", "") if not self.is_demonstration else ""
        if not (payload.replace("-", "").replace("_", "").isalnum() and payload.isascii() and len(payload) <= 64):
            payload = ""
        html = self._templates.get_template("chat.html").render(
            _=words(language, "webchat"),
            language=language,
            title=self.title,
            user_id=user_id,
            somebody=somebody,
            about=somebody.about.get(language, "") if somebody else "",
            mode="demonstration" if self.is_demonstration else "real",
            payload=payload,
            zone=self.zone.key,
            clock=self.clock,
        )
        response = HTMLResponse(html, headers=dict(HEADERS))
        if _language(request.query_params.get("lang", "")):
            response.set_cookie(_LANGUAGE_COOKIE, language, max_age=31_536_000, path="/chat", samesite="lax")
        return response

    # what the page asks for

    async def words(self, request: Request) -> Response:
        return JSONResponse(page_words(words(self.language(request), "webchat")))

    async def people_list(self, request: Request) -> Response:
        if not self.is_demonstration:
            raise HTTPException(404)
        language = self.language(request)
        people = [
            {
                "id": somebody.user_id,
                "name": somebody.name,
                "about": somebody.about.get(language, ""),
                "group": somebody.group,
                "phone": somebody.phone,
                "start_here": somebody.start_here,
                "why": somebody.why.get(language, ""),
                "unread": self.unread(somebody.user_id),
            }
            for somebody in (await self.people()).values()
        ]
        return JSONResponse(people, headers={"Cache-Control": "no-store"})

    def unread(self, user_id: int) -> bool:
        chat = self.bot.chats.get(user_id)
        if chat is None:
            return False
        seen = self._seen.get(user_id, 0)
        newer = itertools.takewhile(lambda message: message.id > seen, reversed(chat.messages.values()))
        return any(message.sender_id == self.bot.id for message in newer)

    def saw(self, user_id: int) -> None:
        """Everything in this conversation has been on a screen."""
        if chat := self.bot.chats.get(user_id):
            self._seen[user_id] = chat.last_message_id

    async def state(self, request: Request) -> Response:
        user_id = await self.user_id_of(request)
        language = self._bot_language(user_id, self._language_code(request))
        self.saw(user_id)
        await self._give_menu(user_id)
        somebody = await self.somebody(user_id)
        body = state(self.bot, self.bot.look(user_id), language)
        body |= {"payload": somebody.start_payload if somebody else None, "mark": self.stream.mark()}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    async def _give_menu(self, user_id: int) -> None:
        menus, scope = self.bot.profile.commands, (f"chat:{user_id}", "")
        if self._menu_of is not None and scope not in menus:
            menu = await self._menu_of(user_id)
            if menu:
                menus.setdefault(scope, menu)

    def _language_code(self, request: Request) -> Literal["zh-hans", "en"]:
        return "zh-hans" if self.language(request) == "zh_CN" else "en"

    async def events(self, request: Request) -> Response:
        user = request.query_params.get("user", "")
        user_id: int | None = None
        if user.isdigit():
            request.path_params["user_id"] = int(user)
            user_id = await self.user_id_of(request)
        elif not self.is_demonstration:
            raise HTTPException(404)
        since = request.headers.get("last-event-id") or request.query_params.get("since")
        language = self._bot_language(user_id or 0, self._language_code(request))
        return self.stream.response(user_id, language, since, everyone=self.is_demonstration)


def _language(wish: str) -> str | None:
    """``zh-Hans-CN`` and ``zh_CN`` are zh_CN; ``en-GB`` is en."""
    code = wish[:2].lower()
    return next((language for language in LANGUAGES if language[:2].lower() == code), None)
