"""Every command by everybody: who may sees the screen, who may not gets one sentence; the menu is what one needs."""

from __future__ import annotations

import pytest
from databases import Databases
from journey import applicant, in_state, open_slip, person_id
from sqlalchemy import select
from stage import Player, Stage, open_stage

from bot.chat.register import FOR_ALL, FOR_KNOWN
from care.records import Contact, Person, Role, StaffRole, State

WHO = "为确认您的身份"
NO_DUTY = "您的职责不包含这项操作。"
NO_CHILD = "没有您可以申请的孩子"
NOT_LISTED = "学校名册上没有您的孩子"
NOTHING = "没有参加或申请"
NOT_IN_CARE = "没有孩子参加课后服务"
NO_SHEET = "今天没有您的日签到表"
LINK = "这是您的登录链接"
NO_CLASS = "现在没有您可以交接的班级"

REVIEWS = {Role.HEAD, Role.DEPUTY, Role.MEMBER, Role.OFFICE, Role.GRADE_LEADER, Role.HOMEROOM}
SIGNS_IN = {*Role}
TAKES_ROLL = {*REVIEWS, Role.CARE_TEACHER}
NOT_YET = "今天的名单 23:59 生成"
GUARDIAN, STRANGER = "guardian", "stranger"
EVERYBODY = [*(role.value for role in Role), GUARDIAN, STRANGER]


def expected(who: str, command: str) -> str:
    """What the answer to a command contains."""
    if command in ("language", "cancel"):
        return {"language": "请选择语言", "cancel": "没有可取消的事项"}[command]
    if who == STRANGER:
        return WHO
    if command in ("start", "help"):
        return {"start": "您好", "help": "您可以："}[command]
    if who == GUARDIAN:
        return {
            "apply": "已参加",
            "children": "已参加",
            "leave": "哪天不参加",
            "pickup": "您今天的接送码",
            "withdraw": "从哪天起不再参加",
            "review": NO_DUTY,
            "checkin": NO_DUTY,
            "daysheet": NO_DUTY,
            "console": NO_DUTY,
            "extended": "固定日期",
            "handover": NO_DUTY,
        }[command]
    role = Role(who)
    return {
        "apply": NO_CHILD,
        "children": NOT_LISTED,
        "leave": NOT_IN_CARE,
        "pickup": NOT_LISTED,
        "withdraw": NOTHING,
        "review": "待您处理" if role in REVIEWS else NO_DUTY,
        "checkin": NOT_YET if role in TAKES_ROLL else NO_DUTY,
        "daysheet": NO_SHEET if role in TAKES_ROLL else NO_DUTY,
        "console": LINK if role in SIGNS_IN else NO_DUTY,
        "extended": "今天没有学生参加延时托管" if role in TAKES_ROLL else NO_DUTY,
        "handover": NO_CLASS if role in TAKES_ROLL else NO_DUTY,
    }[command]


def menu(who: str) -> list[str]:
    names = ["/language", "/help", "/cancel"]
    if who == STRANGER:
        return []
    if who == GUARDIAN:
        return ["/pickup", "/extended", "/leave", "/children", "/apply", "/withdraw", *names]
    role = Role(who)
    if role in SIGNS_IN:
        names.insert(0, "/console")
    if role in TAKES_ROLL:
        names.insert(0, "/extended")
        names.insert(0, "/daysheet")
    if role in REVIEWS:
        names.insert(0, "/review")
    if role in TAKES_ROLL:
        at = 0 if role in (Role.GRADE_LEADER, Role.HOMEROOM, Role.CARE_TEACHER) else 1
        names[at:at] = ["/checkin", "/handover"]
    return names


async def player_of(stage: Stage, who: str) -> Player:
    """Somebody who holds just this duty and has no child at the school; or a guardian, or a stranger."""
    if who == STRANGER:
        return Player(stage, stage.world, stage.token, name="路人", user_id=77)
    if who == GUARDIAN:
        return await applicant(stage, (await in_state(stage, State.ENROLLED, "3(4)"))[0])
    async with stage.school.work() as uow:
        person = Person(name="只任一职", created_at=uow.now)
        uow.session.add(person)
        await uow.session.flush()
        role = Role(who)
        uow.session.add(
            StaffRole(
                person_id=person.id,
                role=role,
                since=uow.now,
                grade=2 if role is Role.GRADE_LEADER else None,
                school_class_id=await _class_id(stage) if role is Role.HOMEROOM else None,
            )
        )
        uow.session.add(Contact(person_id=person.id, channel="web", chat_id=79, linked_at=uow.now, linked_by="test"))
    return Player(stage, stage.world, stage.token, name=person.name, user_id=79)


async def _class_id(stage: Stage) -> int:
    teacher = await stage.homeroom_of("2(3)")
    found = await stage.ask(select(StaffRole.school_class_id).where(StaffRole.person_id == person_id(teacher)))
    return int(next(number for number in found if number))


@pytest.mark.parametrize("who", EVERYBODY)
async def test_every_command_by(sqlite: Databases, who: str) -> None:
    async with open_stage(await sqlite.fresh()) as stage:
        player = await player_of(stage, who)
        for command in (*FOR_ALL, *FOR_KNOWN):
            await player.send(f"/{command}")
            player.reads(expected(who, command))
            if who == GUARDIAN and command in ("leave", "withdraw"):
                await player.send("/cancel")
        for command in ("apply", "children", "review", "checkin", "console", "extended"):
            await player.tap(data=f"go:{command}")
            last = player.last
            said = player.toasts[-1:] + ([last.text] if last else [])
            assert any(expected(who, command) in text for text in said), (command, said)
        await player.send("/language")
        await player.tap("中文")
        assert player.commands == menu(who)
        await player.send("/nonsense")
        player.reads("没有这个命令")


async def test_a_reviewer_sees_only_the_own_classes(small_stage: Stage) -> None:
    stage = small_stage
    teacher, leader, head = await stage.homeroom_of("2(3)"), await stage.star("grade_leader"), await stage.star("head")
    for player in (teacher, leader, head):
        await player.send("/review")
    teacher.reads("有 3 份申请待您处理")
    assert all("2(3)" in button for button in teacher.buttons)
    grade2 = [a for number in range(1, 9) for a in await in_state(stage, State.SUBMITTED, f"2({number})")]
    leader.reads(f"有 {len(grade2)} 份申请待您处理")
    head.reads(f"有 {len(await in_state(stage, State.REVIEWED))} 份申请待您处理")
    first = list(head.buttons)
    await head.tap("更多 ›")
    assert head.buttons[0] not in first
    await head.tap("‹ 返回")
    assert head.buttons == first


async def test_the_menu_follows_the_person(small_stage: Stage) -> None:
    """A mother who opens her slip gets the guardian's menu, in the language that she then chooses."""
    stage = small_stage
    mum = await stage.star("mother")
    assert mum.commands == []
    await open_slip(stage, mum)
    assert mum.commands == menu(GUARDIAN)
    await mum.send("/language")
    await mum.tap("English")
    described = mum.bot.profile.commands_for(mum.user_id, "zh-hans")
    assert {"command": "apply", "description": "Apply for after-school care"} in described
    await mum.send("/children@afterbell_bot")
    mum.reads("No application this term.")
    await mum.send("/children@another_bot")
    assert mum.sees("No application this term.")
