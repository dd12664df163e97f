"""Which children a message is about: the receiver's own of a date, of one wave, or a single one.

A button names no more than that, so nobody can ask for a child that is not theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date

from bot.chat.ids import id_of
from care.errors import Conflict, NotFound
from care.people import children_of
from care.pickup.leaving import Leaving, leaving
from care.pickup.plan import Plan, plan_of
from care.records.pickup import Adult
from care.work import UnitOfWork

ALL = "a"
LETTERS = {Adult.GUARDIAN: "g", Adult.LISTED: "l", Adult.DELEGATE: "d"}
ADULTS = {letter: adult for adult, letter in LETTERS.items()}

Who = tuple[Adult, int]
"""An adult by list and row."""


def wave_scope(wave: int) -> str:
    return f"w{wave}"


def child_scope(student_id: int) -> str:
    return f"s{student_id}"


def letter_scope(student_ids: Collection[int], wave: int) -> str:
    """What the answers to a reminder are about: the one child it names, or the wave's where it names several."""
    return child_scope(next(iter(student_ids))) if len(student_ids) == 1 else wave_scope(wave)


def day_of(part: str) -> date:
    """A date out of a button. Raises Conflict for what is none."""
    try:
        return date.fromordinal(id_of(part))
    except (ValueError, OverflowError):
        raise Conflict() from None


def who_of(letter: str, number: str) -> Who:
    if letter not in ADULTS:
        raise Conflict()
    return ADULTS[letter], id_of(number)


@dataclass(frozen=True)
class Party:
    """Children of one guardian who are in care on a date, with what has been said about each."""

    viewer: int
    day: date
    scope: str
    children: tuple[Leaving, ...]
    plans: dict[int, Plan]

    @property
    def still(self) -> list[Leaving]:
        """Those for whom somebody has to come yet, or who are to leave alone."""
        return [child for child in self.children if not child.is_over]

    @property
    def ids(self) -> list[int]:
        return [child.student_id for child in self.children]

    @property
    def open(self) -> list[Leaving]:
        """Those about whom nothing has been said, or whose adult the school cannot accept (any more)."""
        return [child for child in self.still if child.student_id not in self._standing]

    @property
    def _standing(self) -> dict[int, Plan]:
        """What has been said, where that adult may come."""
        return {number: plan for number, plan in self.plans.items() if not plan.barred}

    def coming(self) -> list[Who]:
        """The adults of whom it has been said that they come for one of these children."""
        plans = [self._standing[child.student_id] for child in self.still if child.student_id in self._standing]
        return list(dict.fromkeys((plan.adult, plan.adult_id) for plan in plans))

    def with_codes(self) -> list[Who]:
        """Those of them whose code the viewer may see: the viewer, and adults without a chat."""
        return [who for who in self.coming() if who[0] is not Adult.GUARDIAN or who[1] == self.viewer]

    def only(self, student_ids: Iterable[int], scope: str = "") -> Party:
        wanted = set(student_ids)
        children = tuple(child for child in self.children if child.student_id in wanted)
        return replace(self, children=children, scope=scope or self.scope)


def _within(scope: str, child: Leaving) -> bool:
    return scope == ALL or scope in (wave_scope(child.wave), child_scope(child.student_id))


async def party_of(uow: UnitOfWork, viewer: int, day: date, scope: str) -> Party:
    """Raises NotFound where the viewer has no such child in care then."""
    ids = [child.student_id for child in await children_of(uow, viewer)]
    children = [child for child in await leaving(uow, ids, day) if _within(scope, child)] if ids else []
    if not children:
        raise NotFound()
    return Party(viewer, day, scope, tuple(children), await plan_of(uow, ids, day))


async def party_now(uow: UnitOfWork, viewer: int, day: date, scope: str) -> Party:
    """As ``party_of``; for a wave with which none of the children leaves any more (extended care has changed), all of
    the date."""
    try:
        return await party_of(uow, viewer, day, scope)
    except NotFound:
        if not scope.startswith("w"):
            raise
        return await party_of(uow, viewer, day, ALL)


async def party_about(uow: UnitOfWork, viewer: int, day: date, student_ids: Collection[int]) -> Party:
    """The children whom a letter names, wherever they leave from now. Raises NotFound where none of them is in care."""
    named = (await party_of(uow, viewer, day, ALL)).only(student_ids)
    if not named.children:
        raise NotFound()
    waves = {child.wave for child in named.children}
    return replace(named, scope=letter_scope(named.ids, waves.pop()) if len(waves) == 1 else ALL)
