"""People, their chats, their duties, and the children they belong to."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from care.records.base import Record, key, word


class Role(StrEnum):
    """The duties of the plan (S2); ``office`` is the clerk who runs the console."""

    HEAD = "head"
    DEPUTY = "deputy"
    MEMBER = "member"
    OFFICE = "office"
    GRADE_LEADER = "grade_leader"
    HOMEROOM = "homeroom"
    CARE_TEACHER = "care_teacher"
    LOGISTICS = "logistics"
    FINANCE = "finance"
    COMMITTEE = "committee"
    SUPERVISOR = "supervisor"


class Relation(StrEnum):
    """What an adult is to the child."""

    MOTHER = "mother"
    FATHER = "father"
    GRANDMOTHER = "grandmother"
    GRANDFATHER = "grandfather"
    AUNT = "aunt"
    UNCLE = "uncle"
    SIBLING = "sibling"
    NANNY = "nanny"
    GUARDIAN = "guardian"
    OTHER = "other"


class Reach(StrEnum):
    """Whether a chat can be written to."""

    REACHABLE = "reachable"
    BLOCKED = "blocked"
    GONE = "gone"


class Person(Record):
    """An adult. ``phone`` is as it is dialled from the school: digits, with ``+`` and country code if abroad."""

    __tablename__ = "person"
    id: Mapped[int] = key()
    name: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str | None] = mapped_column(String(20), index=True)
    language: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[datetime]


class Contact(Record):
    """A chat by which a person is reached. One chat belongs to one person."""

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("channel", "chat_id"),)
    id: Mapped[int] = key()
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    chat_id: Mapped[int] = mapped_column(BigInteger)
    reach: Mapped[Reach] = mapped_column(word(Reach), default=Reach.REACHABLE)
    linked_at: Mapped[datetime]
    linked_by: Mapped[str] = mapped_column(String(16))


class StaffRole(Record):
    """A duty somebody holds: for a grade (grade leader), for a class (homeroom), or for the whole school."""

    __tablename__ = "staff_role"
    __table_args__ = (UniqueConstraint("person_id", "role", "grade", "school_class_id"),)
    id: Mapped[int] = key()
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[Role] = mapped_column(word(Role))
    grade: Mapped[int | None]
    school_class_id: Mapped[int | None] = mapped_column(ForeignKey("school_class.id"), index=True)
    since: Mapped[datetime]
    person: Mapped[Person] = relationship(lazy="raise")


class SchoolClass(Record):
    """A class of the school year; ``capacity`` is the places it has in after-school care."""

    __tablename__ = "school_class"
    __table_args__ = (UniqueConstraint("grade", "number"),)
    id: Mapped[int] = key()
    grade: Mapped[int]
    number: Mapped[int]
    capacity: Mapped[int]

    @property
    def name(self) -> str:
        """As the school writes it: 2(3)."""
        return f"{self.grade}({self.number})"


class Student(Record):
    """A child of the school. Least data: a name, a number, a class."""

    __tablename__ = "student"
    __table_args__ = (Index("ix_student_class_name", "school_class_id", "name"),)
    id: Mapped[int] = key()
    name: Mapped[str] = mapped_column(String(80), index=True)
    student_no: Mapped[str] = mapped_column(String(20), unique=True)
    school_class_id: Mapped[int] = mapped_column(ForeignKey("school_class.id"))
    left_on: Mapped[date | None]
    school_class: Mapped[SchoolClass] = relationship(lazy="raise")


class Guardianship(Record):
    """An adult with rights for a child. A restricted guardian may be told nothing and decide nothing (court order)."""

    __tablename__ = "guardianship"
    __table_args__ = (UniqueConstraint("student_id", "person_id"),)
    id: Mapped[int] = key()
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    relation: Mapped[Relation] = mapped_column(word(Relation))
    restricted: Mapped[bool] = mapped_column(default=False)
    student: Mapped[Student] = relationship(lazy="raise")
    person: Mapped[Person] = relationship(lazy="raise")


class StopListEntry(Record):
    """An adult who must not collect the child."""

    __tablename__ = "stop_list"
    id: Mapped[int] = key()
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    added_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Slip(Record):
    """A one-time code on paper that ties a chat to a person: a guardian of a child, or a member of staff.

    The code itself is not stored: it is made from the school's key and this row's id; ``code_hash`` finds it.
    """

    __tablename__ = "slip"
    id: Mapped[int] = key()
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    guardianship_id: Mapped[int | None] = mapped_column(ForeignKey("guardianship.id"), index=True)
    code_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    withdrawn_at: Mapped[datetime | None]


class WrongCode(Record):
    """A wrong try at a code from one chat; ten in an hour cut the chat off for the rest of it."""

    __tablename__ = "wrong_code"
    __table_args__ = (Index("ix_wrong_code_chat", "channel", "chat_id", "at"),)
    id: Mapped[int] = key()
    channel: Mapped[str] = mapped_column(String(20))
    chat_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
