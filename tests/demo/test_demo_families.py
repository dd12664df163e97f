"""Children and the adults they belong to: the usual, and the families that need care of their own."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from afterbell.demo import SCHOOL_NAME
from care.people import clean_name, normal_phone
from care.records import (
    Application,
    Event,
    Guardianship,
    Person,
    PickupPerson,
    Relation,
    Role,
    SchoolClass,
    Slip,
    StaffRole,
    StopListEntry,
    Student,
    TermText,
)

REAL = {
    "c78aa81602f3747d3627287deae0e0a0e8134da566a2bda957e7601978739e44",
    "6c737589927e4dd290a4fe0ef1b9f042f690ad4b7fd8b830a2ab970f280cd32f",
    "2da1b03a6304ee830c8174d9cdefbd0b7ce6c1901f287c99737fc9ee9c708dd8",
    "65ba6f8d2a285bf8b4275cfcb357c5a585a7243e13b70de51e8934ae0730c191",
    "fdcb37f0e07e15723d858f9bd9e891c37b0bb00955dbe2e8a841a680edb47f5b",
    "9a3efc7a86a2fd4f26ecbb8c201c4e251c689c33b924b3f661654ac2ba8754fb",
    "045e39d95081f68380730dae65efd206ad077fdb8af307ae849ab12930133b41",
    "6a92f0bc803812579e4e5eb0252333b3257e74393d14f7e897fef5e65877831a",
    "0efe2b2dfd42c9b1550123de3c154fb25dc1aef58cc8da0d83a9027674e4d3f0",
    "acf8ab841cb40bc015b5cadada3ee94c11291d8e0aded66c049bce0a3d3e9a28",
}
"""Hashes of the names of the people in the plan the product follows, and of its school: none may occur here."""


def child(db: Session, name: str) -> Student:
    return db.scalars(select(Student).where(Student.name == name)).one()


def kin(db: Session, student: Student) -> dict[Relation, tuple[Guardianship, Person]]:
    query = select(Guardianship, Person).join(Person).where(Guardianship.student_id == student.id)
    return {guardianship.relation: (guardianship, person) for guardianship, person in db.execute(query)}


def pieces(text: str) -> Iterator[str]:
    for length in (2, 3, 4):
        for start in range(len(text) - length + 1):
            yield text[start : start + length]


def test_1440_children_with_a_number_each_and_at_least_one_guardian(db: Session) -> None:
    students = db.scalars(select(Student)).all()
    assert len(students) == 1440
    assert len({s.student_no for s in students}) == 1440
    guarded = set(db.scalars(select(Guardianship.student_id).where(Guardianship.restricted.is_(False))))
    assert guarded == {s.id for s in students}


def test_families_differ(db: Session) -> None:
    by_child: defaultdict[int, set[Relation]] = defaultdict(set)
    for student_id, relation in db.execute(select(Guardianship.student_id, Guardianship.relation)):
        by_child[student_id].add(relation)
    kinds = Counter(frozenset(relations) for relations in by_child.values())
    both = kinds[frozenset({Relation.MOTHER, Relation.FATHER})]
    assert 0.75 < both / 1440 < 0.92
    assert kinds[frozenset({Relation.MOTHER})] > 20
    assert kinds[frozenset({Relation.FATHER})] > 10
    assert kinds[frozenset({Relation.GRANDMOTHER, Relation.GRANDFATHER})] > 10


def test_siblings_in_other_grades_and_twins_in_one_class(db: Session) -> None:
    query = select(Guardianship.person_id, Student.school_class_id, SchoolClass.grade)
    by_person: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    query = query.select_from(Guardianship).join(Student).join(SchoolClass)
    for person_id, class_id, grade in db.execute(query):
        by_person[person_id].append((class_id, grade))
    pairs = [children for children in by_person.values() if len(children) == 2]
    assert sum(1 for (a, _), (b, _) in pairs if a == b) >= 6
    assert sum(1 for (_, a), (_, b) in pairs if a != b) >= 90


def test_phones_are_well_formed_and_nobody_shares_one(db: Session) -> None:
    phones = [phone or "" for phone in db.scalars(select(Person.phone))]
    assert all(len(p) == 11 and p.startswith("1990000") and normal_phone(p) == p for p in phones)
    assert len(set(phones)) == len(phones)
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for name, phone in db.execute(select(PickupPerson.name, PickupPerson.phone)):
        owners[phone].add(name)
    assert all(len(names) == 1 for names in owners.values())


def test_names_can_be_typed_and_stand_once_in_a_class_but_for_the_pair(db: Session) -> None:
    assert all(clean_name(name) == name for name in db.scalars(select(Person.name)))
    seen = Counter(tuple(row) for row in db.execute(select(Student.school_class_id, Student.name)))
    twice = [key for key, count in seen.items() if count > 1]
    assert [name for _, name in twice] == ["王梓涵"]
    pair = db.scalars(select(Student).where(Student.name == "王梓涵", Student.school_class_id == twice[0][0])).all()
    assert len({s.student_no for s in pair}) == 2
    assert not {p.id for _, p in kin(db, pair[0]).values()} & {p.id for _, p in kin(db, pair[1]).values()}


def test_the_separated_father_is_restricted_stopped_and_has_no_slip(db: Session) -> None:
    student = child(db, "许沐言")
    guardianship, father = kin(db, student)[Relation.FATHER]
    assert guardianship.restricted
    entry = db.scalars(select(StopListEntry)).one()
    assert (entry.student_id, entry.name, entry.phone, entry.ended_at) == (
        student.id,
        father.name,
        father.phone,
        None,
    )
    assert entry.reason
    assert db.scalars(select(Slip).where(Slip.person_id == father.id)).all() == []
    named = select(PickupPerson.phone).join(Application).where(Application.student_id == student.id)
    assert father.phone not in db.scalars(named).all()
    assert db.scalars(select(Guardianship).where(Guardianship.restricted)).all() == [guardianship]


def test_rare_characters_middle_dots_and_latin_names(db: Session) -> None:
    names = [*db.scalars(select(Student.name)), *db.scalars(select(Person.name))]
    everything = "".join(names)
    assert all(char in everything for char in "𬎆㛃堃喆䶮祎𫖯犇·")
    assert child(db, "热依娜·图尔逊")
    mother = kin(db, child(db, "Theo Ashworth"))[Relation.MOTHER][1]
    assert (mother.name, mother.language) == ("Clara Ashworth", "en")


def test_a_teacher_and_committee_members_are_parents_too(db: Session) -> None:
    mother = kin(db, child(db, "何书宁"))[Relation.MOTHER][1]
    home = db.scalars(select(StaffRole).where(StaffRole.person_id == mother.id, StaffRole.role == Role.HOMEROOM)).one()
    assert home.school_class_id != child(db, "何书宁").school_class_id
    committee = set(db.scalars(select(StaffRole.person_id).where(StaffRole.role == Role.COMMITTEE)))
    assert committee <= set(db.scalars(select(Guardianship.person_id)))


def test_nobody_of_the_plan_occurs(db: Session) -> None:
    words = {
        *db.scalars(select(Student.name)),
        *db.scalars(select(Person.name)),
        *db.scalars(select(PickupPerson.name)),
        *db.scalars(select(StopListEntry.name)),
        *db.scalars(select(Event.actor_name)),
        *db.scalars(select(TermText.body)),
        *SCHOOL_NAME.values(),
    }
    found = {piece for word in words for piece in pieces(word)}
    assert not [piece for piece in found if hashlib.sha256(piece.encode()).hexdigest() in REAL]
