"""The bot dies between any two steps, and the conversation goes on where it was."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from databases import KEY, Databases, make_school
from journey import ZH, open_slip
from sqlalchemy import select
from stage import TOKEN, Stage

from afterbell import demo
from care.records import Application, Form, InboxState, PickupPerson, State, Update
from care.school import School
from webchat.limits import Limits
from webchat.model import Message
from webchat.persona import Persona
from webchat.server import create_app, serve
from webchat.world import World

TAP, SEND = "tap", "send"
STEPS = [
    (SEND, "/apply", "14:35–17:10"),
    (TAP, "继续阅读", "怎样保证孩子的安全"),
    (TAP, "继续阅读", "我已阅读"),
    (TAP, "我已阅读", "是否同意学校"),
    (TAP, ZH["yes"], "需要在哪几天参加"),
    (TAP, "周一", "☑ 周一"),
    (TAP, "周三", "☑ 周三"),
    (TAP, ZH["next"], "为什么需要课后服务"),
    (TAP, ZH["need"], "☑ 家长下班较晚"),
    (SEND, "爸爸出差", "您的说明：爸爸出差"),
    (TAP, ZH["next"], "之后是否还需要延时托管"),
    (TAP, "周三", "☑ 周三"),
    (TAP, ZH["next"], "还有谁可以接"),
    (TAP, "添加", "请输入接送人的姓名"),
    (SEND, "钱秀英", "钱秀英是林芷若的什么人"),
    (TAP, "奶奶", "的电话号码"),
    (SEND, "19900007777", "1. 钱秀英"),
    (TAP, ZH["next"], "健康方面"),
    (TAP, "我同意并填写", "请输入健康说明"),
    (SEND, "对花生过敏", "以后想参加哪些课程"),
    (SEND, "书法", "请核对"),
    (TAP, ZH["submit"], "已提交"),
]
"""What is done, and what is then seen that was not seen before."""


class Walker:
    """Goes through the questions; taps in the message that asked, as a person does who sees one of them twice."""

    def __init__(self, player: Persona) -> None:
        self.player = player
        self._at: Message | None = None

    async def do(self, kind: str, what: str) -> None:
        if kind == TAP:
            await self.player.tap(what, message=self._at)
        else:
            await self.player.send(what)

    def sees(self, text: str) -> bool:
        for message in reversed(self.player.messages):
            if text in message.text + str([button["text"] for row in message.buttons() for button in row]):
                self._at = message
                return True
        return False

    async def waits_for(self, text: str) -> None:
        await self.player.waits_until(lambda: self.sees(text), 20, text)


async def check(school: School) -> None:
    """Exactly one application, with every answer."""
    async with school.look() as uow:
        query = select(Application).join(Application.student).where(Application.state == State.SUBMITTED)
        (made,) = [a for a in await uow.session.scalars(query) if a.submitted_at >= demo.START]
        adults = list(await uow.session.scalars(select(PickupPerson).where(PickupPerson.application_id == made.id)))
    assert (made.weekdays, made.extended_weekdays, made.needs) == ([1, 3], [3], ["work_hours"])
    assert (made.need_words, made.courses_wished) == ("爸爸出差", "书法")
    assert school.keys.open(made.health_note or b"") == "对花生过敏"
    assert [(adult.name, adult.phone) for adult in adults] == [("钱秀英", "19900007777")]


async def test_a_new_bot_between_all_steps(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    walker = Walker(mum)
    for kind, what, seen in STEPS:
        await stage.restart()
        await walker.do(kind, what)
        assert walker.sees(seen), mum.screen()
    await check(stage.school)


async def test_an_answer_given_while_the_bot_is_dead(small_stage: Stage) -> None:
    """Taps and words of a dead hour are taken in order when it lives again."""
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await mum.send("/apply")
    await stage.kill()
    mum._acts.say("/cancel")
    mum._acts.say("/apply")
    await stage.start()
    await stage.calm()
    mum.reads("您为林芷若填写的申请还没有完成")
    await mum.tap("继续填写")
    mum.reads("14:35–17:10")


class Process:
    """``afterbell bot`` as an operator starts it, on a database of its own."""

    def __init__(self, database: str, api: str, folder: Path) -> None:
        self._settings = {
            "AFTERBELL_DATABASE_URL": database,
            "AFTERBELL_TELEGRAM_API": api,
            "AFTERBELL_TELEGRAM_TOKEN": TOKEN,
            "AFTERBELL_DATA_DIR": str(folder / "data"),
            "AFTERBELL_SECRET_KEY": KEY,
            "AFTERBELL_CLOCK": demo.START.isoformat(),
        }
        self._folder = folder

    async def start(self) -> None:
        command = [sys.executable, "-m", "afterbell", "bot"]
        path = os.pathsep.join([str(Path(demo.__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, cwd=self._folder, env={**os.environ, **self._settings, "PYTHONPATH": path}, stderr=log
            )

    async def end(self, how: signal.Signals) -> int:
        if self._process.returncode is None:
            self._process.send_signal(how)
        return await self._process.wait()

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()


async def test_killed_as_a_process_after_every_third_step(sqlite: Databases, tmp_path: Path) -> None:
    """SIGKILL, now and then before the bot has even answered; SIGTERM ends it in peace. (All steps, without processes
    of their own: above. Each point within a step: ``tests/reliability``.)"""
    database = await sqlite.fresh()
    world = World(limits=Limits.off())
    world.add_bot(TOKEN)
    school = make_school(database)
    everybody = {person.name: person for person in await demo.people(school)}
    code = everybody["苏婉晴"].start_payload
    mum = Persona(world, TOKEN, name="苏婉晴")
    walker, steps = Walker(mum), [(SEND, f"/start {code}", "您是林芷若的妈妈"), *STEPS]
    async with serve(create_app(world)) as address:
        bot = Process(database, address, tmp_path)
        try:
            await bot.start()
            for number, (kind, what, seen) in enumerate(steps):
                await walker.do(kind, what)
                if number % 6:
                    await walker.waits_for(seen)
                else:
                    await mum.waits_until(lambda: not mum.bot.updates.awaits(mum.user_id), 20, "the update to be taken")
                if number % 3 == 0:
                    await bot.end(signal.SIGKILL)
                    await bot.start()
                    await walker.waits_for(seen)
            await bot.end(signal.SIGKILL)
            await bot.start()
            await mum.send("/children")
            await mum.waits_for("待班级审核", 20)
            assert await bot.end(signal.SIGTERM) == 0, bot.log
        finally:
            await bot.end(signal.SIGKILL)
    await check(school)
    async with school.look() as uow:
        left = list(await uow.session.scalars(select(Update.state).where(Update.state != InboxState.DONE)))
        (form,) = list(await uow.session.scalars(select(Form).where(Form.flow.startswith("apply:"))))
    await school.close()
    assert left == [] and form.step == "" and form.answers == {}
    for secret in (code, TOKEN, "苏婉晴", "林芷若", "对花生过敏", "19900007777"):
        assert str(secret) not in bot.log, "the log names nobody"
