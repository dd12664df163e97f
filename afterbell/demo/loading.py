"""Fills an empty database with the demonstration school, in one transaction."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from afterbell.demo.answers import ALL_DAYS
from afterbell.demo.applications import Clerk, Story
from afterbell.demo.book import SEED, START, Book, draw
from afterbell.demo.cast import OPEN_CLASS, STAR_CLASS
from afterbell.demo.families import Child, write_families
from afterbell.demo.links import write_links
from afterbell.demo.names import phones
from afterbell.demo.staff import Staff, write_staff
from afterbell.demo.term import PUBLISHED, write_term, write_texts
from afterbell.settings import OperatorError
from care.permissions import SYSTEM
from care.records import LeaveMode, Mark, Person, Relation, SchoolClass, State, Student, Term, TextKind
from care.school import School, take_turn
from care.work import UnitOfWork

MARK = "demo"
LOCK = 0x44454D4F


@contextmanager
def no_search_for_garbage() -> Iterator[None]:
    """What is drawn here lives until it is written: looking through it for garbage takes a quarter of the loading."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class NotEmpty(OperatorError):
    """The database holds a real school's data; the demonstration is never mixed into it."""


async def load(school: School) -> bool:
    """Loads the demonstration school. Returns False when it is there already.

    Raises NotEmpty when the database holds other people, classes or terms. Two processes may start at once: one loads,
    the other waits and finds it done.
    """
    async with school.work(SYSTEM) as uow:
        await take_turn(uow, LOCK)
        if await uow.session.get(Mark, MARK) is not None:
            return False
        await _must_be_empty(uow)
        with no_search_for_garbage():
            await _fill(uow, Book(school.keys))
    return True


async def _must_be_empty(uow: UnitOfWork) -> None:
    for record in (Person, Student, SchoolClass, Term):
        if await uow.session.scalar(select(record.id).limit(1)) is not None:
            raise NotEmpty(
                "this database holds a school already; the demonstration needs an empty one "
                "(set AFTERBELL_DATA_DIR or AFTERBELL_DATABASE_URL to another place)"
            )


async def _fill(uow: UnitOfWork, book: Book) -> None:
    numbers = phones(draw("phones"))
    term = write_term(book)
    staff = write_staff(book, numbers, term.classes)
    agreements = write_texts(book, term.term_id, staff.office)
    families = write_families(book, numbers, term.classes, staff)
    await book.write(uow)
    clerk = Clerk(book, term, staff, agreements)
    clerk.published(PUBLISHED, staff.office, [kind.value for kind in TextKind])
    stories = clerk.write(families.children, numbers)
    await book.write(uow)
    clerk.write_audit()
    await book.write(uow)
    write_links(book, list(staff.phones), families.children, stories)
    stars = families.stars | _staff_stars(staff) | {"care_mother": _mother_in_care(stories, families.children)}
    book.note(Mark, name=MARK, value=json.dumps({"seed": SEED, "stars": stars}, sort_keys=True))
    await book.write(uow)


def _staff_stars(staff: Staff) -> dict[str, int]:
    return {
        "homeroom": staff.homeroom[STAR_CLASS][0],
        "care_teacher": staff.homeroom[OPEN_CLASS][0],
        "duty_lead": staff.deputies[START.date().toordinal() % len(staff.deputies)][0],
        "office": staff.office[0],
        "head": staff.head[0],
        "grade_leader": staff.leaders[STAR_CLASS[0]][0],
    }


def _mother_in_care(stories: list[Story], children: list[Child]) -> int:
    """A mother whose only child is of the star class, has two parents, is in care on all days and leaves with the
    class."""
    for story in sorted(stories, key=lambda one: one.child.student_id):
        child, answered = story.child, story.answered
        relations = [adult.relation for _, adult in child.guardians]
        if child.place != STAR_CLASS or story.wish.state is not State.ENROLLED or answered is None:
            continue
        comes = answered.weekdays == ALL_DAYS and not answered.extended and answered.leave_mode is LeaveMode.COLLECTED
        if comes and relations == [Relation.MOTHER, Relation.FATHER] and not _has_siblings(child, children):
            return child.guardians[0][1].person_id
    raise AssertionError("the star class has no such mother")


def _has_siblings(child: Child, children: list[Child]) -> bool:
    mother = child.guardians[0][1].person_id
    return any(one is not child and mother in {adult.person_id for _, adult in one.guardians} for one in children)
