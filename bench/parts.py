"""The parts of the measurement. Each returns plain data that the report is written from."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench import scene, start
from bench.bots import BOTS, ROOT, Bot, Setting, install, measure, say


@dataclass(frozen=True)
class Plan:
    """How long and how often. Seconds are of one steady window."""

    seconds: float
    warm: float
    rounds: int
    in_flight: tuple[int, ...]
    modes: tuple[str, ...]
    rate: float
    reminders: int
    old_events: int
    quick: bool


def flights(plan: Plan, in_flight: Iterable[int]) -> list[dict[str, Any]]:
    return [{"kind": "flight", "in_flight": n, "warm": plan.warm, "seconds": plan.seconds} for n in in_flight]


def _speed(phase: dict[str, Any]) -> str:
    return "ended" if "ended" in phase else f"{phase['taps_per_s']:.0f}/s"


def tune(bots: list[Bot], plan: Plan) -> dict[str, dict[str, Any]]:
    """Which way a peer does better with 20 in flight: one update after the other, or side by side."""
    found: dict[str, dict[str, Any]] = {}
    for bot in bots:
        if bot.tunable:
            tries = {}
            for concurrent in (False, True):
                run = measure(bot, flights(plan, [20]), Setting(concurrent=concurrent))
                tries[concurrent] = run["phases"][0].get("taps_per_s", 0.0)
            found[bot.name] = {
                "concurrent": tries[True] > tries[False],
                "in_turn": tries[False],
                "side_by_side": tries[True],
            }
            say(f"  {bot.name}: {tries[False]:.0f} taps/s in turn, {tries[True]:.0f} side by side")
    return found


def taps(bots: list[Bot], plan: Plan) -> dict[str, Any]:
    """Every bot in turn, and again, each time on a fresh database."""
    tuned = tune(bots, plan)
    runs: list[dict[str, Any]] = []
    for round_ in range(plan.rounds):
        for mode in plan.modes:
            for bot in bots:
                concurrent = bool(tuned.get(bot.name, {}).get("concurrent"))
                phases = flights(plan, plan.in_flight)
                phases.append({"kind": "rate", "per_s": plan.rate, "warm": 1.0, "seconds": plan.seconds})
                run = measure(bot, phases, Setting(mode=mode, concurrent=concurrent))
                runs.append({**run, "round": round_, "mode": mode})
                told = ", ".join(f"{p['in_flight']}: {_speed(p)}" for p in run["phases"][:-1])
                say(f"  round {round_ + 1} {mode} {bot.name}: {told}")
    return {"tuned": tuned, "runs": runs}


def durability(bots: list[Bot], plan: Plan) -> list[dict[str, Any]]:
    """The same with PRAGMA synchronous=NORMAL: what the flush to disk at each commit costs everybody."""
    return [
        measure(bot, flights(plan, [20]), Setting(sync="NORMAL", concurrent=bot.node)) for bot in bots if bot.stores
    ]


def reminders(bots: list[Bot], plan: Plan) -> list[dict[str, Any]]:
    """Two taps a second, first alone, then while reminders go out under Telegram's limits."""
    count = plan.reminders
    phases = [
        {"kind": "rate", "per_s": 2, "warm": 1.0, "seconds": 15.0 if plan.quick else 60.0},
        {"kind": "reminders", "per_s": 2, "count": count, "most_s": 30 + count / 10},
    ]
    chosen = [bot for bot in bots if bot.name in ("ours", "ptb_sqlalchemy")]
    return [measure(bot, phases, Setting(limits=True, reminders=count)) for bot in chosen]


def old_events(plan: Plan) -> list[dict[str, Any]]:
    """Our bot on an empty past and on a long one, in turn."""
    ours = BOTS[0]
    runs = []
    for _ in range(plan.rounds):
        for events in (0, plan.old_events):
            runs.append(measure(ours, flights(plan, [20]), Setting(events=events)))
    return runs


def counts(plan: Plan) -> list[dict[str, Any]]:
    """Statements and transactions per tap of our bot."""
    found = []
    path = scene.DATA / "counts.json"
    for n in plan.in_flight:
        run = measure(BOTS[0], flights(plan, [n]), Setting(counts=str(path)))
        found.append({"in_flight": n, "taps": run["taps"], "counted": json.loads(path.read_text())})
    return found


def tick(plan: Plan) -> dict[str, Any]:
    path = scene.database("tick")
    command = [sys.executable, "-m", "bench.tick", "2000", str(path)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    scene.remove(path)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def board(plan: Plan) -> dict[str, Any]:
    path = scene.database("board")
    command = [sys.executable, "-m", "bench.board", "2000", str(path)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    scene.remove(path)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def anatomy(plan: Plan) -> dict[str, Any]:
    path = scene.database("anatomy")
    command = [sys.executable, "-m", "bench.anatomy", str(path)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    scene.remove(path)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def first_reply(plan: Plan) -> dict[str, Any]:
    return start.measure(2 if plan.quick else 5)


def postgres(plan: Plan) -> list[dict[str, Any]]:
    """Our bot on SQLite, and on PostgreSQL with one process and with two, in turn; 20 taps in flight, then 40."""
    from bench.postgres import databases

    runs = []
    with databases() as fresh:
        for _ in range(plan.rounds):
            for in_flight in (20, 40):
                runs.append(measure(BOTS[0], flights(plan, [in_flight]), Setting()))
                for workers in (1, 2):
                    setting = Setting(url=fresh(), workers=workers)
                    runs.append(measure(BOTS[0], flights(plan, [in_flight]), setting))
    return runs


PARTS = ("taps", "anatomy", "counts", "durability", "reminders", "events", "tick", "board", "start", "postgres")


def measure_all(only: set[str], plan: Plan) -> dict[str, Any]:
    """Measures the parts and bots that ``only`` names; everything when it names none of them."""
    parts = only & set(PARTS) or set(PARTS)
    names = only - set(PARTS)
    bots = [bot for bot in BOTS if not names or bot.name in names]
    if parts & {"taps", "durability", "reminders"}:
        for bot in bots:
            install(bot)
    todo: dict[str, Any] = {
        "taps": lambda: taps(bots, plan),
        "anatomy": lambda: anatomy(plan),
        "counts": lambda: counts(plan),
        "durability": lambda: durability(bots, plan),
        "reminders": lambda: reminders(bots, plan),
        "events": lambda: old_events(plan),
        "tick": lambda: tick(plan),
        "board": lambda: board(plan),
        "start": lambda: first_reply(plan),
        "postgres": lambda: postgres(plan),
    }
    results = {}
    for part in PARTS:
        if part in parts:
            say(f"{part} …")
            results[part] = todo[part]()
    return results
