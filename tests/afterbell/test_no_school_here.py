"""A mistyped data folder: no command that should find a school makes one."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from afterbell import serve
from afterbell.command import app

FINDING = {
    "ledger verify": ("ledger", "verify"),
    "staff add": ("staff", "add", "乔月蓉"),
    "import": ("import", "roster.xlsx"),
    "backup": ("backup", "backup.tar.gz"),
    "console": ("console",),
    "scheduler": ("scheduler",),
}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AFTERBELL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(serve, "configure_log", lambda: None)  # it would write to the runner's output, closed since
    return tmp_path / "data"


def called(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize("words", FINDING.values(), ids=FINDING)
def test_where_there_is_no_school_none_is_made(words: tuple[str, ...], data: Path) -> None:
    result = called(*words)
    assert result.exit_code == 1
    assert f"There is no school in {data}: check AFTERBELL_DATA_DIR." in result.output
    assert not data.exists()


def test_nor_in_a_folder_that_holds_something_else(data: Path) -> None:
    data.mkdir()
    (data / "notes.txt").write_text("not ours")
    assert called("ledger", "verify").exit_code == 1
    assert [file.name for file in data.iterdir()] == ["notes.txt"]


def test_the_doctor_says_so_and_makes_nothing(data: Path) -> None:
    result = called("doctor")
    assert result.exit_code == 1
    assert f"{data} does not exist: check AFTERBELL_DATA_DIR" in result.output
    assert not data.exists()


def test_migrate_begins_a_school_which_is_then_found(data: Path) -> None:
    assert called("migrate").output == f"A new school, still empty, is made in {data}.\n"
    assert called("migrate").output == "The database is up to date.\n"
    assert "乔月蓉 is now office" in called("staff", "add", "乔月蓉").output
    assert "The ledger holds: 0 links on 0 days" in called("ledger", "verify").output


def test_a_key_that_is_gone_is_not_made_anew(data: Path, tmp_path: Path) -> None:
    called("migrate")
    key = data / "secret.key"
    key.unlink()
    for words in (FINDING["staff add"], FINDING["backup"], ("console",), ("run",), ("migrate",)):
        result = called(*words)
        assert result.exit_code == 1
        assert f"{key} is missing: bring it back from a backup" in result.output
    assert not key.exists()
    assert not (tmp_path / "backup.tar.gz").exists()
