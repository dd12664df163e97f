"""The floor of python-telegram-bot: answers and edits, and keeps nothing."""

from __future__ import annotations

import os
import sys
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, ContextTypes

API = os.environ["BENCH_API"]


async def tapped(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Draws the list that was tapped again, with the other mark on the child."""
    query = update.callback_query
    rows = [
        [
            InlineKeyboardButton(
                ("○" if b.text[0] == "✓" else "✓") + b.text[1:] if b.callback_data == query.data else b.text,
                callback_data=b.callback_data,
            )
            for b in row
        ]
        for row in query.message.reply_markup.inline_keyboard
    ]
    await query.answer("ok")
    await query.edit_message_text(query.message.text, reply_markup=InlineKeyboardMarkup(rows))


async def started(application: Any) -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main() -> None:
    builder = ApplicationBuilder().token(os.environ["BENCH_TOKEN"]).base_url(f"{API}/bot").post_init(started)
    application = builder.concurrent_updates(os.environ.get("BENCH_CONCURRENT") == "1").build()
    application.add_handler(CallbackQueryHandler(tapped, pattern=r"^bp:"))
    if os.environ.get("BENCH_MODE") == "webhook":
        port = int(os.environ["BENCH_PORT"])
        url = f"http://127.0.0.1:{port}/hook"
        application.run_webhook("127.0.0.1", port, "hook", webhook_url=url, secret_token="bench", max_connections=100)
    else:
        application.run_polling()


if __name__ == "__main__":
    main()
