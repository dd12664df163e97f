"""Students, their guardians and stop-lists, and the staff of the workbook."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from afterbell.roster.check import stopped
from afterbell.roster.people import People
from afterbell.roster.rows import GuardianCells, Roster, StaffRow, StudentRow
from afterbell.roster.work import Import
from care.agreement import same_name
from care.enrolment.apply import child_left
from care.pickup.stop_list import takes_hold
from care.records import Guardianship, Person, SchoolClass, StaffRole, StopListEntry, Student


async def store_students(work: Import, roster: Roster) -> None:
    work.people = await People.load(work)
    if "students" not in roster.sheets:
        return
    families = await Families.load(work)
    for row in roster.students:
        school_class = work.class_of(row.row, "school_class", row.place)
        if school_class is not None:
            families.store(row, school_class)
    listed = {row.student_no for row in roster.students}
    for number, student in sorted(families.students.items()):
        if number not in listed and student.left_on is None:
            work.tally.gone.append(f"student {student.name} ({number})")
    lonely = sum(not row.guardians and row.left_on is None for row in roster.students)
    if lonely:
        work.tally.notes.append(f"{lonely} students have no guardian in the file: nobody can apply for them")


class Families:
    """The children with their adults, as they are and as the workbook has them."""

    def __init__(self, work: Import, people: People) -> None:
        self.work = work
        self.people = people
        self.students: dict[str, Student] = {}
        self.guardians: defaultdict[str, list[Guardianship]] = defaultdict(list)
        self.stops: defaultdict[int, list[StopListEntry]] = defaultdict(list)

    @classmethod
    async def load(cls, work: Import) -> Families:
        session = work.uow.session
        families = cls(work, work.people)
        students = await session.scalars(select(Student).options(joinedload(Student.school_class)))
        families.students = {student.student_no: student for student in students}
        both = (joinedload(Guardianship.person), joinedload(Guardianship.student))
        for guardianship in await session.scalars(select(Guardianship).options(*both).order_by(Guardianship.id)):
            families.guardians[guardianship.student.student_no].append(guardianship)
        for stop in await session.scalars(select(StopListEntry).where(StopListEntry.ended_at.is_(None))):
            families.stops[stop.student_id].append(stop)
        return families

    def store(self, row: StudentRow, school_class: SchoolClass) -> None:
        student = self.students.get(row.student_no)
        before = list(self.guardians[row.student_no])
        if student is None:
            student = Student(name=row.name, student_no=row.student_no, school_class=school_class, left_on=row.left_on)
            self.work.uow.session.add(student)
            self.work.tally.add("students")
        elif self._another_child(row, student, before):
            self.work.wrong(
                row.row,
                "student_no",
                f"{row.student_no} is {student.name} in the database, with other guardians: check the number",
            )
            return
        else:
            self._change(row, student, school_class)
        for cells in row.guardians:
            self._store_guardian(row, student, cells, before)
        for guardianship in before:
            if not any(same_name(guardianship.person.name, cells.name) for cells in row.guardians):
                self.work.tally.gone.append(f"guardian {guardianship.person.name} of {row.name} ({row.student_no})")
        self._store_stops(row, student)

    def _another_child(self, row: StudentRow, student: Student, before: list[Guardianship]) -> bool:
        """A number typed wrongly would give a family's rights for one child to another family."""
        if same_name(row.name, student.name) or not before or not row.guardians:
            return False
        known = {g.person.phone for g in before if g.person.phone} | {g.person.name for g in before}
        return not any(cells.phone in known or cells.name in known for cells in row.guardians)

    def _change(self, row: StudentRow, student: Student, school_class: SchoolClass) -> None:
        changes = []
        if student.name != row.name:
            changes.append(f"{student.name} → {row.name}")
            student.name = row.name
        if student.school_class is not school_class:
            changes.append(f"{student.school_class.name} → {school_class.name}")
            student.school_class = school_class
        if student.left_on != row.left_on:
            changes.append(f"left on {row.left_on}" if row.left_on else f"back again (had left on {student.left_on})")
            student.left_on = row.left_on
        if row.left_on:
            self.work.left.append(student)
        if changes:
            self.work.event("student_changed", "student", student, changes=changes)
            self.work.tally.change("students", f"{row.name} ({row.student_no}): {', '.join(changes)}")
        else:
            self.work.tally.same("students")

    def _store_guardian(
        self, row: StudentRow, student: Student, cells: GuardianCells, before: list[Guardianship]
    ) -> None:
        person = self.people.guardian(row, cells, [guardianship.person for guardianship in before])
        if person is None:
            return
        restricted = stopped(row, cells.name)
        found = next((guardianship for guardianship in before if guardianship.person is person), None)
        if found is None:
            found = Guardianship(student=student, person=person, relation=cells.relation, restricted=restricted)
            self.work.uow.session.add(found)
            self.work.tally.add("guardians")
            if student.id is not None:
                self.work.event("guardian_added", "student", student, name=person.name)
            if restricted:
                self.work.tally.notes.append(f"{person.name} is on the stop-list of {row.name}: a restricted guardian")
            return
        changes = []
        if found.relation is not cells.relation:
            changes.append(f"{found.relation} → {cells.relation}")
            found.relation = cells.relation
        if restricted and not found.restricted:
            changes.append("restricted, being on the stop-list")
            found.restricted = True
            self.work.event("guardian_restricted", "student", student, name=person.name)
        if changes:
            self.work.tally.change("guardians", f"{person.name}, guardian of {row.name}: {', '.join(changes)}")
        else:
            self.work.tally.same("guardians")

    def _store_stops(self, row: StudentRow, student: Student) -> None:
        """Names are added, never ended: whoever may collect a child again is the office's decision."""
        stored = self.stops[student.id] if student.id is not None else []
        for name in row.stop:
            if any(same_name(name, stop.name) for stop in stored):
                self.work.tally.same("stop-list")
                continue
            self.work.add_stop(student, name, row)
            self.work.tally.add("stop-list")
        self.work.tally.gone += [
            f"stop-list of {row.name}: {stop.name}"
            for stop in stored
            if not any(same_name(stop.name, name) for name in row.stop)
        ]


async def stops_take_hold(work: Import) -> None:
    """Names that are new on a stop-list take hold as those from the console do."""
    await work.uow.session.flush()
    for student, entry in work.stops:
        await takes_hold(work.uow, student, entry)


async def store_left(work: Import) -> None:
    """Children who have left keep no place: it goes to the next on the waiting list."""
    class_ids = {student.school_class_id for student in work.left} | {changed.id for changed, _ in work.capacities}
    locked = select(SchoolClass.id).where(SchoolClass.id.in_(class_ids)).order_by(SchoolClass.id).with_for_update()
    await work.uow.session.execute(locked)  # all of them first and in one order, as whoever decides in bulk does
    for student in sorted(work.left, key=lambda one: one.id):
        if await child_left(work.uow, student, f"离校 left school {student.left_on}"):
            work.tally.notes.append(f"{student.name} has left: the application was taken out")


async def store_staff(work: Import, roster: Roster) -> None:
    if "staff" not in roster.sheets:
        return
    held = list(
        await work.uow.session.scalars(select(StaffRole).options(joinedload(StaffRole.person)).order_by(StaffRole.id))
    )
    listed: set[int] = set()
    for row in roster.staff:
        school_class = work.class_of(row.row, "school_class", row.place) if row.place else None
        person = work.people.staff(row, roster.staff, held)
        if person is None or (row.place and school_class is None):
            continue
        same = next((duty for duty in held if _is_same(duty, person, row, school_class)), None)
        if same is not None:
            listed.add(same.id)
            work.tally.same("duties")
            continue
        work.add_duty(person, row, school_class)
        work.tally.add("duties")
    work.tally.gone += [f"duty {duty.role} of {duty.person.name}" for duty in held if duty.id not in listed]


def _is_same(duty: StaffRole, person: Person, row: StaffRow, school_class: SchoolClass | None) -> bool:
    return (
        duty.person is person
        and duty.role is row.role
        and duty.grade == row.grade
        and duty.school_class_id == (school_class.id if school_class else None)
    )
