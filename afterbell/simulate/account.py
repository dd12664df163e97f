"""The account of a simulated day: every child explained, every letter sent in time, and the ledger holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from care.custody.chain import CHAIN, CHILDREN
from care.custody.ledger import Flaw, verify
from care.day.close import open_children
from care.permissions import SYSTEM
from care.records import CareDay, Letter, LetterState
from care.school import School

LATE = timedelta(minutes=2)
"""A letter that went out so long after it was due is late."""


@dataclass(frozen=True)
class Letters:
    """What became of the letters of one kind."""

    kind: str
    sent: int
    late: int
    missed: int


@dataclass(frozen=True)
class Account:
    """``open_children`` are those of whom nobody knows where they are, or who are still with somebody of the school."""

    date: date
    children: dict[str, int]
    open_children: tuple[str, ...]
    closed: bool
    ledger: str
    letters: tuple[Letters, ...]
    deeds: dict[str, int]

    @property
    def holds(self) -> bool:
        """Whether the day went as it must."""
        missed = any(one.missed or one.late for one in self.letters)
        return self.closed and not self.open_children and not self.ledger and not missed

    def written(self) -> str:
        lines = [f"{self.date}: {sum(self.children.values())} children"]
        lines += [f"  {step:<12} {count}" for step, count in sorted(self.children.items())]
        lines += [f"  not accounted for: {name}" for name in self.open_children]
        lines.append("the day is closed and sealed" if self.closed else "THE DAY IS OPEN STILL")
        lines.append(f"THE LEDGER DOES NOT HOLD: {self.ledger}" if self.ledger else "the ledger holds")
        lines += [f"letters {one.kind}: {one.sent} sent, {one.late} late, {one.missed} missed" for one in self.letters]
        lines += [f"{what}: {count} times" for what, count in sorted(self.deeds.items())]
        return "\n".join(lines)


async def account_of(school: School, day: date, deeds: dict[str, int]) -> Account:
    """Reads the account out of the records alone."""
    async with school.look(SYSTEM) as uow:
        steps = (
            select(CHAIN.c.step)
            .join(CHILDREN, (CHILDREN.c.id == CHAIN.c.day_child_id) & (CHILDREN.c.last_seq == CHAIN.c.seq))
            .where(CHILDREN.c.date == day)
        )
        children = Counter(step.value for step in await uow.session.scalars(steps))
        care_day = await uow.session.get(CareDay, day)
        found = await verify(uow)
        still = await open_children(uow, day)
        letters = list(await uow.session.scalars(select(Letter).where(Letter.person_id.is_not(None))))
    return Account(
        date=day,
        children=dict(children),
        open_children=tuple(f"{child.name} {child.school_class}" for child in still),
        closed=care_day is not None and care_day.closed_at is not None,
        ledger=f"{found.table} {found.row}: {found.what}" if isinstance(found, Flaw) else "",
        letters=tuple(_of_kind(kind, letters) for kind in sorted({letter.kind for letter in letters})),
        deeds=dict(deeds),
    )


def _of_kind(kind: str, letters: list[Letter]) -> Letters:
    mine = [letter for letter in letters if letter.kind == kind]
    sent = [letter for letter in mine if letter.state is LetterState.SENT]
    gone = (LetterState.SENT, LetterState.LAPSED, LetterState.SUPERSEDED)
    late = sum(1 for letter in sent if letter.sent_at is not None and letter.sent_at - letter.due_at > LATE)
    return Letters(kind, len(sent), late, sum(1 for letter in mine if letter.state not in gone))
