"""The gate's conversation: which list is open in this chat, what it asks, what it says when somebody was faster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bot.chat.handover import screens
from bot.chat.handover.lists import gate_list
from bot.chat.handover.words import who_is
from bot.wire.turn import Turn
from care.errors import Conflict, NotAllowed
from care.records.pickup import Adult
from care.release.giving import Given
from care.release.waiting import GateChild
from care.work import UnitOfWork
from locales.labels import error_sentence

FLOW = "gate"
LIST, WHO, UNDO, CLOSE = "list", "who", "undo", "close"
"""What typed words are: a code or a child; who asked for a child; why a release is undone; how an alarm ended."""
KEPT = ("session", "class", "date", "code")
ALL_CLASSES = 0

Done = TypeVar("Done")


async def show_list(turn: Turn, session_id: int, note: str = "", class_id: int | None = None) -> None:
    """The list in place of what was tapped; from now on codes typed here are for it. ``class_id``: where many are shown
    class by class, the one to show, or ``ALL_CLASSES``; None: the one that was shown here before."""
    await keep_list(turn, session_id, class_id=class_id)
    shown = (await kept(turn)).get("class") or None
    await turn.show(await gate_list(turn.uow, turn._, session_id, note, shown))


async def keep_list(
    turn: Turn, session_id: int | None, code: tuple[Adult, int] | None = None, class_id: int | None = None
) -> None:
    """What is typed here from now on is for the gate; ``code``: whose code was typed last."""
    answers = await kept(turn)
    if session_id is not None:
        if class_id is not None or answers.get("session") != session_id:
            answers["class"] = class_id or ALL_CLASSES
        answers["session"] = session_id
    if code is not None:
        answers["code"] = [turn.uow.day.isoformat(), code[0].value, code[1]]
    await turn.open_form(FLOW, LIST, {**answers, "date": turn.uow.day.isoformat()})


async def ask(turn: Turn, step: str, **about: Any) -> None:
    await turn.open_form(FLOW, step, {**await kept(turn), **about, "date": turn.uow.day.isoformat()})


async def kept(turn: Turn) -> dict[str, Any]:
    """What the conversation knows of today."""
    form = await turn.form(FLOW)
    if form is None or form.answers.get("date") != turn.uow.day.isoformat():
        return {}
    return {name: form.answers[name] for name in KEPT if name in form.answers}


async def list_of(turn: Turn, one: GateChild) -> int:
    """The list to go back to: the teacher's own where there is one, for siblings are of other classes."""
    return int((await kept(turn)).get("session") or one.session_id)


async def code_was_typed(turn: Turn, adult: Adult, adult_id: int) -> bool:
    """Whether this adult's code of today was typed in this chat."""
    return (await kept(turn)).get("code") == [turn.uow.day.isoformat(), adult.value, adult_id]


async def attempt(turn: Turn, session_id: int, act: Callable[[UnitOfWork], Awaitable[Done]]) -> Done | None:
    """Does it; where somebody was faster, nothing of it stays, the teacher reads what happened, and the list is
    shown as it is now."""
    try:
        async with turn.uow.part() as part:
            return await act(part)
    except (Conflict, NotAllowed) as error:
        sentence = error_sentence(turn._, error)
        await turn.toast(sentence, alert=True)
        note = "" if turn.query_id is not None else sentence
    await show_list(turn, session_id, note)
    return None


async def hold(turn: Turn, session_id: int) -> None:
    """Nobody gets this child now; why, the screen does not say."""
    await show_list(turn, session_id, screens.wait_sentence(turn._))


def handed_note(turn: Turn, given: Given) -> str:
    return "\n".join(f"✔ {who_is(turn._, one)}\n{screens.state(turn.uow, turn._, one)}" for one in given.children)


def undone_note(turn: Turn, one: GateChild) -> str:
    return turn._("↩ Taken back: {child}. The family has been told.", child=who_is(turn._, one))
