"""/withdraw asks once: what is lost, from which day, and what becomes of today; until then nothing has changed."""

from __future__ import annotations

from journey import again, applicant, in_state
from stage import Stage
from way_home import at, day_child, family, marked

from care.board.children import Wanted, find
from care.board.places import Place, tally_of
from care.records import State

CLASS = "3(4)"
TODAY, TOMORROW = "11月23日 周一", "11月24日 周二"


async def test_what_ends_is_said_before_it_ends(small_stage: Stage) -> None:
    stage = small_stage
    (enrolled, *_) = await in_state(stage, State.ENROLLED, CLASS)
    family = await applicant(stage, enrolled)
    await family.send("/withdraw")
    await family.tap(f"自今天 {TODAY} 起")
    family.reads(f"自 {TODAY} 起不再参加")
    for lost in ("名额和已签署的协议失效", "健康说明将被删除", "名额会给候补的孩子", "需要重新申请"):
        family.reads(lost)
    assert (await again(stage, enrolled.id)).state is State.ENROLLED
    await family.tap("换一天")
    await family.tap(f"自 {TOMORROW} 起")
    family.reads("在此之前")
    await family.tap("继续参加")
    family.reads("情况保持不变")
    now = await again(stage, enrolled.id)
    assert (now.state, now.leaves_on, now.version) == (State.ENROLLED, None, enrolled.version)


async def test_another_day_may_be_typed_instead_of_confirming(small_stage: Stage) -> None:
    stage = small_stage
    (enrolled, *_) = await in_state(stage, State.ENROLLED, CLASS)
    family = await applicant(stage, enrolled)
    await family.send("/withdraw")
    await family.send("2026-12-01")
    await family.send("2026-12-02")
    await family.tap("确认自 12月2日 周三 起退出")
    assert str((await again(stage, enrolled.id)).leaves_on) == "2026-12-02"


async def test_a_question_of_yesterday_takes_nobody_out(small_stage: Stage) -> None:
    stage = small_stage
    (enrolled, *_) = await in_state(stage, State.ENROLLED, CLASS)
    family = await applicant(stage, enrolled)
    await family.send("/withdraw")
    await family.tap(f"自今天 {TODAY} 起")
    await stage.later(days=1)
    await family.tap(f"确认自 {TODAY} 起退出")
    assert family.toasts[-1] == "请填写今天至学期结束之间的日期。"
    assert (await again(stage, enrolled.id)).state is State.ENROLLED


async def test_the_waiting_list_place_is_named_where_it_is_lost(small_stage: Stage) -> None:
    stage = small_stage
    (waiting, *_) = await in_state(stage, State.WAITING, CLASS)
    family = await applicant(stage, waiting)
    await family.send("/withdraw")
    family.reads("候补名次将作废")
    await family.tap("撤回申请")
    assert (await again(stage, waiting.id)).state is State.WITHDRAWN


async def test_a_child_who_is_here_stays_until_it_is_collected(small_afternoon: Stage) -> None:
    """The family reads it before and after, the other parent and the teacher with the news; for a child who was only
    expected, /children does not call it a leave."""
    stage = small_afternoon
    here, mum, dad = await family(stage, number=0)
    absent, other, _ = await family(stage, number=1)
    teacher = await stage.homeroom_of("2(3)")
    await stage.at(at(14, 40))
    await marked(stage.school, here.student_id)
    await mum.send("/withdraw")
    await mum.tap("自今天")
    mum.reads("接走之前仍由学校负责")
    await mum.tap("确认自")
    mum.reads("已退出课后服务")
    mum.reads("接走之前仍由学校负责")
    for told in (dad, teacher):
        told.finds(f"今天{here.child}正在学校")

    await other.send("/withdraw")
    await other.tap("自今天")
    other.reads("今天的课后服务也随之取消")
    await other.tap("确认自")
    other.misses("接走之前仍由学校负责")
    teacher.misses(f"今天{absent.child}正在学校")
    await other.send("/children")
    other.reads("今天没有课后服务")
    other.misses("今天：请假")

    gone = await day_child(stage.school, absent.student_id)
    await teacher.send("/checkin")
    assert f"退{gone.number} {absent.child}" in teacher.offered
    teacher.reads("退 已退出")
    teacher.misses("请假")
    async with stage.school.look(await stage.act_as(await stage.star("head"))) as uow:
        found, many = await find(uow, Wanted(place=Place.WITHDRAWN))
        tally = await tally_of(uow, uow.day)
    assert (many, [one.student_id for one in found]) == (1, [absent.student_id])
    assert (tally.of(Place.LEAVE), tally.of(Place.WITHDRAWN)) == (0, 1)
    await teacher.tap(f"退{gone.number} {absent.child}")
    teacher.reads("已退出课后服务")
    await teacher.tap("✓ 到")
    assert f"✓{gone.number} {absent.child}" in teacher.offered, "who has come all the same is somebody's"
