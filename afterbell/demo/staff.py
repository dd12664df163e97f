"""Who works at the demonstration school (S2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from afterbell.demo.book import Book, draw, local
from afterbell.demo.cast import CAST, STAR_CLASS
from afterbell.demo.names import adult_name
from care.records import Person, Role, StaffRole

SINCE = local(date(2026, 8, 24), 9)
MEMBERS = 6
OTHER_TEACHERS = 32

HEAD, OFFICE, HOMEROOM, GRADE_LEADER = "韩正诚", "乔月蓉", "尹若岚", "戴晓松"
"""The staff a visitor should try first; the teacher is the homeroom teacher of STAR_CLASS, the leader its grade's."""


@dataclass
class Staff:
    """People by duty, as (person id, name)."""

    head: tuple[int, str]
    office: tuple[int, str]
    deputies: list[tuple[int, str]] = field(default_factory=list)
    members: list[tuple[int, str]] = field(default_factory=list)
    homeroom: dict[tuple[int, int], tuple[int, str]] = field(default_factory=dict)
    leaders: dict[int, tuple[int, str]] = field(default_factory=dict)
    phones: dict[int, str] = field(default_factory=dict)


class Hiring:
    """Takes staff on: a person, then their duties (classes get their ids before people do)."""

    def __init__(self, book: Book, phones: Iterator[str]) -> None:
        self.book = book
        self.rng = draw("staff")
        self.phones = phones
        self.phone_of: dict[int, str] = {}
        self.taken = {kin.name for family in CAST for kin in family.kin} | {HEAD, OFFICE, HOMEROOM, GRADE_LEADER}

    def person(self, name: str = "") -> tuple[int, str]:
        name = name or adult_name(self.rng, self.rng.random() < 0.3, taken=self.taken)
        phone = next(self.phones)
        number = self.book.add(Person, name=name, phone=phone, language="zh_CN", created_at=SINCE)
        self.phone_of[number] = phone
        return number, name

    def duty(self, person_id: int, role: Role, grade: int | None = None, school_class_id: int | None = None) -> None:
        self.book.add(
            StaffRole, person_id=person_id, role=role, grade=grade, school_class_id=school_class_id, since=SINCE
        )

    def hire(self, role: Role, name: str = "") -> tuple[int, str]:
        person = self.person(name)
        self.duty(person[0], role)
        return person


def write_staff(book: Book, phones: Iterator[str], classes: dict[tuple[int, int], int]) -> Staff:
    """Homeroom teachers and grade leaders also take care duties, in turn with the other teachers."""
    hiring = Hiring(book, phones)
    staff = Staff(hiring.hire(Role.HEAD, HEAD), hiring.hire(Role.OFFICE, OFFICE), phones=hiring.phone_of)
    staff.deputies = [hiring.hire(Role.DEPUTY) for _ in range(2)]
    staff.members = [hiring.hire(Role.MEMBER) for _ in range(MEMBERS)]
    for grade in sorted({grade for grade, _ in classes}):
        leader = staff.leaders[grade] = hiring.person(GRADE_LEADER if grade == STAR_CLASS[0] else "")
        hiring.duty(leader[0], Role.GRADE_LEADER, grade=grade)
        hiring.duty(leader[0], Role.CARE_TEACHER)
    known = {kin.teaches: kin.name for family in CAST for kin in family.kin if kin.teaches} | {STAR_CLASS: HOMEROOM}
    for place, class_id in classes.items():
        teacher = staff.homeroom[place] = hiring.person(known.get(place, ""))
        hiring.duty(teacher[0], Role.HOMEROOM, school_class_id=class_id)
        hiring.duty(teacher[0], Role.CARE_TEACHER)
    for role, count in (
        (Role.CARE_TEACHER, OTHER_TEACHERS),
        (Role.LOGISTICS, 2),
        (Role.FINANCE, 2),
        (Role.SUPERVISOR, 1),
    ):
        for _ in range(count):
            hiring.hire(role)
    return staff
