"""The gate: who is on no list, who is on the stop-list, and who is no longer sent (S14)."""

from __future__ import annotations

import pytest
from gate import DAY, WAIT, GateStage
from office_steps import office_console
from sqlalchemy import select, update
from stage import USERS_FROM

from care.records import Adult, AlarmKind, Delegate, Event, Letter, Person, Relation, Step


async def test_somebody_who_is_on_no_list(gate: GateStage) -> None:
    """Recorded, custody unchanged, the duty lead knows; the teacher's screen says nothing."""
    teacher, lead = gate.teachers["2(3)"], await gate.lead()
    child = (await gate.children("2(3)"))[0]
    name = await gate.name(child)
    await teacher.send("/handover")
    await teacher.tap(name)
    await teacher.tap("其他人：不在名单上")
    teacher.reads(f"谁来接{name}")
    await teacher.send("一位自称舅舅的先生")
    teacher.reads(WAIT)
    lead.reads("不在名单上：一位自称舅舅的先生到门口要接" + name)
    lead.reads("已请对方稍等")
    for person in await gate.guardians(child):
        lead.reads(f"{person.name} {person.phone}")
    assert (await gate.last(child)).step is Step.PRESENT
    (alarm,) = await gate.alarms(child)
    assert (alarm.kind, alarm.remark) == (AlarmKind.REFUSED, "一位自称舅舅的先生")
    for player in await gate.players(child):
        player.misses("舅舅")
    await teacher.tap(data=f"hc:{alarm.id}")
    assert teacher.toasts[-1] == "您的职责不包含这项操作。"
    await lead.tap("写明原因并结束")
    lead.reads("门口的老师会看到。")
    await lead.send("已与母亲通电话，确认不认识此人")
    lead.reads("已结束，原因已记录。")
    (alarm,) = await gate.alarms(child)
    assert alarm.closed_at is not None and alarm.reason == "已与母亲通电话，确认不认识此人"
    teacher.reads(f"一位自称舅舅的先生要接{name}（2(3)班，1 号），已请对方稍等。")
    teacher.reads(f"{lead.user.name}已核实：“已与母亲通电话，确认不认识此人”。")
    teacher.reads(f"可以照常把{name}交给接送名单上的人（※：先联系值班领导）。")
    for player in await gate.players(child):
        player.misses("已核实")
    (mother, *_) = await gate.guardians(child)
    await teacher.tap(name)
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    assert (await gate.last(child)).step is Step.RELEASED


async def test_two_teachers_who_asked_somebody_to_wait(gate: GateStage) -> None:
    """Each hears once how it ended, in their language, and where the child is by then; who closed it needs no letter.
    What the console's form says of the reason is so."""
    teacher, helper, lead = gate.teachers["2(3)"], gate.teachers["2(5)"], await gate.lead()
    await gate.speaks("en", helper.user_id - USERS_FROM)
    child = (await gate.children("2(3)"))[0]
    for player, words in ((teacher, "一位先生"), (helper, "the same man")):
        await player.send("/handover")
        await player.tap(data=f"hn:{child.id}")
        await player.send(words)
    (mother, *_) = await gate.guardians(child)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    async with office_console(gate.stage) as office:
        assert "The teacher at the gate will read it." in (await office.get("/")).text
        (alarm,) = await gate.alarms(child)
        await office.post(f"/alarms/{alarm.id}/close", reason="he was at the wrong school")
    await gate.stage.calm()
    told = await gate.stage.ask(select(Letter.person_id).where(Letter.kind == "refusal_over"))
    assert sorted(told) == sorted([teacher.user_id - USERS_FROM, helper.user_id - USERS_FROM])
    helper.reads("has looked into it: “he was at the wrong school”.")
    helper.reads(f"{mother.name} at 17:00 by ")
    assert "as always" not in (helper.last.text if helper.last else "")
    teacher.reads("he was at the wrong school")
    lead.misses("has looked into it")


async def test_two_teachers_with_the_same_words(gate: GateStage) -> None:
    """The duty lead reads it once; each of the two hears how it ended, and the record has both."""
    teacher, helper, lead = gate.teachers["2(3)"], gate.teachers["2(5)"], await gate.lead()
    child = (await gate.children("2(3)"))[0]
    for player in (teacher, helper, helper):
        await player.send("/handover")
        await player.tap(data=f"hn:{child.id}")
        await player.send("一位先生")
    both = sorted([teacher.user_id - USERS_FROM, helper.user_id - USERS_FROM])
    assert sorted(await gate.stage.ask(select(Event.actor_id).where(Event.action == "release_refused"))) == both
    assert len(await gate.stage.ask(select(Letter).where(Letter.kind == "release_refused"))) == 1
    await lead.tap("写明原因并结束")
    await lead.send("走错了学校")
    await gate.stage.calm()
    told = await gate.stage.ask(select(Letter.person_id).where(Letter.kind == "refusal_over"))
    assert sorted(told) == both
    helper.reads("已核实：“走错了学校”")


@pytest.mark.parametrize("way", ["the name", "typed", "a code", "a forged button"])
async def test_the_father_on_the_stop_list(gate: GateStage, way: str) -> None:
    """However he tries: nothing on the screen, a silent alarm, the child stays."""
    teacher, lead = gate.teachers["3(6)"], await gate.lead()
    child = await gate.child("许沐言")
    (father,) = await gate.stage.ask(select(Person).where(Person.name == "许长旭"))
    await teacher.send("/handover")
    await teacher.tap("许沐言")
    if way == "the name":
        assert any("许长旭 ※" in button for button in teacher.buttons)
        teacher.reads("※ 请先联系值班领导。")
        await teacher.tap("许长旭 ※")
    elif way == "typed":
        await teacher.tap("其他人：不在名单上")
        await teacher.send("父亲许长旭")
    elif way == "a code":
        await teacher.send(await gate.code(Adult.GUARDIAN, father.id))
    else:
        await teacher.tap(data=f"hg:l:0:g{father.id}:{child.id}.{(await gate.last(child)).seq}")
    teacher.reads(WAIT)
    for word in ("禁止", "法院", "不得", "stop"):
        teacher.misses(word)
        assert not any(word in toast for toast in teacher.toasts)
    lead.reads("⚠ 禁止接送名单：")
    lead.reads("许长旭到门口要接许沐言（3(6)班")
    for person in await gate.guardians(child):
        lead.misses(person.phone or "?")
    assert [link.step for link in await gate.links(child)] == [Step.EXPECTED, Step.PRESENT]
    (alarm,) = await gate.alarms(child)
    assert alarm.kind is AlarmKind.REFUSED and alarm.lead_told_at is not None
    assert len(await gate.stage.ask(select(Letter).where(Letter.kind == "release_refused"))) == 1
    await teacher.send("/handover 许沐言")
    await teacher.tap("许长旭 ※")
    told = await gate.stage.ask(select(Letter).where(Letter.kind == "release_refused"))
    assert len(told) <= 2, "the same adult again is hardly news"


async def test_a_stop_listed_adult_on_the_familys_own_list(gate: GateStage) -> None:
    """The stop-list comes first, even against what the mother has written."""
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    await gate.listed(child, "赵 德彪", Relation.UNCLE, "19900001234")
    await teacher.send("/handover 1")
    await teacher.tap("赵 德彪")
    stale = teacher.last
    teacher.reads("手机尾号 1234")
    await gate.stop(child, "赵德彪")
    await teacher.tap("我认识来人", message=stale)
    teacher.reads(WAIT)
    await teacher.send("/handover 1")
    await teacher.tap("赵 德彪 ※")
    teacher.reads(WAIT)
    assert (await gate.last(child)).step is Step.PRESENT
    assert len(await gate.alarms(child)) == 1


async def test_a_delegate_for_one_day(gate: GateStage) -> None:
    teacher = gate.teachers["2(3)"]
    child, other = (await gate.children("2(3)"))[:2]
    (mother, *_) = await gate.guardians(child)
    ids = []
    async with gate.stage.school.work() as uow:
        for day in (DAY, DAY.replace(day=25)):
            row = Delegate(
                date=day,
                guardian_id=mother.id,
                student_ids=[child.student_id, other.student_id],  # the other child is not hers
                name="陈阿姨",
                relation=Relation.NANNY,
                phone="19900004321",
                made_at=uow.now,
            )
            uow.session.add(row)
            await uow.session.flush()
            ids.append(row.id)
    code = await gate.code(Adult.DELEGATE, ids[0])
    await teacher.send("/handover")
    await teacher.send(code)
    teacher.reads("陈阿姨")
    assert await gate.name(other) not in (teacher.last.text if teacher.last else "")
    used = teacher.last
    await teacher.tap("✔ 交接")
    assert (await gate.last(child)).holder_name == "陈阿姨"
    await teacher.send(code)
    teacher.reads("陈阿姨：这位来人的孩子现在都不在校。")
    await teacher.tap("✔ 交接", message=used)
    assert [link.step for link in await gate.links(child)].count(Step.RELEASED) == 1
    seq = (await gate.last(other)).seq
    for adult_id in ids:
        await teacher.tap(data=f"hg:l:0:d{adult_id}:{other.id}.{seq}")
        assert teacher.toasts[-1] == "此人不在这名学生的接送名单上。"
    assert (await gate.last(other)).step is Step.PRESENT


async def test_a_delegate_who_was_withdrawn(gate: GateStage) -> None:
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    (mother, *_) = await gate.guardians(child)
    async with gate.stage.school.work() as uow:
        row = Delegate(
            date=DAY,
            guardian_id=mother.id,
            student_ids=[child.student_id],
            name="陈阿姨",
            relation=Relation.NANNY,
            phone="19900004321",
            made_at=uow.now,
        )
        uow.session.add(row)
        await uow.session.flush()
    code = await gate.code(Adult.DELEGATE, row.id)
    await teacher.send(f"/handover {code}")
    before = teacher.last
    async with gate.stage.school.work() as uow:
        await uow.session.execute(update(Delegate).values(withdrawn_at=uow.now))
    await teacher.tap("✔ 交接", message=before)
    assert teacher.toasts[-1] == "此人不在这名学生的接送名单上。"
    await teacher.send(code)
    teacher.reads("这个接送码已失效：家长已收回。")
    assert (await gate.last(child)).step is Step.PRESENT


async def test_somebody_else_was_refused_since(gate: GateStage) -> None:
    """A reason is about those whom its author knew of: a harmless visitor's closes nothing about the stop-list."""
    teacher, lead = gate.teachers["2(3)"], await gate.lead()
    child = (await gate.children("2(3)"))[0]
    await gate.stop(child, "赵德彪")

    async def refused(words: str) -> None:
        await teacher.send("/handover")
        await teacher.tap(data=f"hn:{child.id}")
        await teacher.send(words)

    await refused("一位表哥")
    await lead.tap("写明原因并结束")
    lead.reads("涉及：一位表哥\n")
    await refused("赵德彪")
    await lead.send("表哥已经回去了")
    lead.reads("此后又有人被请去等候。请说明所有人的处理结果。")
    lead.reads("涉及：一位表哥、赵德彪\n")
    (alarm,) = await gate.alarms(child)
    assert alarm.closed_at is None
    async with office_console(gate.stage) as office:
        page = (await office.get("/")).text
        assert "on the stop-list" in page and 'name="names" value="2"' in page
        stale = await office.post(f"/alarms/{alarm.id}/close", reason="表哥已经回去了", names="1")
        assert (
            stale.status_code == 409
            and "Please say how it ended for all of them" in stale.text
            and "表哥已经回去了" in stale.text
        )
    await lead.send("都已劝离，并告知妈妈")
    (alarm,) = await gate.alarms(child)
    assert alarm.reason == "都已劝离，并告知妈妈"
