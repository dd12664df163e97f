"""The account of an afternoon: the custody of each child is what the story and the taps say, and the day is sealed.

Each check returns sentences about what does not fit. What holds of every town is checked in ``wire_account``, what was
to be told in ``told``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from afterbell import demo
from care.custody.ledger import Flaw
from care.custody.steps import ENDS
from care.records import AlarmKind, Passing, Step
from reliability.afternoon.books import AfternoonBooks
from reliability.afternoon.story import DAY, MISSING, Cast, Child, Fate, Link, chain_of
from reliability.afternoon.taps import taps_and_links
from reliability.afternoon.told import clock_letters, fact_letters
from reliability.wire_account import Account, account_of


def account(books: AfternoonBooks, again: Callable[[str], bool]) -> Account:
    """Checks the books of one afternoon. ``again`` says of a kind of letter whether it may go out twice."""
    found = [
        *planned_right(books),
        *chains_right(books),
        *one_holder(books),
        *taps_and_links(books),
        *duties_right(books),
        *counts_agree(books),
        *alarms_right(books),
        *audit_right(books),
        *clock_letters(books),
        *fact_letters(books),
        *sealed(books),
    ]
    released = sum(link.step is Step.RELEASED for link in books.links)
    return account_of(books, again, found, children=len(books.cast.children), links=len(books.links), releases=released)


def planned_right(books: AfternoonBooks) -> list[str]:
    """Each child has one place in the plan, and nobody else has one."""
    there, wanted = (
        Counter(one.student_id for one in books.planned),
        {c.student_id: c.name for c in books.cast.children},
    )
    return [
        f"{wanted.get(student, f'student {student}')} is planned {there[student]} times"
        for student in sorted({*there, *wanted})
        if there[student] != (student in wanted)
    ]


def said(chain: list[Link]) -> str:
    return " → ".join(f"{step} ({kind} {holder} by {by})" for step, kind, holder, by in chain)


def chains_right(books: AfternoonBooks) -> list[str]:
    """Each chain is exactly that of its story: nothing is missing, nothing doubled."""
    found = []
    for child in books.cast.children:
        is_: list[Link] = [(one.step, one.holder, one.holder_id, one.by_id) for one in books.chain_of(child)]
        wanted = chain_of(child, books.cast)
        if is_ != wanted:
            found.append(f"{child.name} ({child.fate}) went {said(is_)}, and should have gone {said(wanted)}")
    return found


def one_holder(books: AfternoonBooks) -> list[str]:
    """At each moment one side has the child: who gives is who had it, one link after the other; nobody who has been
    released is released again; and in the end the family has every child."""
    found = []
    for child in books.cast.children:
        chain, has, released = books.chain_of(child), "", 0
        for number, link in enumerate(chain, start=1):
            gives = f"{link.giver}:{link.giver_id}:{link.giver_name}"
            if link.seq != number:
                found.append(f"{child.name}: link {link.seq} stands at place {number}")
            if number > 1 and gives != has:
                found.append(f"{child.name}: link {link.seq} is given by {gives}, and {has} had the child")
            if number > 1 and link.at < chain[number - 2].at:
                found.append(f"{child.name}: link {link.seq} is earlier than the one before")
            released += (link.step is Step.RELEASED) - (link.step is Step.UNDONE)
            if released not in (0, 1):
                found.append(f"{child.name} is released when released already, at link {link.seq}")
            has = f"{link.holder}:{link.holder_id}:{link.holder_name}"
        if not chain or chain[-1].step not in ENDS:
            found.append(f"{child.name} is not accounted for in the end")
        place = books.place_of(child)
        if place is not None and place.last_seq != len(chain):
            found.append(f"{child.name} has {len(chain)} links, and the plan points to {place.last_seq}")
    return found


def duties_right(books: AfternoonBooks) -> list[str]:
    """Whose duty each session is, and that its roll was done by them."""
    wanted = {
        session.id: child.teacher.person_id
        for child in books.cast.children
        if (session := books.session_of(child)) is not None
    }
    if books.academy is not None:
        wanted[books.academy.id] = books.cast.keeper.person_id
    found = [f"session {one.id} is of nobody" for one in books.sessions if one.id not in wanted]
    return found + [
        f"session {one.id} is of {one.signed_in_id}, its roll done by {one.roll_done_id}, and should be of {who}"
        for one in books.sessions
        if (who := wanted.get(one.id)) is not None and (one.signed_in_id, one.roll_done_id) != (who, who)
    ]


def counts_agree(books: AfternoonBooks) -> list[str]:
    """Who was given to extended care is who was counted there, and who changed hands; of each class once."""
    found = []
    taken = Counter[int]()
    for one in books.passes:
        if one.state is not Passing.TAKEN or sorted(one.given) != sorted(one.counted):
            found.append(f"hand-over {one.id} is {one.state}: given {one.given}, counted {one.counted}")
        taken.update(one.counted)
    links = Counter(link.day_child_id for link in books.links if link.step is Step.HANDED_OVER)
    stay = Counter(
        place.id
        for child in books.cast.children
        if child.fate is Fate.STAYS and (place := books.place_of(child)) is not None
    )
    if not taken == links == stay:
        found.append(f"{dict(stay)} stay, {dict(taken)} were counted over, {dict(links)} changed hands")
    return found


def alarms_right(books: AfternoonBooks) -> list[str]:
    """One alarm for each child of whom there was to be one, closed by who was to close it; no others."""
    found = []
    for child in books.cast.children:
        is_ = [(alarm.kind, alarm.closed_by) for alarm in books.alarms_of(child)]
        if is_ != _alarms(child, books.cast):
            found.append(f"{child.name} ({child.fate}) has the alarms {is_}, not {_alarms(child, books.cast)}")
        found += [f"an alarm about {child.name} is open" for one in books.alarms_of(child) if one.closed_at is None]
    return found


def _alarms(child: Child, cast: Cast) -> list[tuple[AlarmKind, int | None]]:
    if child.fate is Fate.DISPUTED:
        return [(AlarmKind.DISPUTED, cast.lead.person_id)]
    closes = cast.lead if child.fate is Fate.UNANSWERED else child.teacher
    return [(AlarmKind.MISSING, closes.person_id)] if child.fate in MISSING else []


BY_STEP = {Step.LINED_OUT: "lined_out", Step.RELEASED: "released", Step.UNDONE: "release_undone"}
BY_FATE: dict[Fate, tuple[str, ...]] = {
    Fate.LEAVE: ("leave_given",),
    Fate.STAYS: ("extended_approved",),
    Fate.DISPUTED: ("release_disputed", "alarm_closed"),
    Fate.WITH_FAMILY: ("child_missing", "missing_closed"),
    Fate.UNANSWERED: ("child_missing", "missing_closed"),
    Fate.ASTRAY: ("child_missing", "missing_arrived"),
}
ONCE = ("day_opened", "day_closed")
OF_SESSIONS = ("duty_signed_in", "roll_done")
OF_CLASSES = ("extended_given", "extended_taken")


def audit_right(books: AfternoonBooks) -> list[str]:
    """Each fact of the afternoon stands in the audit once."""
    counted = {*BY_STEP.values(), *(action for actions in BY_FATE.values() for action in actions)}
    is_ = Counter(
        (event.action, event.subject_id) for event in books.events if event.action in counted and event.subject_id
    )
    wanted = Counter[tuple[str, int]]()
    for child in books.cast.children:
        steps = [BY_STEP[step] for step, *_ in chain_of(child, books.cast) if step in BY_STEP]
        wanted.update((action, child.student_id) for action in (*steps, *BY_FATE.get(child.fate, ())))
    found = [
        f"the audit says {action} of student {student} {is_[action, student]} times, not {wanted[action, student]}"
        for action, student in sorted({*is_, *wanted})
        if is_[action, student] != wanted[action, student]
    ]
    stay = {child.teacher for child in books.cast.children if child.fate is Fate.STAYS}
    times = (
        dict.fromkeys(ONCE, 1) | dict.fromkeys(OF_SESSIONS, len(books.sessions)) | dict.fromkeys(OF_CLASSES, len(stay))
    )
    of_all = Counter(event.action for event in books.events if event.at.astimezone(demo.START.tzinfo).date() == DAY)
    return found + [f"the audit says {a} {of_all[a]} times, not {n}" for a, n in times.items() if of_all[a] != n]


def sealed(books: AfternoonBooks) -> list[str]:
    """The day is closed, and its seal and every chain hold."""
    found = [f"{books.ledger.table} {books.ledger.row}: {books.ledger.what}"] if isinstance(books.ledger, Flaw) else []
    days = [one for one in books.days if one.date == DAY]
    if len(days) != 1 or days[0].closed_at is None or days[0].root is None:
        found.append(f"the day is not closed and sealed ({len(days)} of them)")
    return found
