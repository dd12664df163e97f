"""The dismissal waves of a term (S9): which grades leave when and by which gate. One is changed, added or removed;
no child who has a place is left without one, and whoever's afternoon it changes is told (``care/term_telling.py``)."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, time
from functools import reduce
from operator import or_

from sqlalchemy import delete, func, select

from care.day.rules import rules_of
from care.enrolment.places import give_places_of, places_by_grade
from care.errors import Conflict, Invalid, NotFound
from care.permissions import Permission
from care.records.day import CareDay, CareSession, SessionKind
from care.records.enrolment import Application, State
from care.records.people import SchoolClass, Student
from care.records.term import Term, Wave, WaveDay
from care.telling import Told
from care.term import waves
from care.term_changes import locked_term
from care.term_dates import lock_dates, own_dates, tell_of_dates, told_of_dates
from care.term_telling import WaveCare, care_of, plan_of, tell, whom_to_tell
from care.work import UnitOfWork


@dataclass(frozen=True)
class WaveTimes:
    grades: tuple[int, ...]
    starts_at: time
    ends_at: time
    gate: str
    guidance_venue: str
    course_venue: str

    @property
    def care(self) -> WaveCare:
        return WaveCare(self.starts_at, self.ends_at, self.gate, self.guidance_venue, self.course_venue)


async def change_wave(uow: UnitOfWork, wave_id: int, wanted: WaveTimes, seen: str | None = None) -> Told:
    """Changes a wave (S9). A grade leaves with one wave only: one that is given to this wave leaves the wave it was in.
    ``seen``: the wave that the person had before them (``seen_of``). Raises Invalid("grade_without_wave") where
    children who have a place would leave with no wave, Conflict where it is another now, and as ``_no_own_dates``."""
    term, wave = await _locked_wave(uow, wave_id)
    if seen is not None and seen != seen_of(wave):
        raise Conflict()
    others = [one for one in await waves(uow, term.id) if one.id != wave_id]
    await _check_wave(uow, wanted, term)
    had_none = set(wanted.grades).difference(wave.grades, *(other.grades for other in others))
    await _check_all_leave(uow, term.id, {*wanted.grades, *(grade for other in others for grade in other.grades)})
    await _no_own_dates(uow, others, set(wanted.grades) - set(wave.grades), wave)
    plan, before = await plan_of(uow, term), _wave_of(wave)
    for other in others:
        _take_away(uow, other, wanted.grades)
    wave.grades = sorted(wanted.grades)
    wave.starts_at, wave.ends_at = wanted.starts_at, wanted.ends_at
    wave.gate, wave.guidance_venue, wave.course_venue = wanted.gate, wanted.guidance_venue, wanted.course_venue
    told = await tell(uow, term, plan)
    uow.record("wave_changed", "term", term.id, wave=wave.ordinal, before=before, after=_wave_of(wave), told=len(told))
    if had_none:
        await give_places_of(uow, term.id, had_none)
    return told


async def _locked_wave(uow: UnitOfWork, wave_id: int) -> tuple[Term, Wave]:
    """The wave as it is now, and its term, which nobody else changes meanwhile. Raises NotFound."""
    term = await locked_term(uow, await uow.session.scalar(select(Wave.term_id).where(Wave.id == wave_id)) or 0)
    wave = await uow.session.get(Wave, wave_id, with_for_update=True)
    if wave is None:
        raise NotFound()
    return term, wave


async def _check_wave(uow: UnitOfWork, wanted: WaveTimes, term: Term) -> None:
    if not wanted.grades:
        raise Invalid("grades_needed")
    if wanted.starts_at >= wanted.ends_at:
        raise Invalid("wave_reversed")
    if not all((wanted.gate, wanted.guidance_venue, wanted.course_venue)):
        raise Invalid("words_needed")
    if len(wanted.gate) > 40 or len(wanted.guidance_venue) > 80 or len(wanted.course_venue) > 80:
        raise Invalid("words_too_long", limit=40)
    if term.extended_until is not None and wanted.ends_at >= term.extended_until:
        raise Invalid("extended_too_early", time=f"{wanted.ends_at:%H:%M}")
    rules = await rules_of(uow, term.id)
    if wanted.starts_at < rules.opens_at:
        raise Invalid("before_open", time=f"{rules.opens_at:%H:%M}")
    if wanted.ends_at > rules.closes_at:
        raise Invalid("after_close", time=f"{rules.closes_at:%H:%M}")


async def _check_all_leave(uow: UnitOfWork, term_id: int, grades: Collection[int]) -> None:
    """A class in no wave is on no list, and nobody answers for its children."""
    for grade, children in sorted((await places_by_grade(uow, term_id)).items()):
        if grade not in grades:
            raise Invalid("grade_without_wave", grade=grade, children=children)


async def _no_own_dates(uow: UnitOfWork, others: Collection[Wave], coming: set[int], into: Wave | None = None) -> None:
    """A grade moves to another wave by its usual times. Raises Conflict("dates_of_their_own") where the calendar still
    gives one of the two waves other times on a date: its families have read of them."""
    leaving = [wave for wave in others if coming.intersection(wave.grades)]
    days = await own_dates(uow, *leaving, *([into] if into else ())) if leaving else []
    if days:
        raise Conflict("dates_of_their_own", day=days[0].isoformat())


def _left(wave: Wave, grades: Collection[int]) -> list[int]:
    """What a wave keeps when another one gets these grades. Raises Invalid("wave_without_grade") for nothing."""
    left = [grade for grade in wave.grades if grade not in grades]
    if wave.grades and not left:
        raise Invalid("wave_without_grade", wave=wave.ordinal)
    return left


def _take_away(uow: UnitOfWork, wave: Wave, grades: Collection[int]) -> None:
    left = _left(wave, grades)
    if left == wave.grades:
        return
    before, wave.grades = _wave_of(wave), left
    uow.record("wave_changed", "term", wave.term_id, wave=wave.ordinal, before=before, after=_wave_of(wave))


def seen_of(wave: Wave) -> str:
    """Stands for the whole wave: a form carries it, so that it is known when somebody else changed the wave."""
    return json.dumps(_wave_of(wave), ensure_ascii=True)


def _wave_of(wave: Wave) -> dict[str, object]:
    return {
        "grades": list(wave.grades),
        "times": f"{wave.starts_at:%H:%M}-{wave.ends_at:%H:%M}",
        "places": [wave.gate, wave.guidance_venue, wave.course_venue],
    }


@dataclass(frozen=True)
class Touched:
    """Whom a wave that comes or goes touches: the classes of its grades, their children who have a place, and the
    applications that have none yet. ``dates``: how many dates of the calendar have other times for it."""

    classes: int
    children: int
    undecided: int
    dates: int = 0


async def touched_by(uow: UnitOfWork, term_id: int, grades: Collection[int], wave: Wave | None = None) -> Touched:
    """Looked at before a wave of these grades is added, or this one removed."""
    uow.require(Permission.MANAGE_TERM)
    classes = select(func.count()).select_from(SchoolClass).where(SchoolClass.grade.in_(grades))
    undecided = (
        select(func.count())
        .select_from(Application)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(
            Application.term_id == term_id,
            Application.state.in_((State.SUBMITTED, State.REVIEWED, State.WAITING, State.RETURNED)),
            SchoolClass.grade.in_(grades),
        )
    )
    dates = select(func.count()).select_from(WaveDay).where(WaveDay.wave_id == (wave.id if wave else 0))
    held = await places_by_grade(uow, term_id)
    return Touched(
        classes=await uow.session.scalar(classes) or 0,
        children=sum(held.get(grade, 0) for grade in grades),
        undecided=await uow.session.scalar(undecided) or 0,
        dates=await uow.session.scalar(dates) or 0,
    )


async def look_at_new_wave(uow: UnitOfWork, term_id: int, wanted: WaveTimes) -> Told:
    """Whom ``add_wave`` would tell. Raises what it would."""
    uow.require(Permission.MANAGE_TERM)
    term = await uow.session.get(Term, term_id)
    if term is None:
        raise NotFound()
    await _check_wave(uow, wanted, term)
    others = await waves(uow, term_id)
    for other in others:
        _left(other, wanted.grades)
    await _no_own_dates(uow, others, set(wanted.grades))
    plan = await plan_of(uow, term)
    return await whom_to_tell(uow, term, plan, plan.with_wave(wanted.grades, wanted.care))


async def add_wave(uow: UnitOfWork, term_id: int, wanted: WaveTimes) -> tuple[Wave, Told]:
    """One more wave, with the next number; its grades leave the waves they were in. A day that is open keeps its lists.
    Children on the waiting list of a grade that had no wave get the places that were kept for want of one. Raises
    NotFound, and Invalid as ``change_wave``."""
    term = await locked_term(uow, term_id)
    others = await waves(uow, term_id)
    await _check_wave(uow, wanted, term)
    had_none = set(wanted.grades).difference(*(other.grades for other in others))
    await _no_own_dates(uow, others, set(wanted.grades))
    plan = await plan_of(uow, term)
    for other in others:
        _take_away(uow, other, wanted.grades)
    wave = Wave(
        term_id=term_id,
        ordinal=max((other.ordinal for other in others), default=0) + 1,
        grades=sorted(wanted.grades),
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        gate=wanted.gate,
        guidance_venue=wanted.guidance_venue,
        course_venue=wanted.course_venue,
    )
    uow.session.add(wave)
    told = await tell(uow, term, plan)
    uow.record("wave_added", "term", term_id, wave=wave.ordinal, after=_wave_of(wave), told=len(told))
    await give_places_of(uow, term_id, had_none)
    return wave, told


async def check_removal(uow: UnitOfWork, wave_id: int) -> tuple[Wave, list[Wave]]:
    """The wave and the others, where it can be removed as far as days go. Raises NotFound; Conflict("last_wave");
    Conflict("wave_in_open_day") while its classes are on the lists of a day that is not closed."""
    uow.require(Permission.MANAGE_TERM)
    wave = await uow.session.get(Wave, wave_id)
    if wave is None:
        raise NotFound()
    others = [one for one in await waves(uow, wave.term_id) if one.id != wave_id]
    if not others:
        raise Conflict("last_wave")
    open_lists = (
        select(CareSession.id)
        .join(CareDay, CareDay.date == CareSession.date)
        .where(
            CareDay.term_id == wave.term_id,
            CareDay.closed_at.is_(None),
            CareSession.kind == SessionKind.CLASS,
            CareSession.wave == wave.ordinal,
        )
    )
    if await uow.session.scalar(open_lists.limit(1)) is not None:
        raise Conflict("wave_in_open_day", wave=wave.ordinal)
    return wave, others


async def told_of_removal(uow: UnitOfWork, wave: Wave, into: Wave) -> Told:
    """Whom ``remove_wave`` would tell, if the wave's grades left with this one."""
    term = await uow.session.get_one(Term, wave.term_id)
    plan = await plan_of(uow, term)
    told = await whom_to_tell(uow, term, plan, plan.with_wave(wave.grades, care_of(into)))
    return reduce(or_, (await told_of_dates(uow, term, wave, into)).values(), told)


async def remove_wave(uow: UnitOfWork, wave_id: int, into_id: int | None) -> Told:
    """Takes a wave out of the term. Its grades leave with the wave ``into_id`` from then on; None: with none, which can
    be only where no child of them has a place. What the calendar says of its times on single dates goes with it, and
    whoever comes or goes at another time there is told of that date; each counts once. Raises as ``check_removal``, and
    Invalid("wave_still_needed")."""
    term, _wave = await _locked_wave(uow, wave_id)
    wave, others = await check_removal(uow, wave_id)
    into = next((one for one in others if one.id == into_id), None)
    if into is None and into_id is not None:
        raise NotFound()
    touched = await touched_by(uow, term.id, wave.grades, wave)
    if into is None and touched.children:
        raise Invalid("wave_still_needed", wave=wave.ordinal, children=touched.children)
    plan = await plan_of(uow, term)
    dates: dict[date, Told] = {}
    if into is not None:
        await lock_dates(uow, wave, into)
        dates = await told_of_dates(uow, term, wave, into)
        before, into.grades = _wave_of(into), sorted({*into.grades, *wave.grades})
        uow.record("wave_changed", "term", term.id, wave=into.ordinal, before=before, after=_wave_of(into))
    await uow.session.execute(delete(WaveDay).where(WaveDay.wave_id == wave_id))
    await uow.session.delete(wave)
    told = reduce(or_, dates.values(), await tell(uow, term, plan))
    if into is not None:
        await tell_of_dates(uow, wave, dates)
    uow.record(
        "wave_removed",
        "term",
        term.id,
        wave=wave.ordinal,
        before=_wave_of(wave),
        into=into.ordinal if into else None,
        dates=touched.dates,
        told=len(told),
    )
    return told
