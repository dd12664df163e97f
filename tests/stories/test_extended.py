"""Extended care by chat: a family asks, two teachers hand over and count, and nobody is lost on the way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time

import pytest
from journey import guardians, person_id
from sqlalchemy import select, update
from stage import USERS_FROM, Player, Stage
from way_home import marked, released

from bot.chat.kinds import Context, Kind
from bot.chat.letters import KINDS
from bot.wire.view import View
from care import rollcall
from care.extended.session import choose_teacher
from care.extended.standing import set_standing
from care.records import (
    Application,
    CareSession,
    CustodyEvent,
    DayChild,
    DayRules,
    Person,
    Role,
    SchoolClass,
    SessionKind,
    StaffRole,
    State,
    Step,
    Student,
    Term,
)

TUESDAY = date(2026, 11, 24)
CLASS, ENGLISH = "2(3)", "3(5)"
CHINESE = re.compile("[\u4e00-\u9fff]+")


async def at(stage: Stage, hour: int, minute: int = 0) -> None:
    await stage.at(datetime.combine(TUESDAY, time(hour, minute), stage.school.zone))


async def attending(stage: Stage, class_name: str) -> list[tuple[Application, str]]:
    """The enrolled children of a class who come on Tuesdays, with their names."""
    grade, number = int(class_name[0]), int(class_name[2:-1])
    async with stage.school.look() as uow:
        query = (
            select(Application, Student.name)
            .join(Student, Student.id == Application.student_id)
            .join(SchoolClass)
            .where(SchoolClass.grade == grade, SchoolClass.number == number, Application.state == State.ENROLLED)
            .order_by(Student.student_no)
        )
        return [(one, name) for one, name in await uow.session.execute(query) if 2 in one.weekdays]


async def begin(stage: Stage, stay: Sequence[int] = (), places: int = 120) -> None:
    """Only these children have Tuesday as a standing day."""
    async with stage.school.work() as uow:
        await uow.session.execute(update(Application).values(extended_weekdays=[]))
        await uow.session.execute(update(Term).values(extended_capacity=places))
        chosen = update(Application).where(Application.id.in_(list(stay))).values(extended_weekdays=[2])
        await uow.session.execute(chosen)


async def care_teacher(stage: Stage, number: int = 0) -> Player:
    """Somebody whose only duty is care."""
    several = select(StaffRole.person_id).where(StaffRole.role != Role.CARE_TEACHER)
    query = select(StaffRole.person_id).where(StaffRole.role == Role.CARE_TEACHER, StaffRole.person_id.not_in(several))
    return stage.persona((await stage.ask(query.order_by(StaffRole.id)))[number])


async def english(stage: Stage, player: Player) -> Player:
    async with stage.school.work() as uow:
        (await uow.session.get_one(Person, person_id(player))).language = "en"
    return player


async def roll_taken(stage: Stage, class_name: str) -> Player:
    """The class's teacher has signed in and everybody is there."""
    teacher = await stage.homeroom_of(class_name)
    grade, number = int(class_name[0]), int(class_name[2:-1])
    query = select(CareSession.id).join(SchoolClass).where(SchoolClass.grade == grade, SchoolClass.number == number)
    session_id = (await stage.ask(query.where(CareSession.date == TUESDAY)))[0]
    async with stage.school.work(await stage.act_as(teacher)) as uow:
        await rollcall.sign_in(uow, session_id)
        await rollcall.all_others_present(uow, session_id)
    await stage.calm()
    return teacher


async def holder(stage: Stage, application: Application) -> CustodyEvent:
    """The child's last link."""
    async with stage.school.look() as uow:
        query = (
            select(CustodyEvent)
            .join(DayChild, (DayChild.id == CustodyEvent.day_child_id) & (DayChild.last_seq == CustodyEvent.seq))
            .where(DayChild.date == TUESDAY, DayChild.student_id == application.student_id)
        )
        return (await uow.session.scalars(query)).one()


@pytest.fixture(autouse=True)
def _other_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the roll and the alarm themselves say is another story."""

    async def nothing(_: Context) -> View | None:
        return None

    for kind in ("child_missing", "child_missing_told", "child_arrived", "roll_late"):
        monkeypatch.setitem(KINDS, kind, KINDS.get(kind, Kind(nothing)))


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


async def test_from_the_class_to_the_academy(afternoon: Stage) -> None:
    """Given by one, counted by the other: a difference is named to both, and only equal lists pass."""
    stage = afternoon
    (one, first), (two, second), (three, third), (four, _), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id, two.id, three.id])
    await at(stage, 12, 30)
    giver, taker = await roll_taken(stage, CLASS), await care_teacher(stage)
    await taker.send("/extended")
    taker.reads("今天延时托管：澹台书院，17:25–18:30")
    taker.reads("应到 3 · 已到 0")
    taker.reads("还没有老师签到。")
    taker.misses(first)
    await taker.tap("延时托管签到")
    taker.reads("✔ 您已签到延时托管。")
    await at(stage, 17, 12)
    await giver.send("/extended")
    giver.reads(f"{CLASS} 参加延时的学生：{first}、{second}、{third}")
    await giver.tap(f"交接 {CLASS}：3 人")
    giver.reads(f"将 {CLASS} 的 3 名学生交给延时托管老师？")
    ask = giver.last
    await giver.tap("交接这 3 人")
    giver.reads("对方接收之前，仍由您负责。")
    await giver.tap("交接这 3 人", message=ask)

    taker.reads(f"交来 {CLASS} 的 3 名学生，请清点：")
    await taker.tap(f"☐ {first}")
    await taker.tap(f"☐ {second}")
    taker.reads("请清点")
    await taker.tap("清点完毕：2/3")
    taker.reads("⚠ 人数不一致：交出 3 人，清点 2 人。")
    taker.reads(f"未到：{third} {CLASS}")
    taker.reads("未交接任何学生。")
    giver.finds(f"未到：{third} {CLASS}")
    assert {(await holder(stage, a)).step for a in (one, two, three)} == {Step.PRESENT}

    await taker.tap(f"☐ {third}")
    await taker.tap("清点完毕：3/3")
    taker.reads("✔ 已从")
    giver.finds(f"已接收 {CLASS} 的 3 人：{first}、{second}、{third}")
    for application in (one, two, three):
        link = await holder(stage, application)
        assert (link.step, link.giver_id, link.holder_id) == (
            Step.HANDED_OVER, person_id(giver), person_id(taker)
        )  # fmt: skip
    assert (await holder(stage, four)).holder_id == person_id(giver)
    mum = (await guardians(stage, one.student_id))[0]
    await mum.send("/extended")
    mum.reads("今天：已在澹台书院延时托管，至 18:30。")
    await mum.tap(data=f"exn:{one.student_id}:{TUESDAY.toordinal()}")
    assert mum.toasts[-1] == "孩子已在延时托管，可随时到澹台书院接走。"


async def test_the_hand_over_survives_a_restart_and_a_new_teacher(small_afternoon: Stage) -> None:
    stage = small_afternoon
    (one, _), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id])
    await at(stage, 12, 30)
    giver, taker, later = await roll_taken(stage, CLASS), await care_teacher(stage), await care_teacher(stage, 1)
    await giver.send("/extended")
    await giver.tap(f"交接 {CLASS}：1 人")
    await giver.tap("交接这 1 人")
    await stage.restart()
    await taker.send("/extended")
    old = taker.last
    await taker.tap("延时托管签到")
    await later.send("/extended")
    await later.tap("接替")
    later.reads("接替后，在场的 0 名学生和后续工作由您负责。")
    await later.tap("接替")
    later.reads("✔ 您已签到延时托管。")
    await taker.tap("延时托管签到", message=old)
    assert taker.toasts[-1] == "情况已有变化，请查看最新状态后再决定。"
    await stage.restart()
    await later.tap(f"清点 {CLASS}：1 人")
    count = later.last
    await later.tap("1 人全部到齐")
    later.reads("✔ 已从")
    await later.tap("1 人全部到齐", message=count)
    later.reads("✔ 已从")
    assert (await holder(stage, one)).holder_id == person_id(later)
    await taker.tap(data=f"exc:{1}:{1}:1")
    assert taker.toasts[-1] == "请先签到延时托管。"


async def test_two_teachers_who_read_english(small_afternoon: Stage) -> None:
    """Planned by the office, a late change, a difference, and the hand-over: nothing of it in another language."""
    stage = small_afternoon
    (one, first), (two, second), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id, two.id])
    await at(stage, 12, 30)
    giver = await english(stage, await roll_taken(stage, CLASS))
    taker = await english(stage, await care_teacher(stage))
    mum = (await guardians(stage, two.student_id))[0]
    async with stage.school.work(await stage.act_as(await stage.star("office"))) as uow:
        await choose_teacher(uow, person_id(taker))
    await stage.calm()
    taker.reads("You have extended care today.")
    taker.reads(f"Planned: {taker.user.name}, not signed in yet")
    await taker.tap("Sign in for extended care")
    taker.reads("✔ You have signed in for extended care.")
    await at(stage, 16, 30)
    await mum.send("/extended")
    await mum.tap("改为 17:10 放学")
    for teacher in (giver, taker):
        teacher.reads(f"Late change: {second}, class {CLASS}, leaves with the class today, not to 澹台书院.")
    await mum.tap("今天参加延时")
    giver.reads(f"Late change: {second}, class {CLASS}, stays for extended care today.")
    await giver.send("/extended")
    giver.reads(f"Staying from {CLASS}: {first}, {second}")
    await giver.tap(f"Hand over {CLASS}: 2")
    giver.reads(f"Hand over 2 children of {CLASS} to extended care?")
    await giver.tap("Hand over these 2")
    giver.reads("You answer for them until they have been taken over.")
    await taker.tap(f"☐ {first}")
    await taker.tap("Done: 1 of 2")
    taker.reads("⚠ The counts differ: given 2, counted 1.")
    giver.reads(f"Not there: {second} {CLASS}")
    await giver.tap("Hand over anew")
    await giver.tap("Hand over these 2")
    await taker.tap("All 2 are here")
    taker.reads(f"✔ Taken over from {giver.user.name}: 2 of {CLASS}.")
    giver.reads(f"has taken over 2 of {CLASS}: {first}, {second}")
    names = {first, second, giver.user.name, taker.user.name, "澹台书院"}
    for player in (giver, taker):
        own = [message.text for message in player.messages if "Late change" in message.text or CLASS in message.text]
        said = "".join(own)
        for name in names:
            said = said.replace(name, "")
        assert CHINESE.findall(said) == []


async def test_who_does_not_arrive(small_afternoon: Stage) -> None:
    """The roll of extended care, in English: a child who has not come is asked for, and turns up."""
    stage = small_afternoon
    (one, first), (two, _second), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id, two.id])
    await at(stage, 12, 30)
    giver, taker = await roll_taken(stage, CLASS), await english(stage, await care_teacher(stage))
    await taker.send("/extended")
    await taker.tap("Sign in for extended care")
    await at(stage, 17, 45)
    taker.finds("The roll of extended care is not finished: 2 children have not arrived.")
    await taker.send(f"/extended {first}")
    taker.reads(f"{first}: still with ")
    await taker.tap(first)
    await taker.tap("⚠ Not here: ask the family")
    taker.reads("⚠ The family and the homeroom teacher are being asked.")
    taker.reads(f"⚠ Missing: {first} {CLASS}")
    giver.finds(f"⚠ {CLASS} 班{first}没有到延时托管。按记录孩子在您这里")
    assert (await holder(stage, one)).step is Step.ABSENT
    await taker.tap(f"{CLASS} · 2")
    await taker.tap(first)
    await taker.tap("Is here")
    taker.reads("Expected 2 · here 1")
    assert (await holder(stage, one)).holder_id == person_id(taker)
    await taker.send("/extended Nobody")
    taker.reads("No child of that name stays today.")


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
