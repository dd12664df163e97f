"""What went out twice. Telegram's side knows each message; the outbox knows which letter each of them is.

A letter whose process died between the call and the written answer has an unknown fate. Where its kind says ``again``
it goes out again, so that a person may see it twice; where it says ``review`` it must not. A message that no letter
accounts for in this way is a doubled effect.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from care.records import Letter, LetterState
from reliability.books import Books
from reliability.witness import Shown

NEW_MESSAGE = ("sendMessage", "sendDocument")


@dataclass
class Doubles:
    """Messages that were seen twice, by the kind of their letter; ``problems`` says where that was not right."""

    kinds: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        return sum(self.kinds.values())


def doubles(books: Books, again: Callable[[str], bool]) -> Doubles:
    """Finds for each message the letter that it is, or the letter of which it is a permitted copy."""
    found = Doubles()
    shown = {(one.chat, one.message_id): one for one in books.shown}
    stands = frozenset(shown)
    spare: dict[int, list[Letter]] = defaultdict(list)
    words: dict[int, str] = {}
    for letter in books.outbox:
        if letter.method is not None and letter.method not in NEW_MESSAGE:
            continue
        chat = letter.chat_id or 0
        tries = letter.attempts
        screen = letter.params.get("screen")
        if letter.state is LetterState.SENT and screen and letter.message_id in (None, screen[2]):
            if (chat, screen[2]) not in stands:  # None: the message said so already, by a try whose end nobody knows
                found.problems.append(f"letter {letter.id} ({letter.kind}) changed what chat {chat} never got")
            continue  # it went in place of a message, which is another letter's
        if letter.state is LetterState.SENT:
            tries -= 1
            mine = shown.pop((chat, letter.message_id or 0), None)
            if mine is None:
                found.problems.append(f"letter {letter.id} ({letter.kind}) is sent, and chat {chat} never got it")
            else:
                words[letter.id] = mine.text
        spare[chat] += [letter] * max(0, tries)
    for copy in sorted(shown.values(), key=lambda one: (one.chat, one.message_id)):
        source = _source(copy, spare[copy.chat], words)
        if source is None:
            found.problems.append(
                f"chat {copy.chat} has a message that no letter accounts for: #{copy.message_id} “{copy.text[:60]}”"
            )
            continue
        spare[copy.chat].remove(source)
        if source.state is LetterState.REVIEW and source.id not in words:
            words[source.id] = copy.text  # it did arrive once: the office will find that out
            continue
        if not again(source.kind):
            found.problems.append(f"letter {source.id} went out twice, though {source.kind} must not")
        found.kinds[source.kind] += 1
    return found


def _source(copy: Shown, spare: list[Letter], words: dict[int, str]) -> Letter | None:
    """The letter of which this is a copy: one with the same words, or a fact, whose words may have changed since."""
    same = [letter for letter in spare if words.get(letter.id) == copy.text]
    facts = [letter for letter in spare if letter.method is None]
    return next(iter([*same, *facts]), None)
