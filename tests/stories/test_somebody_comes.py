"""The family's word of the day goes before what it agreed for the term: who is to be collected is not sent home."""

from __future__ import annotations

from databases import Databases
from gate import open_gate
from sqlalchemy import update

from care.permissions import SYSTEM
from care.pickup.plan import say_who_comes, take_back
from care.records import Adult, Application, LeaveMode, Step


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
