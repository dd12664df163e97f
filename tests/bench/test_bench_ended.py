"""A bot that ends by itself while it is measured: the bench says so, and gives no figure of it."""

from __future__ import annotations

import sys
from typing import Any

from bench import report, scene
from bench.load import Run

FLIGHT = {"kind": "flight", "in_flight": 200, "warm": 0.0, "seconds": 0.1}
RATE = {"kind": "rate", "per_s": 50.0, "warm": 0.0, "seconds": 0.1}
ABOUT = {
    "plan": {"in_flight": [200], "rate": 50.0, "seconds": 0.1, "warm": 0.0, "rounds": 2, "quick": False},
    **dict.fromkeys(("when", "commit", "command", "cpu", "cores", "memory_gb", "kernel", "python", "sqlite"), ""),
    "node": "",
    "changed": False,
    "flush_ms": 0.1,
    "load_before": 0.0,
}
NUMBERS = {"taps_per_s": 900.0, "p50_ms": 9.0, "p99_ms": 20.0, "cpu_s_per_1000": 1.0}


async def test_its_phases_have_its_exit_status_and_no_figures() -> None:
    ends = "print('ready', flush=True); raise SystemExit(3)"
    job = {"argv": [sys.executable, "-c", ends], "env": {}, "cwd": str(scene.HERE.parent), "phases": [FLIGHT, RATE]}
    found = await Run(job).whole()
    assert found["phases"] == [{**FLIGHT, "ended": 3}, {**RATE, "ended": 3}]


def run(*phases: dict[str, Any]) -> dict[str, Any]:
    return {"bot": "grammy_sqlite", "mode": "webhook", "peak_mb": 0.0, "stuck": 450, "phases": list(phases)}


def test_the_page_says_so() -> None:
    dead = run({**FLIGHT, "ended": 1}, {**RATE, "ended": 1})
    page = report.render({"about": ABOUT, "taps": {"tuned": {}, "runs": [dead, dead]}})
    assert page.count("grammY + better-sqlite3, ended during the run |") == 2
    once = report.render(
        {"about": ABOUT, "taps": {"tuned": {}, "runs": [run({**FLIGHT, **NUMBERS}, RATE | NUMBERS), dead]}}
    )
    assert "ended during the run (in 1 of 2 rounds) | 900 |" in once
    for text in (page, once):
        assert "nan" not in text.partition("## A tap")[2]
