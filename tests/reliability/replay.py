"""The boxes of an application by a second, much smaller model: each tap counts once, in the order it was given.

A tap on a box turns it round as long as its question stands; the tap that leads on ends the question, and what is
tapped in it later says nothing. So a tap lost, doubled or out of order shows in what is ticked at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reliability.families import Story
from reliability.witness import Told

Boxes = tuple[list[int], list[int], list[str]]
ALL_DAYS = ["1", "2", "3", "4", "5"]


def replayed(told: Iterable[Told], questions: Mapping[str, frozenset[str]], story: Story) -> Boxes:
    """(weekdays, days of extended care, needs) as they follow from the taps of one chat."""
    boxes: dict[str, set[str]] = {"weekdays": set(), "extended": set(), "needs": set()}
    over: set[str] = set()
    for update in told:
        verb, _, rest = update.data.partition(":")
        if update.chat != story.guardian.user_id or verb != "f":
            continue
        question, _, token = rest.rpartition(":")
        part = _part(questions.get(question, frozenset()))
        if not part or question in over:
            continue
        if token == "next" and (boxes[part] or part == "extended"):
            over.add(question)
        elif token == "none":
            boxes[part].clear()
            over.add(question)
        elif token == "all":
            boxes[part] = set(ALL_DAYS)
        elif token not in ("next", "back"):
            boxes[part] ^= {token}
        if question in over:
            boxes["extended"] &= boxes["weekdays"]
    days, extended = (sorted(int(day) for day in boxes[part]) for part in ("weekdays", "extended"))
    return days, extended, sorted(boxes["needs"])


def _part(tokens: frozenset[str]) -> str:
    """Which boxes a question has, by its buttons."""
    if "all" in tokens:
        return "weekdays"
    if "work_hours" in tokens:
        return "needs"
    return "extended" if "none" in tokens and tokens & set(ALL_DAYS) else ""
