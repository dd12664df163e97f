"""All handlers of the chat, in the order in which they are asked. Note: order matters; the general ones stand last."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    filters,
)

from bot.chat import (
    agreement,
    children,
    console,
    day_sheet,
    extended,
    language,
    leave,
    missing,
    missing_reason,
    papers,
    review,
    rollcall,
    start,
    withdraw,
)
from bot.chat import help as help_
from bot.chat.apply import begun, talk
from bot.chat.handover.talk import handover_command
from bot.chat.handover.taps import TAPS as HANDOVER_TAPS
from bot.chat.pickup import taps as pickup
from bot.wire.turn import Turn
from bot.wire.view import View
from care.errors import CareError
from locales.labels import error_sentence

Handler = Callable[[Update, Turn], Coroutine[Any, Any, None]]

FOR_ALL: dict[str, Handler] = {
    "start": start.start_command,
    "help": help_.help_command,
    "language": language.language_command,
    "cancel": help_.cancel_command,
}
FOR_KNOWN: dict[str, Handler] = {
    "apply": begun.apply_command,
    "children": children.children_command,
    "leave": leave.leave_command,
    "withdraw": withdraw.withdraw_command,
    "pickup": pickup.pickup_command,
    "review": review.review_command,
    "checkin": rollcall.checkin_command,
    "daysheet": day_sheet.day_sheet_command,
    "console": console.console_command,
    "extended": extended.extended_command,
    "handover": handover_command,
}
TAPS: dict[str, Handler] = {
    "ap": begun.child_chosen,
    "f": talk.answer_tapped,
    "fg": talk.going_on_tapped,
    "co": talk.correct_tapped,
    "ro": review.card_tapped,
    "rl": review.page_tapped,
    "rc": review.criteria_tapped,
    "rh": review.health_tapped,
    "rv": review.move_tapped,
    "rx": review.remark_left,
    "sg": agreement.read_tapped,
    "sy": agreement.sign_tapped,
    "sc": agreement.confirmed,
    "wd": withdraw.child_tapped,
    "wy": withdraw.day_tapped,
    "wc": withdraw.confirmed,
    "wk": withdraw.kept,
    "st": withdraw.stay_tapped,
    "lv": leave.child_tapped,
    "lvd": leave.days_tapped,
    "lvr": leave.reason_tapped,
    "lvy": leave.confirmed,
    "lvb": leave.back_tapped,
    "pdf": papers.application_pdf_tapped,
    "pdfa": papers.agreement_pdf_tapped,
    "ds": day_sheet.sheet_tapped,
}
TAPS |= rollcall.TAPS | missing.TAPS | missing_reason.TAPS | pickup.TAPS | extended.TAPS | HANDOVER_TAPS

FOR_ALL_TAPS: dict[str, Handler] = {"ln": language.language_chosen}


async def tapped(update: Update, turn: Turn) -> None:
    """Any button, by its verb. Every tap is answered, or the button would turn for a minute."""
    verb = turn.data.partition(":")[0]
    handler = FOR_ALL_TAPS.get(verb) or (_known(TAPS[verb]) if verb in TAPS else None)
    if handler is None or not turn.parts or not all(turn.parts):
        await help_.unknown_tap(update, turn)
        return
    await handler(update, turn)
    await turn.toast()


async def go_tapped(update: Update, turn: Turn) -> None:
    """A button that stands for a command."""
    handler = FOR_KNOWN.get(turn.parts[0])
    if handler is None:
        await help_.unknown_tap(update, turn)
    else:
        await handler(update, turn)


TAPS["go"] = go_tapped


def _known(handler: Handler) -> Handler:
    """Only people the school knows go on; a stranger is asked who it is."""

    async def guarded(update: Update, turn: Turn) -> None:
        if turn.person is None:
            await start.ask_who(turn)
        else:
            await handler(update, turn)

    return guarded


def register(chat: Application[Any, Turn, Any, Any, Any, Any]) -> None:
    """Adds every handler to the application of one channel."""
    chat.add_handler(CallbackQueryHandler(tapped))
    for name, handler in FOR_ALL.items():
        chat.add_handler(CommandHandler(name, handler))
    for name, handler in FOR_KNOWN.items():
        chat.add_handler(CommandHandler(name, _known(handler)))
    chat.add_handler(ChatMemberHandler(start.reach_changed, ChatMemberHandler.MY_CHAT_MEMBER))
    chat.add_handler(MessageHandler(filters.CONTACT, start.contact_shared))
    chat.add_handler(MessageHandler(filters.COMMAND, help_.unknown_command))
    chat.add_handler(MessageHandler(filters.TEXT, help_.words_typed))
    chat.add_handler(MessageHandler(filters.ALL, help_.other_sent))
    chat.add_error_handler(_remember)


async def _remember(update: object, turn: Turn) -> None:
    """Gives a handler's error to the worker, which rolls back and tries again."""
    turn.opening.error = turn.error


async def refuse(turn: Turn, error: CareError) -> None:
    """A rule said no: one sentence, over the chat for a tap and as a message for words."""
    sentence = error_sentence(turn._, error)
    if turn.query_id is not None:
        await turn.toast(sentence, alert=True)
    else:
        await turn.say(View(sentence))


async def apologise(turn: Turn) -> None:
    """Something broke for good with this update."""
    await turn.toast()
    await turn.say(
        View(turn._("Sorry, something went wrong on our side. The school office can see it. Please try again later."))
    )
