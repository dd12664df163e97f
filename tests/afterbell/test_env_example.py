"""The example of the settings names every one of them, explains it, and changes nothing when it is copied as it is."""

from __future__ import annotations

from pathlib import Path

from afterbell.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_every_setting_is_there_with_a_comment_above_it() -> None:
    blocks = EXAMPLE.read_text(encoding="utf-8").split("\n\n")
    explained = {block.splitlines()[-1].split("=")[0] for block in blocks if block.startswith("# ")}
    assert {f"AFTERBELL_{name.upper()}" for name in Settings.model_fields} <= explained


def test_a_copy_means_the_defaults() -> None:
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)  # type: ignore[call-arg]
