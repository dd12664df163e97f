"""The cards of a missing child in the chats of its teachers and the duty lead: of several, the newest alone asks."""

from __future__ import annotations

import pytest
from missing_steps import care_teacher, missing, with_family
from roll_steps import lead_of, opens, person_id
from sqlalchemy import select, update
from stage import Player, Stage

from care.alarm_screens import card_keys, show_again
from care.records import Alarm, AlarmAnswer, CareDay, Letter, LetterState, Person

WORDS = {
    "zh_CN": {
        "button": "写明原因并结束",
        "head": "14:35 点名未到",
        "older": "最新情况请看下面的新消息。",
        "ended": "结束：生病，在家",
        "says": "答复“不在我这里”",
        "ill": "生病，在家",
        "sure": "✔ 不在校：结束警报",
    },
    "en": {
        "button": "Close this with a reason",
        "head": "missing at roll call, 14:35",
        "older": "How it stands is in a newer message.",
        "ended": ": Ill, at home",
        "says": "says: not with me",
        "ill": "Ill, at home",
        "sure": "✔ Not at school: close the alarm",
    },
}


def cards(player: Player, head: str) -> list[str]:
    """The messages about the missing child, the oldest first."""
    return [message.text or "" for message in player.messages if head in (message.text or "")]


def asking(player: Player, button: str) -> list[int]:
    """Which messages offer to close it."""
    return [m.id for m in player.messages if any(button in str(b["text"]) for row in m.buttons() for b in row)]


@pytest.mark.parametrize("language", WORDS)
async def test_the_newest_card_alone_asks(small_afternoon: Stage, language: str) -> None:
    """Homeroom teacher and duty lead, from the roll to the close: each step takes the buttons off the card before."""
    stage, said = small_afternoon, WORDS[language]
    await opens(stage)
    teacher, homeroom, lead = await care_teacher(stage), await stage.star("homeroom"), await lead_of(stage)
    people = [person_id(player) for player in (homeroom, lead)]
    async with stage.school.work() as uow:
        await uow.session.execute(update(Person).where(Person.id.in_(people)).values(language=language))
    child, _name, (mum, dad) = await with_family(stage)
    await missing(teacher, child)
    assert len(cards(homeroom, said["head"])) == len(asking(homeroom, said["button"])) == 1
    await mum.tap("不在我这里")
    first, second = cards(homeroom, said["head"])
    assert first.endswith(said["older"]) and said["says"] in second
    assert len(cards(lead, said["head"])) == 1
    await dad.tap("在我身边")
    for player, many in ((homeroom, 3), (lead, 2)):
        *older, newest = cards(player, said["head"])
        assert len(older) == many - 1 and all(one.endswith(said["older"]) for one in older), player.screen()
        assert said["says"] in newest
        (asks,) = asking(player, said["button"])
        assert asks == max(message.id for message in player.messages)
    await lead.tap(said["button"])
    await lead.tap(said["ill"])
    await lead.tap(said["sure"])
    for player in (homeroom, lead):
        assert asking(player, said["button"]) == []
        assert all(said["ended"] in one and said["older"] not in one for one in cards(player, said["head"]))


async def test_who_is_homeroom_teacher_and_duty_lead_has_one_card(small_afternoon: Stage) -> None:
    """What is told at once to both duties is told once."""
    stage, said = small_afternoon, WORDS["zh_CN"]
    await opens(stage)
    teacher, homeroom = await care_teacher(stage), await stage.star("homeroom")
    async with stage.school.work() as uow:
        (await uow.session.get_one(CareDay, uow.day)).duty_lead_id = person_id(homeroom)
    child, _name, (mum, _dad) = await with_family(stage)
    await missing(teacher, child)
    await mum.tap("不在我这里")
    assert len(cards(homeroom, said["head"])) == 2
    assert len(asking(homeroom, said["button"])) == 1


@pytest.fixture
async def old_cards(small_afternoon: Stage) -> tuple[Stage, Player, Player, str]:
    """Two cards in the homeroom teacher's chat that an earlier version has sent: neither names itself."""
    stage, said = small_afternoon, WORDS["zh_CN"]
    await opens(stage)
    teacher, homeroom = await care_teacher(stage), await stage.star("homeroom")
    child, _name, (mum, dad) = await with_family(stage)
    await missing(teacher, child)
    await mum.tap("不在我这里")
    async with stage.school.work() as uow:
        for letter in await uow.session.scalars(select(Letter).where(Letter.params["card"].as_string().is_not(None))):
            letter.params = {name: value for name, value in letter.params.items() if name != "card"}
    return stage, homeroom, dad, said["button"]


async def draw_again(stage: Stage, player: Player, alarm: Alarm) -> None:
    """Each of the cards is drawn anew, as it stands."""
    async with stage.school.work() as uow:
        answers = await uow.session.scalars(select(AlarmAnswer.id).where(AlarmAnswer.alarm_id == alarm.id))
        people = [person_id(player)]
        await show_again(uow, "missing_shown", card_keys(alarm.id, answers), people, alarm_id=alarm.id, asked=False)
    await stage.calm()


async def test_a_card_of_an_earlier_version(old_cards: tuple[Stage, Player, Player, str]) -> None:
    """Drawn anew, the older of two has no buttons; nor has any once a newer one has come."""
    stage, homeroom, dad, button = old_cards
    (alarm,) = await stage.ask(select(Alarm))
    await draw_again(stage, homeroom, alarm)
    assert asking(homeroom, button) == [max(message.id for message in homeroom.messages)]
    await dad.tap("在我身边")
    await draw_again(stage, homeroom, alarm)
    assert asking(homeroom, button) == [max(message.id for message in homeroom.messages)]
    assert len(cards(homeroom, WORDS["zh_CN"]["head"])) == 3


@pytest.mark.parametrize("state", [LetterState.FAILED, LetterState.LAPSED])
async def test_a_newer_card_that_never_came(small_afternoon: Stage, state: LetterState) -> None:
    """The one before it points to nothing: it still asks."""
    stage, said = small_afternoon, WORDS["zh_CN"]
    await opens(stage)
    teacher, homeroom = await care_teacher(stage), await stage.star("homeroom")
    child, _name, (mum, _dad) = await with_family(stage)
    await missing(teacher, child)
    (first,) = asking(homeroom, said["button"])
    await mum.tap("不在我这里")
    newest = homeroom.last
    assert newest is not None
    del homeroom.chat.messages[newest.id]
    async with stage.school.work() as uow:
        never = update(Letter).where(Letter.message_id == newest.id, Letter.person_id == person_id(homeroom))
        await uow.session.execute(never.values(state=state, sent_at=None, message_id=None))
    (alarm,) = await stage.ask(select(Alarm))
    await draw_again(stage, homeroom, alarm)
    assert asking(homeroom, said["button"]) == [first]
