"""The demonstration's afternoon: what has happened on its Monday between noon and 16:40, booked as the commands of
``care/`` would have booked it, a chain of custody for each child (S8, S13, S14)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from afterbell.demo.book import START, Book, draw, local
from afterbell.demo.cast import STAR_CLASS
from afterbell.demo.morning import Group, Morning, Pupil, Who, guardians_of, read_morning
from afterbell.demo.parts import Part, cast_parts
from care.custody.chain import FAMILY, NOBODY, Row, Side, genesis
from care.custody.steps import HERE
from care.permissions import SYSTEM
from care.records import (
    Alarm,
    AlarmAnswer,
    AlarmKind,
    Answer,
    CareDay,
    CareSession,
    CustodyEvent,
    DayChild,
    Event,
    Holder,
    Leave,
    LeaveReason,
    Proof,
    SessionKind,
    Step,
)
from care.records.delivery import Class
from care.school import School

TODAY = START.date()
OPENED = local(TODAY, 12)
MISSING_SINCE = local(TODAY, 16, 36)
REASONS = (LeaveReason.ILL.value, LeaveReason.ILL.value, LeaveReason.FAMILY.value, "", "去医院复诊", "外婆生日")
CLOSED_WITH = ("电话核实：中午已由家长接走。", "家长忘记请假，已确认在家。", "随家长外出看牙，已确认。")
CLOCKWORK: Who = (SYSTEM.person_id, SYSTEM.name)


async def begin_afternoon(school: School) -> None:
    """Lets the demonstration's first afternoon have run until now. Does nothing once that day is open, and on any other
    day of the demonstration's clock."""
    async with school.work(SYSTEM) as uow:
        if uow.today != TODAY or await uow.session.get(CareDay, TODAY) is not None:
            return
        morning = await read_morning(uow, TODAY)
        if morning is None:
            return
        rng = draw("afternoon")
        parts = cast_parts(rng, morning)
        unusual = [student_id for student_id, part in parts.items() if part not in (Part.HERE, Part.UNSAID)]
        afternoon = _Afternoon(Book(school.keys), morning, rng, parts, await guardians_of(uow, unusual))
        afternoon.write()
        await afternoon.book.write(uow)
        # whoever plays the family of the child who is missing finds the question
        for alarm_id, people in afternoon.asked:
            await uow.post("child_missing", people, Class.ALARM, key=f"missing:{alarm_id}", alarm_id=alarm_id)


@dataclass(frozen=True)
class _Move:
    """A link to be: the step, to whom, when, and by whom."""

    step: Step
    to: Side
    at: datetime
    by: Who
    proof: Proof = Proof.TAP
    data: tuple[tuple[str, Any], ...] = ()


class _Afternoon:
    """Books the day in the order of its lists."""

    def __init__(
        self, book: Book, morning: Morning, rng: Random, parts: dict[int, Part], guardians: dict[int, list[Who]]
    ) -> None:
        self.book, self.morning, self.rng, self.parts, self.guardians = book, morning, rng, parts, guardians
        self.events: list[tuple[datetime, dict[str, Any]]] = []
        self.asked: list[tuple[int, list[int]]] = []
        """Alarms that are open, each with the people who are asked."""

    def write(self) -> None:
        self.book.note(
            CareDay,
            date=TODAY,
            term_id=self.morning.term_id,
            opened_at=OPENED,
            planned_at=None,  # whatever else opens with a day is left to the first tick
            duty_lead_id=self.morning.duty_lead_id,
        )
        self._event(OPENED, CLOCKWORK, "day_opened", "day", TODAY.toordinal(), date=TODAY.isoformat())
        for group in self.morning.groups:
            self._group(group)
        for _, event in sorted(self.events, key=lambda one: one[0]):
            self.book.note(Event, **event)

    def _event(
        self, at: datetime, who: Who, action: str, subject: str, number: int, remark: str = "", **data: Any
    ) -> None:
        self.events.append(
            (
                at,
                {
                    "at": at,
                    "actor_id": who[0],
                    "actor_name": who[1],
                    "action": action,
                    "subject": subject,
                    "subject_id": number,
                    "remark": remark,
                    "data": data,
                },
            )
        )

    # a class

    def _group(self, group: Group) -> None:
        """One class: its session, and each child's day."""
        signed_in = group.starts_at + timedelta(seconds=self.rng.randrange(-240, 180))
        session_id = self.book.next_id(CareSession)
        rolled = dict(self._roll(group))
        self._event(signed_in, group.teacher, "duty_signed_in", "session", session_id, instead_of="")
        is_done = group.place != STAR_CLASS
        done = max(rolled.values())
        steps: list[Step] = []
        for pupil in group.pupils:
            day_child_id = self.book.next_id(DayChild)
            moves = list(self._moves(group, pupil, day_child_id, rolled.get(pupil.student_id)))
            self.book.add(
                DayChild,
                date=TODAY,
                student_id=pupil.student_id,
                application_id=pupil.application_id,
                session_id=session_id,
                number=pupil.number,
                last_seq=len(moves),
            )
            self._chain(day_child_id, pupil.student_id, moves)
            steps += [move.step for move in moves if move.at <= done][-1:]
        if is_done:
            self._event(
                done,
                group.teacher,
                "roll_done",
                "session",
                session_id,
                expected=sum(step is not Step.LEAVE for step in steps),
                present=sum(step in HERE for step in steps),
            )
        self.book.add(
            CareSession,
            date=TODAY,
            kind=SessionKind.CLASS,
            school_class_id=group.class_id,
            wave=group.wave,
            venue=group.venue,
            gate=group.gate,
            starts_at=group.starts_at,
            ends_at=group.ends_at,
            teacher_id=group.teacher[0],
            signed_in_id=group.teacher[0],
            signed_in_at=signed_in,
            roll_done_id=group.teacher[0] if is_done else None,
            roll_done_at=done if is_done else None,
        )

    def _roll(self, group: Group) -> Iterator[tuple[int, datetime]]:
        """When the teacher says something about each child, by student id: in the order of the list, the late last."""
        at = group.starts_at + timedelta(seconds=self.rng.randrange(200, 300))
        silent = (Part.LEAVE, Part.LEAVE_AT_NOON, Part.UNSAID)
        said = [pupil for pupil in group.pupils if self.parts[pupil.student_id] not in silent]
        for pupil in sorted(said, key=lambda one: self.parts[one.student_id] is Part.LATE):
            at += timedelta(seconds=self.rng.randrange(5, 20))
            yield pupil.student_id, at

    # a child

    def _moves(self, group: Group, pupil: Pupil, day_child_id: int, at: datetime | None) -> Iterator[_Move]:
        """A child's day until now. ``at``: when the roll came to it."""
        part, teacher = self.parts[pupil.student_id], Side(Holder.TEACHER, *group.teacher)
        if part is Part.LEAVE:
            self._leave(pupil, local(TODAY, 7) + timedelta(seconds=self.rng.randrange(4 * 3600)))
            yield _Move(Step.LEAVE, FAMILY, OPENED, CLOCKWORK, Proof.PLAN)
            return
        yield _Move(Step.EXPECTED, teacher, OPENED, CLOCKWORK, Proof.PLAN)
        if part is Part.LEAVE_AT_NOON:
            given = OPENED + timedelta(seconds=self.rng.randrange(1200, 5400))
            leave_id = self._leave(pupil, given)
            yield _Move(Step.LEAVE, FAMILY, given, self._family(pupil), data=(("leave", leave_id),))
        if at is None:
            return
        if part is Part.EXPLAINED:
            yield _Move(Step.ABSENT, NOBODY, at, group.teacher)
            answered = at + timedelta(seconds=self.rng.randrange(120, 360))
            self._explained(group, pupil, day_child_id, at, answered)
            yield _Move(Step.EXPLAINED, Side(Holder.ADULT, *self._family(pupil)), answered, self._family(pupil))
            return
        yield _Move(Step.LATE if part is Part.LATE else Step.PRESENT, teacher, at, group.teacher)
        if part in (Part.COURSE, Part.MISSING):
            yield from self._course(group, pupil, day_child_id)

    def _course(self, group: Group, pupil: Pupil, day_child_id: int) -> Iterator[_Move]:
        """To a course half an hour after the beginning, and back three quarters later; one has not come back."""
        teacher = self.morning.course_teachers[group.class_id % len(self.morning.course_teachers)]
        left = group.starts_at + timedelta(minutes=25, seconds=self.rng.randrange(100))
        back = left + timedelta(minutes=45, seconds=self.rng.randrange(100))
        yield _Move(Step.MOVED, Side(Holder.TEACHER, None, teacher), left, group.teacher)
        if self.parts[pupil.student_id] is Part.MISSING:
            yield _Move(Step.ABSENT, NOBODY, MISSING_SINCE, group.teacher)
            alarm_id = self._alarm(group, pupil, day_child_id, MISSING_SINCE)
            self.asked.append((alarm_id, [number for number, _ in self.guardians[pupil.student_id] if number]))
        else:
            yield _Move(Step.BACK, Side(Holder.TEACHER, *group.teacher), back, group.teacher)

    def _family(self, pupil: Pupil) -> Who:
        return self.guardians[pupil.student_id][0]

    def _leave(self, pupil: Pupil, at: datetime) -> int:
        last, who = TODAY + timedelta(days=self.rng.choice((0, 0, 0, 1, 2))), self._family(pupil)
        leave_id = self.book.add(
            Leave,
            student_id=pupil.student_id,
            first=TODAY,
            last=last,
            reason=self.rng.choice(REASONS),
            given_by=who[0],
            given_at=at,
            withdrawn_at=None,
        )
        first = TODAY.isoformat()
        self._event(at, who, "leave_given", "student", pupil.student_id, first=first, last=last.isoformat())
        return leave_id

    def _alarm(self, group: Group, pupil: Pupil, day_child_id: int, at: datetime, **closed: Any) -> int:
        """An alarm that the teacher has set off; open, unless it is said how it was closed."""
        still_open = dict.fromkeys(("answered_by", "answered_at", "closed_at", "closed_by"))
        values = {**still_open, "answer": "", "reason": "", **closed}
        alarm_id = self.book.add(
            Alarm,
            day_child_id=day_child_id,
            kind=AlarmKind.MISSING,
            opened_at=at,
            opened_by=group.teacher[0],
            remark="",
            lead_told_at=None,
            **values,
        )
        self._event(at, group.teacher, "child_missing", "student", pupil.student_id, alarm=alarm_id)
        return alarm_id

    def _explained(self, group: Group, pupil: Pupil, day_child_id: int, at: datetime, answered: datetime) -> None:
        """The family has answered, and the teacher has closed the alarm with a reason."""
        who, closed = self._family(pupil), answered + timedelta(seconds=self.rng.randrange(60, 400))
        reason = CLOSED_WITH[self.book.next_id(Alarm) % len(CLOSED_WITH)]
        alarm_id = self._alarm(
            group,
            pupil,
            day_child_id,
            at,
            answer=Answer.WITH_ME.value,
            answered_by=who[0],
            answered_at=answered,
            closed_at=closed,
            closed_by=group.teacher[0],
            reason=reason,
        )
        self.book.add(AlarmAnswer, alarm_id=alarm_id, person_id=who[0], answer=Answer.WITH_ME, at=answered)
        answer = Answer.WITH_ME.value
        self._event(answered, who, "missing_answered", "student", pupil.student_id, alarm=alarm_id, answer=answer)
        self._event(closed, group.teacher, "missing_closed", "student", pupil.student_id, reason, alarm=alarm_id)

    def _chain(self, day_child_id: int, student_id: int, moves: Iterable[_Move]) -> None:
        previous, giver = genesis(TODAY, student_id), Side(Holder.SCHOOL, None, "")
        for seq, move in enumerate(moves, start=1):
            row = Row(
                day_child_id=day_child_id,
                seq=seq,
                step=move.step,
                giver=giver.kind,
                giver_id=giver.person_id,
                giver_name=giver.name,
                holder=move.to.kind,
                holder_id=move.to.person_id,
                holder_name=move.to.name,
                at=move.at,
                by_id=move.by[0],
                by_name=move.by[1],
                proof=move.proof,
                remark="",
                data=dict(move.data),
                previous=previous,
            )
            values = row.as_values()
            self.book.add(CustodyEvent, **values)
            previous, giver = str(values["sha256"]), move.to
