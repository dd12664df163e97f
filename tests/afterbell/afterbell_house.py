"""Settings of a school in a folder of its own."""

from __future__ import annotations

from pathlib import Path

from afterbell.settings import Settings


def settings_in(folder: Path, **wanted: object) -> Settings:
    return Settings(data_dir=folder, _env_file=None, **wanted)  # type: ignore[arg-type, call-arg]
