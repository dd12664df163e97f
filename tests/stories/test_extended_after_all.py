"""A request for extended care that the school has declined (S11): granted after all, or asked anew by the family."""

from __future__ import annotations

from datetime import date, datetime, time

from journey import guardians
from sqlalchemy import select
from stage import Player, Stage

from care.records import Application, DayRules, ExtendedRequest, SchoolClass, State, Student, Term, Wish

TUESDAY = date(2026, 11, 24)


async def asked(stage: Stage) -> tuple[str, Player, Player]:
    """The school decides itself, and a family of 2(3) asks: the child, its guardian, the office."""
    async with stage.school.work() as uow:
        term_id = (await uow.session.scalars(select(Term.id))).first()
        row = await uow.session.get(DayRules, term_id) or DayRules(term_id=term_id)
        row.extended_automatic = False
        uow.session.add(row)
    await stage.at(datetime.combine(TUESDAY, time(12, 30), stage.school.zone))
    async with stage.school.look() as uow:
        query = select(Application, Student.name).join(Student).join(SchoolClass).order_by(Student.student_no)
        query = query.where(SchoolClass.grade == 2, SchoolClass.number == 3, Application.state == State.ENROLLED)
        rows = [(one.student_id, name) for one, name in await uow.session.execute(query) if 2 in one.weekdays]
    student_id, child = rows[0]
    mum = (await guardians(stage, student_id))[0]
    await mum.send("/extended")
    await mum.tap("今天参加延时")
    return child, mum, await stage.star("office")


async def test_granted_after_all(small_afternoon: Stage) -> None:
    """From the answer itself, once: the old buttons of the letter say how it stands."""
    child, mum, office = await asked(small_afternoon)
    letter = office.last
    await office.tap("✖ 不同意")
    assert office.offered == ["✔ 改为同意"]
    declined = office.last
    mum.finds(f"学校今天未能安排{child}延时托管，孩子随班放学。")
    await office.tap("✔ 改为同意")
    office.reads(f"✔ 已同意：2(3) 班{child}今天")
    mum.finds(f"{child}今天参加延时托管：澹台书院，至 18:30，请到那里接孩子。")
    await office.tap("✔ 改为同意", message=declined)
    office.reads(f"✔ 已同意：2(3) 班{child}今天")
    for old in ("✔ 同意", "✖ 不同意"):
        await office.tap(old, message=letter)
        office.finds(f"2(3) 班{child}：已同意（{office.user.name}）。")


async def test_asked_anew(small_afternoon: Stage) -> None:
    child, mum, office = await asked(small_afternoon)
    await office.tap("✖ 不同意")
    declined = office.last
    await mum.tap("延时托管")
    mum.reads("今天：延时托管申请未获批准，17:10 放学。")
    await mum.tap("再次申请延时")
    mum.reads("✔ 已提交申请，学校答复后会在这里通知您。")
    office.reads(f"2(3) 班{child}：")
    await mum.tap("改为 17:10 放学")
    await office.tap("✔ 改为同意", message=declined)
    office.finds(f"2(3) 班{child}：家长已撤回申请（{mum.user.name}）。")


async def test_what_was_declined_is_not_granted_by_itself(small_afternoon: Stage) -> None:
    """Places are free and requests are granted by themselves since: of this one the school has said no, so somebody
    decides, and the family reads that it waits. What somebody has granted after all may be asked for again."""
    stage = small_afternoon
    child, mum, office = await asked(stage)
    await office.tap("✖ 不同意")
    async with stage.school.work() as uow:
        (await uow.session.scalars(select(DayRules))).one().extended_automatic = True
    await mum.tap("延时托管")
    await mum.tap("再次申请延时")
    mum.reads("✔ 已提交申请，学校答复后会在这里通知您。")
    await stage.at(datetime.combine(TUESDAY, time(12, 40), stage.school.zone))
    assert await wish_of(stage) is Wish.ASKED
    await office.tap("✔ 同意")
    assert await wish_of(stage) is Wish.APPROVED
    await mum.tap("延时托管")
    await mum.tap("改为 17:10 放学")
    await mum.tap("今天参加延时")
    mum.reads(f"✔ {child}今天参加延时托管")
    assert await wish_of(stage) is Wish.APPROVED


async def wish_of(stage: Stage) -> Wish:
    async with stage.school.look() as uow:
        return (await uow.session.scalars(select(ExtendedRequest.state))).one()
