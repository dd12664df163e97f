"""How long ``afterbell demo`` takes from the command to its first reply in the chat, and the memory it has then."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from bench import bots, proc, scene

GIVE_UP_S = 60.0


def _ask(address: str, path: str, body: dict[str, Any] | None = None) -> Any:
    headers = {"Content-Type": "application/json", "Origin": address}
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(address + path, data, headers), timeout=10) as answer:
        return json.load(answer)


def _replies(address: str, user_id: int) -> int:
    shown = _ask(address, f"/chat/{user_id}/state.json")
    return sum(not message["mine"] for message in shown["messages"])


def _user_ids(people: Any) -> list[int]:
    """Every user id in the list of invented people, however it is nested."""
    if isinstance(people, dict):
        own = [int(people[name]) for name in ("user_id", "id") if isinstance(people.get(name), int)]
        return own + [found for value in people.values() for found in _user_ids(value)]
    if isinstance(people, list):
        return [found for value in people for found in _user_ids(value)]
    return []


def once() -> dict[str, float]:
    """One start on the data that is there."""
    port = bots.free_port()
    address = f"http://127.0.0.1:{port}"
    environ = {
        **os.environ,
        "AFTERBELL_DATA_DIR": str(scene.DATA / "demo"),
        "AFTERBELL_PORT": str(port),
        "AFTERBELL_PUBLIC_URL": address,
    }
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a school's own machine keeps what Python has compiled
    since = time.perf_counter()
    command = [sys.executable, "-m", "afterbell", "demo"]
    process = subprocess.Popen(command, cwd=bots.ROOT, env=environ, stdout=subprocess.DEVNULL)
    try:
        user_id = 0
        while not user_id:
            if time.perf_counter() - since > GIVE_UP_S or process.poll() is not None:
                raise RuntimeError("the demonstration did not start")
            try:
                user_id = _user_ids(_ask(address, "/chat/people.json"))[0]
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.01)
        page = time.perf_counter() - since
        before = _replies(address, user_id)
        _ask(address, f"/chat/{user_id}/send", {"text": "/help"})
        while _replies(address, user_id) == before:
            if time.perf_counter() - since > GIVE_UP_S:
                raise RuntimeError("no reply came")
            time.sleep(0.005)
        return {
            "page_s": page,
            "reply_s": time.perf_counter() - since,
            "mb": proc.resident_mb(process.pid),
            "peak_mb": proc.peak_mb(process.pid),
        }
    finally:
        process.terminate()
        process.wait(15)


def measure(times: int) -> dict[str, Any]:
    """The first start makes and fills the database; the later ones find it."""
    shutil.rmtree(scene.DATA / "demo", ignore_errors=True)
    first = once()
    later = [once() for _ in range(times)]
    shutil.rmtree(scene.DATA / "demo", ignore_errors=True)
    return {"first": first, "later": later}
