"""A leave that is taken back: which days, and when care begins and ends on them, as the plan has it (S8)."""

from __future__ import annotations

from datetime import date, time

from roll_steps import data_of, last
from sqlalchemy import select
from stage import Stage
from way_home import at, family, id_of, speaks_english

from care.records import Wave, WaveDay

EARLY = {"starts_at": time(13, 30), "ends_at": time(15, 30)}


async def ends_early(stage: Stage, *days: date) -> None:
    """The calendar has other times for these dates."""
    async with stage.school.work() as uow:
        wave = (await uow.session.scalars(select(Wave).where(Wave.ordinal == 1))).one()
        for day in days:
            uow.session.add(WaveDay(date=day, wave_id=wave.id, **EARLY))


async def test_a_day_that_ends_early(small_home: Stage) -> None:
    stage = small_home
    child, mum, dad = await family(stage)
    await speaks_english(stage.school, id_of(dad))
    await ends_early(stage, date(2026, 11, 25))
    await mum.send("/leave")
    await mum.send("11-25")
    await mum.tap("生病")
    await mum.tap("确认请假")
    await mum.tap("↩ 撤销")
    mum.reads(f"已撤销：{child.child}照常参加，11月25日 周三。\n")
    mum.reads("\n11月25日 周三的课后服务时间为 13:30–15:30（平时 14:35–17:10）。")
    dad.reads("on Wed 25 Nov.\nCare on Wed 25 Nov is 13:30–15:30 (usually 14:35–17:10).")


async def test_a_day_as_usual(small_home: Stage) -> None:
    stage = small_home
    child, mum, dad = await family(stage)
    await speaks_english(stage.school, id_of(dad))
    await mum.send("/leave")
    await mum.send("11-25")
    await mum.tap("生病")
    await mum.tap("确认请假")
    await mum.tap("↩ 撤销")
    mum.reads(f"已撤销：{child.child}照常参加，11月25日 周三。\n课后服务时间 14:35–17:10。")
    dad.reads("on Wed 25 Nov.\nCare is 14:35–17:10.")


async def test_several_days(small_home: Stage) -> None:
    """The button names the range, the confirmation each of its days that is not as usual."""
    stage = small_home
    child, mum, dad = await family(stage)
    await speaks_english(stage.school, id_of(dad))
    await ends_early(stage, date(2026, 11, 26), date(2026, 12, 1))
    await mum.send("/leave")
    await mum.send("11-25 至 12-3")
    await mum.tap("生病")
    await mum.tap("确认请假")
    label = f"↩ 撤销 · {child.child} · 11月25日 周三至12月3日 周四"
    assert data_of(last(mum), label)
    await dad.send("/leave")
    await dad.tap(f"↩ Take back · {child.child} · Wed 25 Nov to Thu 3 Dec")
    dad.reads(f"Taken back: {child.child} attends as usual, on Wed 25 Nov to Thu 3 Dec, 7 care days.")
    dad.reads("\nCare on Thu 26 Nov is 13:30–15:30 (usually 14:35–17:10).")
    dad.reads("\nCare on Tue 1 Dec is 13:30–15:30 (usually 14:35–17:10).")
    mum.reads(
        "\n11月26日 周四的课后服务时间为 13:30–15:30（平时 14:35–17:10）。\n12月1日 周二的课后服务时间为 13:30–15:30"
    )


async def test_today_by_the_list_that_is_made(small_home: Stage) -> None:
    """Of a day whose list stands, the plan is what the list says."""
    stage = small_home
    _child, mum, _dad = await family(stage)
    await ends_early(stage, date(2026, 11, 24))
    await stage.at(at(10))
    await mum.send("/leave")
    await mum.tap("今天")
    await mum.tap("生病")
    await mum.tap("确认请假")
    await stage.at(at(12, 30))
    async with stage.school.work() as uow:
        for row in await uow.session.scalars(select(WaveDay)):
            await uow.session.delete(row)
    await mum.tap("↩ 撤销")
    mum.reads("11月24日 周二的课后服务时间为 13:30–15:30（平时 14:35–17:10）。")
