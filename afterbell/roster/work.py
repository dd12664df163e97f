"""What the parts of one import share: the transaction, the problems, the tally, and the classes by their name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from afterbell.roster.people import People
from afterbell.roster.problems import Problems
from afterbell.roster.rows import Place, StaffRow, StudentRow
from afterbell.roster.tally import Tally
from afterbell.roster.workbook import Row
from care.records import Person, SchoolClass, StaffRole, StopListEntry, Student, Term
from care.work import UnitOfWork


class HasId(Protocol):
    @property
    def id(self) -> int: ...


@dataclass
class Import:
    uow: UnitOfWork
    problems: Problems
    tally: Tally
    classes: dict[Place, SchoolClass] = field(default_factory=dict)
    capacities: list[tuple[SchoolClass, int]] = field(default_factory=list)
    """Classes whose places change, and to how many."""
    left: list[Student] = field(default_factory=list)
    """Children who have left the school."""
    stops: list[tuple[Student, StopListEntry]] = field(default_factory=list)
    """Who is named on a child's stop-list for the first time."""
    terms: dict[str, Term] = field(default_factory=dict)
    people: People = field(init=False)
    _later: list[Callable[[], None]] = field(default_factory=list)

    def wrong(self, row: Row, field: str, words: str) -> None:
        self.problems.add(f"{row.where(field)}: {words}")

    def class_of(self, row: Row, field: str, place: Place) -> SchoolClass | None:
        found = self.classes.get(place)
        if found is None:
            self.wrong(row, field, f"there is no class {place[0]}({place[1]}): add it to the sheet 班级 Classes")
        return found

    def term_of(self, row: Row, name: str, in_file: list[str]) -> Term | None:
        """The term a row belongs to: the named one, or the only one of the file, or the only one there is."""
        names = [name] if name else in_file if in_file else list(self.terms)
        if len(names) == 1 and names[0] in self.terms:
            return self.terms[names[0]]
        if name:
            self.wrong(row, "term", f"there is no term {name!r}: write its name as in the sheet 学期 Term")
        elif not names:
            self.wrong(row, "", "there is no term yet: add the sheet 学期 Term")
        else:
            self.wrong(row, "", "there are several terms: add a column 学期 Term that says which one is meant")
        return None

    def later(self, do: Callable[[], None]) -> None:
        """Does something when every record has its id."""
        self._later.append(do)

    def event(self, action: str, subject: str, of: HasId, **data: Any) -> None:
        """Notes an audit event."""
        self.later(lambda: self.uow.record(action, subject, of.id, **data))

    def add_stop(self, student: Student, name: str, row: StudentRow) -> None:
        def add() -> None:
            entry = StopListEntry(student_id=student.id, name=name, reason=row.stop_reason, added_at=self.uow.now)
            self.uow.session.add(entry)
            self.stops.append((student, entry))

        self.later(add)
        self.event("stop_added", "student", student, name=name)

    def add_duty(self, person: Person, row: StaffRow, school_class: SchoolClass | None) -> None:
        class_id = school_class.id if school_class else None
        duty = StaffRole(person=person, role=row.role, grade=row.grade, school_class_id=class_id, since=self.uow.now)
        self.uow.session.add(duty)
        self.event("duty_added", "person", person, role=row.role.value, grade=row.grade, school_class_id=class_id)

    def finish(self) -> None:
        for do in self._later:
            do()
