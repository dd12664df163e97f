"""The office changes when and where a wave leaves, or the term's last day, and whom that touches reads it, once."""

from __future__ import annotations

from datetime import date

from console_browser import Browser
from office_steps import families, in_english, office_console
from sqlalchemy import select
from stage import Player, Stage
from way_home import at, family, marked

from care.records import Term, Wave


async def change(stage: Stage, console: Browser, **values: str) -> str:
    """Saves the first wave with other values; what the page then says of it."""
    async with stage.school.look() as uow:
        wave = (await uow.session.scalars(select(Wave).where(Wave.ordinal == 1))).one()
    form = {
        "starts_at": f"{wave.starts_at:%H:%M}",
        "ends_at": f"{wave.ends_at:%H:%M}",
        "gate": wave.gate,
        "guidance_venue": wave.guidance_venue,
        "course_venue": wave.course_venue,
    }
    saved = await console.post(f"/settings/waves/{wave.id}", grades=[str(one) for one in wave.grades], **form | values)
    assert saved.status_code == 303
    await stage.calm()
    page = await console.get(saved.headers["location"].partition("#")[0])
    return page.text.split(f'id="wave-{wave.id}"')[1].split("</form>")[0]


def heard(player: Player, words: str) -> int:
    return sum(words in (message.text or "") for message in player.messages)


async def test_a_wave_leaves_earlier_by_another_gate(home: Stage) -> None:
    """At one o'clock, when the lists of the day are made: it counts from tomorrow, today all stays as it was, and
    tomorrow's reminder says the new time and gate. A mother reads it in Chinese, a father in English."""
    stage = home
    child, mum, dad = await family(stage)
    await in_english(stage, dad)
    teacher = await stage.star("homeroom")
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.at(at(13))
    async with office_console(stage, "zh_CN") as console:
        note = await change(stage, console, ends_at="16:40", gate="南门")
        assert "从 11月25日 周三起生效" in note and "在聊天中通知" in note and "请自行告知" not in note
        mum.reads(
            "从11月25日（星期三）起，2(3) 班课后服务时间改为 14:35–16:40（原 14:35–17:10），放学改走南门（原东门）。\n"
            f"涉及：{child.child}"
        )
        dad.reads(
            "From Wednesday 25 November on, care of class 2(3) is 14:35–16:40 (was 14:35–17:10), and the gate is 南门 "
            f"(was 东门).\nThis is about: {child.child}"
        )
        teacher.finds(
            "从11月25日（星期三）起，2年级课后服务时间改为 14:35–16:40（原 14:35–17:10），放学改走南门（原东门）。"
        )
        assert "不需要通知任何人" in await change(stage, console), "saved once more as it is"
    assert [heard(who, "南门") for who in (mum, dad)] == [1, 1]
    await stage.at(at(16, 10))
    assert heard(mum, "请到") == 0
    await stage.at(at(16, 40))
    mum.reads(f"{child.child}（2(3)班）今天 17:10 放学，请到东门接。")
    await stage.at(at(12, 30, day=25))
    await marked(stage.school, child.student_id)
    await stage.at(at(16, 10, day=25))
    mum.reads(f"{child.child}（2(3)班）今天 16:40 放学，请到南门接。")


async def test_changed_at_night_and_changed_again(small_afternoon: Stage) -> None:
    """In the morning there is one message, with both; what was taken back in the night nobody hears of."""
    stage = small_afternoon
    (mum, child), *_ = await families(stage, 3)
    await stage.at(at(12, 30))
    await stage.at(at(21))
    async with office_console(stage) as console:
        await change(stage, console, starts_at="14:40")
        await change(stage, console, gate="南门")
    mum.misses("南门")
    await stage.at(at(7, 31, day=25))
    mum.reads(f"14:40–17:10（原 14:35–17:10），放学改走南门（原东门）。\n涉及：{child}")
    await stage.at(at(21, day=25))
    async with office_console(stage) as console:
        await change(stage, console, gate="西门")
        await change(stage, console, gate="南门")
    await stage.at(at(7, 31, day=26))
    assert (heard(mum, "涉及"), heard(mum, "西门")) == (1, 0)


async def test_the_term_ends_earlier(small_afternoon: Stage) -> None:
    stage = small_afternoon
    (mum, child), (other, other_child), *_ = await families(stage, 3)
    await in_english(stage, other)
    async with stage.school.look() as uow:
        term = (await uow.session.scalars(select(Term))).one()
    form = {
        "starts_on": str(term.starts_on),
        "ends_on": "2027-01-22",
        "apply_from": str(term.apply_from),
        "apply_until": str(term.apply_until),
    }
    assert term.ends_on == date(2027, 1, 29)
    async with office_console(stage) as console:
        saved = await console.post(f"/settings/terms/{term.id}", grades=[str(one) for one in term.grades], **form)
        page = await console.get(saved.headers["location"])
        assert "Saved." in page.text and "are told of it in the chat, once." in page.text
        await stage.calm()
    mum.reads(f"本学期课后服务最后一天改为1月22日（星期五）（原1月29日（星期五））。\n涉及：{child}")
    other.reads(
        f"The last day of care this term is Friday 22 January (was Friday 29 January).\nThis is about: {other_child}"
    )
