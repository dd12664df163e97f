"""Anybody can send any data as a tap. Each verb is tried by people whom it does not concern: nothing changes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from databases import Databases
from journey import answer_all, applicant, in_state, open_slip, student, submit_for, to_approved
from sqlalchemy import func, select
from stage import Player, Stage, open_stage

from bot.chat.register import TAPS
from care.records import Agreement, Application, Contact, Event, Guardianship, Person, State

NOT_YOURS = "没有找到，或者您无权查看。"
NO_DUTY = "您的职责不包含这项操作。"
STALE = "情况已有变化，请查看最新状态后再决定。"
OLD = "这个按钮已失效。发送 /help 查看可用功能。"
OVER = ("这次填写已经结束。发送 /apply 重新开始。", "这个问题已经结束。")
REFUSED = (
    NOT_YOURS,
    STALE,
    NO_DUTY,
    "这项操作无法进行。",
    "今天的安排尚未生成，请在开始后再来。",
    "请先签到延时托管。",
)
HARMLESS = {"go", "rl", "fg", "f", "sc", "kp", "exf", "exd"}
"""Verbs that name nobody else's: what they show is the tapper's own."""


@dataclass
class Target:
    """The application of another family that is tried, and all that could change about it."""

    application: Application

    def data(self, verb: str) -> list[str]:
        """Taps as the true keyboard has them."""
        a = self.application
        return {
            "ap": [f"ap:{a.student_id}"],
            "f": [f"f:{a.student_id}:1:submit", f"f:{a.student_id}:1:yes"],
            "fg": [f"fg:on:{a.student_id}", f"fg:drop:{a.student_id}", f"fg:anew:{a.student_id}"],
            "rl": ["rl:0"],
            "rv": [f"rv:{move}:{a.id}:{a.version}" for move in ("passed", "returned", "refused", "approved")],
            "sg": [f"sg:{a.id}:0"],
            "sy": [f"sy:{a.id}:4"],
            "sc": ["sc:1:yes"],
            "lv": [f"lv:{a.student_id}"],
            "lvd": [f"lvd:{a.student_id}:20261124:20261124"],
            "lvr": [f"lvr:{a.student_id}:20261124:20261124:{why}" for why in "ifnow"],
            "lvy": [f"lvy:{a.student_id}:20261124:20261124:{why}" for why in "ifnw"],
            "wy": [f"wy:{a.id}:now", f"wy:{a.id}:2026-11-24"],
        }.get(verb, [f"{verb}:{a.id}"])


async def world_state(stage: Stage) -> list[object]:
    rows = await stage.ask(select(Application).order_by(Application.id))
    facts = [(a.id, a.state, a.version, a.leaves_on) for a in rows]
    return [facts, *await stage.ask(select(func.count(Event.id))), *await stage.ask(select(func.count(Agreement.id)))]


async def outsiders(stage: Stage) -> dict[str, Player]:
    """A stranger, the guardian of another child, a homeroom teacher of another class, the restricted father."""
    other = await applicant(stage, (await in_state(stage, State.ENROLLED, "1(1)"))[0])
    child = await student(stage, "许沐言")
    query = select(Person).join(Guardianship).where(Guardianship.student_id == child.id, Guardianship.restricted)
    (father,) = await stage.ask(query)
    async with stage.school.work() as uow:
        uow.session.add(Contact(person_id=father.id, channel="web", chat_id=78, linked_at=uow.now, linked_by="before"))
    return {
        "stranger": Player(stage, stage.world, stage.token, name="路人", user_id=77),
        "another guardian": other,
        "another homeroom teacher": await stage.homeroom_of("4(8)"),
        "the restricted father": Player(stage, stage.world, stage.token, name=father.name, user_id=78),
    }


@pytest.mark.parametrize("state", [State.SUBMITTED, State.REVIEWED, State.RETURNED, State.APPROVED, State.ENROLLED])
async def test_every_verb_by_everybody_whom_it_does_not_concern(sqlite: Databases, state: State) -> None:
    async with open_stage(await sqlite.fresh()) as stage:
        if state is State.ENROLLED:
            target = Target(await stage.application_of("许沐言"))
        else:
            target = Target((await in_state(stage, state))[0])
        players = await outsiders(stage)
        for player in players.values():
            await player.send("/help")
        before = await world_state(stage)
        for verb in TAPS:
            for data in target.data(verb):
                await asyncio.gather(*(player.tap(data=data) for player in players.values()))
                for who, player in players.items():
                    said = player.answers[-1].text
                    if who == "stranger":
                        player.reads("为确认您的身份")
                    elif verb not in HARMLESS:
                        assert said in REFUSED, f"{who} {data}: {said}"
                child = (await stage.ask(select(Application).where(Application.id == target.application.id)))[0]
                assert child.version == target.application.version, data
        assert await world_state(stage) == before


JUNK = [
    "x", "ro", "ro:", "ro::", "ro:abc", "ro:-1", "ro:1.5", "ro:１", "ro:²", "ro:99999999999999999999", "ro:0",
    "rv", "rv:passed", "rv:passed:1", "rv:passed:x:1", "rv:passed:1:99999999999999999999", "rv:enrolled:1:1",
    "rv:nonsense:1:1", "rv:passed:1:1:1", "sg", "sg:x:0", "sg:1:99999999999999", "sy:1", "sc", "sc:x", "sc:1:maybe",
    "wd:99999999999999999999", "wy:99999999999999999999:2026-11-24", "wy:1", "wy:1:2026-13-45", "wy:1:2026-1-1:1",
    "wy:１:now", "f", "f:1", "f:1:1", "f:1:x:yes", "f:99999999999999999999:1:yes", "f:1:1:1:1", "fg:on", "fg:on:x",
    "fg:other:0", "fg:what:1", "go:", "go:nothing", "go:start", "ln:", "ln:xx", "ap:0", "pdf:99999999999999",
    "pdfa:1:2:3", "rl:99999999999999", "rl:-1", "rc:1:99999999999999", "st:", ":", "::::", "\n", "ro:1\nro:2",
    "🎈" * 16,
]  # fmt: skip


async def test_junk_is_answered_and_changes_nothing(small_stage: Stage) -> None:
    """Each is answered at the first try: none ends in an error that the worker has to try again."""
    stage = small_stage
    teacher, mum = await stage.homeroom_of("2(3)"), await stage.star("mother")
    await open_slip(stage, mum)
    await mum.send("/children")
    await teacher.send("/review")
    before = await world_state(stage)
    for player in (teacher, mum):
        for data in JUNK:
            count = len(player.answers)
            await player.tap(data=data)
            assert len(player.answers) == count + 1, data
            player.misses("抱歉")
    assert await world_state(stage) == before


async def test_the_own_application_is_no_reviewers_card(small_stage: Stage) -> None:
    """The card shows the stop-list and what staff may do: a guardian has other screens, even for the own child."""
    stage = small_stage
    application = await stage.application_of("许沐言")
    mother = await applicant(stage, application)
    await mother.send("/children")
    for data in (f"ro:{application.id}", f"rc:{application.id}", f"rx:{application.id}"):
        await mother.tap(data=data)
        assert mother.toasts[-1] == NOT_YOURS
    mother.misses("禁止接送")


async def test_only_who_applied_corrects_and_signs(small_stage: Stage) -> None:
    """The other parent sees where it stands, and may withdraw, but does not sign in the applicant's place."""
    stage = small_stage
    mum = await stage.star("mother")
    child = await student(stage, "林芷若")
    (father,) = await stage.ask(
        select(Guardianship.person_id).where(Guardianship.student_id == child.id, Guardianship.relation == "father")
    )
    dad = stage.persona(father)
    for parent in (mum, dad):
        await open_slip(stage, parent)
    application = await submit_for(stage, mum, "林芷若")
    await to_approved(stage, application.id, "2(3)")
    await dad.send("/children")
    dad.reads("已批准，待签协议")
    dad.reads("申请人：苏婉晴")
    assert not any("签署" in button for button in dad.buttons)
    await dad.tap(data=f"sg:{application.id}:0")
    assert dad.toasts[-1] == NOT_YOURS
    await dad.send("/withdraw")
    dad.reads("撤回林芷若的申请吗")
    await dad.tap("撤回申请")
    mum.reads("林芷若（2(3)班）的申请已撤回")
    assert (await stage.application_of("林芷若")).state is State.WITHDRAWN


async def test_a_draft_is_nobody_elses(small_stage: Stage) -> None:
    """The father taps the data of the mother's keyboard: his chat has no such conversation."""
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await answer_all(mum, young=True)
    other = await applicant(stage, (await in_state(stage, State.ENROLLED, "1(1)"))[0])
    await other.send("/help")
    await other.tap(data=str(mum.last.buttons()[-1][0]["callback_data"]))  # type: ignore[union-attr]
    assert other.toasts[-1] in OVER
    child = await student(stage, "林芷若")
    assert await stage.ask(select(Application.id).where(Application.student_id == child.id)) == []
