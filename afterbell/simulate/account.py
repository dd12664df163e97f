"""The account of a simulated day: every child explained, every letter sent in time, and the ledger holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median

from sqlalchemy import func, select

from afterbell.simulate.town import Town
from care.custody.chain import CHAIN, CHILDREN
from care.custody.ledger import Flaw, verify
from care.day.close import open_children
from care.permissions import SYSTEM
from care.records import Alarm, AlarmKind, CareDay, CareSession, DayChild, InboxState, Letter, LetterState, Update
from care.records.delivery import TOO_LATE

LATE = timedelta(minutes=2)
"""A letter that went out so long after it was due is late."""


@dataclass(frozen=True)
class Letters:
    """What became of the letters of one kind. ``unreachable``: the receiver had blocked the bot; a letter that was not
    needed any more when its time came is none of these."""

    kind: str
    sent: int
    late: int
    missed: int
    unreachable: int = 0


@dataclass(frozen=True)
class Rolls:
    """``acts``: how many taps and typed commands each roll took, slips of the finger aside."""

    expected: int
    done: int
    acts: tuple[int, ...]

    def written(self) -> str:
        taps = f"{median(self.acts):g} taps at the median, {max(self.acts)} at most" if self.acts else "no taps"
        return f"rolls: {self.done} of {self.expected} done, {taps}"


@dataclass(frozen=True)
class Account:
    """``open_children`` are those of whom nobody knows where they are, or who are still with somebody of the school.
    ``alarms``: by kind, how many were raised and how many of them nobody has closed."""

    date: date
    children: dict[str, int]
    open_children: tuple[str, ...]
    closed: bool
    ledger: str
    letters: tuple[Letters, ...]
    deeds: dict[str, int]
    alarms: dict[str, tuple[int, int]] = field(default_factory=dict)
    rolls: Rolls = Rolls(0, 0, ())
    acts: int = 0
    double_taps: int = 0
    broken: int = 0
    """Updates that the bot could not handle."""

    @property
    def holds(self) -> bool:
        """Whether the day went as it must."""
        missed = any(one.missed or one.late for one in self.letters)
        alarms = any(left for _, left in self.alarms.values())
        rolls = self.rolls.done < self.rolls.expected
        wrong = missed or alarms or rolls or self.broken or self.open_children or self.ledger
        return self.closed and not wrong

    def written(self) -> str:
        lines = [f"{self.date}: {sum(self.children.values())} children"]
        lines += [f"  {step:<12} {count}" for step, count in sorted(self.children.items())]
        lines += [f"  not accounted for: {name}" for name in self.open_children]
        lines.append("the day is closed and sealed" if self.closed else "THE DAY IS OPEN STILL")
        lines.append(f"THE LEDGER DOES NOT HOLD: {self.ledger}" if self.ledger else "the ledger holds")
        lines.append(self.rolls.written())
        lines.append(f"taps and typed messages: {self.acts}, {self.double_taps} of them double taps")
        if self.broken:
            lines.append(f"UPDATES THAT COULD NOT BE HANDLED: {self.broken}")
        lines += ["", f"{'alarms':<26}{'raised':>8}{'open':>8}"]
        lines += [f"  {kind:<24}{raised:>8}{left:>8}" for kind, (raised, left) in sorted(self.alarms.items())]
        lines += ["", f"{'letters':<26}{'sent':>8}{'late':>8}{'missed':>8}{'blocked':>9}"]
        lines += [
            f"  {one.kind:<24}{one.sent:>8}{one.late:>8}{one.missed:>8}{one.unreachable:>9}" for one in self.letters
        ]
        lines += ["", "what people did"]
        lines += [f"  {what:<32}{count:>6}" for what, count in sorted(self.deeds.items())]
        return "\n".join(lines)


async def account_of(town: Town, deeds: dict[str, int]) -> Account:
    """Reads the account out of the records; what people tapped, out of their phones."""
    day = town.day
    async with town.school.look(SYSTEM) as uow:
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
        alarms = list(await uow.session.scalars(select(Alarm).join(DayChild).where(DayChild.date == day)))
        rolls = list(await uow.session.scalars(select(CareSession).where(CareSession.date == day)))
        broken = await uow.session.scalar(select(func.count()).where(Update.state == InboxState.DEAD))
        now = uow.now
    peopled = {fate.session_id for fate in town.fates.values()}
    rolls = [one for one in rolls if one.id in peopled]
    return Account(
        date=day,
        children=dict(children),
        open_children=tuple(f"{child.name} {child.school_class} ({child.step.value})" for child in still),
        closed=care_day is not None and care_day.closed_at is not None,
        ledger=f"{found.table} {found.row}: {found.what}" if isinstance(found, Flaw) else "",
        letters=tuple(
            _of_kind(kind, letters, town.blocked, now) for kind in sorted({letter.kind for letter in letters})
        ),
        deeds=dict(deeds),
        alarms={
            kind.value: (len(mine), sum(one.closed_at is None for one in mine))
            for kind in AlarmKind
            if (mine := [one for one in alarms if one.kind is kind])
        },
        rolls=Rolls(
            len(rolls), sum(one.roll_done_at is not None for one in rolls), tuple(sorted(town.roll_acts.values()))
        ),
        acts=sum(phone.acts for phone in town.phones),
        double_taps=sum(phone.double_taps for phone in town.phones),
        broken=broken or 0,
    )


def _of_kind(kind: str, letters: list[Letter], blocked: set[int], now: datetime) -> Letters:
    mine = [letter for letter in letters if letter.kind == kind]
    sent = [letter for letter in mine if letter.state is LetterState.SENT]
    late = sum(1 for letter in sent if letter.sent_at is not None and letter.sent_at - letter.due_at > LATE)
    lost = [letter for letter in mine if _is_lost(letter, now)]
    unreachable = sum(1 for letter in lost if letter.person_id in blocked)
    return Letters(kind, len(sent), late, len(lost) - unreachable, unreachable)


def _is_lost(letter: Letter, now: datetime) -> bool:
    """Was needed, and did not go out."""
    if letter.state is LetterState.LAPSED:
        return letter.error == TOO_LATE
    if letter.state is LetterState.WAITING:
        return letter.due_at <= now
    return letter.state not in (LetterState.SENT, LetterState.SUPERSEDED)
