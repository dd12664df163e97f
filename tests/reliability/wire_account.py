"""What holds of every town: each update had one effect, each letter exists once, and what came twice had a right to.

Each check returns sentences about what does not fit. What may go out twice is counted, not forbidden: see
``letters_out``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from care.records import Class, InboxState, LetterState
from reliability.books import Books
from reliability.letters_out import Doubles, doubles

KEYLESS = ("reply", "application_pdf", "agreement_pdf")
"""Letters of these kinds are asked for by a tap or a message, each for itself; all others are facts that exist once."""
ANSWER = "answerCallbackQuery"


@dataclass(frozen=True)
class Account:
    """What does not fit (nothing should be there), what went out twice, and how much there was of everything."""

    problems: tuple[str, ...]
    doubles: Doubles
    figures: dict[str, int]


def account_of(books: Books, again: Callable[[str], bool], own: Sequence[str], **figures: int) -> Account:
    """The whole account of a run: what its town has found by itself, and what holds of every one. ``again`` says of a
    kind of letter whether it may go out twice."""
    twice = doubles(books, again)
    found = [
        *updates_kept(books),
        *taps_answered(books),
        *words_answered(books),
        *own,
        *letters_once(books),
        *letters_settled(books),
        *nothing_left_to_remind(books),
        *twice.problems,
    ]
    figures |= {
        "updates": len(books.told),
        "letters": len(books.outbox),
        "messages": len(books.shown),
        "sent more than once": sum(letter.attempts > 1 for letter in books.outbox),
        "seen twice": twice.number,
    }
    return Account(tuple(found), twice, figures)


def updates_kept(books: Books) -> list[str]:
    """Every update that Telegram had is in the inbox once, is done, and was confirmed; nothing else is there."""
    rows = Counter(row.update_id for row in books.inbox)
    told = {update.update_id for update in books.told}
    found = [f"update {one} was never confirmed" for one in sorted(books.unconfirmed)]
    found += [
        f"update {one} is lost: confirmed, and not in the inbox" for one in sorted(told - set(rows) - books.unconfirmed)
    ]
    found += [f"update {one} is in the inbox and was never given" for one in sorted(set(rows) - told)]
    found += [f"update {one} is in the inbox {n} times" for one, n in rows.items() if n > 1]
    found += [
        f"update {row.update_id} is {row.state} {row.error}".rstrip()
        for row in books.inbox
        if row.state is not InboxState.DONE
    ]
    return found + [f"update {e.subject_id} was put aside" for e in books.events if e.action == "update_put_aside"]


def taps_answered(books: Books) -> list[str]:
    """Each tap leaves exactly one answer to it: one less is a lost effect, one more a doubled one."""
    taps = Counter(update.chat for update in books.told if update.data)
    answers = Counter(letter.chat_id for letter in books.outbox if letter.method == ANSWER)
    return [
        f"chat {chat}: {taps[chat]} taps, and {answers[chat]} answers to taps were posted"
        for chat in sorted({*taps, *(chat for chat in answers if chat is not None)})
        if taps[chat] != answers[chat]
    ]


def words_answered(books: Books) -> list[str]:
    """Whatever is written is replied to."""
    written = Counter(update.chat for update in books.told if update.text)
    replies = Counter(letter.chat_id for letter in books.outbox if letter.method == "sendMessage")
    return [
        f"chat {chat}: {n} messages came in, and only {replies[chat]} replies were posted"
        for chat, n in sorted(written.items())
        if replies[chat] < n
    ]


def letters_once(books: Books) -> list[str]:
    """Each fact is told to each person by one letter, and each key is there once. Reminders say the same thing again
    on another day: for them only the key counts."""
    keys = Counter(letter.unique_key for letter in books.outbox if letter.unique_key)
    found = [f"the letter {key} is there {n} times" for key, n in keys.items() if n > 1]
    facts = Counter(
        (letter.kind, str(sorted(letter.params.items())), letter.person_id)
        for letter in books.outbox
        if letter.kind not in KEYLESS and letter.klass != Class.REMINDER
    )
    return found + [
        f"{n} letters say {kind} {about} to person {who}" for (kind, about, who), n in facts.items() if n > 1
    ]


def letters_settled(books: Books) -> list[str]:
    """Nothing waits, hangs or failed at the end."""
    over = (LetterState.SENT, LetterState.SUPERSEDED, LetterState.LAPSED)
    return [
        f"letter {letter.id} ({letter.kind} {letter.method or ''}) is {letter.state}: {letter.error}"
        for letter in books.outbox
        if letter.state not in over and letter.state is not LetterState.REVIEW  # those: see letters_out
    ]


def nothing_left_to_remind(books: Books) -> list[str]:
    """The clock has nothing left to say."""
    return [f"one more tick of the clock posted {books.late} letters that were missing"] if books.late else []
