"""Templates into pages: one Jinja environment per desk, every word through the visitor's catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from care.errors import CareError, NotAllowed, NotFound
from care.permissions import NOBODY, Permission
from console.assets import Assets
from console.desk import Desk
from console.refusals import sentence
from console.words import Say
from locales import LANGUAGES, Words

if TYPE_CHECKING:
    from console.door import Visit


@dataclass(frozen=True)
class NavItem:
    path: str
    title: str
    here: bool


@dataclass(frozen=True)
class LanguageChoice:
    code: str
    name: str
    chosen: bool


@dataclass(frozen=True)
class Frame:
    """What surrounds every page."""

    school: str
    path: str
    address: str
    """Path and query, to come back to."""
    person: str
    csrf: str
    nav: tuple[NavItem, ...]
    office: tuple[NavItem, ...]
    """What the school is set up and looked after with: folded away in the bar."""
    languages: tuple[LanguageChoice, ...]


@dataclass(frozen=True)
class ErrorView:
    beyond_reach: bool
    sentence: str
    signed_in: bool


LANGUAGE_NAMES = {"zh_CN": "中文", "en": "English"}


def _nav(_: Words) -> list[tuple[str, str, Permission]]:
    P = Permission
    return [
        ("/", _("Today"), P.CONSOLE),
        ("/overview", _("Overview"), P.SEE_COUNTS),
        ("/applications", _("Applications"), P.SEE_APPLICATIONS),
        ("/extended", _("Extended care"), P.SEE_BOARD),
        ("/students", _("Students"), P.SEE_STUDENTS),
        ("/classes", _("Classes"), P.SEE_STUDENTS),
        ("/day-sheets", _("Day sheets"), P.SEE_BOARD),
        ("/reports", _("Reports"), P.SEE_COUNTS),
    ]


def _office(_: Words) -> list[tuple[str, str, Permission]]:
    P = Permission
    return [
        ("/staff", _("Staff"), P.MANAGE_STAFF),
        ("/calendar", _("Calendar"), P.MANAGE_TERM),
        ("/settings", _("Term"), P.MANAGE_TERM),
        ("/outbox", _("Outbox"), P.SEE_OUTBOX),
        ("/audit", _("Audit"), P.SEE_AUDIT),
    ]


class Renderer:
    """Makes pages. Holds the templates and the addresses of static files."""

    def __init__(self, desk: Desk, assets: Assets) -> None:
        self._desk = desk
        self._environment = Environment(
            loader=PackageLoader("console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals["asset"] = assets.url

    @property
    def zone(self) -> ZoneInfo:
        return self._desk.school.zone

    def page(self, visit: Visit, template: str, view: object, status: int = 200) -> Response:
        now = self._desk.school.clock.now()
        html = self._environment.get_template(template).render(
            v=view,
            frame=self._frame(visit),
            say=Say(visit._, self.zone, now),
            _=visit._,
            many=visit._.many,
        )
        return HTMLResponse(html, status_code=status)

    def refusal(self, visit: Visit, error: CareError) -> Response:
        """The page that says no; for htmx the same sentence, put where notices stand."""
        view = ErrorView(
            error.code in (NotFound.code, NotAllowed.code), sentence(visit._, error), visit.actor is not NOBODY
        )
        response = self.page(visit, "error.html", view, error.status)
        if visit.by_htmx:
            response.headers.update({"HX-Retarget": "#notices", "HX-Reswap": "innerHTML", "HX-Reselect": "#error"})
        return response

    def _frame(self, visit: Visit) -> Frame:
        _, url = visit._, visit.request.url

        def items(pages: list[tuple[str, str, Permission]]) -> tuple[NavItem, ...]:
            return tuple(
                NavItem(path, title, url.path == path or (path != "/" and url.path.startswith(path + "/")))
                for path, title, right in pages
                if visit.actor.may(right) and (path != "/overview" or visit.actor.may(Permission.SEE_BOARD))
            )

        return Frame(
            school=self._desk.name(visit.language),
            path=url.path,
            address=url.path + (f"?{url.query}" if url.query else ""),
            person=visit.actor.name,
            csrf=visit.csrf,
            nav=items(_nav(_)),
            office=items(_office(_)),
            languages=tuple(LanguageChoice(c, LANGUAGE_NAMES[c], c == visit.language) for c in LANGUAGES),
        )
