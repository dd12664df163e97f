"""The account: every update had exactly one effect, every letter exists once, and what came twice had a right to.

Each check returns sentences about what does not fit; an hour without a sentence is an hour in which nothing was lost
and nothing doubled. What may go out twice is counted, not forbidden: see ``letters_out``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from care.records import Agreement, Application, Class, InboxState, LeaveMode, Letter, LetterState, State
from reliability.books import Books
from reliability.cast import CHANNEL
from reliability.families import Story
from reliability.letters_out import Doubles, doubles
from reliability.replay import replayed

KEYLESS = ("reply", "application_pdf", "agreement_pdf")
"""Letters of these kinds are asked for by a tap or a message, each for itself; all others are facts that exist once."""
ANSWER = "answerCallbackQuery"


@dataclass(frozen=True)
class Account:
    """What does not fit (nothing should be there), what went out twice, and how much there was of everything."""

    problems: tuple[str, ...]
    doubles: Doubles
    figures: dict[str, int]


def account(books: Books, again: Callable[[str], bool]) -> Account:
    """Checks the books of one hour. ``again`` says of a kind of letter whether it may go out twice."""
    twice = doubles(books, again)
    found = [
        *updates_kept(books),
        *taps_answered(books),
        *words_answered(books),
        *slips_opened(books),
        *applications_right(books),
        *audit_right(books),
        *agreements_right(books),
        *conversations_over(books),
        *answers_as_tapped(books),
        *letters_once(books),
        *letters_expected(books),
        *letters_settled(books),
        *twice.problems,
    ]
    figures = {
        "families": len(books.stories),
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
    found += [f"update {row.update_id} is {row.state}" for row in books.inbox if row.state is not InboxState.DONE]
    return found


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


def slips_opened(books: Books) -> list[str]:
    """Each ``/start`` with a slip's code ties the chat once, and says so in the audit."""
    linked = [event for event in books.events if event.action == "linked" and event.data.get("channel") == CHANNEL]
    events = Counter(event.subject_id for event in linked)
    found = []
    for story in books.stories:
        opened = sum(one.text == f"/start {story.slip}" for one in books.told if one.chat == story.guardian.user_id)
        if opened != events[story.guardian.person_id]:
            said = events[story.guardian.person_id]
            found.append(f"{story.guardian.name} opened the slip {opened} times, the audit says {said}")
    return found


def _of(story: Story) -> str:
    return f"the application for {story.child}"


def applications_right(books: Books) -> list[str]:
    """One application for each child, in the state its story ends in, with the answers that the family gave."""
    found = []
    for story in books.stories:
        applications = books.application_of(story)
        if len(applications) != 1:
            found.append(f"there are {len(applications)} applications for {story.child}")
            continue
        (application,) = applications
        state = State.REFUSED if story.decision == "refused" else State.ENROLLED
        if application.state is not state:
            found.append(f"{_of(story)} is {application.state}, not {state}")
        found += [
            f"{_of(story)}: {name} is {is_!r}, and the family said {said!r}"
            for name, is_, said in _answers(books, story, application)
            if is_ != said
        ]
    return found


def _answers(books: Books, story: Story, application: Application) -> list[tuple[str, object, object]]:
    wish = story.final
    adults = [
        (adult.name, adult.relation.value, adult.phone)
        for adult in books.pickup
        if adult.application_id == application.id
    ]
    wanted = [(wish.adult.name, wish.adult.relation, wish.adult.phone)] if wish.adult else []
    return [
        ("weekdays", application.weekdays, list(wish.weekdays)),
        ("needs", sorted(application.needs), sorted(need.value for need in wish.needs)),
        ("extended care", application.extended_weekdays, list(wish.extended)),
        ("who may collect", adults, wanted),
        ("leaving", application.leave_mode, LeaveMode(wish.leave)),
        ("the health note", books.health.get(application.id, ""), wish.health),
        ("courses", application.courses_wished, wish.courses),
    ]


def audit_right(books: Books) -> list[str]:
    """The audit of each application is exactly the chain of its story; nothing was put aside."""
    found = [f"update {e.subject_id} was put aside" for e in books.events if e.action == "update_put_aside"]
    for story in books.stories:
        for application in books.application_of(story):
            chain = [
                event.action
                for event in books.events
                if event.subject == "application" and event.subject_id == application.id
            ]
            if chain != story.chain:
                found.append(f"{_of(story)} went {' → '.join(chain)}, and should have gone {' → '.join(story.chain)}")
            version = len([action for action in story.chain if action != "signed"])
            if application.version != version:
                found.append(f"{_of(story)} is at version {application.version}, and should be at {version}")
    return found


def agreements_right(books: Books) -> list[str]:
    """One agreement for each enrolled child, signed by its guardian's name; none for a refused one."""
    found = []
    for story in books.stories:
        ids = [application.id for application in books.application_of(story)]
        signed: list[Agreement] = [one for one in books.agreements if one.application_id in ids]
        wanted = 0 if story.decision == "refused" else 1
        if len(signed) != wanted:
            found.append(f"{_of(story)} has {len(signed)} agreements, and should have {wanted}")
        found += [
            f"{_of(story)} was signed as {one.typed_name} by person {one.signer_id}"
            for one in signed
            if (one.typed_name, one.signer_id) != (story.guardian.name, story.guardian.person_id)
        ]
    return found


def conversations_over(books: Books) -> list[str]:
    """No conversation hangs: each form of a family is closed and keeps no answers."""
    chats = {story.guardian.user_id: story for story in books.stories}
    return [
        f"the conversation {form.flow} of {story.guardian.name} stands open at “{form.step}”"
        for form in books.forms
        if (story := chats.get(form.chat_id)) is not None and (form.step or form.answers)
    ]


def answers_as_tapped(books: Books) -> list[str]:
    """The boxes that are ticked in the end are those that follow from the taps, each counted once and in order."""
    found = []
    for story in books.stories:
        for application in books.application_of(story):
            boxes = replayed(books.told, books.questions, story)
            is_ = (application.weekdays, application.extended_weekdays, sorted(application.needs))
            if is_ != boxes:
                found.append(f"{_of(story)} has {is_} ticked, and the taps, each once, come to {boxes}")
    return found


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


def expected_letters(story: Story, application: Application, teacher_ids: list[int]) -> list[str]:
    """The keys of the letters about one application that must exist."""
    guardian, keys, version = story.guardian.person_id, [], 0
    for action in story.chain:
        if action == "signed":
            continue
        version += 1
        if action == "submitted":
            keys += [f"review:{application.id}:{version}:{teacher}" for teacher in teacher_ids]
        elif action == "enrolled":
            keys.append(f"signed:{application.id}:{guardian}")
        else:
            keys.append(f"step:{application.id}:{version}:{guardian}")
    return keys


def letters_expected(books: Books) -> list[str]:
    """Every step has its letter, it was sent to who it is for, and the clock has nothing left to remind of."""
    letters: dict[str, Letter] = {letter.unique_key: letter for letter in books.outbox if letter.unique_key}
    found = [f"one more tick of the clock posted {books.late} letters that were missing"] if books.late else []
    for story in books.stories:
        for application in books.application_of(story):
            for key in expected_letters(story, application, [story.teacher_id]):
                letter = letters.get(key)
                if letter is None:
                    found.append(f"{_of(story)}: the letter {key} was never posted")
                elif letter.state is not LetterState.SENT and not key.startswith("review:"):
                    found.append(f"{_of(story)}: the letter {key} is {letter.state}")
    return found


def letters_settled(books: Books) -> list[str]:
    """Nothing waits, hangs or failed at the end."""
    over = (LetterState.SENT, LetterState.SUPERSEDED, LetterState.LAPSED)
    return [
        f"letter {letter.id} ({letter.kind} {letter.method or ''}) is {letter.state}: {letter.error}"
        for letter in books.outbox
        if letter.state not in over and letter.state is not LetterState.REVIEW  # those: see letters_out
    ]
