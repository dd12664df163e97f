"""Two guardians contradict each other about a missing child: both answers are kept, and the child is not explained."""

from __future__ import annotations

from missing_steps import alarms, letters, missing, with_family
from roll_steps import chain, data_of, last, lead_of, moment, now, on_duty, opens, person_id, steps
from sqlalchemy import select
from stage import Player, Stage

from care.records import AlarmAnswer, Answer, DayChild

MARK = "⚠ 家长的答复互相矛盾，请分别打电话核实。孩子的去向仍算未说明。"


async def kept(stage: Stage) -> list[tuple[int, str]]:
    return [(one.person_id, one.answer) for one in await stage.ask(select(AlarmAnswer).order_by(AlarmAnswer.id))]


async def asked(stage: Stage) -> tuple[Player, DayChild, str, Player, Player]:
    await opens(stage)
    teacher = await on_duty(stage)
    child, name, (mum, dad) = await with_family(stage)
    await missing(teacher, child)
    return teacher, child, name, mum, dad


async def test_not_with_one_and_with_the_other(small_afternoon: Stage) -> None:
    """The "yes" after the "no" does not make the "no" vanish; who said "no" can say that the other is right."""
    stage = small_afternoon
    teacher, child, name, mum, dad = await asked(stage)
    question, asked_dad = last(mum), last(dad)
    lead = await lead_of(stage)
    await mum.tap("不在我这里")
    assert now(mum, question).text == f"您已答复：{name}不在您身边。\n老师和值班领导正在寻找孩子，请保持电话畅通。"
    lead.reads("答复“不在我这里”（14:35）")
    assert len([message for message in lead.messages if name in message.text]) == 1
    await stage.at(moment(stage, 14, 36))
    await dad.tap("在我身边")
    for staff in (teacher, lead):
        staff.reads(MARK)
        staff.reads("答复“不在我这里”（14:35）")
        staff.reads("答复“在我身边”（14:36）")
    assert await steps(stage, child.id) == ["expected", "absent"]
    assert await kept(stage) == [(person_id(mum), "not_here"), (person_id(dad), "with_me")]
    for parent, screen in ((mum, question), (dad, asked_dad)):
        assert now(parent, screen).text == (
            f"⚠ {name}：家里的答复互相矛盾。\n{mum.user.name}：答复“不在我这里”（14:35）\n"
            f"{dad.user.name}：答复“在我身边”（14:36）\n请马上互相联系核实。老师和值班领导已收到通知。"
        )
    mum.reads("家里的答复互相矛盾")
    await mum.send("/children")
    mum.finds("家里的答复互相矛盾；值班领导已收到通知，正在核实")
    await mum.tap("答错了：另一位家长说得对", message=now(mum, question))
    assert await steps(stage, child.id) == ["expected", "absent", "explained"]
    assert (await chain(stage, child.id))[-1].holder_id == person_id(dad)
    assert now(dad, asked_dad).text == f"您已答复：{name}在您身边。已告知老师，谢谢。"
    assert not any("答错了" in button for button in mum.buttons)
    teacher.reads("答复“另一位家长说得对”（14:36）")
    assert await letters(stage, "child_missing_lead") == [person_id(lead)]


async def test_with_one_and_then_not_with_the_other(small_afternoon: Stage) -> None:
    """A "no" that crosses the "yes" takes the explanation back, and the duty lead hears of it at once."""
    stage = small_afternoon
    teacher, child, name, mum, dad = await asked(stage)
    question = last(mum)
    no = data_of(question, "不在我这里")
    await dad.tap("在我身边")
    assert await steps(stage, child.id) == ["expected", "absent", "explained"]
    lead = await lead_of(stage)
    lead.misses(name)
    await mum.tap(data=no, message=question)
    assert await steps(stage, child.id) == ["expected", "absent", "explained", "absent"]
    assert (await alarms(stage, child))[0].answer == "contradicted"
    for staff in (teacher, lead):
        staff.reads(MARK)
        staff.reads("答复“在我身边”")
        staff.reads("答复“不在我这里”")
    dad.reads(f"⚠ {name}：家里的答复互相矛盾。")
    await dad.tap("答错了：不在我这里")
    assert await kept(stage) == [
        (person_id(dad), Answer.WITH_ME),
        (person_id(mum), Answer.NOT_HERE),
        (person_id(dad), Answer.NOT_HERE),
    ]
    assert (await alarms(stage, child))[0].answer == "not_here"
    assert now(mum, question).text.startswith(f"您已答复：{name}不在您身边。")
    assert "孩子现在和我在一起" in mum.buttons
