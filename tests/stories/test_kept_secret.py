"""What must stay nowhere: names, phones, codes and tokens in the log; messages in the inbox and the outbox once they
are handled; the health note in plain words in the database."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from databases import Databases
from journey import ZH, answer_all, open_slip, read_all, sign_in_chat, to_approved
from sqlalchemy import make_url, select, text
from stage import TOKEN, Stage, open_stage

from care.records import InboxState, Letter, LetterState, Update

NOTE = "对花生严重过敏，随身带肾上腺素笔"


async def whole_story(stage: Stage) -> None:
    """Link, apply with a health note, review by card, return, correct, approve, sign."""
    mum, teacher = await stage.star("mother"), await stage.homeroom_of("2(3)")
    await mum.send("/start ABCDEFGH23")
    await open_slip(stage, mum)
    await mum.send("/apply")
    await read_all(mum)
    for key in ("yes", "day", "next", "need", "next", "no_extended", "nobody"):
        await mum.tap(ZH[key])
    await mum.tap("我同意并填写")
    await mum.send(NOTE)
    await mum.tap(ZH["no_courses"])
    await mum.tap(ZH["submit"])
    await teacher.tap("健康说明")
    assert teacher.toasts[-1] == NOTE
    application = await stage.application_of("林芷若")
    await teacher.send("/review")
    await teacher.tap(data=f"ro:{application.id}")
    await teacher.tap("退回修改")
    await teacher.send("请补充")
    await mum.tap("修改申请")
    await mum.tap(ZH["submit"])
    await mum.tap("申请表 PDF")
    await to_approved(stage, application.id, "2(3)")
    await mum.tap("阅读并签署协议")
    await sign_in_chat(mum, "苏婉晴")


@pytest.fixture
def logged() -> Any:
    """Everything that is logged, with the whole of every exception."""
    lines: list[str] = []

    def keep(_logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        lines.append(f"{method} {structlog.processors.format_exc_info(None, method, dict(event))}")
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    yield lines
    structlog.reset_defaults()


async def test_the_log_names_nobody(small_stage: Stage, logged: list[str]) -> None:
    """Not even when a handler breaks, with the whole exception in the log."""
    stage = small_stage
    mum = await stage.star("mother")
    code = stage.slip_of(mum)
    await whole_story(stage)
    chat = stage.channel.chat
    for handlers in chat.handlers.values():
        for handler in handlers:
            handler.callback = _broken
    await mum.send("对花生过敏，电话 19900001483")
    assert any("RuntimeError" in line for line in logged), "the failure itself is logged"
    for secret in (code, TOKEN, "苏婉晴", "林芷若", NOTE, "花生", "19900001483", "ABCDEFGH23", str(mum.user_id)):
        assert not [line for line in logged if secret in line], f"{secret} stands in the log"


async def _broken(_update: Any, _turn: Any) -> None:
    raise RuntimeError("broken for the test")


async def test_messages_are_forgotten_when_they_are_handled(stage: Stage) -> None:
    await whole_story(stage)
    updates = await stage.ask(select(Update))
    assert updates and all(update.state is InboxState.DONE and update.payload == "" for update in updates)
    letters = await stage.ask(select(Letter))
    kept = [letter for letter in letters if letter.payload is not None and letter.state is LetterState.SENT]
    assert kept == []
    assert not [letter.id for letter in letters if "花生" in str(letter.params)]


async def test_the_health_note_is_nowhere_in_the_file(sqlite: Databases) -> None:
    """Every byte of the database after the story: the note is sealed, and what carried it in and out is overwritten."""
    database = await sqlite.fresh()
    async with open_stage(database) as stage:
        await whole_story(stage)
        async with stage.school.look() as uow:
            stored = list(await uow.session.execute(text("SELECT answers FROM form")))
        assert not any("花生" in str(row) for row in stored)
        await stage.school.clear_log()  # as the clock does once a minute
        found = await asyncio.to_thread(_files_with, Path(make_url(database).database or ""), NOTE)
        assert found == []


def _files_with(database: Path, words: str) -> list[str]:
    """The files of the database that hold these words, as they are or as JSON escapes them."""
    forms = [words.encode(), words.encode("unicode_escape"), words.encode("utf-16-le")]
    files = [path for path in database.parent.iterdir() if path.name.startswith(database.name)]
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


async def test_a_draft_keeps_the_note_sealed(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await answer_all(mum, young=True)
    await mum.tap("✎ 健康")
    await mum.tap("我同意并填写")
    await mum.send(NOTE)
    mum.reads("健康说明：已填写，加密保存")
    await mum.send("/cancel")
    async with stage.school.look() as uow:
        rows = [str(row) for row in await uow.session.execute(text("SELECT answers FROM form"))]
    assert rows and not any("花生" in row or "\\u82b1" in row for row in rows)
