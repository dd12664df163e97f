"""What the statements of the wire share. They are the most often run of all: what never changes is written out in them,
so that the indexes of what waits can be used, and nothing is left to fill in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import literal_column


def names(channels: tuple[str, ...]) -> list[Any]:
    """Names of channels, written out: they are ours, never anybody's input."""
    if not all(name.isidentifier() for name in channels):
        raise ValueError(f"not names of channels: {channels}")
    return [literal_column(f"'{name}'") for name in channels] or [literal_column("NULL")]
