"""The machine and the state of the code that numbers were measured with."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import scene


def _first(path: str, start: str) -> str:
    lines = Path(path).read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(start)), "unknown")


def _said(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "none"
    done = subprocess.run(command, cwd=scene.HERE, capture_output=True, text=True)
    return done.stdout.strip()


def load() -> float:
    """How many processes wanted a core over the last minute."""
    return os.getloadavg()[0]


def flush_ms() -> float:
    """What it takes to get 4 KB onto the disk for sure, median."""
    scene.DATA.mkdir(exist_ok=True)
    path = scene.DATA / "flush"
    took = []
    with path.open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(b"x" * 4096)
            since = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - since)
    path.unlink()
    return statistics.median(took) * 1000


def describe() -> dict[str, Any]:
    return {
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": _first("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gb": round(int(_first("/proc/meminfo", "MemTotal").split()[0]) / 1024 / 1024),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "node": _said("node", "--version"),
        "commit": _said("git", "rev-parse", "--short", "HEAD"),
        "changed": bool(_said("git", "status", "--porcelain", "--", "../bot", "../care", "../scheduler", "../webchat")),
        "flush_ms": flush_ms(),
        "load_before": load(),
    }
