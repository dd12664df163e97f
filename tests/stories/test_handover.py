"""The gate: a class is led out, and children leave with adults who may have them (S10, S14)."""

from __future__ import annotations

from databases import Databases
from gate import DAY, GateStage, at, labels, open_gate
from sqlalchemy import func, select, update

from care.extended import handover as extended_handover
from care.extended.roll import sign_in as extended_sign_in
from care.records import (
    Adult,
    Application,
    Guardianship,
    Holder,
    LeaveMode,
    Letter,
    PickupPerson,
    PickupPlan,
    Proof,
    Relation,
    Step,
)


async def test_setting_out_long_before_the_end_is_asked_about(sqlite: Databases) -> None:
    """A slip of the finger at half past four brings no family to an empty gate."""
    async with open_gate(sqlite, "2(3)", moment=at(16, 30)) as gate:
        teacher = gate.teachers["2(3)"]
        child, *others = await gate.children("2(3)")
        (mum, *_) = await gate.players(child)
        await teacher.send("/handover")
        await teacher.tap("➜ 全部出发")
        teacher.reads("2(3)：17:10 才放学。现在就出发吗？")
        mum.misses("带往东门")
        assert (await gate.last(child)).step is Step.PRESENT
        await teacher.tap("是，现在出发")
        teacher.reads(f"等待 0 · 路上 {len(others) + 1} · 已接走 0")
        mum.reads("带往东门")


async def test_from_the_list(gate: GateStage) -> None:
    """By number and by name; the same tap twice makes one link, and a colleague is told who was faster."""
    teacher, colleague = gate.teachers["2(3)"], await gate.stage.star("grade_leader")
    child, other = (await gate.children("2(3)"))[:2]
    father = (await gate.guardians(child))[-1]
    name = await gate.name(child)
    await teacher.send("/handover")
    await teacher.send("1")
    teacher.reads(f"{name}（2(3)班，1 号）")
    teacher.reads("谁来接？")
    await colleague.send("/handover")
    await colleague.tap("2(3)")
    await colleague.tap(name)
    for player in (teacher, colleague):
        await player.tap(father.name)
        player.reads("手机尾号")
    stale = colleague.last
    twice = teacher.last
    assert twice is not None
    data = str(twice.buttons()[0][0]["callback_data"])
    await teacher.tap("我认识来人", message=twice)
    await teacher.tap(data=data)
    assert [link.step for link in await gate.links(child)].count(Step.RELEASED) == 1
    await colleague.tap("我认识来人", message=stale)
    assert colleague.toasts[-1] == f"{name}已于 17:00 由{teacher.user.name}交给{father.name}。"
    colleague.reads("已接走 1")
    link = await gate.last(child)
    assert (link.holder_name, link.by_name, link.proof) == (father.name, teacher.user.name, Proof.LIST)
    letters = await gate.stage.ask(select(Letter).where(Letter.kind == "released"))
    assert len(letters) == len(await gate.guardians(child))
    await teacher.send(await gate.name(other))
    teacher.reads("谁来接？")
    await teacher.send("不存在的名字")
    teacher.reads("这既不是接送码（6 位字母和数字），名单上也没有这个孩子。")


async def test_the_class_is_led_to_the_gate(gate: GateStage) -> None:
    teacher = gate.teachers["2(3)"]
    children = await gate.children("2(3)")
    first, second, third = children[:3]
    (mother, *_) = await gate.guardians(first)
    async with gate.stage.school.work() as uow:  # a brother and sister in one class
        uow.session.add(Guardianship(student_id=second.student_id, person_id=mother.id, relation=Relation.MOTHER))
        uow.session.add(
            PickupPlan(
                date=DAY,
                student_id=third.student_id,
                adult=Adult.GUARDIAN,
                adult_id=1,
                name="<b>=1+1",
                said_by=mother.id,
                said_at=uow.now,
            )
        )
    (grown, *_) = await gate.guardians(third)
    await teacher.send("/handover")
    teacher.reads(f"3 {await gate.name(third)}：<b>=1+1来接")
    await teacher.send("3")
    teacher.reads("今天由<b>=1+1来接")
    await teacher.tap(grown.name)
    await teacher.tap("我认识来人")
    (mum, *_) = await gate.players(first)
    await teacher.tap(f"➜ 全部出发（{len(children) - 1} 人）")
    teacher.reads(f"等待 0 · 路上 {len(children) - 1} · 已接走 1")
    mum.reads(f"{await gate.name(first)}、{await gate.name(second)}正由{teacher.user.name}带往东门。")
    assert sum("带往东门" in (message.text or "") for message in mum.messages) == 1
    for player in await gate.players(third):
        player.misses("带往东门")
    await teacher.tap(data=f"ho:{await gate.session('2(3)')}")
    assert sum("带往东门" in (message.text or "") for message in mum.messages) == 1
    assert (await gate.last(first)).holder_name == teacher.user.name
    await teacher.send("1")
    await teacher.tap(mother.name)
    assert any("全部 2 个孩子" in button for button in labels(teacher))
    await teacher.tap("我认识来人 · 全部 2 个孩子")
    teacher.reads("已接走 3")
    mum.reads(f"{await gate.name(first)}已于 17:00")
    mum.reads(f"{await gate.name(second)}已于 17:00")
    assert [b for b in mum.buttons if "不对" in b] == [
        f"✖ 不对：{await gate.name(first)}",
        f"✖ 不对：{await gate.name(second)}",
    ]


async def test_brother_and_sister_in_two_classes(gate: GateStage) -> None:
    """A grandmother who is named in both applications comes once; the teacher at the gate is one of grade 2."""
    first, second = (await gate.children("2(3)"))[0], (await gate.children("2(5)"))[0]
    far = (await gate.children("3(6)"))[0]
    for child in (first, second, far):
        await gate.listed(child, "钱秀英", Relation.GRANDMOTHER, "19900007777")
    grandmother = await gate.listed((await gate.children("2(3)"))[1], "钱秀英", Relation.GRANDMOTHER, "19900008888")
    teacher, leader = gate.teachers["2(3)"], await gate.stage.star("grade_leader")
    rows = await gate.stage.ask(
        select(func.max(PickupPerson.id)).where(PickupPerson.name == "钱秀英", PickupPerson.phone == "19900007777")
    )
    code = await gate.code(Adult.LISTED, rows[0])
    await gate.only_homeroom(teacher)
    await teacher.send(f"/handover {code}")
    for child, place in ((second, "2(5)"), (far, "3(6)")):
        teacher.reads(f"{await gate.name(child)}（{place}班，1 号）：由另一位老师交接")
    assert labels(teacher) == ["✔ 交接", "‹ 返回名单"], "of the own class"
    await leader.send(f"/handover {code}")
    for child, place in ((first, "2(3)"), (second, "2(5)"), (far, "3(6)")):
        leader.reads(f"{await gate.name(child)}（{place}班，1 号）\n  还在{gate.teachers[place].user.name}处")
    assert grandmother, "another woman of that name, with another phone, is somebody else"
    leader.misses(await gate.name((await gate.children("2(3)"))[1]))
    await teacher.tap("✔ 交接")
    await leader.tap("✔ 交接 · 全部 3 个孩子")
    assert leader.toasts[-1].startswith(f"{await gate.name(first)}已于 17:00 由{teacher.user.name}交给钱秀英")
    assert (await gate.last(second)).step is Step.PRESENT, "all or none"
    await leader.send(f"/handover {code}")
    await leader.tap("✔ 交接 · 全部 2 个孩子")
    for child in (first, second, far):
        link = await gate.last(child)
        assert (link.step, link.holder_name, link.proof) == (Step.RELEASED, "钱秀英", Proof.CODE)
    assert (await gate.last(first)).data["adult_id"] != (await gate.last(second)).data["adult_id"]
    for child, place in ((second, "2(5)"), (far, "3(6)")):
        gate.teachers[place].finds(f"此前{await gate.name(child)}由您看护。")


async def test_two_children_of_one_name(gate: GateStage) -> None:
    teacher = gate.teachers["2(5)"]
    twins = [child for child in await gate.children("2(5)") if await gate.name(child) == "王梓涵"]
    assert len(twins) == 2
    names = [[person.name for person in await gate.guardians(child)] for child in twins]
    await teacher.send("/handover")
    for child, parents in zip(twins, names, strict=True):
        assert f"{child.number} 王梓涵 · {parents[0]}" in teacher.buttons
    await teacher.send("王梓涵")
    await teacher.tap(f"{twins[1].number} 王梓涵 · {names[1][0]}")
    teacher.reads(f"王梓涵（2(5)班，{twins[1].number} 号，家长{names[1][0]}）")
    assert not any(names[0][0] in button for button in labels(teacher))
    await teacher.tap(names[1][1])
    await teacher.tap("我认识来人")
    teacher.reads(f"请注意：2(5)班有两个孩子都叫王梓涵。这一个是 {twins[1].number} 号，家长是{names[1][0]}。")
    assert (await gate.last(twins[1])).step is Step.PRESENT, "the first tap gives nobody away"
    await teacher.tap(f"是，{twins[1].number} 号")
    assert (await gate.last(twins[1])).step is Step.RELEASED
    assert (await gate.last(twins[0])).step is Step.PRESENT


async def test_who_goes_home_alone(gate: GateStage) -> None:
    """From grade 3 on, where the family has agreed; never in grades 1 and 2, whatever the application says."""
    old, young = (await gate.children("3(6)"))[0], (await gate.children("2(3)"))[0]
    other, third = (await gate.children("3(6)"))[1:3]
    async with gate.stage.school.work() as uow:
        await uow.session.execute(update(Application).values(leave_mode=LeaveMode.COLLECTED))
        for child in (old, young, third):
            await uow.session.execute(
                update(Application).where(Application.id == child.application_id).values(leave_mode=LeaveMode.ALONE)
            )
    teacher = gate.teachers["3(6)"]
    await teacher.send("/handover 1")
    await teacher.tap("自行回家")
    await teacher.tap("是，自行回家")
    link = await gate.last(old)
    assert (link.step, link.holder) == (Step.RELEASED, Holder.FAMILY)
    (mum, *_) = await gate.players(old)
    mum.reads(f"{await gate.name(old)}已于 17:00 自行离校（{teacher.user.name}记录）。")
    lead = await gate.lead()
    await lead.tap(data=f"hl:{third.id}:{(await gate.last(third)).seq}:1")
    teacher.reads(
        f"{await gate.name(third)}已于 17:00 自行离校（{lead.user.name}记录）。\n此前{await gate.name(third)}由您看护。"
    )
    await teacher.tap(data=f"hl:{other.id}:{(await gate.last(other)).seq}:1")
    assert teacher.toasts[-1] == "家长没有同意这个孩子自行回家。"
    teacher = gate.teachers["2(3)"]
    await teacher.send("/handover 1")
    assert "自行回家" not in labels(teacher)
    await teacher.tap(data=f"hl:{young.id}:{(await gate.last(young)).seq}:1")
    assert teacher.toasts[-1] == "一、二年级学生必须由成年人接走。"
    for child in (young, other):
        assert (await gate.last(child)).step is Step.PRESENT


async def test_in_english(gate: GateStage) -> None:
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    name = await gate.name(child)
    people = await gate.guardians(child)
    lead = await gate.lead()
    await gate.speaks("en", *(person.id for person in people), teacher.user_id - 10**9, lead.user_id - 10**9)
    code = await gate.code(Adult.GUARDIAN, people[0].id)
    await teacher.send("/handover")
    teacher.reads("care ends at 17:10")
    teacher.reads("· on the way 0 · collected 0")
    await teacher.tap("Line out all")
    mum = (await gate.players(child))[0]
    mum.reads(f"{name} is on the way to the gate (东门), with {teacher.user.name}.")
    await teacher.send(f"/handover {code}")
    teacher.reads("The pick-up code is right.")
    await teacher.tap("Hand over")
    mum.reads(f"{name} was handed to mother {people[0].name} at 17:00 by {teacher.user.name} (by pick-up code).")
    await teacher.tap("Undo")
    await teacher.send("1")
    teacher.reads("Please give the reason in a few words")
    await teacher.send("<b>wrong child")
    mum.reads("has been taken back by " + teacher.user.name + ": <b>wrong child.")
    await teacher.send("/handover 1")
    await teacher.tap("Somebody else: not on the list")
    await teacher.send("a man in a hat")
    teacher.reads("One moment, please: a colleague will come to the gate.")
    lead.reads("Not on the list: a man in a hat asked for")
    await teacher.send(f"/handover {code}")
    await teacher.tap("Hand over")
    await gate.stage.later(minutes=1)
    await mum.tap("Not right")
    lead.reads(f"“Not right”, says {people[0].name}")
    await gate.stage.at(at(17, 40))
    lead.finds("Not collected:")


async def test_who_stays_for_extended_care(sqlite: Databases) -> None:
    """They are not led to the class's gate, and no minute is counted for them there: extended care has its own list,
    its own release, its own clock."""
    async with open_gate(sqlite, "2(3)") as gate:
        stage, teacher = gate.stage, gate.teachers["2(3)"]
        child, other, *_rest = await gate.children("2(3)")
        async with stage.school.work() as uow:
            chosen = update(Application).where(Application.id == child.application_id)
            await uow.session.execute(chosen.values(extended_weekdays=[2]))
        name = await gate.name(child)
        (mum, *_) = await gate.players(child)
        await teacher.send("/handover")
        assert any(f"1 {name}（" in button for button in teacher.buttons), "marked as one who stays"
        await teacher.tap("➜ 全部出发")
        mum.misses("带往东门")
        assert (await gate.last(child)).step is Step.PRESENT
        await stage.at(at(17, 20))
        mum.misses("还在学校")
        (someone, *_) = await gate.players(other)
        someone.finds("还在学校")
        keeper = await gate.lead()
        async with stage.school.work(await stage.act_as(keeper)) as uow:
            session = await extended_sign_in(uow)
        async with stage.school.work(await stage.act_as(teacher)) as uow:
            given = await extended_handover.give(uow, child.session_id)
        async with stage.school.work(await stage.act_as(keeper)) as uow:
            await extended_handover.take(uow, given.id, given.version, everyone=True)
        assert (await gate.last(child)).holder_name == keeper.user.name
        await teacher.send("/handover")
        assert not any(name in button for button in labels(teacher)), "extended care has the child"
        await keeper.send("/handover")
        keeper.reads(session.venue)
        keeper.reads("18:30 结束")
        keeper.reads("等待 1 · 路上 0 · 已接走 0")
        await stage.at(at(18, 39))
        mum.misses("还在学校")
        await stage.at(at(18, 40))
        mum.reads(f"{name}还在学校：课后服务已于 18:30 结束。请到{session.venue}来接。")
        (mother, *_) = await gate.guardians(child)
        await keeper.tap(name)
        await keeper.tap(mother.name)
        await keeper.tap("我认识来人")
        link = await gate.last(child)
        assert (link.step, link.holder_name, link.by_name) == (Step.RELEASED, mother.name, keeper.user.name)
        keeper.finds("等待 0 · 路上 0 · 已接走 1")
