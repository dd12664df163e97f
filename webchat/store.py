"""An optional file that lets a restart find conversations and undelivered updates again (sqlite3, WAL)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from webchat.model import Wire

_SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
    kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, content BLOB, PRIMARY KEY (kind, key)
) WITHOUT ROWID
"""


class Store:
    """A journal of things by kind and key. What ``commit`` has returned from survives the death of the process."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.execute(_SCHEMA)
        self._open = False

    def put(self, kind: str, key: str, body: Wire, content: bytes | None = None) -> None:
        self._begin()
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        self._db.execute("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)", (kind, key, text, content))

    def drop(self, kind: str, key: str) -> None:
        self._begin()
        self._db.execute("DELETE FROM item WHERE kind = ? AND key = ?", (kind, key))

    def commit(self) -> None:
        if self._open:
            self._db.execute("COMMIT")
            self._open = False

    def load(self, kind: str) -> Iterator[tuple[str, Wire]]:
        """Everything of one kind: key and body."""
        for key, body in self._db.execute("SELECT key, body FROM item WHERE kind = ?", (kind,)).fetchall():
            yield str(key), json.loads(body)

    def content(self, kind: str, key: str) -> bytes:
        row = self._db.execute("SELECT content FROM item WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return bytes(row[0]) if row else b""

    def close(self) -> None:
        self.commit()
        self._db.close()

    def _begin(self) -> None:
        if not self._open:
            self._db.execute("BEGIN")
            self._open = True
