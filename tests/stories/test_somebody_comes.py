"""The family's word of the day goes before what it agreed for the term: who is to be collected is not sent home."""

from __future__ import annotations

import pytest
from console_browser import Browser
from databases import Databases
from gate import GateStage, at, open_gate
from office_steps import office_console
from roll_steps import last, now
from sqlalchemy import update
from stage import USERS_FROM

from care.permissions import SYSTEM
from care.pickup.plan import say_who_comes, take_back
from care.records import Adult, Application, DayChild, LeaveMode, Relation, Step


async def test_i_come_instead(sqlite: Databases) -> None:
    async with open_gate(sqlite, "3(6)") as gate:
        stage, teacher = gate.stage, gate.teachers["3(6)"]
        child = (await gate.children("3(6)"))[0]
        name, (mother, *_) = await gate.name(child), await gate.guardians(child)
        mum = stage.persona(mother.id)
        async with stage.school.work(SYSTEM) as uow:
            own = update(Application).where(Application.id == child.application_id)
            await uow.session.execute(own.values(leave_mode=LeaveMode.ALONE))
        await teacher.send("/handover")
        await teacher.tap(name)
        await teacher.tap("自行回家")
        async with stage.school.work(await stage.act_as(mum)) as uow:
            await say_who_comes(uow, [child.student_id], Adult.GUARDIAN, mother.id)
        await teacher.tap("是，自行回家")
        assert teacher.toasts[-1] == f"家长已告知今天由{mother.name}来接，请不要让孩子自行回家。"
        assert (await gate.last(child)).step is Step.PRESENT
        await teacher.tap(name)
        teacher.reads(f"{mother.name}")
        assert not any("自行回家" in row for row in teacher.buttons)
        async with stage.school.work(await stage.act_as(mum)) as uow:
            await take_back(uow, [child.student_id], uow.today)
        await teacher.tap("‹ 返回名单")
        await teacher.tap(name)
        await teacher.tap("自行回家")
        await teacher.tap("是，自行回家")
        assert (await gate.last(child)).step is Step.RELEASED


async def only_one_waits(gate: GateStage) -> DayChild:
    """A child with two guardians; all others of its class have been collected."""
    teacher, children = gate.teachers["2(3)"], await gate.children("2(3)")
    child, *_ = [one for one in children if len(await gate.guardians(one)) == 2]
    for one in children:
        if one.id != child.id:
            person = (await gate.guardians(one))[0]
            await teacher.tap(data=f"hg:l:1:g{person.id}:{one.id}.{(await gate.last(one)).seq}")
    return child


@pytest.mark.parametrize(
    ("language", "comes", "sends"),
    [
        ("zh_CN", "{mother} 17:02 回复：我来接。", "{father} 17:45 回复：由周外婆来接。"),
        ("en", "{mother} said at 17:02: I come.", "{father} said at 17:45: 周外婆 comes."),
    ],
)
async def test_the_duty_lead_reads_who_comes(sqlite: Databases, language: str, comes: str, sends: str) -> None:
    """In the letter about a child whom nobody has collected, and on the board; what is said later in the same one."""
    async with open_gate(sqlite, "2(3)") as gate:
        stage, lead, child = gate.stage, await gate.lead(), await only_one_waits(gate)
        await gate.speaks(language, lead.user_id - USERS_FROM)
        mother, father = await gate.guardians(child)
        names = {"mother": mother.name, "father": father.name}
        grandma = await gate.listed(child, "周外婆", Relation.GRANDMOTHER, "19900004321")
        await stage.at(at(17, 2))
        async with stage.school.work(await stage.act_as(stage.persona(mother.id))) as uow:
            await say_who_comes(uow, [child.student_id], Adult.GUARDIAN, mother.id)
        await stage.at(at(17, 40))
        lead.reads(comes.format(**names))
        letter = lead.last
        assert letter is not None and mother.phone in (letter.text or "")
        async with office_console(stage, language) as office:
            assert comes.format(**names) in (await office.get("/")).text
            await stage.at(at(17, 45))
            async with stage.school.work(await stage.act_as(stage.persona(father.id))) as uow:
                await say_who_comes(uow, [child.student_id], Adult.LISTED, grandma)
            await stage.calm()
            assert lead.last is not None and lead.last.id == letter.id, "the same message"
            assert sends.format(**names) in (lead.last.text or "")
            assert comes.format(**names) not in (lead.last.text or "")
            assert sends.format(**names) in (await office.get("/")).text
            async with stage.school.work(await stage.act_as(stage.persona(father.id))) as uow:
                await take_back(uow, [child.student_id], uow.today)
            await stage.calm()
            assert "17:45" not in (lead.last.text or "")
            assert "17:45" not in (await office.get("/")).text


async def test_a_namesake_of_the_guardian_who_said_it(sqlite: Databases) -> None:
    """An adult on the list may have the mother's name: it is not she who comes."""
    async with open_gate(sqlite, "2(3)") as gate:
        stage, lead, child = gate.stage, await gate.lead(), await only_one_waits(gate)
        mother = (await gate.guardians(child))[0]
        namesake = await gate.listed(child, mother.name, Relation.AUNT, "19900004321")
        await stage.at(at(17, 2))
        async with stage.school.work(await stage.act_as(stage.persona(mother.id))) as uow:
            await say_who_comes(uow, [child.student_id], Adult.LISTED, namesake)
        await stage.at(at(17, 40))
        lead.reads(f"{mother.name} 17:02 回复：由{mother.name}来接。")
        async with office_console(stage, "zh_CN") as office:
            page = (await office.get("/")).text
            assert f"{mother.name} 17:02 回复：由{mother.name}来接。" in page and "我来接" not in page


async def alarm_of(office: Browser, student_id: int) -> str:
    """The alarm of a child on the board, without whom to ring up."""
    alarms = (await office.get("/")).text.split('<li class="alarm ')[1:]
    (found,) = [one for one in alarms if f'href="/children/{student_id}"' in one.partition("</a>")[0]]
    return found.partition('class="alarm-phone"')[0]


async def test_whoever_was_named_is_barred_afterwards(sqlite: Databases) -> None:
    """The mother has said at 17:02 that the uncle comes, then the office bars him: she names somebody else, and nobody
    who answers for the day reads that he comes without reading that he must not."""
    async with open_gate(sqlite, "2(3)") as gate:
        stage, lead, child = gate.stage, await gate.lead(), await only_one_waits(gate)
        mother, father = await gate.guardians(child)
        uncle = await gate.listed(child, "赵德彪", Relation.UNCLE, "19900001234")
        mum, name = stage.persona(mother.id), await gate.name(child)
        await stage.at(at(17, 2))
        async with stage.school.work(await stage.act_as(mum)) as uow:
            await say_who_comes(uow, [child.student_id], Adult.LISTED, uncle)
        await mum.send("/pickup")
        mum.reads("由赵德彪到东门接")
        card = last(mum)
        await stage.at(at(17, 5))
        async with office_console(stage) as office:
            await office.post(f"/children/{child.student_id}/stop-list", name="赵德彪", phone="", reason="法院裁定")
            await stage.calm()
            refused = "学校无法安排赵德彪来接，请告诉我们改由谁来接；如有疑问，请联系学校办公室。"
            letter = last(mum)
            assert letter.id != card.id and refused in (letter.text or "") and name in (letter.text or "")
            shown = now(mum, card).text or ""
            assert refused in shown and "由赵德彪" not in shown
            stage.persona(father.id).reads(refused)
            for word in ("禁止", "法院"):
                mum.misses(word)
            lead.reads(f"从现在起，赵德彪不得接{name}。{mother.name}此前告知今天由此人来接。")
            teacher = gate.teachers["2(3)"]
            await teacher.send("/handover")
            teacher.reads(f"{name}：赵德彪 ※来接")
            teacher.reads("※ 请先联系值班领导。")
            await teacher.tap(name)
            teacher.reads("今天由赵德彪 ※来接。")
            page = (await office.get(f"/children/{child.student_id}")).text
            assert '<dd>赵德彪 <span class="label label-bad">⊘ Must not collect</span>' in page
            await stage.at(at(17, 40))
            lead.reads(f"{mother.name} 17:02 回复：由赵德彪来接。\n⊘ 不能让赵德彪接走孩子。")
            assert "⊘ Must not collect: 赵德彪" in await alarm_of(office, child.student_id)
            await mum.send("/pickup")
            mum.reads(refused)
            await mum.tap("我来接", message=letter)
            await stage.calm()
            lead.reads("我来接")
            assert "⊘" not in (last(lead).text or "")
            assert "⊘" not in await alarm_of(office, child.student_id)
