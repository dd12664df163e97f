"""Our bot as ``afterbell bot`` runs it: the product's wire and handlers, and one more button for the bench."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn
import uvloop
from starlette.applications import Starlette
from telegram import Update

from bench import scene
from bench.counts import count
from bot.chat import kinds, letters
from bot.chat import register as chat
from bot.chat.voice import voice
from bot.wire.budget import Limits
from bot.wire.channel import Channel
from bot.wire.receive import ALLOWED, Poller, webhook
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from bot.wire.wire import Wire
from care.errors import NotAllowed, NotFound
from care.permissions import Permission
from care.records.delivery import Class
from care.school import School
from papers import Printer

SECRET = "secret-of-the-bench"
presence = sa.table(
    "bench_presence", sa.column("child_id"), sa.column("class_id"), sa.column("name"), sa.column("present")
)


LIST = sa.select(presence).where(presence.c.class_id == sa.bindparam("class")).order_by(presence.c.child_id)
FLIP = sa.update(presence).where(presence.c.child_id == sa.bindparam("child")).values(present=sa.bindparam("now"))


async def list_tapped(update: Update, turn: Turn) -> None:
    """A child on the list is tapped: present, or not present again."""
    class_id, child_id = turn.numbers
    if not turn.actor.may_for(Permission.REVIEW, 0, class_id):
        raise NotAllowed()
    connection = turn.uow.connection
    rows = {row.child_id: row for row in await connection.execute(LIST, {"class": class_id})}
    if child_id not in rows:
        raise NotFound()
    flipped = not rows[child_id].present
    await connection.execute(FLIP, {"child": child_id, "now": int(flipped)})
    turn.uow.record("bench_presence", "student", child_id, present=flipped)
    buttons = [
        Button(
            scene.label(row.name, flipped if row.child_id == child_id else bool(row.present)),
            pack("bp", class_id, row.child_id),
        )
        for row in rows.values()
    ]
    lines = tuple(tuple(buttons[at : at + scene.PER_ROW]) for at in range(0, len(buttons), scene.PER_ROW))
    await turn.toast(rows[child_id].name)
    await turn.show(View(f"Class {class_id}", lines))


async def reminder(c: kinds.Context) -> View | None:
    return View("A reminder: care ends at 17:10 today.")


def synchronous(school: School, level: str) -> None:
    """Another durability than the product's, for comparison only."""

    @sa.event.listens_for(school.writer.sync_engine, "connect")
    def _connect(connection: Any, _: object) -> None:
        connection.cursor().execute(f"PRAGMA synchronous={level}")


async def post_reminders(school: School, count: int) -> None:
    """Posts so many reminders in one transaction, as a tick does."""
    async with school.work() as uow:
        people = range(scene.TEACHERS + 1, scene.TEACHERS + count + 1)
        await uow.post("bench_reminder", people, Class.REMINDER, key="bench")


async def run() -> None:
    environ = os.environ
    url = environ.get("BENCH_DB_URL") or f"sqlite+aiosqlite:///{environ['BENCH_DB']}"
    school = scene.open_school(url)
    if school.is_sqlite and environ.get("BENCH_SYNC", "FULL") != "FULL":
        synchronous(school, environ["BENCH_SYNC"])
    finish = count(school, Path(environ["BENCH_COUNTS"])) if environ.get("BENCH_COUNTS") else lambda: None
    channel = Channel(scene.CHANNEL, scene.TOKEN, environ["BENCH_API"], chat.register)
    await channel.open()
    channels = {scene.CHANNEL: channel}
    pace = Limits() if environ.get("BENCH_LIMITS") == "on" else Limits(1e6, 1e6, 1e6)
    wire = Wire(school, channels, voice(school, Printer()), pace)
    school.listeners.append(wire.wake)
    jobs = [wire.run()]
    mode = environ.get("BENCH_MODE")
    if mode == "webhook":
        route = webhook(scene.CHANNEL, SECRET, wire.intake)
        port = int(environ["BENCH_PORT"])
        config = uvicorn.Config(
            Starlette(routes=[route]), port=port, log_level="warning", access_log=False, lifespan="off", ws="none"
        )
        jobs.append(uvicorn.Server(config)._serve())
        address = f"http://127.0.0.1:{port}/telegram/{scene.CHANNEL}"
        await channel.bot.set_webhook(address, secret_token=SECRET, allowed_updates=ALLOWED, max_connections=100)
    elif mode != "worker":  # a second process only works what stands in the inbox
        jobs.append(Poller(channel, wire.intake, wire.leader.leads, wire.troubles).run())
    tasks = [asyncio.create_task(job) for job in jobs]
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(
        signal.SIGUSR1,
        lambda: tasks.append(asyncio.create_task(post_reminders(school, int(environ.get("BENCH_REMINDERS", "0"))))),
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await stop.wait()
    await wire.finish(1.0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    finish()
    await channel.close()
    await school.close()


def main() -> None:
    chat.TAPS["bp"] = list_tapped
    letters.KINDS["bench_reminder"] = kinds.Kind(reminder)
    gc.freeze()  # as afterbell/__main__.py does once everything is loaded
    uvloop.run(run())


if __name__ == "__main__":
    main()
