"""What is to happen to each child of the afternoon, and the chain of custody that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import IntEnum, StrEnum

from afterbell import demo
from care.records import Holder, Step
from reliability.people import Somebody

DAY = date(2026, 11, 24)
"""The day after the demonstration's own afternoon, a Tuesday."""


class Part(IntEnum):
    """The afternoon's parts, in order. First the clock is moved and what is due goes out, then people act."""

    NOON = 0
    LEAVE = 1
    ROLL = 2
    CHASED = 3
    UNANSWERED = 4
    SHEETS = 5
    FIRST_REMINDERS = 6
    SECOND_REMINDERS = 7
    COUNT = 8
    FIRST_GATE = 9
    SECOND_GATE = 10
    LATE = 11
    ACADEMY = 12
    CLOSE = 13


AT = {
    Part.NOON: time(12, 1),
    Part.LEAVE: time(12, 31),
    Part.ROLL: time(14, 37),
    Part.CHASED: time(15, 46),
    Part.UNANSWERED: time(16, 2),
    Part.SHEETS: time(16, 31),
    Part.FIRST_REMINDERS: time(16, 41),
    Part.SECOND_REMINDERS: time(16, 56),
    Part.COUNT: time(17, 4),
    Part.FIRST_GATE: time(17, 11),
    Part.SECOND_GATE: time(17, 26),
    Part.LATE: time(17, 36),
    Part.ACADEMY: time(18, 1),
    Part.CLOSE: time(20, 5),
}
"""When each part begins, in school time: grades 1 and 2 stay until 17:10, 3 and 4 until 17:25, the academy until 18:30.
The roll of grades 3 and 4 is late by plan."""
DUE = (
    Part.NOON,
    Part.CHASED,
    Part.UNANSWERED,
    Part.SHEETS,
    Part.FIRST_REMINDERS,
    Part.SECOND_REMINDERS,
    Part.SECOND_GATE,
    Part.LATE,
    Part.ACADEMY,
    Part.CLOSE,
)
"""Parts at whose beginning a tick of the clock has something to write."""


def moment(part: Part) -> datetime:
    return datetime.combine(DAY, AT[part], demo.START.tzinfo)


class Fate(StrEnum):
    """What happens to a child."""

    CODE = "collected by code"
    OTHER = "collected by the other guardian, from the list"
    UNDONE = "given to the wrong one, taken back, given again"
    DISPUTED = "collected, and the family says that it is not right"
    LATE = "collected when the family has been called"
    STAYS = "stays for extended care"
    WITH_FAMILY = "missing: the family has the child"
    ASTRAY = "missing: the family does not have the child, who turns up"
    UNANSWERED = "missing: nobody answers, the duty lead finds out"
    LEAVE = "on leave since noon"


FIRST_WAVE = (
    Fate.CODE,
    Fate.UNDONE,
    Fate.STAYS,
    Fate.DISPUTED,
    Fate.WITH_FAMILY,
    Fate.ASTRAY,
    Fate.LATE,
    Fate.OTHER,
    Fate.LEAVE,
)
SECOND_WAVE = (Fate.OTHER, Fate.STAYS, Fate.UNANSWERED, Fate.CODE, Fate.LATE)
MISSING = (Fate.WITH_FAMILY, Fate.ASTRAY, Fate.UNANSWERED)
AWAY = (Fate.WITH_FAMILY, Fate.UNANSWERED, Fate.LEAVE)
"""Who is not here when the reminders go out."""


@dataclass(frozen=True)
class Child:
    """A child with its two guardians; the first one decides. ``wave`` is 1 or 2."""

    student_id: int
    name: str
    fate: Fate
    wave: int
    teacher: Somebody
    guardians: tuple[Somebody, Somebody]

    @property
    def is_here(self) -> bool:
        """Whether it is at school when care ends."""
        return self.fate not in AWAY

    @property
    def collector(self) -> Somebody:
        """Who has the child in the end."""
        return self.guardians[self.fate in (Fate.OTHER, Fate.UNDONE)]


@dataclass(frozen=True)
class Cast:
    """Who takes part. ``keeper`` keeps extended care, ``lead`` answers for the day; ``known`` are all who have a chat
    with the bot."""

    children: tuple[Child, ...]
    keeper: Somebody
    lead: Somebody
    known: tuple[Somebody, ...]

    @property
    def teachers(self) -> list[Somebody]:
        return list(dict.fromkeys(child.teacher for child in self.children))

    def of(self, teacher: Somebody) -> list[Child]:
        return [child for child in self.children if child.teacher == teacher]


Link = tuple[Step, Holder, int | None, int | None]
"""A step, what kind of side has the child after it, who that is, and who said so (None: the clock)."""


def chain_of(child: Child, cast: Cast) -> list[Link]:
    """The links that must be there, and no others."""
    teacher, lead = child.teacher.person_id, cast.lead.person_id
    first = child.guardians[0].person_id
    chain: list[Link] = [(Step.EXPECTED, Holder.TEACHER, teacher, None)]
    if child.fate is Fate.LEAVE:
        return [*chain, (Step.LEAVE, Holder.FAMILY, None, first)]
    chain.append((Step.PRESENT, Holder.TEACHER, teacher, teacher))
    if child.fate in MISSING:
        chain.append((Step.ABSENT, Holder.NOBODY, None, teacher))
    if child.fate is Fate.WITH_FAMILY:
        return [*chain, (Step.EXPLAINED, Holder.ADULT, first, first)]
    if child.fate is Fate.UNANSWERED:
        return [*chain, (Step.EXPLAINED, Holder.FAMILY, None, lead)]
    if child.fate is Fate.ASTRAY:
        chain.append((Step.PRESENT, Holder.TEACHER, teacher, teacher))
    gives = teacher
    if child.fate is Fate.STAYS:
        gives = cast.keeper.person_id
        chain.append((Step.HANDED_OVER, Holder.TEACHER, gives, gives))
    out: Link = (Step.LINED_OUT, Holder.TEACHER, gives, gives)
    if child.fate is Fate.UNDONE:
        wrong = (Step.RELEASED, Holder.ADULT, first, gives)
        chain += [out, wrong, (Step.UNDONE, Holder.TEACHER, gives, gives)]
    return [*chain, out, (Step.RELEASED, Holder.ADULT, child.collector.person_id, gives)]
