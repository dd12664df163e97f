"""/checkin (S13): two teachers on one list, and a colleague who takes over."""

from __future__ import annotations

from roll_steps import (
    STALE,
    chain,
    colleague,
    data_of,
    labels,
    last,
    listed,
    on_duty,
    opens,
    person_id,
    session_of,
    steps,
)
from sqlalchemy import select
from stage import Stage

from care.records import Role, StaffRole


async def test_two_teachers_on_one_list_see_the_same(afternoon: Stage) -> None:
    """One helps: the children are with who signed in, the links say who tapped."""
    stage = afternoon
    await opens(stage)
    teacher, helper = await on_duty(stage), await colleague(stage)
    children = await listed(stage)
    names = [f"{child.number} {name}" for child, name in children]
    await helper.send("/checkin")
    await helper.tap("2(3)")
    helper.reads(f"{teacher.user.name}已于 14:35 签到。您接替后由您值班")
    await helper.tap("只帮忙点名")
    await teacher.tap("○" + names[0])
    await helper.tap("○" + names[1])
    helper.reads(f"到 2 / 应到 {len(children)}")
    await teacher.tap("○" + names[2])
    await helper.tap("↻ 刷新")
    assert last(teacher).text == last(helper).text and labels(last(teacher)) == labels(last(helper))
    (link,) = (await chain(stage, children[1][0].id))[1:]
    assert (link.holder_id, link.by_id) == (person_id(teacher), person_id(helper))
    for player in (teacher, helper):  # the same child at the same moment
        player._acts.tap(last(player).id, data_of(last(player), "○" + names[3]))
    await stage.calm()
    assert await steps(stage, children[3][0].id) == ["expected", "present"]
    for player in (teacher, helper):
        player.reads(f"到 4 / 应到 {len(children)}")


async def test_a_colleague_takes_over_and_back_again(afternoon: Stage) -> None:
    """Each take-over hands the children here over with both names, and tells who was on duty."""
    stage = afternoon
    await opens(stage)
    teacher, other = await on_duty(stage), await colleague(stage)
    children = await listed(stage)
    await teacher.tap("○1 ")
    await teacher.tap("○2 ")
    await other.send("/checkin")
    await other.tap("2(3)")
    other.reads("正负责在班的 2 名学生。您接替后，这些学生由您负责")
    old = data_of(last(other), "接替")
    await other.tap("接替")
    other.reads(f"值班：{other.user.name}")
    assert any(button.startswith("✓1 ") for button in other.buttons)
    teacher.finds(f"2(3)班：{other.user.name}已接替您值班，在班学生 2 人一并交接")
    link = (await chain(stage, children[0][0].id))[-1]
    assert (link.step, link.giver_id, link.holder_id) == ("handed_over", person_id(teacher), person_id(other))
    await teacher.tap("打开名单")
    await teacher.tap("接替")
    assert (await chain(stage, children[0][0].id))[-1].holder_id == person_id(teacher)
    assert (await session_of(stage)).signed_in_id == person_id(teacher)
    await other.tap(data=old)  # it is about the teacher again: a take-over as was explained
    assert (await session_of(stage)).signed_in_id == person_id(other)
    third = stage.persona((await stage.ask(select(StaffRole.person_id).where(StaffRole.role == Role.CARE_TEACHER)))[5])
    await third.send("/checkin")
    await third.tap(data=old)  # it named another teacher
    assert third.toasts[-1] == STALE
    assert (await session_of(stage)).signed_in_id == person_id(other)
    await other.tap(data=f"kl:{(await session_of(stage)).id}")
    await other.tap("✓1 ")
    await other.tap("◆ 去上特色课程")
    await other.tap("◆1 ")
    other.reads(children[0][1])
    await other.tap("✓ 已回班")
    assert (await steps(stage, children[0][0].id))[-2:] == ["moved", "back"]


async def test_both_sign_in_at_once(afternoon: Stage) -> None:
    stage = afternoon
    await opens(stage)
    teacher, other = await stage.star("homeroom"), await colleague(stage)
    await teacher.send("/checkin")
    await other.send("/checkin")
    await other.tap("2(3)")
    for player in (teacher, other):
        player._acts.tap(last(player).id, data_of(last(player), "值班签到"))
    await stage.calm()
    session = await session_of(stage)
    winner, loser = (teacher, other) if session.signed_in_id == person_id(teacher) else (other, teacher)
    winner.reads("未点")
    loser.reads(f"{winner.user.name}已于 14:35 签到")
    assert loser.toasts[-1] == STALE
