"""1,440 children and the adults they belong to: two parents for most, but not for all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random

from afterbell.demo.book import Book, draw, local
from afterbell.demo.cast import CAST, CastFamily, Kin
from afterbell.demo.names import adult_name, child_name, surname
from afterbell.demo.staff import Staff
from afterbell.demo.term import SEATS
from care.records import Guardianship, Person, Relation, Role, StaffRole, StopListEntry, Student

ROSTER_READ = local(date(2026, 8, 25), 10)
SIBLING_PAIRS = 90
TWIN_PAIRS = 5

M, F, GM, GF = Relation.MOTHER, Relation.FATHER, Relation.GRANDMOTHER, Relation.GRANDFATHER
SHAPES: tuple[tuple[tuple[Relation, ...], int], ...] = (
    ((M, F), 84),
    ((M,), 6),
    ((F,), 3),
    ((M, GM), 3),
    ((GM, GF), 3),
    ((GM,), 1),
)
"""Who has rights for a child, and how many of a hundred families are so."""

Place = tuple[int, int]


@dataclass(frozen=True)
class Adult:
    person_id: int
    name: str
    phone: str
    relation: Relation
    restricted: bool = False


@dataclass
class Child:
    student_id: int
    name: str
    place: Place
    guardians: list[tuple[int, Adult]]
    """(guardianship id, adult)."""
    wish: str = ""
    """Set for the cast: what becomes of this child's application. Empty: chance decides."""

    @property
    def free_guardians(self) -> list[tuple[int, Adult]]:
        """Those whom nothing restricts."""
        return [pair for pair in self.guardians if not pair[1].restricted]


@dataclass
class Families:
    children: list[Child] = field(default_factory=list)
    stars: dict[str, int] = field(default_factory=dict)
    """Person ids of the cast's stars."""


@dataclass
class _Seat:
    """A place in a class before its child is known. ``family`` is shared by siblings."""

    place: Place
    family: _Family | None = None
    name: str = ""


@dataclass
class _Family:
    surname: str
    cast: CastFamily | None = None
    adults: list[Adult] = field(default_factory=list)


def write_families(book: Book, phones: Iterator[str], classes: dict[Place, int], staff: Staff) -> Families:
    rng = draw("families")
    seats = _seat_all(rng, list(classes))
    families = Families()
    for place, row in seats.items():
        taken = {seat.name for seat in row if seat.name}
        for number, seat in enumerate(row, start=1):
            family = seat.family or _Family(surname(rng))
            if not family.adults:
                _write_adults(book, rng, phones, family, staff, families)
            name = seat.name or child_name(rng, family.surname, rng.random() < 0.52, taken)
            student_no = f"{2027 - place[0]}{place[1]:02d}{number:02d}"
            families.children.append(_write_child(book, name, student_no, place, classes[place], family, staff))
    return families


def _seat_all(rng: Random, places: list[Place]) -> dict[Place, list[_Seat]]:
    """Every class's seats in drawn order, with the cast, siblings and twins in theirs."""
    seats = {place: [_Seat(place) for _ in range(SEATS)] for place in places}
    free = {place: list(row) for place, row in seats.items()}
    for cast in CAST:
        family = _Family(cast.kids[0].name[0], cast)
        for kid in cast.kids:
            seat = free[kid.grade, kid.number].pop()
            seat.family, seat.name = family, kid.name
    for _ in range(SIBLING_PAIRS):
        elder, younger = _two_grades(rng, places)
        family = _Family(surname(rng))
        free[elder].pop().family = free[younger].pop().family = family
    for place in rng.sample(places, TWIN_PAIRS):
        family = _Family(surname(rng))
        free[place].pop().family = free[place].pop().family = family
    for row in seats.values():
        rng.shuffle(row)
    return seats


def _two_grades(rng: Random, places: list[Place]) -> tuple[Place, Place]:
    one, two = rng.sample(places, 2)
    while one[0] == two[0]:
        one, two = rng.sample(places, 2)
    return one, two


def _write_adults(
    book: Book, rng: Random, phones: Iterator[str], family: _Family, staff: Staff, families: Families
) -> None:
    if family.cast:
        for kin in family.cast.kin:
            family.adults.append(_write_kin(book, phones, kin, staff, families))
        return
    shape = rng.choices([kinds for kinds, _ in SHAPES], [weight for _, weight in SHAPES])[0]
    for relation in shape:
        man = relation in (F, GF)
        name = adult_name(rng, man, family.surname if man else "")
        family.adults.append(_write_person(book, phones, name, relation))


def _write_person(
    book: Book, phones: Iterator[str], name: str, relation: Relation, restricted: bool = False, language: str = ""
) -> Adult:
    phone = next(phones)
    number = book.add(Person, name=name, phone=phone, language=language or None, created_at=ROSTER_READ)
    return Adult(number, name, phone, relation, restricted)


def _write_kin(book: Book, phones: Iterator[str], kin: Kin, staff: Staff, families: Families) -> Adult:
    """A guardian of the cast; one who teaches here is on the staff already."""
    if kin.teaches:
        number, name = staff.homeroom[kin.teaches]
        return Adult(number, name, staff.phones[number], kin.relation)
    adult = _write_person(book, phones, kin.name, kin.relation, kin.restricted, kin.language or "")
    if kin.committee:
        book.add(
            StaffRole,
            person_id=adult.person_id,
            role=Role.COMMITTEE,
            grade=None,
            school_class_id=None,
            since=ROSTER_READ,
        )
    if kin.star:
        families.stars[kin.star] = adult.person_id
    return adult


def _write_child(
    book: Book, name: str, student_no: str, place: Place, class_id: int, family: _Family, staff: Staff
) -> Child:
    student_id = book.add(Student, name=name, student_no=student_no, school_class_id=class_id, left_on=None)
    child = Child(student_id, name, place, [], family.cast.wish if family.cast else "")
    for adult in family.adults:
        number = book.add(
            Guardianship,
            student_id=student_id,
            person_id=adult.person_id,
            relation=adult.relation,
            restricted=adult.restricted,
        )
        child.guardians.append((number, adult))
        if adult.restricted and family.cast:
            book.add(
                StopListEntry,
                student_id=student_id,
                name=adult.name,
                phone=adult.phone,
                reason=family.cast.stop_reason,
                added_by=staff.office[0],
                added_at=ROSTER_READ,
                ended_at=None,
            )
    return child
