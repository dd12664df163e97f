"""Extended care: who stays today, what is asked, who answers for it, the weekdays' places, and its settings. After
midnight, while the day before is under way, the new date is one link away: what families ask for then is for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from care.day.rules import Rules, rules_of
from care.errors import CareError, Invalid
from care.extended.deciding import decide
from care.extended.lists import ChildRow, set_extended, today_rows
from care.extended.places import Offer, stays_on
from care.extended.session import choose_teacher, running_on, session_on, teachers
from care.extended.standing import weekly
from care.permissions import Permission
from care.records.day import CareDay, CareSession
from care.records.extended import Wish
from care.records.people import Person
from care.records.term import Term
from care.term import current_term
from care.term_changes import MOST_PLACES
from care.work import UnitOfWork
from console.door import Page, Visit, number, query_string
from console.pages.settings import read_time
from console.refusals import sentence
from locales import Words
from locales.labels import WEEKDAYS_SHORT

DONE = frozenset({"granted", "declined", "teacher", "settings"})


@dataclass(frozen=True)
class Places:
    """How many places of a weekday, or of today, are taken."""

    name: str
    taken: int
    capacity: int

    @property
    def free(self) -> int:
        return max(0, self.capacity - self.taken)


@dataclass(frozen=True)
class ClassRows:
    school_class: str
    rows: tuple[ChildRow, ...]


@dataclass(frozen=True)
class ExtendedView:
    """``other``: the other date there is to see at night, with how many requests wait for an answer on it."""

    day: date
    is_under_way: bool
    other: tuple[date, int] | None
    term: Term | None
    offer: Offer | None
    today: Places | None
    open: bool
    session: CareSession | None
    teacher: str
    teachers: tuple[Person, ...]
    waiting: tuple[ChildRow, ...]
    classes: tuple[ClassRows, ...]
    weekdays: tuple[Places, ...]
    rules: Rules
    may_decide: bool
    may_grant: bool
    may_choose: bool
    may_set: bool
    done: str
    error: str
    error_part: str


async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, error: str = "", part: str = "", status: int = 200) -> Response:
    done = visit.request.query_params.get("done", "")
    wanted = visit.field("date") or visit.request.query_params.get("date", "")
    async with visit.looking() as uow:
        day = uow.today if wanted == uow.today.isoformat() else uow.day
        view = await _view(uow, visit._, day, done if done in DONE else "", error, part)
    return visit.page("extended/page.html", view, status)


async def _waiting(uow: UnitOfWork, offer: Offer | None) -> list[ChildRow]:
    rows = await today_rows(uow, offer) if offer is not None else []
    return [row for row in rows if row.asked is not None and row.asked.state is Wish.ASKED]


async def _other(uow: UnitOfWork, day: date) -> tuple[date, int] | None:
    if uow.day == uow.today:
        return None
    other = uow.day if day == uow.today else uow.today
    waiting = await _waiting(uow, await running_on(uow, other)) if other == uow.today else []
    return other, len(waiting)


async def _view(uow: UnitOfWork, _: Words, day: date, done: str, error: str, part: str) -> ExtendedView:
    term, offer, session = await current_term(uow), await running_on(uow, day), await session_on(uow, day)
    rows = await today_rows(uow, offer) if offer is not None else []
    may_choose = uow.actor.reach(Permission.ANSWER_FOR_DAY)[0]
    may_decide = uow.actor.may(Permission.ANSWER_FOR_DAY) and day == uow.today
    today = Places("", len(await stays_on(uow, offer)), offer.places) if offer else None
    answers = (session.signed_in_id or session.teacher_id) if session is not None else None
    return ExtendedView(
        day=day,
        is_under_way=day == uow.day,
        other=await _other(uow, day),
        term=term,
        offer=offer,
        today=today,
        open=await uow.session.get(CareDay, day) is not None,
        session=session,
        teacher=(await uow.session.get_one(Person, answers)).name if answers is not None else "",
        teachers=tuple(await teachers(uow)) if may_choose else (),
        waiting=tuple(row for row in rows if row.asked is not None and row.asked.state is Wish.ASKED),
        classes=_by_class(rows),
        weekdays=await _weekdays(uow, _, term),
        rules=await rules_of(uow, term.id) if term else Rules(),
        may_decide=may_decide,
        may_grant=may_decide and offer is not None and not offer.ended and uow.now < offer.ends_at,
        may_choose=may_choose,
        may_set=uow.actor.may(Permission.MANAGE_TERM),
        done=done,
        error=error,
        error_part=part,
    )


def _by_class(rows: list[ChildRow]) -> tuple[ClassRows, ...]:
    names = dict.fromkeys(row.school_class for row in rows)
    return tuple(ClassRows(name, tuple(row for row in rows if row.school_class == name)) for name in names)


async def _weekdays(uow: UnitOfWork, _: Words, term: Term | None) -> tuple[Places, ...]:
    offered = await weekly(uow)
    if term is None or offered is None:
        return ()
    return tuple(
        Places(_(WEEKDAYS_SHORT[day - 1]), offered.places - left, offered.places)
        for day, left in sorted(offered.left.items())
    )


async def _failed(visit: Visit, error: CareError, part: str) -> Response:
    if error.status in (403, 404):
        raise error
    return await _page(visit, sentence(visit._, error), part, error.status)


async def answer(visit: Visit) -> Response:
    """Grants or declines what was asked."""
    try:
        version, to = number(visit.field("version")), visit.field("to")
        if version is None or to not in (Wish.APPROVED.value, Wish.DECLINED.value):
            raise Invalid()
        async with visit.working() as uow:
            await decide(uow, visit.id, version, Wish(to), visit.field("remark"))
    except CareError as error:
        return await _failed(visit, error, "waiting")
    done = "granted" if to == Wish.APPROVED.value else "declined"
    return visit.go("/extended" + query_string(date=visit.field("date"), done=done))


async def plan_teacher(visit: Visit) -> Response:
    try:
        async with visit.working() as uow:
            await choose_teacher(uow, number(visit.field("teacher"), 1))
    except CareError as error:
        return await _failed(visit, error, "teacher")
    return visit.go("/extended?done=teacher")


async def save_settings(visit: Visit) -> Response:
    try:
        places = number(visit.field("places"), 0, MOST_PLACES)
        if places is None:
            raise Invalid("number_needed")
        until = read_time(visit.field("until_ask"))
        async with visit.working() as uow:
            await set_extended(uow, visit.id, until, visit.field("automatic") == "yes", places)
    except CareError as error:
        return await _failed(visit, error, "settings")
    return visit.go("/extended?done=settings#settings")


PAGES = [
    Page("/extended", get=show, right=Permission.SEE_BOARD),
    Page("/extended/teacher", post=plan_teacher, right=Permission.ANSWER_FOR_DAY),
    Page("/extended/requests/{id:int}", post=answer, right=Permission.ANSWER_FOR_DAY),
    Page("/extended/terms/{id:int}", post=save_settings, right=Permission.MANAGE_TERM),
]
