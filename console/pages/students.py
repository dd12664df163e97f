"""The roster: looking up a child, its guardians and the stop-list; printing slips."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from care.classes import all_classes
from care.linking import unlink
from care.permissions import Permission
from care.records.people import SchoolClass, Student
from care.students import StudentRow, search_students
from console.door import Page, Visit, number, query_string

PAGE_SIZE = 50


@dataclass(frozen=True)
class Wanted:
    words: str
    class_id: int | None
    page: int

    def query(self, page: int | None = None) -> str:
        return query_string(q=self.words, class_=self.class_id, page=page if page and page > 1 else None)


@dataclass(frozen=True)
class StudentRowView:
    student: StudentRow
    may_print: bool


@dataclass(frozen=True)
class StudentsView:
    wanted: Wanted
    rows: tuple[StudentRowView, ...]
    total: int
    pages: int
    classes: tuple[SchoolClass, ...]
    print_class: SchoolClass | None
    may_stop: bool


async def show(visit: Visit) -> Response:
    params = visit.request.query_params
    wanted = Wanted(
        words=params.get("q", "").strip()[:80],
        class_id=number(params.get("class"), 1),
        page=number(params.get("page"), 1, 100_000) or 1,
    )
    actor = visit.actor
    async with visit.looking() as uow:
        found, total = await search_students(
            uow, wanted.words, wanted.class_id, (wanted.page - 1) * PAGE_SIZE, PAGE_SIZE
        )
        classes = [c for c in await all_classes(uow) if actor.may_for(Permission.SEE_STUDENTS, c.grade, c.id)]
    printable = [c for c in classes if actor.may_for(Permission.PRINT_SLIPS, c.grade, c.id)]
    view = StudentsView(
        wanted=wanted,
        rows=tuple(StudentRowView(s, actor.may_for(Permission.PRINT_SLIPS, s.grade, s.class_id)) for s in found),
        total=total,
        pages=max(1, -(-total // PAGE_SIZE)),
        classes=tuple(classes),
        print_class=next((c for c in printable if c.id == wanted.class_id), None),
        may_stop=actor.may(Permission.MANAGE_STOP_LIST),
    )
    return visit.page("students/list.html", view)


async def cut_off(visit: Visit) -> Response:
    """Cuts a guardian's chats off; they need a new slip."""
    async with visit.working() as uow:
        student_id = await unlink(uow, visit.id)
        student = await uow.session.get_one(Student, student_id)
    return visit.go("/students" + query_string(q=student.student_no))


PAGES = [
    Page("/students", get=show, right=Permission.SEE_STUDENTS),
    Page("/guardians/{id:int}/unlink", post=cut_off, right=Permission.PRINT_SLIPS),
]
