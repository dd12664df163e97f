"""Whether the rows of one workbook agree with each other; what needs the database is checked while storing."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from afterbell.roster.problems import Problems
from afterbell.roster.rows import Roster, StudentRow
from afterbell.roster.workbook import Row
from care.agreement import same_name


def check(roster: Roster, problems: Problems) -> None:
    _once(problems, "this term", ((term.row, "name", term.name) for term in roster.terms))
    _once(problems, "this class", ((row.row, "number", row.place) for row in roster.classes))
    _once(problems, "this student number", ((row.row, "student_no", row.student_no) for row in roster.students))
    _once(problems, "this date", ((row.row, "first", row.date) for row in roster.days))
    _once(problems, "this text", ((row.row, "kind", (row.term, row.kind, row.language)) for row in roster.texts))
    duties = ((row.row, "role", (row.name, row.phone, row.role, row.grade, row.place)) for row in roster.staff)
    _once(problems, "this duty", duties)
    _one_phone_one_person(roster, problems)
    _waves_apart(roster, problems)


def _once(problems: Problems, what: str, keys: Iterable[tuple[Row, str, Hashable]]) -> None:
    seen: dict[Hashable, Row] = {}
    for row, field, key in keys:
        if key in seen:
            problems.add(f"{row.where(field)}: {what} is in row {seen[key].number} already: delete one of both")
        else:
            seen[key] = row


def _one_phone_one_person(roster: Roster, problems: Problems) -> None:
    """A number is how a family is known in the chat, so it may not stand for two adults."""
    seen: dict[str, tuple[str, str]] = {}
    for row, field, name, phone in _phones(roster):
        if not phone:
            continue
        other, where = seen.setdefault(phone, (name, row.where()))
        if not same_name(other, name):
            problems.add(
                f"{row.where(field)}: {phone} is the number of {other} in {where}, here of {name}: "
                "leave it with one of them and empty for the other"
            )


def _phones(roster: Roster) -> Iterable[tuple[Row, str, str, str]]:
    for teacher in roster.staff:
        yield teacher.row, "phone", teacher.name, teacher.phone
    for student in roster.students:
        for guardian in student.guardians:
            yield student.row, guardian.field, guardian.name, guardian.phone


def _waves_apart(roster: Roster, problems: Problems) -> None:
    seen: dict[tuple[str, int], int] = {}
    for wave in roster.waves:
        for grade in wave.grades:
            other = seen.setdefault((wave.term, grade), wave.row.number)
            if other != wave.row.number:
                problems.add(
                    f"{wave.row.where('grades')}: grade {grade} leaves with row {other} already: keep it in one"
                )


def stopped(student: StudentRow, name: str) -> bool:
    """Whether a guardian is on the child's own stop-list: told nothing and deciding nothing."""
    return any(same_name(name, other) for other in student.stop)
