"""/pickup: when, where, who comes; another adult of the list; old and forged taps."""

from __future__ import annotations

from pickup_slip import CODE, code_on
from sqlalchemy import select, update
from stage import Stage
from way_home import at, attend_every_day, brother_of, families, family, id_of, marked, released, stopped, with_adult

from care.pickup.adults import may_collect
from care.pickup.codes import code_for, whose
from care.records import Application, Delegate, Guardianship, Letter, PickupPlan
from care.records.pickup import Adult


async def test_today_and_the_next_day(home: Stage) -> None:
    stage = home
    child, mum, _dad = await family(stage)
    await stage.at(at(12, 30))
    await mum.send("/pickup")
    mum.reads(f"{child.child}（2(3)班）今天 17:10 放学，请到东门接。")
    mum.reads("您今天的接送码：")
    assert mum.last
    code = code_on(mum.last.text)
    await mum.send("/pickup")
    assert code_on(mum.last.text) == code, "the same each time"
    await mum.tap("念给对方听")
    assert code in mum.toasts[-1] and "没有字母 I、L、O" in mum.toasts[-1]
    assert all(sign in mum.toasts[-1] for sign in code.replace(" ", ""))
    await marked(stage.school, child.student_id)
    await stage.at(at(17, 5))
    await released(stage.school, child.student_id, "钱秀英")
    await mum.send("/pickup")
    mum.reads(f"{child.child}（2(3)班）：17:05 已由钱秀英接走。")
    mum.reads("11月25日 周三 17:10 放学，请到东门接。")


async def test_nobody_in_care_and_no_children(small_home: Stage) -> None:
    stage = small_home
    child, mum, _dad = await family(stage)
    async with stage.school.work() as uow:
        await uow.session.execute(update(Application).values(weekdays=[]))
    await mum.send("/pickup")
    mum.reads("未来三周您的孩子都没有课后服务。")
    teacher = await stage.star("homeroom")
    await teacher.send("/pickup")
    teacher.reads("学校名册上没有您的孩子")
    assert child.child


async def test_another_adult_of_the_list(home: Stage) -> None:
    stage = home
    child, mum, dad = await family(stage)
    await with_adult(stage.school, child.student_id)
    await stopped(stage.school, child.student_id, dad.user.name)
    await stage.at(at(12, 30))
    await mum.send("/pickup")
    await mum.tap("别人来接")
    assert "钱秀英（奶奶/外婆）" in mum.buttons
    assert not any(dad.user.name in button or mum.user.name in button for button in mum.buttons), "stopped; herself"
    await mum.tap("钱秀英")
    mum.reads("由钱秀英到东门接")
    assert mum.last
    code = code_on(mum.last.text)
    dad.reads(f"{mum.user.name}已告知今天由谁来接：")
    dad.reads("由钱秀英到东门接")
    await mum.tap("可转发的消息")
    mum.reads(f"请钱秀英接孩子，仅限11月24日 周二：\n{child.child}（2(3)班）：17:10，东门\n接送码：{code}")
    assert not mum.last.markup, "nothing but what the grandmother needs"
    async with stage.school.look() as uow:
        row = await whose(uow, code.lower(), uow.today)
        assert row is not None
        assert (await may_collect(uow, child.student_id, row.adult, row.adult_id, uow.today)).name == "钱秀英"


async def test_for_one_of_two(small_home: Stage) -> None:
    stage = small_home
    child, mum, _dad = await family(stage)
    other = (await families(stage.school, "2(3)"))[1]
    await brother_of(stage.school, child, other.student_id)
    await attend_every_day(stage.school, other.student_id)
    for number in (child.student_id, other.student_id):  # each child's application names her anew
        await with_adult(stage.school, number)
    await stage.at(at(12, 30))
    await mum.send("/pickup")
    await mum.tap("别人来接")
    assert sum("钱秀英" in button for button in mum.buttons) == 1
    await mum.tap(f"只给{other.child}")
    await mum.tap("别人来接")
    await mum.tap("钱秀英")
    plans = {plan.student_id: plan.name for plan in await stage.ask(select(PickupPlan))}
    assert plans == {other.student_id: "钱秀英"}
    await mum.send("/pickup")
    await mum.tap(f"我来接 · {child.child}")
    plans = {plan.student_id: plan.name for plan in await stage.ask(select(PickupPlan))}
    assert plans == {other.student_id: "钱秀英", child.student_id: mum.user.name}
    await mum.send("/pickup")
    await mum.tap("授权一人当天代接")
    await mum.tap("只给其中一个孩子")
    await mum.tap(f"只给{child.child}")
    await mum.send("孙小梅")
    await mum.tap("阿姨")
    await mum.send("19900002222")
    await mum.tap("✔ 授权")
    (delegate,) = await stage.ask(select(Delegate))
    assert delegate.student_ids == [child.student_id]


async def test_one_code_for_both_where_grandmother_takes_both(small_home: Stage) -> None:
    stage = small_home
    child, mum, _dad = await family(stage)
    other = (await families(stage.school, "2(3)"))[1]
    await brother_of(stage.school, child, other.student_id)
    await attend_every_day(stage.school, other.student_id)
    for number in (child.student_id, other.student_id):
        await with_adult(stage.school, number)
    await stage.at(at(12, 30))
    await mum.send("/pickup")
    await mum.tap("别人来接")
    await mum.tap("钱秀英")
    assert mum.last and mum.last.text.count("由钱秀英到东门接") == 2
    assert len(CODE.findall(mum.last.text)) == 1
    code = code_on(mum.last.text)
    async with stage.school.look() as uow:
        row = await whose(uow, code, uow.today)
        assert row is not None
        for number in (child.student_id, other.student_id):
            assert (await may_collect(uow, number, row.adult, row.adult_id, uow.today)).name == "钱秀英"
    await mum.tap("可转发的消息")
    assert child.child in mum.last.text and other.child in mum.last.text


async def test_forged_and_stale_taps(small_home: Stage) -> None:
    stage = small_home
    _child, mum, dad = await family(stage)
    other = (await families(stage.school, "2(3)"))[1]
    await with_adult(stage.school, other.student_id, "别家奶奶")
    await stage.at(at(12, 30))
    today = at(12).date().toordinal()
    async with stage.school.work() as uow:
        delegate = Delegate(
            date=uow.today,
            guardian_id=other.people[0],
            student_ids=[other.student_id],
            name="生人",
            phone="19900003333",
        )
        delegate.relation, delegate.made_at = (
            (await uow.session.scalars(select(Guardianship.relation))).first(),
            uow.now,
        )
        uow.session.add(delegate)
        await uow.session.flush()
        theirs = delegate.id
        await code_for(uow, Adult.DELEGATE, theirs, uow.today)
    await mum.send("/pickup")
    for data in (
        f"pui:{today}:s{other.student_id}",
        f"puo:{today}:w7",
        f"pua:{today}:a:g:{other.people[0]}",
        f"pua:{today}:a:d:{theirs}",
        f"pua:{today}:a:x:1",
        f"pua:{today}:a:l:99999",
        f"pui:{today - 1}:a",
        "pui:0:a",
        "pui:999999999999:a",
        "pui:x:a",
        f"pui:{today}",
        f"pug:{theirs}",
        f"puw:{theirs}",
        f"puf:{today}:d:{theirs}",
        f"pus:{today}:d:{theirs}",
        f"pup:{today}:d:{theirs}",
        f"pus:{today}:g:{id_of(dad)}",
        f"pud:{today}:s{other.student_id}",
        "puq:0:yes",
        "pug:0",
        "puw:x",
    ):
        before = (len(mum.messages), len(mum.toasts))
        await mum.tap(data=data)
        assert len(mum.toasts) == before[1] + 1 and len(mum.messages) == before[0], data
    assert await stage.ask(select(PickupPlan)) == []
    (kept,) = await stage.ask(select(Delegate))
    assert kept.withdrawn_at is None
    mum.misses("生人")
    mum.misses("别家奶奶")
    assert await stage.ask(select(Letter.id).where(Letter.kind == "pickup_slip")) == []
