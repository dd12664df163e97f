"""Ids out of the data of a button, which anybody can forge."""

from __future__ import annotations

from care.errors import Conflict

DIGITS = 15


def id_of(part: str) -> int:
    """One id. Raises Conflict for what is no id of ours."""
    if not (part.isascii() and part.isdecimal() and len(part) <= DIGITS):
        raise Conflict()
    return int(part)
