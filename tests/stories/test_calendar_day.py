"""The office changes a date in the console, and the families and teachers it touches read it in their chats."""

from __future__ import annotations

from datetime import datetime

from office_steps import families, in_english, office_console
from sqlalchemy import select
from stage import Stage

from afterbell import demo
from care.records import Wave

SUNDAY = "/calendar/2026-12-06"
MAKE_UP = {"what": "care", "follows": "5", "note": ""}


async def test_a_make_up_day(afternoon: Stage) -> None:
    """Sunday 6 December follows Friday's timetable: first shown, then saved and told; saved again, nobody hears."""
    stage = afternoon
    (mum, child), (other, other_child), *_ = await families(stage, 5)
    (stranger, _), *_ = await families(stage, 5, comes=False)
    await in_english(stage, other)
    teacher = await stage.star("homeroom")
    async with office_console(stage) as console:
        page = await console.get(SUNDAY)
        seen = page.text.partition('name="seen" value="')[2].partition('"')[0].replace("&#34;", '"')
        look = await console.post(SUNDAY, step="look", seen=seen, **MAKE_UP)
        words = "Sunday 6 December is a school day and follows Friday's timetable; care runs as on Fridays."
        assert words.replace("'", "&#39;") in look.text
        assert "12月6日（星期日）上课，按星期五课表；课后服务照星期五进行。" in look.text
        assert "Save and tell" in look.text
        mum.misses("12月6日")
        saved = await console.post(SUNDAY, step="save", seen=seen, **MAKE_UP)
        assert saved.status_code == 303
        await stage.calm()
        mum.reads(f"12月6日（星期日）上课，按星期五课表；课后服务照星期五进行。\n{child}：课后服务 14:35–17:10")
        other.reads(f"{words}\n{other_child}: in care 14:35–17:10")
        teacher.finds("12月6日（星期日）上课")
        stranger.misses("12月6日")
        page = await console.get(saved.headers["location"])
        assert "people are told" in page.text and "as Fri" in page.text
        again = await console.post(SUNDAY, step="save", seen=seen, **MAKE_UP)
        assert again.status_code == 303 and "told" not in again.headers["location"]
    await stage.calm()
    assert [sum("12月6日" in message.text for message in who.messages) for who in (mum, teacher)] == [1, 1]


async def test_an_early_end_on_the_day_itself(small_afternoon: Stage) -> None:
    """At 14:50 the office ends care early, at 16:00: the families hear at once, and the open lists follow."""
    stage = small_afternoon
    await stage.at(datetime(2026, 11, 24, 12, 30, tzinfo=demo.START.tzinfo))
    await stage.at(datetime(2026, 11, 24, 14, 50, tzinfo=demo.START.tzinfo))
    (mum, child), *_ = await families(stage, 2)
    async with stage.school.look() as uow:
        first = await uow.session.scalar(select(Wave.id).where(Wave.ordinal == 1))
    today = "/calendar/2026-11-24"
    form = {"what": "care", "follows": "2", "note": "大雪", f"starts_{first}": "14:35", f"ends_{first}": "16:00"}
    async with office_console(stage, "zh_CN") as console:
        look = await console.post(today, step="look", **form)
        assert "不足两小时" in look.text and "只能" not in look.text and "名单已生成" in look.text
        assert "立即发出" in look.text
        page = await console.get(today)
        seen = page.text.partition('name="seen" value="')[2].partition('"')[0].replace("&#34;", '"')
        assert (await console.post(today, step="save", seen=seen, **form)).status_code == 303
        await stage.calm()
        mum.reads(f"11月24日（星期二）课后服务提前结束。\n{child}：课后服务 14:35–16:00\n学校说明：大雪")
        mum.misses("原为")
        page = await console.get(today)
        seen = page.text.partition('name="seen" value="')[2].partition('"')[0].replace("&#34;", '"')
        sooner = {**form, f"ends_{first}": "15:30"}
        look = await console.post(today, step="look", **sooner)
        assert "11月24日（星期二）课后服务的时间又有变化。\n" in look.text
        assert "14:35–15:30（原为 14:35–16:00）" in look.text
        assert (await console.post(today, step="save", seen=seen, **sooner)).status_code == 303
        await stage.calm()
        changed = "11月24日（星期二）课后服务的时间又有变化。\n"
        mum.reads(f"{changed}{child}：课后服务 14:35–15:30（原为 14:35–16:00）\n学校说明：大雪")
        refused = await console.post(today, step="look", **{**form, "what": "no_care"})
        assert refused.status_code == 409 and "只能更改时间" in refused.text
