"""What people were to be told in the afternoon, by the keys of the letters: by the clock, and of what happened."""

from __future__ import annotations

from care.records import AlarmKind, LetterState, SessionKind, Step
from reliability.afternoon.books import AfternoonBooks
from reliability.afternoon.story import DAY, Child, Fate

CLOCKED = (
    "duty_lead",
    "roll_late",
    "child_missing_lead",
    "day_sheet",
    "dismissal",
    "child_uncollected",
    "child_uncollected_lead",
    "class_uncollected_lead",
    "extended_roll_late",
    "day_still_open",
    "class_without_wave",
)
"""Kinds that the clock posts: of these, every letter is one that had to be."""
LAST_STEP = {1: 2, 2: 1}
"""How far the clock of a child whom nobody collects has come when the family does, by wave."""


def clock_letters(books: AfternoonBooks) -> list[str]:
    """Every reminder and every chase is there once, and went out; there is none that nothing was due for."""
    there = {letter.unique_key: letter for letter in books.outbox if letter.kind in CLOCKED}
    wanted = expected_by_clock(books)
    found = [f"the letter {key} is missing" for key in sorted(wanted - set(there))]
    found += [f"the letter {key} should not be there" for key in sorted(set(map(str, there)) - wanted)]
    return found + [
        f"the letter {key} is {letter.state}: {letter.error}"
        for key, letter in there.items()
        if key in wanted and letter.state is not LetterState.SENT
    ]


def expected_by_clock(books: AfternoonBooks) -> set[str]:
    """The keys of all letters of the clock."""
    lead = books.cast.lead.person_id
    keys = {f"duty_lead:{DAY}:{lead}"}
    for session in books.sessions:
        keys.add(f"day_sheet:{session.id}:{session.signed_in_id}")
        if session.kind is SessionKind.CLASS and session.wave == LATE_ROLL:
            keys.add(f"roll:{session.id}:0:{session.teacher_id}")
    for child in books.cast.children:
        for alarm in books.alarms_of(child, AlarmKind.MISSING):
            if child.fate in (Fate.ASTRAY, Fate.UNANSWERED):
                keys.add(f"missing_lead:{alarm.id}:{lead}")
        keys |= _on_the_way_home(books, child)
    return keys


LATE_ROLL = 2
"""The wave whose rolls are taken late."""


def _on_the_way_home(books: AfternoonBooks, child: Child) -> set[str]:
    """The reminders to both guardians, of the class and of extended care; and the calls where nobody came."""
    session, place, keys = books.session_of(child), books.place_of(child), set[str]()
    if session is None or place is None or not child.is_here:
        return keys
    waves = [session.wave] + ([books.academy.wave] if child.fate is Fate.STAYS and books.academy else [])
    keys |= {f"dismissal:{DAY}:{wave}:{one.person_id}" for wave in waves for one in child.guardians}
    if child.fate is Fate.LATE:
        called = enumerate(child.guardians[: LAST_STEP[child.wave]], start=1)
        keys |= {f"late:{place.id}:{step}:{one.person_id}" for step, one in called}
    return keys


def fact_letters(books: AfternoonBooks) -> list[str]:
    """Whoever was to hear of something that happened has heard it."""
    letters = {letter.unique_key: letter for letter in books.outbox if letter.unique_key}
    found = []
    for key, may_lapse in expected_of_facts(books):
        letter = letters.get(key)
        if letter is None:
            found.append(f"the letter {key} was never posted")
        elif letter.state is not LetterState.SENT and not (may_lapse and letter.state is LetterState.LAPSED):
            found.append(f"the letter {key} is {letter.state}: {letter.error}")
    return found


def expected_of_facts(books: AfternoonBooks) -> list[tuple[str, bool]]:
    """Keys, each with whether the letter may have lapsed because what it says had passed already."""
    keys: list[tuple[str, bool]] = []
    for child in books.cast.children:
        family = [one.person_id for one in child.guardians]
        chain = books.chain_of(child)
        for link in chain:
            about = f"{link.day_child_id}.{link.seq}"
            if link.step is Step.RELEASED:
                keys += [(f"released:{about}:{one}", link.seq < len(chain)) for one in family]
            elif link.step is Step.UNDONE:
                keys += [(f"undone:{link.day_child_id}:{link.seq}:{one}", False) for one in family]
        for alarm in books.alarms_of(child):
            if alarm.kind is AlarmKind.DISPUTED:
                keys += [
                    (f"disputed:{alarm.id}:{one}", False)
                    for one in (books.cast.lead.person_id, child.teacher.person_id)
                ]
            else:
                keys += [(f"missing:{alarm.id}:{one}", False) for one in family]
            if child.fate is Fate.ASTRAY:
                keys += [(f"arrived:{alarm.id}:{one}", False) for one in family]
    return keys
