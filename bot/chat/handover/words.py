"""How the gate names children and adults, and how its buttons carry them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from bot.chat.ids import id_of
from care.errors import Conflict
from care.pickup.adults import Authorised
from care.pickup.plan import plan_of
from care.records.day import Proof
from care.records.people import Relation
from care.records.pickup import Adult
from care.release.waiting import GateChild
from care.work import UnitOfWork
from locales import Words
from locales.labels import day, label

ASK_FIRST = "※"
"""Beside the name of an adult who must not collect the child: who looks over the teacher's shoulder reads nothing."""
LETTERS = {Adult.GUARDIAN: "g", Adult.LISTED: "l", Adult.DELEGATE: "d"}
PROOFS = {Proof.CODE: "c", Proof.LIST: "l"}


async def who_comes(uow: UnitOfWork, children: Iterable[GateChild]) -> dict[int, str]:
    """By child's id the adult of whom the family has said that they come; with the sign, where they must not."""
    named = [child for child in children if child.planned]
    if not named:
        return {}
    plans = await plan_of(uow, [child.student_id for child in named], named[0].date)
    return {
        child.id: f"{plan.name} {ASK_FIRST}" if plan.barred else plan.name
        for child in named
        if (plan := plans.get(child.student_id)) is not None
    }


def ask_first(_: Words) -> str:
    """What the sign means."""
    return _("{sign} Ask the duty lead first.", sign=ASK_FIRST)


def pack_adult(adult: Adult, adult_id: int) -> str:
    return f"{LETTERS[adult]}{adult_id}"


def read_adult(part: str) -> tuple[Adult, int]:
    """Raises Conflict for what is no adult of ours."""
    for adult, letter in LETTERS.items():
        if part[:1] == letter:
            return adult, id_of(part[1:])
    raise Conflict()


def pack_seen(child: GateChild) -> str:
    return f"{child.id}.{child.seq}"


def read_seen(parts: list[str]) -> dict[int, int | None]:
    """Children with how far their chains had grown. Raises Conflict for what is none."""
    found: dict[int, int | None] = {}
    for part in parts:
        child, dot, seq = part.partition(".")
        if not dot:
            raise Conflict()
        found[id_of(child)] = id_of(seq)
    if not found:
        raise Conflict()
    return found


def read_proof(part: str) -> Proof:
    for proof, letter in PROOFS.items():
        if part == letter:
            return proof
    raise Conflict()


def in_list(child: GateChild) -> str:
    """A child on a button: number and name, and a guardian where two have one name."""
    beside = f" · {child.guardian}" if child.has_namesake else ""
    place = child.school_class if child.extended else child.number
    return f"{place} {child.name}{beside}"


def who_is(_: Words, child: GateChild) -> str:
    """A child in a sentence of its own."""
    if child.has_namesake:
        return _(
            "{child}, class {school_class}, list no. {number} (child of {guardian})",
            child=child.name,
            school_class=child.school_class,
            number=child.number,
            guardian=child.guardian,
        )
    return _(
        "{child}, class {school_class}, list no. {number}",
        child=child.name,
        school_class=child.school_class,
        number=child.number,
    )


def adult_name(_: Words, who: Authorised) -> str:
    return _("{relation} {name}", relation=label(_, who.relation), name=who.name)


def of_another_day(uow: UnitOfWork, _: Words, when: date) -> list[str]:
    """A line that says which date a letter is about, where it arrives on another one, as after midnight."""
    return [] if when == uow.today else [_("This is about {date}.", date=day(_, when))]


@dataclass(frozen=True)
class Handed:
    """An adult as a link of the chain names them."""

    name: str
    relation: str

    def said(self, _: Words) -> str:
        if self.relation not in set(Relation):
            return self.name
        return _("{relation} {name}", relation=label(_, Relation(self.relation)), name=self.name)
