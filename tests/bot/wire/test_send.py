"""Sending: what Telegram may answer, and what becomes of a letter."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from stage import Stage

from care.records import Class, Contact, Letter, LetterState, Person, Reach


def rendered(now: datetime, chat: int, text: str, **more: object) -> Letter:
    """A message as it stands in the outbox."""
    letter = Letter(
        kind="reply",
        klass=Class.REPLY,
        channel="web",
        chat_id=chat,
        method="sendMessage",
        payload=json.dumps({"chat_id": chat, "text": text}),
        params={},
        posted_at=now,
        due_at=now,
    )
    for name, value in more.items():
        setattr(letter, name, value)
    return letter


async def post(stage: Stage, chat: int, text: str, **more: object) -> int:
    """Puts a rendered message into the outbox; returns its id."""
    async with stage.school.work() as uow:
        letter = rendered(uow.now, chat, text, **more)
        uow.session.add(letter)
        uow.posted = True
    return letter.id


async def letter_of(stage: Stage, letter_id: int) -> Letter:
    (letter,) = await stage.ask(select(Letter).where(Letter.id == letter_id))
    return letter


def texts(stage: Stage, chat: int) -> list[str]:
    return [call.params["text"] for call in stage.world.calls if call.ok and call.params.get("chat_id") == chat]  # type: ignore[misc]


async def test_a_letter_is_emptied_when_it_is_sent(stage: Stage) -> None:
    mum = await stage.star("office")
    letter = await letter_of(stage, await post(stage, mum.user_id, "hello"))
    await stage.calm()
    letter = await letter_of(stage, letter.id)
    assert letter.state is LetterState.SENT and letter.payload is None and letter.message_id is not None
    mum.reads("hello")


@pytest.mark.parametrize("fault", ["drop_after", "truncated"])
async def test_a_broken_call_goes_to_review_when_its_kind_must_not_go_out_twice(
    small_stage: Stage, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await small_stage.star("office")
    monkeypatch.setattr(small_stage.wire.sender.judge, "_again", lambda kind: False)
    small_stage.world.faults.add("sendMessage", fault)  # type: ignore[arg-type]
    letter_id = await post(small_stage, office.user_id, "hello")
    await small_stage.calm()
    assert (await letter_of(small_stage, letter_id)).state is LetterState.REVIEW


async def test_a_server_that_cannot_be_reached_leaves_the_letter_waiting(small_stage: Stage) -> None:
    office = await small_stage.star("office")
    small_stage.channel.bot._base_url = "http://127.0.0.1:9/bot1:none"
    letter_id = await post(small_stage, office.user_id, "hello")
    await small_stage.calm()
    letter = await letter_of(small_stage, letter_id)
    assert letter.state is LetterState.WAITING and letter.attempts == 1


async def test_what_telegram_refuses_fails_and_stays_to_be_seen(small_stage: Stage) -> None:
    office = await small_stage.star("office")
    letter_id = await post(small_stage, office.user_id, "x" * 4097)
    await small_stage.calm()
    letter = await letter_of(small_stage, letter_id)
    assert letter.state is LetterState.FAILED and "too long" in letter.error and letter.payload is not None


async def test_a_letter_whose_time_is_over_is_not_sent(small_stage: Stage) -> None:
    office = await small_stage.star("office")
    over = small_stage.school.clock.now() - timedelta(minutes=1)
    letter_id = await post(small_stage, office.user_id, "too late", valid_until=over)
    await small_stage.calm()
    assert (await letter_of(small_stage, letter_id)).state is LetterState.LAPSED
    office.misses("too late")


async def test_the_second_chat_of_a_person_is_used_when_the_first_is_blocked(small_stage: Stage) -> None:
    office = await small_stage.star("office")
    person_id = office.user_id - 1_000_000_000
    other = small_stage.world.add_user("elsewhere", user_id=77, language="en")
    small_stage.world.bots["1:token-of-the-tests"].chat(other.id).started = True
    async with small_stage.school.work() as uow:
        earlier = small_stage.school.clock.now() - timedelta(days=400)
        uow.session.add(Contact(person_id=person_id, channel="web", chat_id=77, linked_at=earlier, linked_by="slip"))
    await office.block()
    await small_stage.calm()
    async with small_stage.school.work() as uow:
        await uow.post("approval_waits", person_id)
    await small_stage.calm()
    reach = {
        contact.chat_id: contact.reach
        for contact in await small_stage.ask(select(Contact).where(Contact.person_id == person_id))
    }
    assert reach == {office.user_id: Reach.BLOCKED, 77: Reach.REACHABLE}
    (letter,) = await small_stage.ask(select(Letter).where(Letter.kind == "approval_waits"))
    assert letter.state is LetterState.SENT and letter.chat_id == 77


async def test_urgent_letters_go_first_and_a_chat_keeps_its_order(small_stage: Stage) -> None:
    office, head = await small_stage.star("office"), await small_stage.star("head")
    await small_stage.kill()
    for number in range(3):
        await post(small_stage, office.user_id, f"broadcast {number}", klass=Class.BROADCAST)
    await post(small_stage, head.user_id, "reply", klass=Class.REPLY)
    await small_stage.start()
    await small_stage.calm()
    assert texts(small_stage, office.user_id) == ["broadcast 0", "broadcast 1", "broadcast 2"]
    sent = [call.params["text"] for call in small_stage.world.calls if call.method == "sendMessage" and call.ok]
    assert sent[0] == "reply"


async def test_a_letter_waits_behind_one_that_is_tried_again(small_stage: Stage) -> None:
    office = await small_stage.star("office")
    small_stage.world.faults.add("sendMessage", "bad_gateway", chat_id=office.user_id)
    await post(small_stage, office.user_id, "ONE")
    await small_stage.calm()
    second = await post(small_stage, office.user_id, "TWO")
    with contextlib.suppress(TimeoutError):
        await small_stage.calm(0.5)
    assert (await letter_of(small_stage, second)).state is LetterState.WAITING
    await small_stage.later(seconds=2)
    sent = texts(small_stage, office.user_id)
    assert sent.index("ONE") < sent.index("TWO")


async def test_after_a_kill_letters_under_way_are_not_forgotten(small_stage: Stage) -> None:
    office = await small_stage.star("office")
    await small_stage.kill()
    again = await post(small_stage, office.user_id, "again", state=LetterState.SENDING)
    await small_stage.start()
    await small_stage.calm()
    assert (await letter_of(small_stage, again)).state is LetterState.SENT
    office.reads("again")


async def test_places_that_become_free_are_taken_at_once(small_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """All places are under way, and all of their fates are written down by one round: who waits goes with that round,
    not when the rounds look by themselves."""
    for module in ("send", "wire"):
        monkeypatch.setattr(f"bot.wire.{module}.LOOK_EVERY_S", 600.0)
    monkeypatch.setattr("bot.wire.send.UNDER_WAY", 1)
    chats = [(await small_stage.star(name)).user_id for name in ("office", "homeroom", "head")]
    async with small_stage.school.work() as uow:
        uow.session.add_all([rendered(uow.now, chat, "at once") for chat in chats])
        uow.posted = True
    await small_stage.calm()
    assert [texts(small_stage, chat) for chat in chats] == [["at once"]] * 3


async def test_one_letter_a_key(stage: Stage) -> None:
    (person_id, *_) = await stage.ask(select(Person.id).limit(1))
    async with stage.school.work() as uow:
        assert await uow.post("approval_waits", person_id, key="once") == 1
        assert await uow.post("approval_waits", person_id, key="once") == 0
    async with stage.school.work() as uow:
        assert await uow.post("approval_waits", person_id, key="once") == 0


async def test_a_later_edit_replaces_those_that_still_wait(stage: Stage) -> None:
    """Also one that is tried again only much later: it neither goes out nor holds up the later one."""
    office = await stage.star("office")
    async with stage.school.work() as uow:
        soon, late = uow.now, uow.now + timedelta(hours=1)
        waiting = (("first", 1, late), ("second", 0, soon), ("third", 0, soon))
        edits = [
            rendered(uow.now, office.user_id, text, slot="web:1:1", attempts=tries, due_at=due)
            for text, tries, due in waiting
        ]
        uow.session.add_all(edits)
        uow.posted = True
    await stage.calm()
    letters = [await letter_of(stage, edit.id) for edit in edits]
    assert [letter.state for letter in letters] == [LetterState.SUPERSEDED, LetterState.SUPERSEDED, LetterState.SENT]
    assert all(letter.payload is None for letter in letters)
    assert [text for text in texts(stage, office.user_id) if text in ("first", "second", "third")] == ["third"]
