"""What the board calls things: where a child is, who has it, what a guardian has answered."""

from __future__ import annotations

from care.board.places import Place
from care.records.day import Holder
from care.release.undoing import Slip
from console.marking import mark

PLACES = {
    Place.UNSAID: mark("Not called yet"),
    Place.HERE: mark("Here"),
    Place.ON_WAY: mark("On the way to the gate"),
    Place.COLLECTED: mark("Collected"),
    Place.MISSING: mark("Missing"),
    Place.EXPLAINED: mark("Absent, explained"),
    Place.LEAVE: mark("On leave"),
    Place.WITHDRAWN: mark("Withdrawn from care"),
}
PLACES_SHORT = {
    **PLACES,
    Place.ON_WAY: mark("On the way"),
    Place.EXPLAINED: mark("Explained"),
    Place.WITHDRAWN: mark("Out of care"),
}
"""Where there is little room."""

SIDES = {
    Holder.SCHOOL: mark("the school"),
    Holder.TEACHER: mark("a teacher"),
    Holder.ADULT: mark("an authorised adult"),
    Holder.FAMILY: mark("the family"),
    Holder.NOBODY: mark("nobody yet"),
}
"""Who answers for a child, where no name is known."""

ANSWERS: dict[str, str] = {
    "with_me": mark("the child is with me"),
    "agreed": mark("what the other guardian says is right"),
    "not_here": mark("the child is not with me"),
    "on_leave": mark("the child is on leave"),
    "not_right": mark("the hand-over is not right"),
    "mistake": mark("“not right” was a mistake"),
}
"""What a guardian has said to "is she with you?"."""

SLIPS = {
    Slip.WRONG_CHILD: mark("Wrong child tapped"),
    Slip.WRONG_ADULT: mark("Wrong adult tapped"),
    Slip.TOO_EARLY: mark("Not gone yet"),
}
"""Why a hand-over was taken back, where a tap has said it."""
