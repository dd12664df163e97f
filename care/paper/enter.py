"""Entering what happened on paper: each line becomes links of the child's chain, at the time the paper says, with who
entered them. The rules of custody hold as ever; what broke them at the gate is entered all the same, on an explicit
word, and the duty lead must look after it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import time

from sqlalchemy import update

from care.custody.chain import append
from care.day.lead import who_answers
from care.enrolment.family import own_among, unrestricted_guardians
from care.errors import CareError, Conflict, NotAllowed
from care.missing import arrived, on_paper, open_missing
from care.paper.line import Collector, Entry, Irregular, Line, Reading
from care.paper.mark import end_where_entered
from care.paper.sheet import PaperSession, paper_children, paper_session
from care.people import holders
from care.records.day import AlarmKind, CareSession, Step
from care.records.delivery import Class
from care.records.people import Role
from care.release.alarms import raise_alarm, settle
from care.rollsheet import hold
from care.work import UnitOfWork

__all__ = ["Collector", "Entry", "Irregular", "PaperRefused", "append_line", "enter"]


TOLD = {Step.RELEASED: "paper_released", Step.EXPLAINED: "paper_absent"}
"""What the family reads of today's paper, so that a slip of the row shows."""


class PaperRefused(CareError):
    """Nothing was entered: what is wrong with which child's line, by ``day_child`` id."""

    code = "paper_refused"
    status = 422

    def __init__(self, problems: Mapping[int, CareError]) -> None:
        super().__init__(n=len(problems))
        self.problems = problems


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
    lines: list[Line] = []
    problems: dict[int, CareError] = {}
    for entry in entries:
        if not entry.says_something or entry.day_child_id not in children:
            continue
        try:
            if entry.explains and children[entry.day_child_id].student_id in own:
                raise NotAllowed("paper_own_child")
            line = Reading(uow, session, children[entry.day_child_id], entry, roll_at).line()
        except CareError as error:
            problems[entry.day_child_id] = error
        else:
            lines += [line] if line.links else []
    if problems:
        raise PaperRefused(problems)
    for line in lines:
        await append_line(uow, session, line)
    await _roll_done(uow, session)
    await end_where_entered(uow, session.date)
    return len(lines)


async def append_line(uow: UnitOfWork, session: PaperSession, line: Line, told: Collection[int] = ()) -> None:
    """Appends a line's links, and tells whom they concern. ``told``: guardians who read of it in another letter."""
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
        last = line.links[-1]
        await settle(uow, child.id, AlarmKind.UNCOLLECTED)
        await on_paper(uow, child.id, last.remark if last.step is Step.EXPLAINED else "")
    if line.irregular is not None:
        await _dispute(uow, session, line, line.irregular, seq)
    elif session.date == uow.day and steps[-1] in TOLD:
        kind = TOLD[steps[-1]]
        guardians = [one for one in await unrestricted_guardians(uow, child.student_id) if one not in told]
        key = f"{kind}:{child.id}:{seq}"
        await uow.post(kind, guardians, Class.REMINDER, key=key, day_child_id=child.id, seq=seq)


async def _dispute(uow: UnitOfWork, session: PaperSession, line: Line, irregular: Irregular, seq: int) -> None:
    """The child left with whom it should not have: open until who answers for the day closes it with a reason."""
    kind, name = AlarmKind(irregular.value), line.links[-1].to.name
    alarm, _is_new = await raise_alarm(uow, line.child.id, kind, name)
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
