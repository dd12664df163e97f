"""JSON as the wire reads and writes it, several times at each tap: by pydantic's parser, which comes with the settings
and takes a third of the time of Python's own."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic_core import from_json, to_json

_ZERO = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def read(words: str | bytes) -> Any:
    """Raises ValueError for what is no JSON. Half of a broken emoji is let through."""
    try:
        return from_json(words)
    except (ValueError, TypeError):
        pass
    try:
        return json.loads(words)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def write(value: Any) -> str:
    """What not every database can store is not written: half of a broken emoji becomes a question mark, a zero
    character is left out."""
    try:
        words = to_json(value).decode()
    except ValueError:
        words = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
    return _ZERO.sub(r"\1", words) if "\\u0000" in words else words
