"""Who comes for a child on a date, as its family says (S10): the last word counts, and the other guardians hear it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from care.alarm_screens import show_again, uncollected_key
from care.day.lead import who_answers
from care.enrolment.family import unrestricted_guardians
from care.errors import Conflict, NotAllowed, NotFound
from care.people import children_of
from care.pickup.adults import (
    Authorised,
    Barred,
    as_listed,
    authorised,
    barred,
    barred_of_all,
    is_barred,
    names_barred,
    stops,
)
from care.pickup.leaving import EXTENDED_WAVE, Leaving, leaving
from care.pickup.reminding import SentReminder, lapse_waiting, reminders_of
from care.pickup.reminding import as_listed as children_listed
from care.pickup.showing import UNACCEPTED, show_way_home
from care.records.day import Alarm, AlarmKind, CareSession, DayChild, Step
from care.records.delivery import Class
from care.records.people import Person
from care.records.pickup import Adult, PickupPlan
from care.work import UnitOfWork

PLANS = cast(Table, PickupPlan.__table__)
SAID = ("adult", "adult_id", "name", "said_by", "said_at")


@dataclass(frozen=True)
class Plan:
    """Who comes for a child, and who said so. ``adult_id`` is the row's id on the list ``adult``. ``barred``: the adult
    must not collect the child (any more): somebody else has to be named."""

    student_id: int
    adult: Adult
    adult_id: int
    name: str
    said_by: int
    said_by_name: str
    said_at: datetime
    barred: bool

    @property
    def in_person(self) -> bool:
        """Whether the guardian who said it comes."""
        return (self.adult, self.adult_id) == (Adult.GUARDIAN, self.said_by)


@dataclass(frozen=True)
class Said:
    """What a guardian's word has changed: for which children, and the reminders on screens that now read otherwise."""

    children: frozenset[int]
    reminders: tuple[SentReminder, ...]


async def plan_of(uow: UnitOfWork, student_ids: Iterable[int], day: date) -> dict[int, Plan]:
    """Who comes for each of these children on a date, as far as anybody has said it. It is a word, not a right: at
    release the adult is checked again."""
    columns = [PLANS.c[name] for name in ("student_id", *SAID)]
    query = (
        select(*columns, Person.name.label("by"))
        .join(Person, Person.id == PLANS.c.said_by)
        .where(PLANS.c.date == day, PLANS.c.student_id.in_(list(student_ids)))
    )
    rows = list(await uow.session.execute(query))
    against = await barred_of_all(uow, [row.student_id for row in rows])
    return {
        row.student_id: Plan(
            row.student_id,
            row.adult,
            row.adult_id,
            row.name,
            row.said_by,
            row.by,
            row.said_at,
            await names_barred(uow, row.adult, row.adult_id, row.name, day, against[row.student_id]),
        )
        for row in rows
    }


async def own_leaving(uow: UnitOfWork, student_ids: Collection[int], day: date) -> list[Leaving]:
    """The ways out of the actor's own children on a date that are still to come. Raises NotFound for a child that the
    actor may not decide for, Conflict("already_collected") or Conflict("not_in_care_then") where nobody has to come."""
    own = {child.student_id for child in await children_of(uow, uow.actor.person_id or 0)}
    if not student_ids or not own.issuperset(student_ids):
        raise NotFound()
    found = await leaving(uow, student_ids, day) if day >= uow.day else []
    still = [one for one in found if not one.is_over]
    if not still:
        collected = any(one.step is Step.RELEASED for one in found)
        raise Conflict("already_collected" if collected else "not_in_care_then")
    return still


async def adults_for(uow: UnitOfWork, student_ids: Sequence[int], day: date) -> list[Authorised]:
    """The adults who may collect all of these children on a date, as the first child's list has them."""
    first, *others = [await authorised(uow, number, day) for number in student_ids]
    matches = {one: [as_listed(one, people) for people in others] for one in first if not one.stopped}
    return [one for one, found in matches.items() if all(match and not match.stopped for match in found)]


async def say_who_comes(
    uow: UnitOfWork, student_ids: Collection[int], adult: Adult, adult_id: int, day: date | None = None
) -> Said | None:
    """A guardian says who comes today (or on ``day``) for these children, as far as somebody still has to. The other
    guardians are told, unless it is the first word and a reminder on their screen is edited (by the caller).

    None: the adult is on a stop-list; nothing is stored, and the duty lead has been told. Raises as ``own_leaving``,
    and NotAllowed("not_authorised") for an adult who is not on the children's lists.
    """
    day = day or uow.day
    children = await own_leaving(uow, student_ids, day)
    lists = {one.student_id: await authorised(uow, one.student_id, day) for one in children}
    meant = next((a for people in lists.values() for a in people if (a.adult, a.id) == (adult, adult_id)), None)
    if meant is None:
        raise NotAllowed("not_authorised")
    for number, people in lists.items():
        if await is_barred(uow, number, meant):
            await tell_of_stopped(uow, number, meant, day)
            return None
        if as_listed(meant, people) is None:
            raise NotAllowed("not_authorised")
    before = await plan_of(uow, student_ids, day)
    new = [one for one in children if not _is_so(before.get(one.student_id), adult, adult_id)]
    for one in new:
        await uow.connection.execute(_upsert(uow, one.student_id, day, adult, adult_id, meant.name))
        uow.record("pickup_said", "student", one.student_id, date=day.isoformat(), adult=adult.value, id=adult_id)
    return await _spread(uow, new, before, day)


def _is_so(plan: Plan | None, adult: Adult, adult_id: int) -> bool:
    return plan is not None and (plan.adult, plan.adult_id) == (adult, adult_id)


def _upsert(uow: UnitOfWork, student_id: int, day: date, adult: Adult, adult_id: int, name: str) -> Any:
    insert = sqlite.insert if uow.school.is_sqlite else postgresql.insert
    row = {"date": day, "student_id": student_id, "adult": adult, "adult_id": adult_id, "name": name}
    statement = insert(PLANS).values({**row, "said_by": uow.actor.person_id, "said_at": uow.now})
    return statement.on_conflict_do_update(
        index_elements=["date", "student_id"], set_={column: statement.excluded[column] for column in SAID}
    )


async def take_back(uow: UnitOfWork, student_ids: Collection[int], day: date) -> Said:
    """What was said about these children is taken back: nobody is named, and a child who may go alone does. Raises as
    ``own_leaving``."""
    children = await own_leaving(uow, student_ids, day)
    before = await plan_of(uow, student_ids, day)
    gone = [one for one in children if one.student_id in before]
    await _forget(uow, [one.student_id for one in gone], day)
    return await _spread(uow, gone, before, day)


async def _forget(uow: UnitOfWork, student_ids: Collection[int], day: date) -> None:
    await uow.session.execute(
        delete(PickupPlan).where(PickupPlan.date == day, PickupPlan.student_id.in_(list(student_ids)))
    )
    for number in student_ids:
        uow.record("pickup_taken_back", "student", number, date=day.isoformat())


async def _spread(uow: UnitOfWork, changed: list[Leaving], before: dict[int, Plan], day: date) -> Said:
    """Reminders that wait lapse; the other guardians are told, each of the own children."""
    told: dict[int, list[int]] = defaultdict(list)
    for one in changed:
        for person in await unrestricted_guardians(uow, one.student_id):
            told[person].append(one.student_id)
    reminders: list[SentReminder] = []
    numbers = [one.student_id for one in changed]
    for wave in await _waves_of(uow, numbers, day):
        await lapse_waiting(uow, day, wave, told, numbers)
        reminders += await reminders_of(uow, day, wave, told, numbers)
    for person, numbers in told.items():
        edited = any(one.person_id == person and one.children >= set(numbers) for one in reminders)
        if person != uow.actor.person_id and not (edited and before.keys().isdisjoint(numbers)):
            await _tell(uow, person, numbers, day)
    await _show_lead(uow, [one.student_id for one in changed], day)
    return Said(frozenset(one.student_id for one in changed), tuple(reminders))


async def _show_lead(uow: UnitOfWork, student_ids: list[int], day: date) -> None:
    """Whoever has been told that nobody has come for one of these children reads who comes now."""
    query = select(Alarm.id).join(DayChild).where(DayChild.date == day, DayChild.student_id.in_(student_ids))
    query = query.where(Alarm.kind == AlarmKind.UNCOLLECTED, Alarm.closed_at.is_(None))
    for alarm_id in await uow.session.scalars(query):
        await show_again(uow, "uncollected_shown", [uncollected_key(alarm_id)], alarm_id=alarm_id)


async def _waves_of(uow: UnitOfWork, student_ids: Collection[int], day: date) -> set[int]:
    """The waves for which a reminder may name these children: their class's, and extended care, to or from which they
    may have changed since."""
    query = select(CareSession.wave).join(DayChild, DayChild.session_id == CareSession.id)
    query = query.where(DayChild.date == day, DayChild.student_id.in_(student_ids))
    return {*await uow.session.scalars(query), EXTENDED_WAVE}


async def _tell(uow: UnitOfWork, person_id: int, student_ids: list[int], day: date) -> None:
    """``said_at`` ties the letter to this word: when another follows before it is sent, it has nothing left to say."""
    plans = await plan_of(uow, student_ids, day)
    said_at = {str(number): plans[number].said_at.isoformat() if number in plans else "" for number in student_ids}
    by = uow.actor.person_id
    await uow.post("pickup_said", person_id, Class.ALARM, date=day.isoformat(), said_at=said_at, by=by)


async def tell_of_stopped(uow: UnitOfWork, student_id: int, who: Authorised, day: date) -> None:
    """A guardian wanted an adult to come who must not collect the child (the stop-list, a restricted guardian). The
    duty lead is told, once for each guardian, adult and date; who asked reads only that the school cannot accept the
    adult."""
    people = await who_answers(uow, day)
    by = uow.actor.person_id
    for bar in await barred(uow, student_id):
        if stops(bar, who):
            uow.record("stopped_adult_refused", "student", student_id, date=day.isoformat(), entry=bar.entry_id)
            key = f"pickup_stopped:{day}:{student_id}:{bar.entry_id or bar.relation}:{by}"
            about = {"student_id": student_id, "adult": bar.name, "by": by}
            await uow.post("pickup_stopped", people, Class.ALARM, key, date=day.isoformat(), about=about)


async def _days_named(uow: UnitOfWork, student_id: int) -> list[date]:
    """From today on, the days on which the child is still to be collected by somebody whom its family has named."""
    query = select(PickupPlan.date).where(PickupPlan.student_id == student_id, PickupPlan.date >= uow.day)
    days = list(await uow.session.scalars(query.order_by(PickupPlan.date)))
    return [day for day in days if any(not one.is_over for one in await leaving(uow, [student_id], day))]


async def tell_of_barred(uow: UnitOfWork, student_id: int, bar: Barred) -> None:
    """An adult whom the child's family had named for today or a later day is on the stop-list now. Its guardians are
    asked to name somebody else, and not told why; the duty lead hears of it. What was said stands until then: nobody
    sends a child home alone of whom the family has said that somebody comes (S14)."""
    for day in await _days_named(uow, student_id):
        plan = (await plan_of(uow, [student_id], day))[student_id]
        if not await names_barred(uow, plan.adult, plan.adult_id, plan.name, day, [bar]):
            continue
        key, when = f"{UNACCEPTED}:{bar.entry_id}:{day}", day.isoformat()
        guardians = await unrestricted_guardians(uow, student_id)
        await uow.post(UNACCEPTED, guardians, Class.ALARM, key, date=when, children=children_listed([student_id]))
        people = [person for person in await who_answers(uow, day) if person != uow.actor.person_id]
        about = {"student_id": student_id, "adult": bar.name, "by": plan.said_by, "before": True}
        key = f"pickup_stopped:{day}:{student_id}:{bar.entry_id}:before"
        await uow.post("pickup_stopped", people, Class.ALARM, key, date=when, about=about)


async def show_named(uow: UnitOfWork, student_id: int) -> None:
    """The child's stop-list has changed: whoever has read who comes for it, today or later, reads how it stands now."""
    days = await _days_named(uow, student_id)
    if days:
        await show_way_home(uow, [student_id])
    for day in days:
        await _show_lead(uow, [student_id], day)
