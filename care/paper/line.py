"""One line of the paper, read against the child's chain: the links it becomes, or what is wrong with it (S14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from care.clock import instant
from care.custody.chain import FAMILY, NOBODY, Link, Side
from care.custody.steps import may_follow
from care.day.now import NIGHT_ENDS
from care.errors import Conflict, Invalid
from care.paper.sheet import PaperChild, PaperSession
from care.people import clean_name
from care.pickup.adults import Authorised, bare_name, is_stopped
from care.records.day import Holder, Proof, Step
from care.records.pickup import Adult
from care.work import UnitOfWork

NOTE_LIMIT = 200
BEFORE = timedelta(hours=1)
"""How long before its session a child may have been brought: an earlier time is a slip of the pen (5:10 for 17:10)."""
NOT_HERE = frozenset({Step.EXPECTED, Step.LEAVE, Step.ABSENT, Step.EXPLAINED, Step.WITHDRAWN})


class Irregular(StrEnum):
    """Why a child should not have left as the paper says."""

    STOPPED = "stop_listed"
    UNLISTED = "not_authorised"
    ALONE = "not_alone"


@dataclass(frozen=True)
class Collector:
    """Who took the child: an adult of its lists, another one by ``name``, or nobody (neither given: it went alone)."""

    adult: Adult | None = None
    adult_id: int = 0
    name: str = ""


@dataclass(frozen=True)
class Entry:
    """What the paper says of one child; local times of the session's date. ``seq``: how far its chain had grown on the
    screen. ``came``: None where the paper says nothing of it. ``confirmed``: that it left with whom it should not have
    is not a slip of the pen."""

    day_child_id: int
    seq: int
    came: bool | None = None
    came_at: time | None = None
    collector: Collector | None = None
    left_at: time | None = None
    note: str = ""
    confirmed: bool = False

    @property
    def says_something(self) -> bool:
        """Whether anything is written in the line: a part of it is asked back, never dropped."""
        said = (self.came, self.came_at, self.collector, self.left_at)
        return bool(self.note.strip()) or any(one is not None for one in said)

    @property
    def explains(self) -> bool:
        """Whether the child is accounted for by this line: for their own child nobody enters that (S14)."""
        return self.collector is not None or (self.came is False and bool(self.note.strip()))


@dataclass(frozen=True)
class Line:
    """A child's line as it is to be appended."""

    child: PaperChild
    links: tuple[Link, ...]
    irregular: Irregular | None


def entered_now(uow: UnitOfWork) -> dict[str, Any]:
    """What marks a link as entered later, and when."""
    return {"entered_later": True, "entered_at": uow.now.isoformat(timespec="seconds")}


class Reading:
    """One line of the paper, read against the child's chain."""

    def __init__(self, uow: UnitOfWork, session: PaperSession, child: PaperChild, entry: Entry, roll_at: time) -> None:
        self.uow, self.session, self.child, self.entry, self.roll_at = uow, session, child, entry, roll_at
        self.step = child.step
        self.earliest = session.starts_at - BEFORE if child.planned else child.since
        self.links: list[Link] = []
        self.irregular: Irregular | None = None

    def line(self) -> Line:
        entry = self.entry
        if entry.seq != self.child.seq or not self.child.is_open:
            raise Conflict()
        if len(entry.note) > NOTE_LIMIT:
            raise Invalid("words_too_long", limit=NOTE_LIMIT)
        self._must_be_whole()
        if entry.came is False:
            self._did_not_come()
        elif self.step in NOT_HERE:
            self._came()
        if entry.collector is not None:
            self._left(entry.collector)
        if entry.note.strip() and not any(link.remark for link in self.links):
            raise Invalid("paper_note_alone")
        return Line(self.child, tuple(self.links), self.irregular)

    def _must_be_whole(self) -> None:
        """A time or a note without what it belongs to is asked back."""
        entry = self.entry
        if entry.came is False:
            if entry.collector is not None or entry.came_at is not None or entry.left_at is not None:
                raise Invalid("paper_contradicts")
        elif entry.collector is None and entry.left_at is not None:
            raise Invalid("paper_collector_needed")
        elif self.step is Step.LEAVE and entry.came is None:
            raise Invalid("paper_on_leave")
        elif entry.collector is None and entry.came is None:
            raise Invalid("paper_came_needed" if entry.came_at is not None else "paper_note_alone")

    def _did_not_come(self) -> None:
        """With the paper's own reason the absence is explained; without one the family is asked, as at the roll. Of a
        child whom a teacher has, paper cannot say it: whoever knows better takes it back at the roll."""
        if not self.child.may_be_away:
            raise Invalid("paper_contradicts")
        note = " ".join(self.entry.note.split())
        if self.step in (Step.LEAVE, Step.EXPLAINED, Step.WITHDRAWN):
            if note:
                raise Invalid("paper_known_away")
            return
        if not note and self.session.date != self.uow.day:
            raise Invalid("paper_reason_needed")
        if self.step is not Step.ABSENT:
            self._add(Step.ABSENT, NOBODY, self._at_the_roll())
        if note:
            self._add(Step.EXPLAINED, FAMILY, self._at_the_roll(), note)

    def _at_the_roll(self) -> datetime:
        """To be away takes no moment: it is noted at the roll, or after what is known already."""
        return max(self._moment(self.roll_at), self.earliest)

    def _came(self) -> None:
        """Who was collected has come, whether the paper says so or not."""
        actor = self.uow.actor
        teacher = self.session.teacher or Side(Holder.TEACHER, actor.person_id, actor.name)
        note = "" if self.entry.collector is not None else " ".join(self.entry.note.split())
        self._add(Step.PRESENT, teacher, self._moment(self.entry.came_at or self.roll_at), note)

    def _left(self, collector: Collector) -> None:
        if self.entry.left_at is None:
            raise Invalid("paper_time_needed")
        to, who, self.irregular = self._taken_by(collector)
        if self.irregular is not None and not self.entry.confirmed:
            raise Invalid(f"paper_{self.irregular.value}", name=to.name)
        data = {**who, **({"irregular": self.irregular.value} if self.irregular else {})}
        self._add(Step.RELEASED, to, self._moment(self.entry.left_at), " ".join(self.entry.note.split()), data)

    def _taken_by(self, collector: Collector) -> tuple[Side, dict[str, Any], Irregular | None]:
        """Who has the child now, on which list they stand, and what is wrong with it."""
        adults = self.child.adults
        one = self._on_a_list(collector)
        if one is not None:
            person = one.id if one.adult is Adult.GUARDIAN else None
            who = {"adult": one.adult.value, "adult_id": one.id}
            return Side(Holder.ADULT, person, one.name), who, Irregular.STOPPED if one.stopped else None
        if collector.adult is not None:
            raise Conflict()  # taken off the list since the page was shown: its name is to be written
        if not collector.name:
            return FAMILY, {}, None if self.child.alone else Irregular.ALONE
        name = clean_name(collector.name)
        if not name:
            raise Invalid("paper_name_needed")
        stopped = is_stopped(name, "", adults.barred)
        return Side(Holder.ADULT, None, name), {}, Irregular.STOPPED if stopped else Irregular.UNLISTED

    def _on_a_list(self, collector: Collector) -> Authorised | None:
        """By choice, or by a written name that is just one adult's."""
        adults = self.child.adults.authorised
        if collector.adult is not None:
            return next((one for one in adults if (one.adult, one.id) == (collector.adult, collector.adult_id)), None)
        named = [one for one in adults if collector.name and bare_name(one.name) == bare_name(collector.name)]
        return named[0] if len(named) == 1 else None

    def _moment(self, at: time) -> datetime:
        """A time of the night is one after midnight, where the day of care still went on."""
        day = self.session.date + timedelta(days=1 if at < NIGHT_ENDS else 0)
        return instant(day, at, self.uow.school.zone)

    def _add(self, step: Step, to: Side, at: datetime, note: str = "", data: dict[str, Any] | None = None) -> None:
        if not may_follow(self.step, step):
            raise Conflict()
        if at > self.uow.now:
            raise Invalid("paper_time_ahead")
        if at < self.earliest:
            raise Invalid("paper_time_order", time=f"{self.earliest.astimezone(self.uow.school.zone):%H:%M}")
        self.links.append(Link(step, to, Proof.PAPER, note, {**entered_now(self.uow), **(data or {})}, at))
        self.step, self.earliest = step, at
