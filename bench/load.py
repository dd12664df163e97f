"""One run: a local Bot API server with virtual teachers in this process, one bot in another, numbers as JSON.

``python -m bench.load JOB`` prints one line of JSON. A job names the bot's command and environment and the phases.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import uvloop

from bench import proc, scene
from bench.teachers import GIVE_UP_S, Crowd
from webchat.limits import Limits
from webchat.server import create_app, serve
from webchat.world import World

READY_S = 60.0


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


class Window:
    """What happened between two moments: taps, latencies, the bot's CPU time and our own."""

    def __init__(self, crowd: Crowd, pids: list[int]) -> None:
        self.crowd, self.pids = crowd, pids
        self.since = time.perf_counter()
        self._first = len(crowd.done)
        self._cpu = sum(map(proc.cpu_seconds, pids))
        self._own = time.process_time()

    def close(self) -> dict[str, Any]:
        seconds = time.perf_counter() - self.since
        taken = [latency for _, latency in self.crowd.done[self._first :]]
        cpu = sum(map(proc.cpu_seconds, self.pids)) - self._cpu
        return {
            "taps": len(taken),
            "seconds": seconds,
            "taps_per_s": len(taken) / seconds,
            "p50_ms": percentile(taken, 0.50) * 1000,
            "p99_ms": percentile(taken, 0.99) * 1000,
            "mean_ms": statistics.fmean(taken) * 1000 if taken else float("nan"),
            "cpu_s_per_1000": cpu / len(taken) * 1000 if taken else float("nan"),
            "bot_cpu_share": cpu / seconds,
            "driver_cpu_share": (time.process_time() - self._own) / seconds,
        }


class Run:
    """One bot under load."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        limits = Limits() if job.get("limits") else Limits.off()
        self.pids: list[int] = []
        self.started: list[asyncio.subprocess.Process] = []
        self.world = World(limits=limits, log_size=200_000 if job.get("limits") else 10)
        self.bot = self.world.add_bot(scene.TOKEN)
        self.crowd = Crowd(self.world, self.bot)
        for number in range(1, int(job.get("families", 0)) + 1):
            self.world.add_user(f"家{number}", user_id=scene.family_chat(number))
            self.bot.chat(scene.family_chat(number)).started = True

    async def whole(self) -> dict[str, Any]:
        app = create_app(self.world)
        async with serve(app) as address, contextlib.AsyncExitStack() as stack:
            for environ in [{}, *self.job.get("more", [])]:
                self.started.append(await stack.enter_async_context(self._process(address, environ)))
            self.pids = [process.pid for process in self.started]
            phases = [await self._phase(phase) for phase in self.job["phases"]]
            calls = self.world.calls
            return {
                "phases": phases,
                "peak_mb": sum(map(proc.peak_mb, self.pids)),
                "taps": self.crowd.taps,
                "stuck": self.crowd.stuck,
                "refused_429": sum(call.outcome.startswith("429") for call in calls),
            }

    @contextlib.asynccontextmanager
    async def _process(self, address: str, more: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
        environ = {**os.environ, **self.job["env"], **more, "BENCH_API": address, "BENCH_TOKEN": scene.TOKEN}
        process = await asyncio.create_subprocess_exec(
            *self.job["argv"], env=environ, stdout=asyncio.subprocess.PIPE, cwd=self.job["cwd"]
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(READY_S):
                while (line := await process.stdout.readline()).strip() != b"ready":
                    if not line:
                        raise RuntimeError(f"the bot ended before it was ready: {self.job['argv']}")
            await asyncio.sleep(0.5)
            told = asyncio.create_task(_pass_on(process.stdout))
            yield process
            told.cancel()
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), 10)
                except TimeoutError:
                    process.kill()
                    await process.wait()

    async def _phase(self, phase: dict[str, Any]) -> dict[str, Any]:
        """The phase with its figures; of a bot that has ended meanwhile there are none, but its exit status."""
        if self.ended is None:
            result = await getattr(self, f"_{phase['kind']}")(phase)
            await self.crowd.rest(GIVE_UP_S if self.ended is None else 0.0)
        return {**phase, **result} if self.ended is None else {**phase, "ended": self.ended}

    @property
    def ended(self) -> int | None:
        """With which status a process of the bot has ended, which none should before it is told to."""
        return next((one.returncode for one in self.started if one.returncode is not None), None)

    async def _flight(self, phase: dict[str, Any]) -> dict[str, Any]:
        """So many teachers, each tapping as fast as the bot answers."""
        self.crowd.go_on(phase["in_flight"])
        await asyncio.sleep(phase["warm"])
        window = Window(self.crowd, self.pids)
        if "command" in phase:
            await self._aside(phase["command"])
        await asyncio.sleep(phase["seconds"])
        return window.close()

    async def _aside(self, command: list[str]) -> None:
        """Starts a program that looks at the bot while it works (a profiler)."""
        await asyncio.create_subprocess_exec(
            *[part.replace("PID", str(self.pids[0])) for part in command], stdout=sys.stderr
        )

    async def _rate(self, phase: dict[str, Any]) -> dict[str, Any]:
        """Equal load: so many taps a second, whatever the bot does."""
        await self.crowd.at_rate(phase["per_s"], phase["warm"])
        await self.crowd.rest()
        window = Window(self.crowd, self.pids)
        missed = await self.crowd.at_rate(phase["per_s"], phase["seconds"])
        await self.crowd.rest()
        return {**window.close(), "missed": missed}

    async def _reminders(self, phase: dict[str, Any]) -> dict[str, Any]:
        """Taps while so many reminders go out; the bot starts them at SIGUSR1."""
        arrived: list[float] = []
        first = scene.family_chat(1)
        unwatch = self.world.watch(
            lambda event: (
                arrived.append(time.perf_counter()) if event.kind == "message" and event.chat_id >= first else None
            )
        )
        window = Window(self.crowd, self.pids)
        os.kill(self.pids[0], signal.SIGUSR1)
        until = window.since + phase["most_s"]
        while len(arrived) < phase["count"] and time.perf_counter() < until:
            await self.crowd.at_rate(phase["per_s"], 1.0)
        numbers = window.close()
        await self.crowd.rest()
        unwatch()
        return {**numbers, "sent": len(arrived), "took_s": (arrived[-1] - window.since) if arrived else float("nan")}


async def _pass_on(said: asyncio.StreamReader) -> None:
    """What the bot says goes to our error output; a pipe that nobody empties would stop the bot."""
    while line := await said.readline():
        sys.stderr.write(line.decode(errors="replace"))


def main() -> None:
    job = json.loads(sys.argv[1])
    sys.stdout.write(json.dumps(uvloop.run(Run(job).whole())) + "\n")


if __name__ == "__main__":
    main()
