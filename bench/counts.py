"""What one tap makes our database do: counted, not timed, so that a busy machine does not blur it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from care.school import School
from care.sqlite import Adapted


def count(school: School, path: Path) -> Callable[[], None]:
    """Counts statements and transactions from now on; what is returned writes them down."""
    counted: Counter[str] = Counter()
    for kind, engine in (("writing", school.writer), ("reading", school.reader)):

        def statement(*_: Any, kind: str = kind) -> None:
            counted[f"{kind} statements"] += 1

        def begun(_: Any, kind: str = kind) -> None:
            counted[f"{kind} transactions"] += 1

        sa.event.listen(engine.sync_engine, "before_cursor_execute", statement)
        sa.event.listen(engine.sync_engine, "begin", begun)

    def watch(method: str) -> None:
        """What goes to the driver without SQLAlchemy (``care/prepared.py``), but no savepoints."""
        plain = getattr(Adapted, method)

        def counting(adapted: Adapted, words: str, *values: Any) -> Any:
            counted["writing statements"] += "SAVEPOINT" not in words
            return plain(adapted, words, *values)

        setattr(Adapted, method, counting)

    watch("execute")
    watch("execute_each")

    def write_down() -> None:
        path.write_text(json.dumps(counted))

    return write_down
