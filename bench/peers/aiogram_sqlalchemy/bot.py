"""aiogram with SQLAlchemy: a dispatcher, one callback handler, a session per tap."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

sys.path.insert(0, str(Path(__file__).parent.parent))
import records

dispatcher = Dispatcher()


@dispatcher.callback_query(F.data.startswith("bp:"))
async def tapped(query: CallbackQuery, make: records.async_sessionmaker[records.AsyncSession]) -> None:
    _, class_id, child_id = query.data.split(":")
    children = await records.flip(make, query.from_user.id, int(class_id), int(child_id))
    buttons = [
        InlineKeyboardButton(text=records.label(c.name, c.present), callback_data=f"bp:{class_id}:{c.child_id}")
        for c in children
    ]
    rows = [buttons[at : at + records.PER_ROW] for at in range(0, len(buttons), records.PER_ROW)]
    await query.answer(next(c.name for c in children if c.child_id == int(child_id)))
    await query.message.edit_text(f"Class {class_id}", reply_markup=InlineKeyboardMarkup(inline_keyboard=rows))


def ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


async def main() -> None:
    session = AiohttpSession(api=TelegramAPIServer.from_base(os.environ["BENCH_API"]))
    bot = Bot(os.environ["BENCH_TOKEN"], session=session)
    engine = records.open_engine()
    dispatcher["make"] = records.sessions(engine)
    if os.environ.get("BENCH_MODE") == "webhook":
        port = int(os.environ["BENCH_PORT"])
        app = web.Application()
        SimpleRequestHandler(dispatcher, bot, secret_token="bench").register(app, path="/hook")
        setup_application(app, dispatcher, bot=bot)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token="bench", max_connections=100)
        ready()
        await asyncio.Event().wait()
    else:
        ready()
        await dispatcher.start_polling(bot)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
