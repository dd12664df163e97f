"""The bots that are measured: how each is installed and started, and what it must have stored at the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bench import scene

PEERS = scene.HERE / "peers"
ENV = scene.HERE / ".env"
ROOT = scene.HERE.parent


@dataclass(frozen=True)
class Bot:
    """``stores`` is False for an echo; ``tunable`` bots are tried one update at a time and side by side first."""

    name: str
    title: str
    stores: bool = True
    tunable: bool = False
    node: bool = False

    @property
    def is_ours(self) -> bool:
        return self.name == "ours"

    @property
    def argv(self) -> list[str]:
        if self.is_ours:
            return [sys.executable, "-m", "bench.ours"]
        if self.node:
            return ["node", str(ENV / self.name / "bot.mjs")]
        return [str(ENV / self.name / "bin/python"), str(PEERS / self.name / "bot.py")]


BOTS = (
    Bot("ours", "AfterBell"),
    Bot("ptb_sqlalchemy", "python-telegram-bot + SQLAlchemy", tunable=True),
    Bot("aiogram_sqlalchemy", "aiogram + SQLAlchemy"),
    Bot("grammy_sqlite", "grammY + better-sqlite3", tunable=True, node=True),
    Bot("ptb_echo", "python-telegram-bot, echo only", stores=False, tunable=True),
)


def install(bot: Bot) -> None:
    """Makes the peer's environment from its pinned requirements, once for each state of them."""
    if bot.is_ours:
        return
    source, target = PEERS / bot.name, ENV / bot.name
    pins = source / ("package-lock.json" if bot.node else "requirements.txt")
    done = target / ".installed"
    if bot.node and target.exists():
        shutil.copyfile(source / "bot.mjs", target / "bot.mjs")
    if done.exists() and done.read_text() == pins.read_text():
        return
    say(f"installing {bot.name} …")
    shutil.rmtree(target, ignore_errors=True)
    if bot.node:
        _install_node(source, target)
    else:
        subprocess.run([sys.executable, "-m", "venv", target], check=True)
        pip = [
            str(target / "bin/pip"),
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            str(pins),
        ]
        subprocess.run(pip, check=True)
    done.write_text(pins.read_text())


def _install_node(source: Path, target: Path) -> None:
    """better-sqlite3 is compiled here, against the headers beside node where they are installed."""
    target.mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "bot.mjs"):
        shutil.copyfile(source / name, target / name)
    environ = {**os.environ, "npm_config_build_from_source": "true"}
    prefix = Path(shutil.which("node") or "node").resolve().parent.parent
    if (prefix / "include/node/node.h").exists():
        environ["npm_config_nodedir"] = str(prefix)
    log = target / "npm.log"
    with log.open("w") as out:
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=target, env=environ, stdout=out, stderr=out)
    if done.returncode:
        raise RuntimeError(f"npm could not install {source.name}: see {log}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Setting:
    """How a bot is run: by long poll or webhook, one update at a time or side by side, on which database."""

    mode: str = "polling"
    concurrent: bool = False
    sync: str = "FULL"
    limits: bool = False
    reminders: int = 0
    events: int = 0
    url: str = ""
    workers: int = 1
    counts: str = ""


def measure(bot: Bot, phases: list[dict[str, Any]], setting: Setting) -> dict[str, Any]:
    """One run of one bot on a fresh database; raises where what it stored is not what was tapped."""
    with _database(bot, setting) as (path, url):
        environ = {
            "BENCH_DB": str(path),
            "BENCH_DB_URL": url,
            "BENCH_SYNC": setting.sync,
            "BENCH_MODE": setting.mode,
            "BENCH_PORT": str(free_port()),
            "BENCH_CONCURRENT": str(int(setting.concurrent)),
            "BENCH_LIMITS": "on" if setting.limits else "off",
            "BENCH_COUNTS": setting.counts,
            "BENCH_REMINDERS": str(setting.reminders),
            "BENCH_FIRST_FAMILY": str(scene.family_chat(1)),
        }
        job = {
            "argv": bot.argv,
            "cwd": str(ROOT),
            "env": environ,
            "more": [{"BENCH_MODE": "worker"}] * (setting.workers - 1),
            "limits": setting.limits,
            "families": setting.reminders,
            "phases": phases,
        }
        done = subprocess.run(
            [sys.executable, "-m", "bench.load", json.dumps(job)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        if done.returncode:
            raise RuntimeError(f"the run of {bot.name} failed")
        result: dict[str, Any] = json.loads(done.stdout)
        result["bot"], result["setting"] = bot.name, setting.__dict__
        if any("ended" in phase for phase in result["phases"]):
            say(f"  {bot.name} ended during the run, by {setting.mode}: its figures from then on are left out")
        if bot.stores:
            result["events"] = _count_there(url) if url else _count(path, setting.events)
            if not result["stuck"] and result["events"] != result["taps"]:
                raise RuntimeError(f"{bot.name}: {result['taps']} taps, but {result['events']} events")
        return result


@contextlib.contextmanager
def _database(bot: Bot, setting: Setting) -> Iterator[tuple[Path, str]]:
    if setting.url:
        yield Path(), setting.url
        return
    path = scene.database(f"run-{bot.name}", setting.events)
    try:
        yield path, ""
    finally:
        scene.remove(path)


def _count(path: Path, old: int) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM event").fetchone()[0]) - old


def _count_there(url: str) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        found = await connection.fetchval("SELECT count(*) FROM event")
        await connection.close()
        return int(found)

    return asyncio.run(count())


def say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
