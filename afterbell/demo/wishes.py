"""Which children have an application, and how far each has come: chosen so that every page has something to show."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from afterbell.demo.book import draw
from afterbell.demo.cast import FULL_CLASS, ONE_LEFT_CLASS, STAR_CLASS
from afterbell.demo.families import Child, Place
from afterbell.demo.term import CARE_PLACES
from care.records import State

ENROLLED = 870
MOST, LEAST = 32, 22
"""Enrolled children of a class that is neither full nor nearly so."""

Way = tuple[str, ...]

THROUGH: Way = ("submitted", "passed", "approved", "signed", "enrolled")
"""The whole way, as the audit names its steps (S1)."""
LEFT: Way = ("withdrawal_given", "withdrawn")


@dataclass(frozen=True)
class Wish:
    """A child's application to be: its state, the steps that led there, and how many school days ago the last was."""

    child: Child
    state: State
    way: Way
    days_ago: int | None = None
    """None: some time since the term began."""
    remark: str = ""
    """The remark of the step that needs one."""
    early: bool = False
    """Through within the first weeks: nobody gets a place in the full class after others had to wait."""


@dataclass(frozen=True)
class _Some:
    """A number of applications in one state. ``places``: these classes come first, then any."""

    state: State
    way: Way
    days_ago: tuple[int, ...]
    places: tuple[Place, ...] = ()
    remarks: tuple[str, ...] = ("",)


_SUBMITTED = (0, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4, 5, 6)
_SOME = (
    _Some(State.SUBMITTED, THROUGH[:1], _SUBMITTED, (STAR_CLASS, STAR_CLASS, ONE_LEFT_CLASS, STAR_CLASS)),
    _Some(
        State.REVIEWED,
        THROUGH[:2],
        (0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 4, 5),
        (ONE_LEFT_CLASS, STAR_CLASS, ONE_LEFT_CLASS),
    ),
    _Some(State.APPROVED, THROUGH[:3], (0, 0, 1, 1, 3, 4, 5, 8), (STAR_CLASS,)),
    _Some(
        State.RETURNED,
        ("submitted", "returned"),
        (0, 1, 2, 4),
        (STAR_CLASS,),
        (
            "入学体检表上写有食物过敏，申请里没有写，请补充。",
            "周三孩子有校队训练，请确认周三是否仍需参加。",
            "请再填一位能来接孩子的成年人。",
            "接送人姓名和上次登记的不一致，请核对。",
        ),
    ),
    _Some(
        State.RETURNED,
        ("submitted", "passed", "returned"),
        (1,),
        (),
        ("延时托管请注明具体是星期几。",),
    ),
    _Some(
        State.REFUSED,
        ("submitted", "refused"),
        (21, 33),
        (),
        (
            "与家长电话核实：家中每天有人接，家长同意把名额让给更需要的孩子。",
            "孩子本学期已转到校外托管，与家长确认无需参加。",
        ),
    ),
    _Some(
        State.REFUSED,
        ("submitted", "passed", "refused"),
        (14, 40),
        (),
        (
            "家中两位老人可按时接送，不在本学期申报条件之内。",
            "申请只用于考试前一周，课后服务按学期安排，不能临时参加。",
        ),
    ),
    _Some(
        State.WITHDRAWN,
        ("submitted", *LEFT),
        (30,),
    ),
    _Some(
        State.WITHDRAWN,
        (*THROUGH, *LEFT),
        (6, 18),
    ),
)
_WAITING = (3, 5, 8, 11, 12, 16)


def choose(children: list[Child]) -> list[Wish]:
    """Everybody's wishes. A class never has more enrolled and approved children than places."""
    rng = draw("wishes")
    free = _free_by_class(rng, children)
    wishes = [_enrolled(rng, child) for child in children if child.wish == State.ENROLLED]
    counts = _counts(rng, list(free))
    for place, row in free.items():
        there = sum(1 for wish in wishes if wish.child.place == place)
        wishes += [_enrolled(rng, row.pop()) for _ in range(counts[place] - there)]
    for days in _WAITING:
        child = free[FULL_CLASS].pop()
        wishes.append(Wish(child, State.WAITING, ("submitted", "passed", "wait_listed"), days))
    for some in _SOME:
        wishes += _wishes(rng, free, some)
    return wishes


def _free_by_class(rng: Random, children: list[Child]) -> dict[Place, list[Child]]:
    """Children whose application chance decides, in drawn order. Those of the cast have their part already."""
    free: dict[Place, list[Child]] = {}
    for child in children:
        free.setdefault(child.place, [])
        if not child.wish:
            free[child.place].append(child)
    for row in free.values():
        rng.shuffle(row)
    return free


def _counts(rng: Random, places: list[Place]) -> dict[Place, int]:
    """How many of each class are enrolled: one full, one with a single place left, the rest as it falls."""
    counts = {place: LEAST for place in places} | {FULL_CLASS: CARE_PLACES, ONE_LEFT_CLASS: CARE_PLACES - 1}
    missing = ENROLLED - sum(counts.values())
    while missing:
        place = rng.choice(places)
        if counts[place] < MOST:
            counts[place] += 1
            missing -= 1
    return counts


def _enrolled(rng: Random, child: Child) -> Wish:
    """Most went straight through; a few had to be sent in again."""
    again = rng.random() < 0.02
    way: Way = ("submitted", "returned", *THROUGH) if again else THROUGH
    remark = "请补充接送人的电话。" if again else ""
    return Wish(child, State.ENROLLED, way, remark=remark, early=child.place == FULL_CLASS)


def _wishes(rng: Random, free: dict[Place, list[Child]], some: _Some) -> list[Wish]:
    others = [place for place in free if place not in (FULL_CLASS, ONE_LEFT_CLASS)]
    places = [*some.places, *rng.sample(others, len(some.days_ago))]
    wishes = []
    for number, (days, place) in enumerate(zip(some.days_ago, places, strict=False)):
        remark = some.remarks[number % len(some.remarks)]
        wishes.append(Wish(free[place].pop(), some.state, some.way, days, remark))
    return wishes
