"""Plain python-telegram-bot with SQLAlchemy, as its examples and most bots have it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import TelegramError
from telegram.ext import AIORateLimiter, Application, ApplicationBuilder, CallbackQueryHandler, ContextTypes

sys.path.insert(0, str(Path(__file__).parent.parent))
import records

API = os.environ["BENCH_API"]


async def tapped(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    query = update.callback_query
    _, class_id, child_id = query.data.split(":")
    make = context.application.bot_data["sessions"]
    children = await records.flip(make, query.from_user.id, int(class_id), int(child_id))
    buttons = [
        InlineKeyboardButton(records.label(c.name, c.present), callback_data=f"bp:{class_id}:{c.child_id}")
        for c in children
    ]
    rows = [buttons[at : at + records.PER_ROW] for at in range(0, len(buttons), records.PER_ROW)]
    name = next(c.name for c in children if c.child_id == int(child_id))
    await query.answer(name)
    await query.edit_message_text(f"Class {class_id}", reply_markup=InlineKeyboardMarkup(rows))


async def remind(application: Any) -> None:
    """Sends so many reminders, one after the other, as a daily job does."""
    first = int(os.environ["BENCH_FIRST_FAMILY"])
    for n in range(int(os.environ["BENCH_REMINDERS"])):
        try:
            await application.bot.send_message(first + n, "A reminder: care ends at 17:10 today.")
        except TelegramError as error:
            sys.stderr.write(f"not sent: {error}\n")


async def started(application: Any) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: application.create_task(remind(application)))
    application.bot_data["engine"] = engine = records.open_engine()
    application.bot_data["sessions"] = records.sessions(engine)
    sys.stdout.write("ready\n")
    sys.stdout.flush()


async def stopped(application: Any) -> None:
    await application.bot_data["engine"].dispose()


def build() -> Application:  # type: ignore[type-arg]
    builder = ApplicationBuilder().token(os.environ["BENCH_TOKEN"]).base_url(f"{API}/bot")
    builder = builder.concurrent_updates(os.environ.get("BENCH_CONCURRENT") == "1")
    if os.environ.get("BENCH_LIMITS") == "on":
        builder = builder.rate_limiter(AIORateLimiter(max_retries=5))
    return builder.post_init(started).post_shutdown(stopped).build()


def main() -> None:
    application = build()
    application.add_handler(CallbackQueryHandler(tapped, pattern=r"^bp:"))
    if os.environ.get("BENCH_MODE") == "webhook":
        port = int(os.environ["BENCH_PORT"])
        url = f"http://127.0.0.1:{port}/hook"
        application.run_webhook("127.0.0.1", port, "hook", webhook_url=url, secret_token="bench", max_connections=100)
    else:
        application.run_polling()


if __name__ == "__main__":
    main()
