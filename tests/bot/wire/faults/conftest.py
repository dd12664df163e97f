"""Fixtures of the fault tests: the log as lines, which may hold no secret, and trouble that is waited out quickly."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog
from fault_scene import Watch, move_budgets_by
from stage import TOKEN


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Everything that is logged, with the whole of every exception; the bot's token must not be in it."""
    lines: list[str] = []

    def keep(_logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        lines.append(f"{method} {structlog.processors.format_exc_info(None, method, dict(event))}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[keep])
    yield lines
    structlog.configure(**before)
    assert not [line for line in lines if TOKEN in line]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits up to half a minute before it fetches updates again waits a moment instead, and the webhook waits a
    second for the database."""
    monkeypatch.setattr("bot.wire.receive.STORE_WITHIN_S", 1.0)
    monkeypatch.setattr("bot.wire.receive.BACKOFF_S", (0.05,) * 5)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """The time that counts for how fast may be sent; it moves with ``pass_time``. The stage must be restarted."""
    return move_budgets_by(monkeypatch)
