"""What stands on a guardian's screen about the way home follows a change of extended care: the reminder, /pickup, and
the other guardian's word (S10, S11)."""

from __future__ import annotations

import pytest
from roll_steps import data_of
from sqlalchemy import select, update
from stage import Player, Stage
from way_home import Family, at, attend_every_day, brother_of, families, family, id_of, marked, released, speaks_english

from care.extended.standing import set_standing
from care.records import Application, Term
from care.records.pickup import PickupPlan
from care.term_changes import NOT_OFFERED, change_extended
from webchat.model import Message

GATE, THERE = "17:10 放学，请到东门接", "18:30 放学，请到澹台书院接"
GATE_EN, THERE_EN = "ends today at 17:10. Please collect at 东门", "ends today at 18:30. Please collect at 澹台书院"


@pytest.fixture
async def reminded(small_home: Stage) -> tuple[Stage, Family, Player, Player]:
    """Tuesday, 16:40: both guardians have the reminder; the second reads English, and has asked /pickup as well."""
    stage = small_home
    child, mum, dad = await family(stage)
    await speaks_english(stage.school, id_of(dad))
    async with stage.school.work() as uow:
        await uow.session.execute(update(Application).values(extended_weekdays=[]))
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.at(at(16, 40))
    return stage, child, mum, dad


def telling(player: Player, words: str) -> list[Message]:
    return [message for message in player.messages if words in (message.text or "")]


async def stays(mum: Player) -> None:
    await mum.send("/extended")
    await mum.tap("今天参加延时")
    mum.reads("今天参加延时托管")


async def test_granted_and_withdrawn(reminded: tuple[Stage, Family, Player, Player]) -> None:
    _stage, _child, mum, dad = reminded
    await dad.send("/pickup")
    assert (len(telling(mum, GATE)), len(telling(dad, GATE_EN))) == (1, 2)
    (reminder,), card = telling(mum, GATE), telling(dad, GATE_EN)[-1]
    code = next(line for line in card.text.splitlines() if "pick-up code" in line)
    coming, letters = data_of(reminder, "我来接"), len(dad.messages)
    await stays(mum)
    assert (telling(mum, GATE), telling(dad, GATE_EN)) == ([], [])
    assert [message.id for message in telling(mum, THERE)] == [reminder.id]
    assert len(telling(dad, THERE_EN)) == 2 and code in dad.chat.messages[card.id].text
    assert len(dad.messages) == letters + 1, "the letter that tells it; what stood there was edited"

    await mum.tap(data=coming, message=reminder)  # as it was drawn for the class's way home
    assert "18:30 放学，由您到澹台书院接" in mum.chat.messages[reminder.id].text
    assert len(telling(dad, f"at 18:30, 澹台书院. {mum.user.name} comes.")) == 1  # the reminder

    await mum.send("/extended")
    await mum.tap("改为 17:10 放学")
    assert not telling(mum, "18:30 放学") and "今天 17:10 放学，由您到东门接" in mum.chat.messages[reminder.id].text
    assert len(telling(dad, f"at 17:10, 东门. {mum.user.name} comes.")) == 2  # and the card


async def test_the_offer_ends(reminded: tuple[Stage, Family, Player, Player]) -> None:
    """The standing weekday of tomorrow is over: the card that shows tomorrow says when the class leaves."""
    stage, child, mum, _dad = reminded
    async with stage.school.work(await stage.act_as(mum)) as uow:
        await set_standing(uow, child.student_id, 3, wanted=True)
    await released(stage.school, child.student_id)
    await mum.send("/pickup")
    card = mum.last
    assert card is not None and "18:30" in card.text and "澹台书院" in card.text
    async with stage.school.work(await stage.act_as(await stage.star("office"))) as uow:
        term_id = (await uow.session.scalars(select(Term.id))).first()
        await change_extended(uow, term_id or 0, NOT_OFFERED)
    await stage.calm()
    now = mum.chat.messages[card.id].text
    assert "17:10" in now and "东门" in now and "18:30" not in now


async def test_one_of_two(small_home: Stage) -> None:
    """The reminder named both: it says of each when and where, and asks of each by itself."""
    stage = small_home
    child, mum, _dad = await family(stage)
    other = (await families(stage.school, "2(3)"))[1]
    await brother_of(stage.school, child, other.student_id)
    await attend_every_day(stage.school, other.student_id)
    async with stage.school.work() as uow:
        await uow.session.execute(update(Application).values(extended_weekdays=[]))
    await stage.at(at(12, 30))
    for number in (child.student_id, other.student_id):
        await marked(stage.school, number)
    await stage.at(at(16, 40))
    (reminder,) = telling(mum, GATE)
    await mum.send("/extended")
    await mum.tap(f"今天参加延时 · {other.child}")
    now = mum.chat.messages[reminder.id]
    assert GATE in now.text and THERE in now.text
    old = data_of(reminder, "我来接")
    assert f"我来接 · {child.child}" in str(now.buttons()) and f"我来接 · {other.child}" in str(now.buttons())
    await mum.send("/extended")
    await mum.tap(f"今天参加延时 · {child.child}")
    await mum.tap(data=old, message=reminder)  # nobody leaves with that wave any more
    assert mum.toasts[-1] == "情况刚有变化，已更新为最新内容。"
    assert mum.chat.messages[reminder.id].text.count(THERE) == 2
    assert await stage.ask(select(PickupPlan)) == []
    await mum.tap(f"我来接 · {child.child}", message=mum.chat.messages[reminder.id])
    assert [plan.student_id for plan in await stage.ask(select(PickupPlan))] == [child.student_id]
