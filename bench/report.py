"""Writes the numbers down: Markdown tables with medians, ratios within one round, and the goal beside each figure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

from bench import board, scene
from bench.bots import BOTS
from bench.tables import row, table, verdict

PAGE = scene.HERE.parent / "docs/performance.md"
BEGIN = "<!-- measured: begin (written by python -m bench) -->"
END = "<!-- measured: end -->"
TITLES = {bot.name: bot.title for bot in BOTS}
PLAIN = "ptb_sqlalchemy"
Runs = list[dict[str, Any]]


def _median(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return statistics.median(known) if known else float("nan")


def _phase(run: dict[str, Any], key: str, value: Any) -> dict[str, Any] | None:
    return next((phase for phase in run["phases"] if phase.get(key) == value), None)


def _values(runs: Runs, bot: str, mode: str, at: tuple[str, Any], figure: str) -> list[float]:
    """The figure of each round, in order; not a number where the bot had ended."""
    found = [_phase(run, *at) for run in runs if run["bot"] == bot and run["mode"] == mode]
    return [float(phase.get(figure, "nan")) for phase in found if phase]


def _ended(runs: Runs, bot: str, mode: str, at: tuple[str, Any]) -> str:
    """Says beside a bot's name in how many rounds it had ended by itself."""
    found = [_phase(run, *at) for run in runs if run["bot"] == bot and run["mode"] == mode]
    ended = sum(phase is not None and "ended" in phase for phase in found)
    if not ended:
        return ""
    return ", ended during the run" + (f" (in {ended} of {len(found)} rounds)" if ended < len(found) else "")


def _figure(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _ratio(runs: Runs, mode: str, at: tuple[str, Any], figure: str, bot: str = "ours") -> float:
    """Median over the rounds of this bot's figure by plain PTB's of the same round."""
    mine, theirs = _values(runs, bot, mode, at, figure), _values(runs, PLAIN, mode, at, figure)
    return _median([a / b for a, b in zip(mine, theirs, strict=False) if b])


def render(results: dict[str, Any]) -> str:
    """The measured part of the page."""
    parts: list[tuple[str, Callable[[Any, dict[str, Any]], str]]] = [
        ("taps", _taps),
        ("anatomy", _anatomy),
        ("counts", _counts),
        ("durability", _durability),
        ("reminders", _reminders),
        ("events", _events),
        ("tick", _tick),
        ("board", board.report),
        ("start", _start),
        ("postgres", _postgres),
    ]
    about = results["about"]
    text = [_about(about)]
    for name, write_part in parts:
        if name in results:
            text.append(write_part(results[name], about))
    return "\n".join(text)


def write(results: dict[str, Any]) -> None:
    """Puts the measured part between its markers; what people wrote around it stays."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{render(results)}\n{END}{after}")


def _about(about: dict[str, Any]) -> str:
    plan = about["plan"]
    code = about["commit"] + (" with changes not committed" if about["changed"] else "")
    note = " **A quick run: good for comparing two states of the code, not for claims.**" if plan["quick"] else ""
    return (
        f"Measured {about['when']} at commit {code} by `{about['command']}`.{note}\n\n"
        f"{about['cpu']}, {about['cores']} cores, {about['memory_gb']} GB; Linux {about['kernel']}; "
        f"Python {about['python']}, SQLite {about['sqlite']}, node {about['node']}. A flush of 4 KB to this disk takes "
        f"{about['flush_ms']:.2f} ms. Processes that wanted a core before the run: {about['load_before']:.1f} "
        f"(other work on the machine makes every figure worse; the ratios suffer less).\n\n"
        f"Windows of {plan['seconds']:g} s after {plan['warm']:g} s of warming up, {plan['rounds']} rounds; medians "
        f"over the rounds, ratios within a round.\n"
    )


def _taps(data: dict[str, Any], about: dict[str, Any]) -> str:
    runs: Runs = data["runs"]
    text = ["## A tap\n", _tuned(data["tuned"])]
    names = [name for name in TITLES if any(run["bot"] == name for run in runs)]
    for mode in dict.fromkeys(run["mode"] for run in runs):
        for n in about["plan"]["in_flight"]:
            goal = 3.0 if n == 1 else 5.0
            at = ("in_flight", n)
            rows = []
            for name in names:
                middle = {
                    key: _median(_values(runs, name, mode, at, key))
                    for key in ("taps_per_s", "p50_ms", "p99_ms", "cpu_s_per_1000")
                }
                more = _ratio(runs, mode, at, "taps_per_s", name)
                rows.append(
                    row(
                        TITLES[name] + _ended(runs, name, mode, at),
                        _figure(middle["taps_per_s"], 0),
                        _figure(more, 2) + " ×" + (verdict(more >= goal, f"≥ {goal:g} ×") if name == "ours" else ""),
                        f"{_figure(middle['p50_ms'], 1)} / {_figure(middle['p99_ms'], 1)}",
                        _figure(middle["cpu_s_per_1000"], 2) + _cpu_goal(name, runs, mode, at),
                    )
                )
            head = (f"{mode}, {n} in flight", "taps/s", "to plain PTB", "p50 / p99, ms", "CPU s per 1,000 taps")
            text.append(table(head, rows))
        text.append(_equal_load(runs, names, mode, about["plan"]["rate"]))
    text.append(_memory(runs, names))
    return "\n".join(text)


def _cpu_goal(name: str, runs: Runs, mode: str, at: tuple[str, Any]) -> str:
    if name != "ours":
        return ""
    less = _ratio(runs, mode, at, "cpu_s_per_1000")
    return f" = {less:.2f} ×" + verdict(less <= 0.25, "≤ 0.25 ×")


def _tuned(tuned: dict[str, Any]) -> str:
    lines = [
        f"{TITLES[name]}: {found['in_turn']:.0f} taps/s one update after the other, "
        f"{found['side_by_side']:.0f} side by side"
        for name, found in tuned.items()
    ]
    return (
        "Tried both ways with 20 in flight, the better one is used:\n\n- " + "\n- ".join(lines) + "\n" if lines else ""
    )


def _equal_load(runs: Runs, names: list[str], mode: str, rate: float) -> str:
    at = ("per_s", rate)
    rows = []
    for name in names:
        p50, p99, cpu = (_median(_values(runs, name, mode, at, key)) for key in ("p50_ms", "p99_ms", "cpu_s_per_1000"))
        below = ""
        if name == "ours":
            half, most = _ratio(runs, mode, at, "p50_ms"), _ratio(runs, mode, at, "p99_ms")
            below = verdict(half < 1 and most < 1, "both below plain PTB's")
        title = TITLES[name] + _ended(runs, name, mode, at)
        rows.append(row(title, _figure(p50, 1), _figure(p99, 1) + below, _figure(cpu, 2)))
    return table((f"{mode}, {rate:g} taps a second", "p50, ms", "p99, ms", "CPU s per 1,000 taps"), rows)


def _memory(runs: Runs, names: list[str]) -> str:
    rows = []
    for name in names:
        own = [run for run in runs if run["bot"] == name]
        rows.append(
            row(
                TITLES[name],
                _figure(max(run["peak_mb"] for run in own) or math.nan, 0),
                str(sum(r["stuck"] for r in own)),
            )
        )
    return table(("the whole run", "peak memory, MB", "taps never answered"), rows)


def _anatomy(data: dict[str, dict[str, float]], about: dict[str, Any]) -> str:
    """What is not in a step is the transaction itself."""
    sizes = list(data)
    for spent in data.values():
        spent["transaction: begin, commit"] = spent["round"] - sum(
            spent[s] for s in ("settle", "store", "handle", "take")
        )
    order = [name for name in data[sizes[0]] if name not in ("round", "whole")]
    order = sorted(
        order, key=lambda name: (name.partition(":")[0] != "settle", name.partition(":")[0] != "store", name)
    )
    rows = [
        row(("… " if name.startswith(("handle:", "take:")) else "") + name, *(f"{data[n][name]:.0f}" for n in sizes))
        for name in [*order, "whole"]
    ]
    text = (
        "## Where one tap's time goes\n\n"
        "Microseconds of CPU per tap by step of the round, without the network, SQLite; by how many taps share a "
        "round. What begins with … is part of the line it names.\n"
    )
    return text + "\n" + table(("step", *(f"{n} together" for n in sizes)), rows)


def _counts(data: list[dict[str, Any]], about: dict[str, Any]) -> str:
    names = sorted({name for one in data for name in one["counted"]}, reverse=True)
    rows = [
        row(str(one["in_flight"]), *(f"{one['counted'].get(name, 0) / one['taps']:.2f}" for name in names))
        for one in data
    ]
    return "## What one tap makes the database do\n\n" + table(("in flight", *names), rows)


def _durability(runs: Runs, about: dict[str, Any]) -> str:
    rows = [
        row(TITLES[run["bot"]] + ", ended during the run", "–", "–")
        if "ended" in p
        else row(TITLES[run["bot"]], f"{p['taps_per_s']:.0f}", f"{p['cpu_s_per_1000']:.2f}")
        for run in runs
        for p in run["phases"]
    ]
    return "## The same at synchronous=NORMAL\n\n" + table(("20 in flight", "taps/s", "CPU s per 1,000 taps"), rows)


def _reminders(runs: Runs, about: dict[str, Any]) -> str:
    rows = []
    for run in runs:
        idle, busy = run["phases"]
        count = busy["count"]
        limit, worse = count / 30, busy["p99_ms"] / idle["p99_ms"]
        took, ours = busy["took_s"], run["bot"] == "ours"
        own_time = (count + busy["taps"]) / 30
        rows.append(
            row(
                TITLES[run["bot"]],
                f"{idle['p50_ms']:.1f} / {idle['p99_ms']:.1f}",
                f"{busy['p50_ms']:.1f} / {busy['p99_ms']:.1f}",
                f"{worse:.2f} ×" + (verdict(worse <= 2, "≤ 2 ×") if ours else ""),
                f"{busy['sent']} in {took:.1f} s = {took / limit:.2f} ×, with the {busy['taps']} edits "
                f"{took / own_time:.2f} ×" + (verdict(took / own_time <= 1.05, "≤ 1.05 ×") if ours else ""),
                f"{run['refused_429']}" + (verdict(run["refused_429"] == 0, "0") if ours else ""),
            )
        )
    head = ("", "tap alone, p50 / p99 ms", "tap meanwhile", "p99 grows", "reminders, to the limit's own time", "429s")
    words = (
        "Two taps a second; the server keeps Telegram's limits (30 messages a second in all, 1 a second and chat). An "
        "edit is a message too: what the taps take of the thirty is not left for reminders.\n\n"
    )
    return "## A tap while reminders go out\n\n" + words + table(head, rows)


def _events(runs: Runs, about: dict[str, Any]) -> str:
    few = [run["phases"][0] for run in runs if not run["setting"]["events"]]
    many = [run["phases"][0] for run in runs if run["setting"]["events"]]
    cpu = _median([b["cpu_s_per_1000"] / a["cpu_s_per_1000"] for a, b in zip(few, many, strict=True)])
    speed = _median([b["taps_per_s"] / a["taps_per_s"] for a, b in zip(few, many, strict=True)])
    rows = [
        row(
            f"{about['plan']['old_events']:,} old events",
            f"{speed:.2f} ×" + verdict(speed >= 0.85, "within 15 %"),
            f"{cpu:.2f} ×" + verdict(cpu <= 1.15, "within 15 %"),
        )
    ]
    return "## A long past\n\n" + table(("to an empty one", "taps/s", "CPU per tap"), rows)


def _tick(data: dict[str, Any], about: dict[str, Any]) -> str:
    goals = {"nothing": (20, "< 20 ms"), "due": (2000, "< 2 s"), "again": (20, "< 20 ms")}
    words = {
        "nothing": f"nothing due, {data['count']:,} applications waiting",
        "due": f"{data['posted']:,} reminders due",
        "again": "nothing new: these are posted already",
    }
    rows = [
        row(
            words[key],
            f"{data[key]['ms']:.0f}" + verdict(data[key]["ms"] < goals[key][0], goals[key][1]),
            f"{data[key]['transactions']:g}",
            f"{data[key]['longest_ms']:.0f}",
        )
        for key in goals
    ]
    return "## A tick\n\n" + table(("", "ms", "writing transactions", "the longest, ms"), rows)


def _start(data: dict[str, Any], about: dict[str, Any]) -> str:
    later = {key: _median([one[key] for one in data["later"]]) for key in data["first"]}
    rows = [
        row(
            words,
            f"{one['page_s']:.2f}",
            f"{one['reply_s']:.2f}" + verdict(one["reply_s"] < 2, "< 2 s"),
            f"{one['peak_mb']:.0f}" + verdict(one["peak_mb"] < 150, "< 150 MB"),
        )
        for words, one in (("first start: the database is made and filled", data["first"]), ("later starts", later))
    ]
    head = ("afterbell demo", "page there, s", "first reply, s", "peak memory, MB")
    return "## From the command to the first reply\n\n" + table(head, rows)


def _postgres(runs: Runs, about: dict[str, Any]) -> str:
    def of(in_flight: int, workers: int) -> Runs:
        return [
            run["phases"][0]
            for run in runs
            if run["phases"][0]["in_flight"] == in_flight
            and (run["setting"]["workers"] if run["setting"]["url"] else 0) == workers
        ]

    rows = []
    for in_flight in (20, 40):
        lite, one = of(in_flight, 0), of(in_flight, 1)
        rows.append(row(str(in_flight), "SQLite", f"{_median([p['taps_per_s'] for p in lite]):.0f}", "", ""))
        for workers in (1, 2):
            runs_here = of(in_flight, workers)
            cost = _median([b["cpu_s_per_1000"] / a["cpu_s_per_1000"] for a, b in zip(lite, runs_here, strict=True)])
            growth = _median([b["taps_per_s"] / a["taps_per_s"] for a, b in zip(one, runs_here, strict=True)])
            speed = _median([p["taps_per_s"] for p in runs_here])
            judged = verdict(cost <= 1.5, "≤ 1.5 ×") if in_flight == 20 * workers else ""
            name = f"PostgreSQL, {workers} process" + ("es" if workers > 1 else "")
            rows.append(
                row(str(in_flight), name, f"{speed:.0f}", f"{cost:.2f} ×{judged}", f"{growth:.2f} ×" * (workers > 1))
            )
    words = (
        "The server, the load and the database share the cores with the bot: two processes cannot double here. The "
        "goal is for 20 taps in flight in each process; two that share 20 have rounds half as full.\n\n"
    )
    head = ("in flight", "", "taps/s", "bot's CPU per tap to SQLite", "to one process")
    return "## PostgreSQL\n\n" + words + table(head, rows)
