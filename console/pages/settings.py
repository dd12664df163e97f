"""The term: dates and grades, dismissal waves, extended care. Its texts are on pages of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time

from starlette.responses import Response

from care.errors import CareError, Invalid
from care.extended.ending import Touched, touched_by_end
from care.extended.moving import moves_from
from care.permissions import Permission
from care.records.term import Term, TermText, TextKind, Venue, Wave
from care.staff import GRADES
from care.telling import Told
from care.term import current_term, texts, waves
from care.term_changes import (
    MOST_PLACES,
    NOT_OFFERED,
    ExtendedCare,
    TermDates,
    change_dates,
    change_extended,
    extended_venues,
)
from care.term_telling import counts_from
from care.term_waves import WaveTimes, change_wave, seen_of
from console.door import Page, Visit, number, query_string
from console.refusals import sentence

DATES = ("starts_on", "ends_on", "apply_from", "apply_until")
TIMES_AND_PLACES = ("starts_at", "ends_at", "gate", "guidance_venue", "course_venue")
EXTENDED = ("venue", "until", "places")


@dataclass(frozen=True)
class TextHead:
    kind: TextKind
    newest: TermText | None


@dataclass(frozen=True)
class Ending:
    """What ending extended care would do, before it is done."""

    children: tuple[Touched, ...]

    @property
    def stay(self) -> int:
        return sum(child.stays for child in self.children)

    @property
    def standing(self) -> int:
        return sum(bool(child.days) for child in self.children)

    @property
    def refused(self) -> int:
        return sum(child.refused for child in self.children)


@dataclass(frozen=True)
class Counts:
    """How many are told of what has just been saved; ``out_of_reach``: children."""

    guardians: int
    staff: int
    out_of_reach: int


@dataclass(frozen=True)
class Refused:
    """A form of the page that could not be saved, with why, and what was typed in it."""

    part: str
    why: str
    typed: Mapping[str, str]
    grades: tuple[int, ...]


@dataclass(frozen=True)
class SettingsView:
    term: Term | None
    waves: tuple[Wave, ...]
    venues: tuple[Venue, ...]
    texts: tuple[TextHead, ...]
    grades: tuple[int, ...]
    saved: str
    """The part of the page that has just been saved."""
    told: Counts | None
    counts_from: date | None
    moves_from: date | None
    """From when another room or end of extended care counts."""
    refused: Refused | None
    ending: Ending | None

    def seen(self, wave: Wave) -> str:
        return seen_of(wave)

    @property
    def without_wave(self) -> tuple[int, ...]:
        """Grades that may apply and leave with no wave."""
        leaving = {grade for wave in self.waves for grade in wave.grades}
        return tuple(grade for grade in self.term.grades if grade not in leaving) if self.term else ()


async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, refused: Refused | None = None, status: int = 200) -> Response:
    async with visit.looking() as uow:
        term = await current_term(uow)
        found = await texts(uow, term.id) if term else []
        asked = term is not None and visit.request.query_params.get("end") == "extended"
        ending = Ending(tuple(await touched_by_end(uow, term.id))) if term and asked else None
        view = SettingsView(
            term=term,
            waves=tuple(await waves(uow, term.id)) if term else (),
            venues=tuple(await extended_venues(uow)),
            texts=tuple(TextHead(kind, newest_of(found, kind, visit.language)) for kind in TextKind),
            grades=tuple(GRADES),
            saved=visit.request.query_params.get("saved", ""),
            told=_counts(visit.request.query_params.get("told", "")),
            counts_from=await counts_from(uow, term) if term else None,
            moves_from=await moves_from(uow, term) if term else None,
            refused=refused,
            ending=ending if ending and ending.children and not refused else None,
        )
    return visit.page("settings/page.html", view, status)


def saved(visit: Visit, part: str, told: Told, anchor: str = "") -> Response:
    """On to the page, which says what is saved, and how many are told of it."""
    counts = f"{told.guardians}.{told.staff}.{told.out_of_reach}"
    return visit.go("/settings" + query_string(saved=part, told=counts) + anchor)


def _counts(written: str) -> Counts | None:
    numbers = [found for found in map(number, written.split(".")) if found is not None]
    return Counts(*numbers) if len(numbers) == 3 else None


def newest_of(found: list[TermText], kind: TextKind, language: str) -> TermText | None:
    """The newest version, in the visitor's language where it has that."""
    same = [text for text in found if text.kind is kind]
    newest = max((text.version for text in same), default=0)
    same = [text for text in same if text.version == newest]
    return next((text for text in same if text.language == language), next(iter(same), None))


def read_date(written: str) -> date:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        raise Invalid("date_needed") from None


def read_time(written: str) -> time:
    try:
        return time.fromisoformat(written.strip()).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        raise Invalid("time_needed") from None


def read_grades(visit: Visit) -> tuple[int, ...]:
    grades = [number(value, min(GRADES), max(GRADES)) for value in visit.fields("grades")]
    return tuple(sorted({grade for grade in grades if grade is not None}))


async def _failed(visit: Visit, error: CareError, part: str, fields: Iterable[str]) -> Response:
    if error.status in (403, 404):
        raise error
    typed = {name: visit.field(name) for name in fields}
    return await _page(visit, Refused(part, sentence(visit._, error), typed, read_grades(visit)), error.status)


async def save_dates(visit: Visit) -> Response:
    try:
        wanted = TermDates(
            starts_on=read_date(visit.field("starts_on")),
            ends_on=read_date(visit.field("ends_on")),
            apply_from=read_date(visit.field("apply_from")),
            apply_until=read_date(visit.field("apply_until")),
            grades=read_grades(visit),
        )
        async with visit.working() as uow:
            told = await change_dates(uow, visit.id, wanted)
    except CareError as error:
        return await _failed(visit, error, "dates", DATES)
    return saved(visit, "dates", told)


def read_wave(visit: Visit) -> WaveTimes:
    return WaveTimes(
        grades=read_grades(visit),
        starts_at=read_time(visit.field("starts_at")),
        ends_at=read_time(visit.field("ends_at")),
        gate=visit.field("gate").strip(),
        guidance_venue=visit.field("guidance_venue").strip(),
        course_venue=visit.field("course_venue").strip(),
    )


async def save_wave(visit: Visit) -> Response:
    try:
        wanted = read_wave(visit)
        async with visit.working() as uow:
            told = await change_wave(uow, visit.id, wanted, visit.field("seen") or None)
    except CareError as error:
        return await _failed(visit, error, f"wave-{visit.id}", TIMES_AND_PLACES)
    return saved(visit, f"wave-{visit.id}", told, f"#wave-{visit.id}")


async def save_extended(visit: Visit) -> Response:
    try:
        places = visit.field("places").strip()
        if places and number(places, 0, MOST_PLACES) is None:
            raise Invalid("number_needed")
        until = visit.field("until").strip()
        wanted = ExtendedCare(
            number(visit.field("venue"), 1), read_time(until) if until else None, number(places, 0, MOST_PLACES)
        )
        if wanted == NOT_OFFERED and visit.field("sure") != "yes":
            async with visit.looking() as uow:
                touched = await touched_by_end(uow, visit.id)
            if touched:
                return visit.go("/settings?end=extended#extended")
        async with visit.working() as uow:
            told = await change_extended(uow, visit.id, wanted)
    except CareError as error:
        return await _failed(visit, error, "extended", EXTENDED)
    if wanted == NOT_OFFERED:  # what that means for whom has been shown before
        return visit.go("/settings?saved=extended#extended")
    return saved(visit, "extended", told, "#extended")


PAGES = [
    Page("/settings", get=show, right=Permission.MANAGE_TERM),
    Page("/settings/terms/{id:int}", post=save_dates, right=Permission.MANAGE_TERM),
    Page("/settings/waves/{id:int}", post=save_wave, right=Permission.MANAGE_TERM),
    Page("/settings/terms/{id:int}/extended", post=save_extended, right=Permission.MANAGE_TERM),
]
