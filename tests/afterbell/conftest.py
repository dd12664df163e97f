"""A school in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from afterbell_house import settings_in
from roster_book import Import, Rows, write_book

from afterbell.build import open_school
from afterbell.roster import import_roster
from afterbell.settings import Settings
from care.school import School


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AFTERBELL_"):
            monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "data")


@pytest.fixture
async def school(settings: Settings) -> AsyncIterator[School]:
    school = await open_school(settings)
    yield school
    await school.close()


@pytest.fixture
def take(school: School, tmp_path: Path) -> Import:
    async def take(sheets: dict[str, Rows]) -> str:
        return await import_roster(school, write_book(tmp_path / "roster.xlsx", sheets))

    return take
