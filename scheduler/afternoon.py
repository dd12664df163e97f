"""What is due of the school day: it opens, rolls are chased, missing children reach the duty lead, families are
reminded, it closes (S13).

Everything is derived from the records at each tick; keys keep a letter from going out twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from care.clock import instant
from care.day.close import WAITS, against_closing, close_day, days_to_close
from care.day.lead import who_answers
from care.day.plan import classes_to_open, open_day, open_session, planned, to_be_planned
from care.day.rules import Rules, rules_of
from care.missing import tell_lead, unanswered
from care.people import holders
from care.permissions import SYSTEM
from care.records.day import Alarm, CareDay
from care.records.delivery import Class
from care.records.people import Role
from care.records.term import Term
from care.rollcall import OpenRoll, unfinished
from care.school import School
from care.work import UnitOfWork
from scheduler import extended
from scheduler.day_sheets import send_day_sheets
from scheduler.parts import by_itself, together
from scheduler.reminders import remind
from scheduler.uncollected import chase_uncollected

CHASE_MINUTES = (0, 5, 10)
"""After the roll's deadline: the teacher, the grade leader, the duty lead."""


async def tick(school: School) -> None:
    """Opens today, chases what is late, closes what is done."""
    await by_itself("opening", open_today(school))
    async with school.look(SYSTEM) as uow:
        care_day, today = await uow.session.get(CareDay, uow.day), uow.today
        rules = await rules_of(uow, care_day.term_id) if care_day else Rules()
    if care_day is not None and care_day.date == today:
        await by_itself("rolls", chase_rolls(school, care_day, rules))
        if care_day.closed_at is None:
            await by_itself("dismissal", remind(school, rules))
        await by_itself("extended", extended.tick(school, care_day, rules))
        await by_itself("day sheets", send_day_sheets(school, rules))
    if care_day is not None:  # after midnight as well: a child who is here, or missing, is nobody's yesterday
        await by_itself("missing", chase_missing(school, rules))
        await by_itself("uncollected", chase_uncollected(school, rules))
    await by_itself("undecided", extended.lapse_undecided(school))
    await by_itself("closing", close_days(school))


async def open_today(school: School) -> None:
    """Opens the day, then each class by itself: what a stop has left out is made by the next tick."""
    async with school.look(SYSTEM) as uow:
        term = await to_be_planned(uow)
        classes = await classes_to_open(uow, term) if term else []
    if term is None:
        return
    await together(school, open_day, [term])
    for class_id in classes:
        await by_itself("class", together(school, _session_of(term), [class_id]), class_id=class_id)
    await by_itself("extended", extended.open_session(school))
    async with school.look(SYSTEM) as uow:
        left = await classes_to_open(uow, term)
    if not left:
        await together(school, planned, [school.clock.today()])


def _session_of(term: Term) -> Callable[[UnitOfWork, int], Awaitable[None]]:
    async def make(uow: UnitOfWork, class_id: int) -> None:
        await open_session(uow, term, class_id)

    return make


@dataclass(frozen=True)
class Chase:
    """A letter about a roll that is late: to whom, and which step of the chase it is."""

    session_id: int
    step: int
    people: tuple[int, ...]
    valid_until: datetime
    again: datetime | None
    """Since when children are expected once more: such a roll is chased anew."""

    def key(self) -> str:
        again = f":{self.again.timestamp():.0f}" if self.again else ""
        return f"roll:{self.session_id}:{self.step}{again}"


async def chase_rolls(school: School, care_day: CareDay, rules: Rules) -> None:
    """Tells of each roll that is late: its teacher, then the grade leader, then the duty lead."""
    async with school.look(SYSTEM) as uow:
        rolls = await unfinished(uow, rules.roll_minutes)
        if not rolls:
            return
        leaders = {grade: await holders(uow, Role.GRADE_LEADER, grade=grade) for grade in {one.grade for one in rolls}}
        leads = tuple(await who_answers(uow, care_day.date))
        late = [chase for roll in rolls for chase in _chases(uow, leads, roll, leaders[roll.grade])]
        known = await uow.known_keys(f"{chase.key()}:{person}" for chase in late for person in chase.people)
    new = [chase for chase in late if any(f"{chase.key()}:{person}" not in known for person in chase.people)]
    if new:
        await together(school, _post_chase, new)


def _chases(uow: UnitOfWork, leads: tuple[int, ...], roll: OpenRoll, leaders: list[int]) -> list[Chase]:
    teacher = () if roll.teacher_id is None else (roll.teacher_id,)
    people = (teacher, tuple(leaders), leads)
    until = instant(uow.today + timedelta(days=1), time.min, uow.school.zone)
    return [
        Chase(roll.session_id, step, people[step], until, roll.again)
        for step, minutes in enumerate(CHASE_MINUTES)
        if uow.now - roll.deadline >= timedelta(minutes=minutes)
    ]


async def _post_chase(uow: UnitOfWork, chase: Chase) -> None:
    await uow.post(
        "roll_late",
        chase.people,
        Class.ALARM,
        key=chase.key(),
        valid_until=chase.valid_until,
        session_id=chase.session_id,
        step=chase.step,
    )


async def chase_missing(school: School, rules: Rules) -> None:
    """Missing children of whom no guardian has said anything reach the duty lead."""
    async with school.look(SYSTEM) as uow:
        alarms = await unanswered(uow, rules.missing_minutes)
    if alarms:
        await together(school, _tell_lead, alarms)


async def _tell_lead(uow: UnitOfWork, alarm_id: int) -> None:
    await tell_lead(uow, await uow.session.get_one(Alarm, alarm_id))
    uow.changed = True  # open boards show that the lead knows


async def close_days(school: School) -> None:
    """Closes each day after its hour once every child is accounted for; until then the duty lead is told, once."""
    acts: list[tuple[Callable[[UnitOfWork, date], Awaitable[None]], date]] = []
    async with school.look(SYSTEM) as uow:
        due = [care_day for care_day in await days_to_close(uow) if await _past_its_hour(uow, care_day)]
        for care_day in due:
            against = await against_closing(uow, care_day)
            if against is None:
                acts.append((close_day, care_day.date))
            elif against.code not in WAITS and not await uow.known_keys(
                f"{_open_key(care_day.date)}:{one}" for one in await who_answers(uow, care_day.date)
            ):
                acts.append((_tell_that_open, care_day.date))
    for act, day in acts:
        await by_itself("day", together(school, act, [day]))


async def _past_its_hour(uow: UnitOfWork, care_day: CareDay) -> bool:
    closes_at = (await rules_of(uow, care_day.term_id)).closes_at
    return uow.now >= instant(care_day.date, closes_at, uow.school.zone)


def _open_key(day: date) -> str:
    return f"day_open:{day}"


async def _tell_that_open(uow: UnitOfWork, day: date) -> None:
    people = await who_answers(uow, day)
    await uow.post("day_still_open", people, Class.ALARM, key=_open_key(day), date=day.isoformat())
