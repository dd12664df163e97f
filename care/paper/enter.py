"""Entering what happened on paper: each line becomes links of the child's chain, at the time the paper says, with who
entered them. The rules of custody hold as ever; what broke them at the gate is entered all the same, on an explicit
word, and the duty lead must look after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update

from care.clock import instant
from care.custody.chain import FAMILY, NOBODY, Link, Side, append
from care.custody.steps import HERE, may_follow
from care.day.lead import who_answers
from care.day.now import NIGHT_ENDS
from care.enrolment.family import own_among, unrestricted_guardians
from care.errors import CareError, Conflict, Invalid, NotAllowed
from care.missing import arrived, open_missing
from care.paper.mark import end_where_entered
from care.paper.sheet import PaperChild, PaperSession, paper_children, paper_session
from care.people import clean_name, holders
from care.pickup.adults import Authorised, bare_name, is_stopped
from care.records.day import Alarm, AlarmKind, CareSession, Holder, Proof, Step
from care.records.delivery import Class
from care.records.people import Role
from care.records.pickup import Adult
from care.release.alarms import raise_alarm
from care.rollsheet import hold
from care.work import UnitOfWork

NOTE_LIMIT = 200
BEFORE = timedelta(hours=1)
"""How long before its session a child may have been brought: an earlier time is a slip of the pen (5:10 for 17:10)."""
NOT_HERE = frozenset({Step.EXPECTED, Step.LEAVE, Step.ABSENT, Step.EXPLAINED})


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
        return self.came is not None or self.collector is not None

    @property
    def explains(self) -> bool:
        """Whether the child is accounted for by this line: for their own child nobody enters that (S14)."""
        return self.collector is not None or (self.came is False and bool(self.note.strip()))


class PaperRefused(CareError):
    """Nothing was entered: what is wrong with which child's line, by ``day_child`` id."""

    code = "paper_refused"
    status = 422

    def __init__(self, problems: Mapping[int, CareError]) -> None:
        super().__init__(n=len(problems))
        self.problems = problems


@dataclass(frozen=True)
class _Line:
    """A child's line as it is to be appended."""

    child: PaperChild
    links: tuple[Link, ...]
    irregular: Irregular | None


async def enter(uow: UnitOfWork, session_id: int, entries: Iterable[Entry], roll_at: time) -> int:
    """Enters the paper of a session, all of it or nothing; returns for how many children something was new.

    ``roll_at``: when the roll was taken, for lines that do not say when a child came. Raises NotFound beyond the
    actor's reach, Conflict("day_closed") for a sealed day, PaperRefused with what is wrong with each line.
    """
    await hold(uow, session_id)
    session = await paper_session(uow, session_id)
    if session.closed_at is not None:
        raise Conflict("day_closed")
    children = {child.id: child for child in await paper_children(uow, session)}
    own = await own_among(uow, [child.student_id for child in children.values()])
    lines: list[_Line] = []
    problems: dict[int, CareError] = {}
    for entry in entries:
        if not entry.says_something or entry.day_child_id not in children:
            continue
        try:
            if entry.explains and children[entry.day_child_id].student_id in own:
                raise NotAllowed("paper_own_child")
            line = _Reading(uow, session, children[entry.day_child_id], entry, roll_at).line()
        except CareError as error:
            problems[entry.day_child_id] = error
        else:
            lines += [line] if line.links else []
    if problems:
        raise PaperRefused(problems)
    for line in lines:
        await _append(uow, session, line)
    await _roll_done(uow, session)
    await end_where_entered(uow, session.date)
    return len(lines)


class _Reading:
    """One line of the paper, read against the child's chain."""

    def __init__(self, uow: UnitOfWork, session: PaperSession, child: PaperChild, entry: Entry, roll_at: time) -> None:
        self.uow, self.session, self.child, self.entry, self.roll_at = uow, session, child, entry, roll_at
        self.step = child.step
        self.earliest = session.starts_at - BEFORE if child.planned else child.at
        self.links: list[Link] = []
        self.irregular: Irregular | None = None

    def line(self) -> _Line:
        entry = self.entry
        if entry.seq != self.child.seq or not self.child.is_open:
            raise Conflict()
        if len(entry.note) > NOTE_LIMIT:
            raise Invalid("words_too_long", limit=NOTE_LIMIT)
        if entry.came is False and entry.collector is not None:
            raise Invalid("paper_contradicts")
        if entry.came is False:
            self._did_not_come()
        elif self.step in NOT_HERE:
            self._came()
        if entry.collector is not None:
            self._left(entry.collector)
        return _Line(self.child, tuple(self.links), self.irregular)

    def _did_not_come(self) -> None:
        """With the paper's own reason the absence is explained; without one the family is asked, as at the roll. Of a
        child whom a teacher has, paper cannot say it: whoever knows better takes it back at the roll."""
        if self.step in HERE:
            raise Invalid("paper_contradicts")
        note = " ".join(self.entry.note.split())
        if self.step in (Step.LEAVE, Step.EXPLAINED):
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
        self._add(Step.PRESENT, teacher, self._moment(self.entry.came_at or self.roll_at))

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
        later = {"entered_later": True, "entered_at": self.uow.now.isoformat(timespec="seconds")}
        self.links.append(Link(step, to, Proof.PAPER, note, {**later, **(data or {})}, at))
        self.step, self.earliest = step, at


async def _append(uow: UnitOfWork, session: PaperSession, line: _Line) -> None:
    child, seq = line.child, line.child.seq
    for link in line.links:
        seq = await append(uow, child.id, link, seq)
    steps = [link.step for link in line.links]
    uow.record(
        "paper_entered",
        "student",
        child.student_id,
        line.links[-1].remark,
        date=session.date.isoformat(),
        steps=[step.value for step in steps],
    )
    if steps == [Step.ABSENT]:
        await open_missing(uow, child.id)
    elif steps == [Step.PRESENT]:
        await arrived(uow, child.id)
    else:
        await _close_alarms(uow, child, line.links[-1].remark)
    if Step.RELEASED not in steps:
        return
    if line.irregular is not None:
        await _dispute(uow, session, child, line.links[-1].to.name, seq)
    elif session.date == uow.day:
        guardians = await unrestricted_guardians(uow, child.student_id)
        key = f"paper_released:{child.id}:{seq}"
        await uow.post("paper_released", guardians, Class.REMINDER, key=key, day_child_id=child.id, seq=seq)


async def _close_alarms(uow: UnitOfWork, child: PaperChild, reason: str) -> None:
    """Where the child is, or was, is known now."""
    kinds = (AlarmKind.MISSING, AlarmKind.UNCOLLECTED)
    query = select(Alarm).where(Alarm.day_child_id == child.id, Alarm.kind.in_(kinds), Alarm.closed_at.is_(None))
    for alarm in await uow.session.scalars(query.with_for_update()):
        alarm.closed_at, alarm.closed_by, alarm.reason = uow.now, uow.actor.person_id, reason


async def _dispute(uow: UnitOfWork, session: PaperSession, child: PaperChild, name: str, seq: int) -> None:
    """The child left with whom it should not have: open until who answers for the day closes it with a reason."""
    alarm, _is_new = await raise_alarm(uow, child.id, AlarmKind.DISPUTED, name)
    alarm.lead_told_at = alarm.lead_told_at or uow.now
    lead = await who_answers(uow, session.date)
    if session.teacher is not None and session.teacher.person_id in lead:  # who gave the child does not close this
        lead = [*lead, *await holders(uow, Role.DEPUTY, Role.HEAD)]
    await uow.post("paper_disputed", lead, Class.ALARM, key=f"paper_disputed:{alarm.id}", alarm_id=alarm.id, seq=seq)


async def _roll_done(uow: UnitOfWork, session: PaperSession) -> None:
    """Nobody is chased for a roll that was taken on paper."""
    children = await paper_children(uow, session)
    if any(child.step is Step.EXPECTED for child in children):
        return
    await uow.session.execute(
        update(CareSession)
        .where(CareSession.id == session.session_id, CareSession.roll_done_at.is_(None))
        .values(roll_done_at=uow.now, roll_done_id=uow.actor.person_id)
    )
