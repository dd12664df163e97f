"""The stop-list and a refusal reach whoever has the child, and nobody whom they are about."""

from __future__ import annotations

from databases import Databases
from gate import open_gate
from office_steps import office_console
from sqlalchemy import select
from stage import USERS_FROM
from test_extended_gate import in_extended_care

from care.records import Guardianship, Letter, LetterState, Relation


async def test_who_keeps_extended_care_hears_both(sqlite: Databases) -> None:
    """A teacher of another class has the child there, and stands before the adult."""
    async with in_extended_care(sqlite) as (gate, keeper, (child, _other)):
        await keeper.send("/handover")
        await keeper.tap(await gate.name(child))
        await keeper.tap("不在名单")
        await keeper.send("一位戴帽子的男士")
        (alarm,) = await gate.alarms(child)
        async with office_console(gate.stage) as office:
            await office.post(f"/alarms/{alarm.id}/close", reason="不是家长，已劝离")
            await office.post(f"/children/{child.student_id}/stop-list", name="赵德彪", phone="", reason="法院裁定")
        await gate.stage.calm()
        me = Letter.person_id == keeper.user_id - USERS_FROM
        query = select(Letter).where(me, Letter.kind.in_(("refusal_over", "stop_list_changed")))
        assert [letter.state for letter in await gate.stage.ask(query)] == [LetterState.SENT, LetterState.SENT]
        said = "\n".join(message.text or "" for message in keeper.messages)
        assert "不是家长，已劝离" in said and "赵德彪" in said and "法院裁定" not in said


async def test_no_numbers_on_the_board_for_an_adult_of_the_stop_list(sqlite: Databases) -> None:
    """Known by the phone, under another name: the board goes by what the gate has recorded."""
    async with open_gate(sqlite, "2(3)") as gate:
        teacher, child = gate.teachers["2(3)"], (await gate.children("2(3)"))[0]
        await gate.listed(child, "赵叔叔", Relation.UNCLE, "19900001234")
        await gate.stop(child, "赵德彪", "19900001234")
        await teacher.send("/handover 1")
        await teacher.tap(next(label for label in teacher.buttons if "赵叔叔" in label))
        await gate.stage.calm()
        assert len(await gate.alarms(child)) == 1
        phones = [one.phone for one in await gate.guardians(child)]
        async with office_console(gate.stage) as office:
            page = (await office.get("/")).text
        assert "赵叔叔" in page and not any(phone in page for phone in phones if phone)


async def test_a_restricted_guardian_in_the_office_reads_nothing_about_themselves(sqlite: Databases) -> None:
    async with open_gate(sqlite, "2(3)") as gate:
        child = (await gate.children("2(3)"))[0]
        clerk = await gate.stage.star("office")
        async with office_console(gate.stage) as office:
            where = f"/children/{child.student_id}"
            await office.post(f"{where}/stop-list", name="赵德彪", phone="", reason="法院裁定")
            assert "赵德彪" in (await office.get("/")).text
            async with gate.stage.school.work() as uow:
                tie = {"person_id": clerk.user_id - USERS_FROM, "student_id": child.student_id}
                uow.session.add(Guardianship(**tie, relation=Relation.FATHER, restricted=True))
            page = (await office.get(where)).text
            assert "法院裁定" not in page and "赵德彪" not in page
            assert "赵德彪" not in (await office.get("/")).text
