"""The account of a busy hour: the applications are what the families tapped, and everybody was told once.

Each check returns sentences about what does not fit; an hour without a sentence is an hour in which nothing was lost
and nothing doubled. What holds of every town is checked in ``wire_account``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from care.records import Agreement, Application, LeaveMode, Letter, LetterState, State
from reliability.books import HourBooks
from reliability.cast import CHANNEL
from reliability.families import Story
from reliability.replay import replayed
from reliability.wire_account import Account, account_of


def account(books: HourBooks, again: Callable[[str], bool]) -> Account:
    """Checks the books of one hour. ``again`` says of a kind of letter whether it may go out twice."""
    found = [
        *slips_opened(books),
        *applications_right(books),
        *audit_right(books),
        *agreements_right(books),
        *conversations_over(books),
        *answers_as_tapped(books),
        *letters_expected(books),
    ]
    return account_of(books, again, found, families=len(books.stories))


def slips_opened(books: HourBooks) -> list[str]:
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


def applications_right(books: HourBooks) -> list[str]:
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


def _answers(books: HourBooks, story: Story, application: Application) -> list[tuple[str, object, object]]:
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


def audit_right(books: HourBooks) -> list[str]:
    """The audit of each application is exactly the chain of its story."""
    found = []
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


def agreements_right(books: HourBooks) -> list[str]:
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


def conversations_over(books: HourBooks) -> list[str]:
    """No conversation hangs: each form of a family is closed and keeps no answers."""
    chats = {story.guardian.user_id: story for story in books.stories}
    return [
        f"the conversation {form.flow} of {story.guardian.name} stands open at “{form.step}”"
        for form in books.forms
        if (story := chats.get(form.chat_id)) is not None and (form.step or form.answers)
    ]


def answers_as_tapped(books: HourBooks) -> list[str]:
    """The boxes that are ticked in the end are those that follow from the taps, each counted once and in order."""
    found = []
    for story in books.stories:
        for application in books.application_of(story):
            boxes = replayed(books.told, books.questions, story)
            is_ = (application.weekdays, application.extended_weekdays, sorted(application.needs))
            if is_ != boxes:
                found.append(f"{_of(story)} has {is_} ticked, and the taps, each once, come to {boxes}")
    return found


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


def letters_expected(books: HourBooks) -> list[str]:
    """Every step has its letter, and it was sent to who it is for."""
    letters: dict[str, Letter] = {letter.unique_key: letter for letter in books.outbox if letter.unique_key}
    found = []
    for story in books.stories:
        for application in books.application_of(story):
            for key in expected_letters(story, application, [story.teacher_id]):
                letter = letters.get(key)
                if letter is None:
                    found.append(f"{_of(story)}: the letter {key} was never posted")
                elif letter.state is not LetterState.SENT and not key.startswith("review:"):
                    found.append(f"{_of(story)}: the letter {key} is {letter.state}")
    return found
