"""A slip came into wrong hands: the office cuts the chat off, and the guardian links again with a new slip."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from stage import USERS_FROM, Stage

from care.linking import issue_slip, unlink
from care.permissions import SYSTEM
from care.records import Contact, Event, Form, Guardianship, Student


async def test_a_chat_is_cut_off_and_linked_anew(stage: Stage) -> None:
    mum, office = await stage.star("mother"), await stage.star("office")
    await mum.send(f"/start {stage.slip_of(mum)}")
    await mum.send("/apply")
    query = select(Guardianship.id).join(Student).where(Student.name == "林芷若")
    (guardianship_id, *_) = await stage.ask(query.where(Guardianship.person_id == mum.user_id - USERS_FROM))
    async with stage.school.work(await stage.act_as(office)) as uow:
        await unlink(uow, guardianship_id)
    chat = Contact.chat_id == mum.user_id
    assert await stage.ask(select(Contact).where(chat)) == []
    assert await stage.ask(select(Form).where(Form.chat_id == mum.user_id, Form.flow != "hello")) == []
    assert "unlinked" in await stage.ask(select(Event.action))
    await mum.send("/children")
    mum.reads("二维码")
    async with stage.school.work(SYSTEM) as uow:
        code = await issue_slip(uow, mum.user_id - USERS_FROM, guardianship_id, timedelta(days=7))
    await mum.send(f"/start {code}")
    mum.finds("您是林芷若的妈妈")
