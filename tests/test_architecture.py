"""The house rules, checked on the source: dependencies point inward, handlers do not send, files stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("afterbell", "care", "bot", "console", "scheduler", "webchat", "papers", "locales")
LINES = 320

FORBIDDEN = {
    "care": {"telegram", "starlette", "apscheduler", "afterbell", "bot", "console", "scheduler", "webchat", "papers"},
    "bot": {"starlette.applications", "apscheduler", "afterbell", "console", "scheduler", "webchat"},
    "console": {"telegram", "apscheduler", "afterbell", "bot", "scheduler", "webchat"},
    "scheduler": {"telegram", "starlette", "afterbell", "bot", "console", "webchat"},
    "webchat": {"telegram", "sqlalchemy", "apscheduler", "afterbell", "bot", "console", "scheduler", "care", "papers"},
    "papers": {"telegram", "starlette", "apscheduler", "afterbell", "bot", "console", "scheduler", "webchat"},
    "locales": {
        "telegram",
        "starlette",
        "apscheduler",
        "afterbell",
        "bot",
        "console",
        "scheduler",
        "webchat",
        "papers",
    },
}


def sources(package: str) -> Iterator[Path]:
    return (path for path in sorted((ROOT / package).rglob("*.py")) if "migrations/versions" not in str(path))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("package", FORBIDDEN)
def test_dependencies_point_inward(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(package)
        for name in imports(path)
        for forbidden in FORBIDDEN[package]
        if name == forbidden or name.startswith(forbidden + ".")
    ]
    assert wrong == []


def test_handlers_answer_only_through_the_turn() -> None:
    """No handler calls the Bot API: what it says is committed with what it did."""
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.func.attr}"
        for path in sources("bot/chat")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr.startswith(("send_", "edit_message", "reply_text", "answer_callback"))
    ]
    assert calls == []


def test_nobody_commits_by_hand() -> None:
    """A transaction commits once, where the unit of work ends."""
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in ("care", "bot/chat", "console", "scheduler")
        for path in sources(package)
        if path.name != "sqlite.py"  # the driver itself
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert calls == []


def test_the_rules_speak_no_language() -> None:
    """``care/`` holds no text for people: nothing there is translated."""
    wrong = [str(path) for path in sources("care") for name in imports(path) if name.split(".")[0] == "locales"]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_time_comes_from_the_school_clock(package: str) -> None:
    allowed = {
        "care/clock.py",
        "webchat/world.py",
        "afterbell/doctor/address.py",
        "afterbell/doctor/machine.py",
        "afterbell/backup.py",
    }
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(package)
        if str(path.relative_to(ROOT)) not in allowed
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "today", "utcnow")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ["care", "bot", "console", "scheduler"])
def test_local_hours_become_instants_in_one_place(package: str) -> None:
    """Where clocks change, what is added to a local time is no real time: ``care.clock.instant`` gives UTC."""
    wrong = [path for path in sources(package) if "datetime.combine" in path.read_text() and path.name != "clock.py"]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_files_stay_readable(package: str) -> None:
    long = {str(p.relative_to(ROOT)): n for p in sources(package) if (n := len(p.read_text().splitlines())) > LINES}
    assert long == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_answers_for(package: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources(package)
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []
