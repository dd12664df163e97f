"""What a process costs, read from /proc: CPU seconds and memory of a process and its children."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and everything it started."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*"):
            try:
                found += [int(child) for child in (task / "children").read_text().split()]
            except OSError:
                continue
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the tree so far."""
    total = 0
    for one in tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def _memory_mb(pid: int, line_name: str) -> float:
    total = 0
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith(line_name))
    return total / 1024


def peak_mb(pid: int) -> float:
    """The most memory that was resident, in MB, added up over the tree."""
    return _memory_mb(pid, "VmHWM:")


def resident_mb(pid: int) -> float:
    """The memory resident now, in MB, added up over the tree."""
    return _memory_mb(pid, "VmRSS:")
