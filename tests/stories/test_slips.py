"""How a chat becomes known: slips that are wrong, used, run out or withdrawn, and phone numbers true and forged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from journey import guardians, open_slip, person_id, student
from sqlalchemy import func, select, update
from stage import Player, Stage

from care.linking import issue_slip
from care.permissions import SYSTEM
from care.records import Contact, Guardianship, Person, Slip, Student, WrongCode

VALID = timedelta(days=30)
UNKNOWN = "没有这个邀请码"
CUT_OFF = "请一小时后再试"


async def contact_of(stage: Stage, player: Player) -> list[int]:
    return await stage.ask(select(Contact.person_id).where(Contact.chat_id == player.user_id))


@pytest.mark.parametrize("written", ["{0}", "{1} {2}", "{3}-{4}", "  {0}.", "{5}"])
async def test_a_code_may_be_typed_as_people_type(small_stage: Stage, written: str) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    code = stage.slip_of(mum)
    wide = "".join(chr(ord(char) + 0xFEE0) for char in code)
    await mum.send("/start")
    await mum.send(written.format(code, code[:5], code[5:], code[:5].lower(), code[5:].lower(), wide))
    mum.reads("您是林芷若的妈妈")
    assert await contact_of(stage, mum) == [person_id(mum)]


async def test_a_wrong_code_is_told_and_counted(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await mum.send("/start ABCDEFGH23")
    mum.reads(UNKNOWN)
    await mum.send("abcde fgh24")
    mum.reads(UNKNOWN)
    assert len(await stage.ask(select(WrongCode))) == 2
    for words in ("您好，我想申请课后服务", "Who is this, please?", "1"):
        await mum.send(words)
        mum.reads("为确认您的身份")
    assert len(await stage.ask(select(WrongCode))) == 2, "talk is no try"
    assert await contact_of(stage, mum) == []


async def test_ten_wrong_codes_cut_a_chat_off_for_an_hour(stage: Stage) -> None:
    mum, dad = await stage.star("mother"), await stage.star("twins_father")
    for number in range(10):
        await mum.send(f"ABCDEFGH{number}2")
        mum.reads(UNKNOWN)
    await open_slip(stage, mum)
    mum.reads(CUT_OFF)
    assert await contact_of(stage, mum) == [], "the right code does not help either"
    await stage.later(minutes=59)
    await open_slip(stage, mum)
    mum.reads(CUT_OFF)
    await open_slip(stage, dad)
    dad.reads("您是陆子")
    await stage.later(minutes=2)
    await open_slip(stage, mum)
    mum.reads("您是林芷若的妈妈")


async def test_a_slip_is_good_for_one_chat(small_stage: Stage) -> None:
    stage = small_stage
    mum, other = await stage.star("mother"), await stage.star("twins_father")
    code = stage.slip_of(mum)
    await mum.send(f"/start {code}")
    await mum.send(f"/start {code}")
    mum.reads("您是林芷若的妈妈")
    await other.send(f"/start {code}")
    other.reads("这张邀请单已被使用")
    assert await contact_of(stage, other) == []
    (used,) = await stage.ask(select(Slip.used_by).where(Slip.person_id == person_id(mum)))
    assert used is not None


async def test_a_slip_runs_out(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await stage.later(days=70)
    await open_slip(stage, mum)
    mum.reads("这张邀请单已失效")
    assert await contact_of(stage, mum) == []


async def test_a_newer_slip_withdraws_the_older(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    (guardianship,) = await stage.ask(select(Guardianship).where(Guardianship.person_id == person_id(mum)))
    async with stage.school.work(SYSTEM) as uow:
        code = await issue_slip(uow, guardianship.person_id, guardianship.id, VALID)
    await open_slip(stage, mum)
    mum.reads("这张邀请单已失效")
    await mum.send(f"/start {code}")
    mum.reads("您是林芷若的妈妈")


async def test_a_chat_that_is_somebody_elses(small_stage: Stage) -> None:
    stage = small_stage
    teacher, mum = await stage.homeroom_of("2(3)"), await stage.star("mother")
    await teacher.send(f"/start {stage.slip_of(mum)}")
    teacher.reads("这个聊天账号已绑定学校登记的另一个人")
    await open_slip(stage, mum)
    mum.reads("您是林芷若的妈妈")


async def test_a_slip_of_a_guardian_restricted_since(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    async with stage.school.work() as uow:
        await uow.session.execute(
            update(Guardianship).where(Guardianship.person_id == person_id(mum)).values(restricted=True)
        )
    await open_slip(stage, mum)
    mum.reads("这张邀请单已失效")
    await mum.share_phone()
    mum.reads("学校没有登记这个号码")
    assert await contact_of(stage, mum) == []


@pytest.mark.parametrize("change", ["restricted", "left"])
async def test_a_used_slip_tells_no_more_when_the_guardian_or_the_child_is_out(small_stage: Stage, change: str) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    child = await student(stage, "林芷若")
    await open_slip(stage, mum)
    mum.reads("2(3)班")
    async with stage.school.work() as uow:
        if change == "left":
            (await uow.session.get_one(Student, child.id)).left_on = uow.today
        else:
            await uow.session.execute(
                update(Guardianship).where(Guardianship.person_id == person_id(mum)).values(restricted=True)
            )
    await open_slip(stage, mum)
    mum.reads("这张邀请单已失效")


async def test_the_own_phone_number(small_stage: Stage) -> None:
    stage = small_stage
    dad = await stage.star("twins_father")
    await dad.send("/start")
    await dad.tap("分享我的手机号")
    dad.finds("您是陆子砚的爸爸，1(2)班")
    dad.finds("您是陆子衡的爸爸，1(2)班")
    assert dad.chat.keyboard is None
    assert await contact_of(stage, dad) == [person_id(dad)]


async def test_a_phone_number_with_the_country_code(small_stage: Stage) -> None:
    stage = small_stage
    dad = await stage.star("twins_father")
    dad.user.phone = f"+86 {dad.user.phone}"
    await dad.share_phone()
    dad.reads("您是陆子砚的爸爸")


async def test_a_forged_contact(small_stage: Stage) -> None:
    stage = small_stage
    mum, dad = await stage.star("mother"), await stage.star("twins_father")
    await dad.share_phone(of=mum)
    dad.reads("请用按钮分享您本人的号码")
    await dad.share_phone(of=mum.user.phone)
    dad.reads("请用按钮分享您本人的号码")
    assert await contact_of(stage, dad) == []


async def test_numbers_that_the_school_cannot_take(small_stage: Stage) -> None:
    stage = small_stage
    stranger = Player(stage, stage.world, stage.token, name="路人", user_id=77, phone="19911112222")
    await stranger.send("/apply")
    stranger.reads("为确认您的身份")
    await stranger.share_phone()
    stranger.reads("学校没有登记这个号码")
    mum = await stage.star("mother")
    async with stage.school.work() as uow:
        uow.session.add(Person(name="同号人", phone=mum.user.phone, created_at=uow.now))
    await mum.share_phone()
    mum.reads("这个号码在学校登记了多人")
    assert await contact_of(stage, mum) == [] and await contact_of(stage, stranger) == []


async def test_a_restricted_father_is_given_no_child(small_stage: Stage) -> None:
    """The separated family of 3(6): neither by phone, nor by a chat that was tied before the court decided."""
    stage = small_stage
    child = await student(stage, "许沐言")
    (father,) = await stage.ask(
        select(Person).join(Guardianship).where(Guardianship.student_id == child.id, Guardianship.restricted)
    )
    (mother,) = await guardians(stage, child.id)
    chat = Player(stage, stage.world, stage.token, name=father.name, user_id=78, phone=father.phone)
    await chat.share_phone()
    chat.reads("学校没有登记这个号码")
    async with stage.school.work() as uow:
        uow.session.add(Contact(person_id=father.id, channel="web", chat_id=78, linked_at=uow.now, linked_by="before"))
    before = await stage.application_of("许沐言")
    for command, sentence in {
        "/children": "学校名册上没有您的孩子",
        "/apply": "没有您可以申请的孩子",
        "/withdraw": "没有参加或申请",
        "/start": "您好",
    }.items():
        await chat.send(command)
        chat.reads(sentence)
        chat.misses("许沐言")
    for verb in (
        f"wd:{before.id}",
        f"wy:{before.id}:now",
        f"wc:{before.id}:2026-11-24",
        f"pdf:{before.id}",
        f"ap:{child.id}",
        f"st:{before.id}",
    ):
        await chat.tap(data=verb)
        assert chat.answers[-1].text == "没有找到，或者您无权查看。", verb
    after = await stage.application_of("许沐言")
    assert (after.state, after.version) == (before.state, before.version)
    await mother.send("/children")
    mother.reads("许沐言")


async def test_staff_by_phone(small_stage: Stage) -> None:
    stage = small_stage
    teacher = await stage.homeroom_of("2(3)")
    phone = stage.people[teacher.user_id].number
    assert phone
    new_account = Player(stage, stage.world, stage.token, name=teacher.user.name, user_id=79, phone=phone)
    await new_account.share_phone()
    new_account.reads("职责：班主任，2(3)班")
    assert "/review" in new_account.commands
    count = select(func.count()).select_from(Contact).where(Contact.person_id == person_id(teacher))
    assert await stage.ask(count) == [2]
