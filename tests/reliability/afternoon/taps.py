"""Taps and links, side by side: each link of a chain comes from somebody's tap, and each tap has had its effect."""

from __future__ import annotations

from care.records import CustodyEvent, SessionKind, Step
from reliability.afternoon.books import AfternoonBooks
from reliability.afternoon.story import Child
from reliability.witness import Told

SEEN = ("kt", "kd", "hw", "hg")
"""Taps that name a child and how far its chain had grown on the screen."""


def taps_and_links(books: AfternoonBooks) -> list[str]:
    return [*links_from_taps(books), *taps_have_links(books)]


def links_from_taps(books: AfternoonBooks) -> list[str]:
    """Nothing has happened to a child that nobody said."""
    chats = {one.person_id: one.user_id for one in books.cast.known}
    found = []
    for child in books.cast.children:
        for link in books.chain_of(child)[1:]:
            chat = chats.get(link.by_id or 0)
            mine = [one for one in books.told if one.chat == chat]
            if not any(_says(one, books, child, link) for one in mine):
                found.append(f"{child.name}: link {link.seq} ({link.step}) comes from no tap of person {link.by_id}")
    return found


def _says(told: Told, books: AfternoonBooks, child: Child, link: CustodyEvent) -> bool:
    """Whether this tap, or what was typed, says just this link."""
    number, seen = link.day_child_id, link.seq - 1
    alarms = [alarm.id for alarm in books.alarms_of(child)]
    starts: dict[Step, list[str]] = {
        Step.PRESENT: [f"kt:{number}:{seen}", f"kd:{number}:{seen}:present", *_all_others(told, books, child)],
        Step.ABSENT: [f"kd:{number}:{seen}:absent"],
        Step.LINED_OUT: [f"ho:{one.id}" for one in books.sessions],
        Step.UNDONE: [f"hw:{number}:{seen}:"],
        Step.HANDED_OVER: [f"exc:{one.id}:" for one in books.passes if number in one.counted],
        Step.EXPLAINED: [start for alarm in alarms for start in (f"ma:{alarm}:with_me", f"mr:{alarm}:")],
        Step.LEAVE: [f"lvy:{child.student_id}:"],
    }
    if link.step is Step.RELEASED:
        return told.data.startswith("hg:") and f"{number}.{seen}" in told.data.split(":")
    typed = link.step is Step.PRESENT and told.text == f"/checkin {child.name}"
    return typed or any(told.data.startswith(start) for start in starts.get(link.step, []) if told.data)


def _all_others(told: Told, books: AfternoonBooks, child: Child) -> list[str]:
    """ "All others are here", of a list on which this child was one of them."""
    verb, _, rest = told.data.partition(":")
    place = books.place_of(child)
    if verb != "ka" or place is None:
        return []
    session, _, mask = rest.partition(":")
    return [told.data] if int(session) == place.session_id and int(mask, 16) >> place.number & 1 else []


def taps_have_links(books: AfternoonBooks) -> list[str]:
    """Who tapped a child, at some length of its chain, has made it longer, or somebody else was faster."""
    lengths = {place.id: place.last_seq for place in books.planned}
    found = []
    for told in books.told:
        verb, *parts = told.data.split(":")
        if verb not in SEEN:
            continue
        pairs = [part.split(".") for part in parts[3:]] if verb == "hg" else [parts[:2]]
        found += [
            f"chat {told.chat} tapped {told.data}, and nothing came of it"
            for number, seen in pairs
            if lengths.get(int(number), 0) <= int(seen)
        ]
    sessions = {one.id for one in books.sessions if one.kind is SessionKind.CLASS and one.roll_done_at is None}
    rolls = {told.data for told in books.told if told.data.startswith("ka:")}
    return found + [
        f"{data} was tapped, and the roll is not done" for data in rolls if int(data.split(":")[1]) in sessions
    ]
