"""``python -m bench``: measures our bot beside its peers, in turn, and writes docs/performance.md."""

from __future__ import annotations

import argparse
import json
import shlex
import sys

from bench import machine, report, scene
from bench.bots import BOTS, say
from bench.parts import PARTS, Plan, measure_all


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [*PARTS, *(bot.name for bot in BOTS)]
    parser.add_argument("--quick", action="store_true", help="short windows, one round, long polling, 200 reminders")
    parser.add_argument("--only", default="", metavar="NAME", help="parts or bots, by comma: " + ", ".join(names))
    parser.add_argument("--in-flight", default="1,20,200", help="teachers that tap at once")
    parser.add_argument("--seconds", type=float, help="length of one window")
    parser.add_argument("--rounds", type=int, help="how often the bots take turns")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md from a partial run too")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the last run's report again")
    chosen = parser.parse_args()
    unknown = set(filter(None, chosen.only.split(","))) - set(names)
    if unknown:
        parser.error(f"--only: no such part or bot: {', '.join(sorted(unknown))}")
    return chosen


def _plan(chosen: argparse.Namespace) -> Plan:
    quick = chosen.quick
    return Plan(
        seconds=chosen.seconds or (3.0 if quick else 8.0),
        warm=1.5 if quick else 3.0,
        rounds=chosen.rounds or (1 if quick else 3),
        in_flight=tuple(int(n) for n in chosen.in_flight.split(",")),
        modes=("polling",) if quick else ("polling", "webhook"),
        rate=50.0,
        reminders=200 if quick else 2000,
        old_events=100_000 if quick else 1_000_000,
        quick=quick,
    )


def main() -> None:
    chosen = _arguments()
    kept = scene.DATA / "results.json"
    if chosen.report:
        results = json.loads(kept.read_text())
        report.write(results)
        return
    scene.DATA.mkdir(exist_ok=True)
    plan = _plan(chosen)
    about = machine.describe()
    about["command"] = shlex.join(["python", "-m", "bench", *sys.argv[1:]])
    about["plan"] = plan.__dict__
    results = {"about": about, **measure_all(set(filter(None, chosen.only.split(","))), plan)}
    about["load_after"] = machine.load()
    kept.write_text(json.dumps(results, indent=1))
    text = report.render(results)
    sys.stdout.write(text)
    if chosen.write or not (chosen.quick or chosen.only):
        report.write(results)
        say("docs/performance.md is written")


if __name__ == "__main__":
    main()
