"""What a paper is told: plain values in the words of the reader. Papers decide on layout, never on facts.

Everything here is text as it will be read (a date as the school writes it, a relation by its name). Only
``printed_at`` is an instant, in the school's zone: it is printed and is the creation time of the file, so that the same
contents give the same bytes. An empty text is printed as a dash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PickupPerson:
    """An adult the guardian lists for collecting the child."""

    name: str
    relation: str
    phone: str


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One step of an application: when, by whom, what, and the remark or reason given."""

    at: str
    who: str
    what: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class ApplicationPaper:
    """The guardian's written application with the school's decisions on it (S1, S5)."""

    school: str
    term: str
    number: str
    student: str
    student_no: str
    school_class: str
    guardian: str
    relation: str
    phone: str
    submitted_on: str
    state: str
    answers: tuple[tuple[str, str], ...]
    pickup: tuple[PickupPerson, ...]
    criteria_version: str
    timeline: tuple[TimelineEntry, ...]
    printed_at: datetime


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed an agreement, when, how (typed name and code, drawn, on paper) and through which channel."""

    typed_name: str
    signed_at: str
    how: str
    channel: str


@dataclass(frozen=True, slots=True)
class AgreementPaper:
    """The agreement between school and guardian, signed or still to be signed (S7).

    In ``body`` a line starting with ``# `` is a heading (``## `` a smaller one), ``- `` a bullet; lines that start with
    a number (``1.``, ``1、``, ``（一）``) hang; an empty line is a gap. ``text_sha256`` is the hash of the text signed.
    """

    school: str
    term: str
    number: str
    student: str
    school_class: str
    guardian: str
    relation: str
    title: str
    body: str
    version: str
    text_sha256: str
    signed: Signature | None
    weekdays: str
    times: str
    venue: str
    printed_at: datetime


@dataclass(frozen=True, slots=True)
class SheetAdult:
    """An adult on a child's list. ``today``: who comes today, as the family says; ``delegate``: for today only;
    ``stopped``: must not collect the child, whatever list it stands on."""

    name: str
    relation: str
    phone: str
    today: bool = False
    delegate: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class SheetChild:
    """A row of the day sheet. ``gone``: nobody has to collect the child any more. ``plan``: whom the family named for
    today, where that adult stands on no list of the child (any more)."""

    number: str
    name: str
    school_class: str
    state: str
    gone: bool
    alone: bool
    extended: bool
    plan: str
    adults: tuple[SheetAdult, ...]


@dataclass(frozen=True, slots=True)
class DaySheetPaper:
    """What a teacher needs to give the children of a session to the right adults without power or network (S10, S14).

    ``group`` names the class, or extended care. ``seal`` is the ledger's last seal, as it stood when this was printed.
    """

    school: str
    group: str
    date: str
    times: str
    venue: str
    gate: str
    teacher: str
    lead: str
    lead_phone: str
    seal: str
    children: tuple[SheetChild, ...]
    printed_by: str
    printed_at: datetime


@dataclass(frozen=True, slots=True)
class Slip:
    """The invitation a guardian takes home: ``link`` goes into the QR square, ``address`` is the same place to type."""

    school: str
    student: str
    school_class: str
    guardian: str
    relation: str
    link: str
    address: str
    code: str
    valid_until: str
    printed_at: datetime


@dataclass(frozen=True, slots=True)
class CollectedChild:
    """A child on a pick-up slip: when and by which gate it leaves."""

    name: str
    school_class: str
    time: str
    gate: str


@dataclass(frozen=True, slots=True)
class PickupPaper:
    """What an adult without the chat takes to the gate: valid on one date. ``link`` goes into the QR square."""

    school: str
    number: str
    day: str
    adult: str
    relation: str
    children: tuple[CollectedChild, ...]
    code: str
    link: str
    printed_at: datetime
