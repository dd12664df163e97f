"""/extended: a family asks that its child stays, today or every week, and the duty lead decides (S11)."""

from __future__ import annotations

from datetime import time

from extended_steps import CHINESE, CLASS, ENGLISH, at, attending, begin, care_teacher, english, holder, roll_taken
from journey import guardians, person_id
from sqlalchemy import select, update
from stage import USERS_FROM, Stage
from way_home import marked, released

from care.extended.standing import set_standing
from care.records import CareSession, DayRules, Person, Role, SessionKind, StaffRole, Step, Student, Term, Wave


async def test_a_family_stays_today_and_every_week(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await begin(stage)
    await at(stage, 12, 30)
    (application, child), *_ = await attending(stage, CLASS)
    mum, *others = await guardians(stage, application.student_id)
    await mum.send("/extended")
    mum.reads("今天：17:10 放学，不参加延时托管。")
    mum.reads("今天延时托管：澹台书院，17:25–18:30，还剩 120 个名额。")
    mum.reads("16:00 前可自由更改")
    first = mum.last
    await mum.tap("今天参加延时")
    mum.reads(f"✔ {child}今天参加延时托管。")
    mum.reads("今天：参加延时托管，澹台书院，至 18:30。")
    mum.reads("还剩 119 个名额")
    await mum.send("/pickup")
    mum.reads("今天 18:30")
    assert "更改延时托管" in mum.buttons and "今天延时托管" not in mum.buttons
    await mum.tap("更改延时托管")
    mum.reads("今天：参加延时托管，澹台书院，至 18:30。")
    for other in others:
        other.finds(f"{child}今天参加延时托管：澹台书院，至 18:30，请到那里接孩子。")
    await mum.tap("今天参加延时", message=first)
    mum.reads("还剩 119 个名额")

    await mum.tap("固定日期")
    mum.reads("更改从下一个服务日起生效，今天不变。")
    await mum.tap("☐ 星期二")
    await mum.tap("☐ 星期三")
    assert "☑ 星期二" in mum.buttons and "☑ 星期三" in mum.buttons
    await mum.tap("‹ 返回")
    mum.reads("固定日期：周二、周三")
    await mum.tap("改为 17:10 放学")
    mum.reads(f"✔ {child}今天 17:10 放学，不参加延时托管。")
    mum.reads("还剩 120 个名额")
    (name,) = await stage.ask(select(Person.name).where(Person.id == person_id(mum)))
    assert others
    for other in others:  # who comes at 17:10 must find the child with the class
        other.finds(f"{child}今天不参加延时托管（{name}已取消），随班放学。")
    teacher = await stage.homeroom_of(CLASS)
    teacher.misses("临时变更")

    await at(stage, 16, 0)
    await mum.send("/extended")
    mum.reads("已过 16:00：仍可更改，会立即通知班级老师和延时托管老师。")
    await mum.tap("今天参加延时")
    teacher.finds(f"临时变更：{CLASS} 班{child}今天参加延时托管。")


async def test_nothing_is_offered_for_a_child_who_has_left(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await begin(stage)
    await at(stage, 16, 30)
    (application, _child), *_ = await attending(stage, CLASS)
    mum, *_ = await guardians(stage, application.student_id)
    await marked(stage.school, application.student_id)
    await released(stage.school, application.student_id)
    await mum.send("/extended")
    mum.reads("今天延时托管：澹台书院，17:25–18:30")
    mum.misses("个名额")
    mum.misses("仍可更改")


async def test_a_family_that_reads_english(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await begin(stage)
    await at(stage, 12, 30)
    (application, child), *_ = await attending(stage, ENGLISH)
    mum, *others = await guardians(stage, application.student_id)
    for player in (mum, *others):
        await english(stage, player)
    await mum.send("/extended")
    mum.reads("Today: leaves at 17:25, without extended care.")
    await mum.tap("Stay today")
    mum.reads(f"✔ {child} stays today.")
    mum.reads("Every week: none")
    await mum.tap("Every week")
    await mum.tap("☐ Thursday")
    assert "☑ Thursday" in mum.buttons
    await mum.tap("‹ Back")
    mum.reads("Every week: Thursday")
    await mum.tap("Leave at 17:25")
    mum.reads(f"✔ {child} leaves at 17:25 today, without extended care.")
    for other in others:
        other.finds(f"{child} does not stay for extended care today (")
    left = {word for message in mum.messages[1:] for word in CHINESE.findall(message.text)} - {"澹台书院", child}
    assert left == set()


async def test_a_full_house_is_decided_by_the_duty_lead(small_afternoon: Stage) -> None:
    """The last place is gone: the school is asked, and both answers reach the family."""
    stage = small_afternoon
    (one, first), (two, second), (three, _), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[three.id], places=1)
    await at(stage, 12, 30)
    mum, dad = (await guardians(stage, one.student_id))[0], (await guardians(stage, two.student_id))[0]
    office = await stage.star("office")
    for parent in (mum, dad):
        await parent.send("/extended")
        parent.reads("名额已满，之后的申请由学校决定。")
        await parent.tap("今天参加延时")
        parent.reads("✔ 已提交申请，学校答复后会在这里通知您。")
        parent.reads("等待学校答复；答复前仍按 17:10 放学")
    office.finds(f"{CLASS} 班{first}：")
    office.reads("剩余名额：0")
    asked = office.last
    await office.tap("✔ 同意")
    assert office.toasts[-1] == "今天的 1 个名额已满。"
    await office.tap("✖ 不同意")
    office.reads(f"✖ 未同意：{CLASS} 班{second}，已通知家长。")
    dad.finds(f"学校今天未能安排{second}延时托管，孩子随班放学。")
    await office.tap("✔ 同意", message=asked)
    office.finds(f"{CLASS} 班{second}：已答复不同意（")
    await office.tap("✔ 改为同意")
    assert office.toasts[-1] == "今天的 1 个名额已满。"
    async with stage.school.work() as uow:
        await uow.session.execute(update(Term).values(extended_capacity=2))
    await at(stage, 12, 40)
    mum.finds(f"{first}今天参加延时托管：澹台书院，至 18:30，请到那里接孩子。")
    await dad.send("/extended")
    dad.reads("今天：延时托管申请未获批准，17:10 放学。")
    assert "再次申请延时" in dad.offered and "今天参加延时" not in dad.offered


async def test_by_approval(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await begin(stage)
    async with stage.school.work() as uow:
        term_id = await uow.session.scalar(select(Term.id))
        row = await uow.session.get(DayRules, term_id) or DayRules(term_id=term_id)
        row.extended_automatic = False
        uow.session.add(row)
    await at(stage, 12, 30)
    (application, child), *_ = await attending(stage, CLASS)
    mum, *_others = await guardians(stage, application.student_id)
    office = await english(stage, await stage.star("office"))
    await mum.send("/extended")
    mum.reads("每份申请由学校决定。")
    await mum.tap("今天参加延时")
    office.reads(f"{child}, class {CLASS}: ")
    office.reads("asks for extended care today, until 18:30. Places left: 120.")
    await office.tap("✔ Grant")
    office.reads(f"✔ Granted. {child}, class {CLASS}, stays today; the family has been told.")
    mum.finds(f"{child}今天参加延时托管：澹台书院，至 18:30")
    await mum.tap("延时托管")
    mum.reads("今天：参加延时托管，澹台书院，至 18:30。")


async def test_taps_that_nobody_was_given(small_afternoon: Stage) -> None:
    """Every button forged: another family's child, ids that do not exist, words for numbers, no duty at all."""
    stage = small_afternoon
    (one, _), (two, name), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id])
    await at(stage, 12, 30)
    giver, taker = await roll_taken(stage, CLASS), await care_teacher(stage)
    mum = (await guardians(stage, one.student_id))[0]
    await mum.send("/extended")
    verbs = (
        "exf",
        "exy",
        "exn",
        "exs",
        "ext",
        "exg",
        "exd",
        "exi",
        "exj",
        "exp",
        "exw",
        "exo",
        "exk",
        "exc",
        "exr",
        "exq",
    )
    for verb in (*verbs, "exm", "exa"):
        for rest in (two.student_id, 10**15, "x", "-1", "1:1", "1:1:1", "1:2:3:4", "approved:1:1", "²:1:1"):
            await mum.tap(data=f"{verb}:{rest}")
    mum.misses("出了点问题")
    mum.misses(name)
    assert not await stage.ask(select(CareSession).where(CareSession.signed_in_id == person_id(mum)))
    for verb in ("exc", "exk", "exm", "exa", "exq", "exr", "exo"):
        await taker.tap(data=f"{verb}:1:1:1")
        await giver.tap(data=f"{verb}:1:1:1")
    (session,) = await stage.ask(select(CareSession).where(CareSession.kind == SessionKind.EXTENDED))
    assert session.signed_in_id is None
    assert (await holder(stage, one)).step is Step.PRESENT


async def test_names_that_look_like_markup(small_afternoon: Stage) -> None:
    stage = small_afternoon
    (one, _), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id])
    async with stage.school.work() as uow:
        (await uow.session.get_one(Student, one.student_id)).name = "<b>=1+1 {child}"
    await at(stage, 12, 30)
    giver = await roll_taken(stage, CLASS)
    mum = (await guardians(stage, one.student_id))[0]
    for player in (mum, giver):
        await player.send("/extended")
        player.reads("<b>=1+1 {child}")
    await giver.tap(f"交接 {CLASS}：1 人")
    giver.reads("1. <b>=1+1 {child}")


async def test_a_teacher_who_is_a_mother_has_both(small_afternoon: Stage) -> None:
    """The desk first, the own children behind a button; a standing day set elsewhere is there at once."""
    stage = small_afternoon
    (one, child), *_ = await attending(stage, CLASS)
    await begin(stage)
    mum = (await guardians(stage, one.student_id))[0]
    async with stage.school.work() as uow:
        uow.session.add(StaffRole(person_id=person_id(mum), role=Role.CARE_TEACHER, since=uow.now))
    await at(stage, 12, 30)
    await mum.send("/extended")
    mum.reads("今天没有学生参加延时托管。")
    async with stage.school.work(await stage.act_as(mum)) as uow:
        await set_standing(uow, one.student_id, 3, wanted=True)
    await mum.tap("我的孩子")
    mum.reads(f"{child}，")
    mum.reads("固定日期：星期三")
    await mum.tap("教师入口")
    mum.reads("今天没有学生参加延时托管。")
    assert mum.user_id == USERS_FROM + person_id(mum)


async def test_what_can_happen_no_more_is_not_offered(small_afternoon: Stage) -> None:
    """The class has left by the clock: who stays can be collected, but not leave at 17:10 any more."""
    stage = small_afternoon
    (one, child), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id])
    await at(stage, 16, 50)
    await roll_taken(stage, CLASS)
    mum, *_others = await guardians(stage, one.student_id)
    await mum.send("/extended")
    early = mum.last
    assert "改为 17:10 放学" in mum.buttons
    await at(stage, 17, 10)
    await mum.send("/extended")
    mum.reads("今天：参加延时托管，澹台书院，至 18:30。")
    assert mum.offered == ["固定日期"]
    assert mum.last is not None and "更改" not in mum.last.text
    await mum.tap("改为 17:10 放学", message=early)
    assert mum.toasts[-1] == (
        "班级服务已结束，孩子今天留在延时托管。您可随时来接：发送 /children 查看孩子由谁看护。"
    )  # fmt: skip
    await mum.send("/extended")
    mum.reads("今天：参加延时托管，澹台书院，至 18:30。")
    mum.reads(child)


async def test_who_waits_for_an_answer_after_the_end_takes_the_request_back(small_afternoon: Stage) -> None:
    stage = small_afternoon
    (one, first), (two, _second), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[two.id], places=1)
    await at(stage, 16, 50)
    await roll_taken(stage, CLASS)
    mum, *_others = await guardians(stage, one.student_id)
    await mum.send("/extended")
    await mum.tap("今天参加延时")
    await at(stage, 17, 11)
    await mum.send("/extended")
    mum.reads("今天：已申请延时托管，等待学校答复；班级服务已于 17:10 结束。")
    assert mum.offered == ["撤回申请", "固定日期"]
    await mum.tap("撤回申请")
    mum.reads(f"✔ 已撤回：{first}今天不参加延时托管。")
    mum.reads("今天：不参加延时托管，班级服务已于 17:10 结束。")
    assert "今天参加延时" in mum.offered
    await at(stage, 18, 30)
    await mum.send("/extended")
    assert mum.offered == ["固定日期"], "extended care is over"


async def test_todays_list_keeps_its_end_when_the_wave_is_given_another(small_afternoon: Stage) -> None:
    """What a wave is given during an afternoon counts from the next care day."""
    stage = small_afternoon
    await begin(stage)
    await at(stage, 15)
    (application, _child), *_ = await attending(stage, CLASS)
    mum, *_others = await guardians(stage, application.student_id)
    async with stage.school.work() as uow:
        await uow.session.execute(update(Wave).where(Wave.ordinal == 1).values(ends_at=time(17)))
    await mum.send("/extended")
    mum.reads("今天：17:10 放学，不参加延时托管。")
