"""Which person a name and a number in the workbook are: by the phone first, else by the name within the same child."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import select

from afterbell.roster.rows import GuardianCells, StaffRow, StudentRow
from afterbell.roster.workbook import Row
from care.agreement import same_name
from care.records import Contact, Person, StaffRole

if TYPE_CHECKING:
    from afterbell.roster.work import Import


class People:
    """Everybody by phone, with those whom this import adds."""

    def __init__(self, work: Import) -> None:
        self.work = work
        self.by_phone: defaultdict[str, list[Person]] = defaultdict(list)
        self.linked: set[int] = set()
        self.new_staff: dict[str, Person] = {}

    @classmethod
    async def load(cls, work: Import) -> People:
        people = cls(work)
        for person in await work.uow.session.scalars(select(Person).order_by(Person.id)):
            if person.phone:
                people.by_phone[person.phone].append(person)
        people.linked = set(await work.uow.session.scalars(select(Contact.person_id)))
        return people

    def guardian(self, row: StudentRow, cells: GuardianCells, of_child: list[Person]) -> Person | None:
        """None when a problem was noted."""
        namesake = next((person for person in of_child if same_name(person.name, cells.name)), None)
        return self._resolve(row.row, cells.field, cells.name, cells.phone, namesake, of_child)

    def staff(self, row: StaffRow, rows: list[StaffRow], held: list[StaffRole]) -> Person | None:
        """As in the file's other rows of that name; without a phone, the only one of the staff of that name."""
        phone = row.phone
        if not phone:
            phones = {other.phone for other in rows if same_name(other.name, row.name) and other.phone}
            if len(phones) > 1:
                self.work.wrong(row.row, "phone", f"there are several {row.name}: fill in the phone in every row")
                return None
            phone = next(iter(phones), "")
        known = {duty.person.id: duty.person for duty in held if same_name(duty.person.name, row.name)}
        namesakes = [person for person in known.values() if not phone or not person.phone or person.phone == phone]
        if not phone and len(namesakes) > 1:
            self.work.wrong(row.row, "phone", f"there are several {row.name} on the staff: fill in the phone")
            return None
        namesake = namesakes[0] if len(namesakes) == 1 else self.new_staff.get(row.name) if not phone else None
        on_staff = [duty.person for duty in held]
        person = self._resolve(row.row, "phone", row.name, phone, namesake, on_staff)
        if person is not None and person.id is None:
            self.new_staff[row.name] = person
        return person

    def _resolve(
        self, row: Row, field: str, name: str, phone: str, namesake: Person | None, near: list[Person]
    ) -> Person | None:
        """``near`` are those whom a corrected name may mean: the child's own guardians, or the staff."""
        owners = self.by_phone.get(phone, []) if phone else []
        if namesake is None and len(owners) == 1:
            return owners[0] if self._renamed(row, field, owners[0], name, near) else None
        if not owners or namesake in owners:
            person = namesake or self._new(name, phone)
            self._give_phone(person, phone)
            return person
        if namesake is not None and same_name(owners[0].name, name):
            self.work.tally.notes.append(f"{name} with {phone} is in the database twice: the two were not joined")
            return namesake
        others = ", ".join(dict.fromkeys(owner.name for owner in owners))
        self.work.wrong(row, field, f"{phone} belongs to {others} in the database: leave it empty for {name}")
        return None

    def _renamed(self, row: Row, field: str, person: Person, name: str, near: list[Person]) -> bool:
        """Takes a corrected name over. A quite different one may be another adult: refused, the chat has rights."""
        if same_name(person.name, name):
            return True
        if not _is_correction(person.name, name) and (person.id in self.linked or person not in near):
            self.work.wrong(
                row,
                field,
                f"{person.phone} belongs to {person.name} in the database: leave the phone empty for {name}, "
                "or write the name as it is there",
            )
            return False
        self.work.event("person_changed", "person", person, before=person.name, name=name)
        self.work.tally.change("people", f"{person.name} → {name} ({person.phone})")
        person.name = name
        return True

    def _give_phone(self, person: Person, phone: str) -> None:
        if not phone or person.phone == phone:
            return
        self.work.event("person_changed", "person", person, before=person.phone, phone=phone)
        self.work.tally.change("people", f"{person.name}: phone {person.phone or 'none'} → {phone}")
        if person.phone:
            self.by_phone[person.phone].remove(person)
        person.phone = phone
        self.by_phone[phone].append(person)

    def _new(self, name: str, phone: str) -> Person:
        person = Person(name=name, phone=phone or None, created_at=self.work.uow.now)
        self.work.uow.session.add(person)
        if phone:
            self.by_phone[phone].append(person)
        self.work.tally.add("people")
        return person


def _is_correction(old: str, new: str) -> bool:
    """One character of the given name differs, as when a name was typed wrongly."""
    return len(old) == len(new) > 1 and old[0] == new[0] and sum(a != b for a, b in zip(old, new, strict=True)) == 1
