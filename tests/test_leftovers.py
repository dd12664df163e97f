"""An interrupted run is cleared away by the next; one that goes on is left alone."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import leftovers
import pytest

STARTS = """
import sys
from pathlib import Path
from databases import start_postgres
from leftovers import own
own(Path(sys.argv[1]))
start_postgres(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("interrupted", [True, False])
async def test_a_killed_runs_server_is_stopped_and_its_folder_removed(folder: Path, interrupted: bool) -> None:
    place = folder / f"runs_{interrupted}"
    run = place / f"{leftovers.PREFIX}1"
    run.mkdir(parents=True, mode=0o755)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTS, str(run), cwd=Path(__file__).parent, stdin=pipe, stdout=pipe
    )
    try:
        assert process.stdin is not None and process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        server = leftovers._process_in(run / "data" / "postmaster.pid")
        assert server is not None
        if interrupted:
            process.kill()
            await process.wait()
        leftovers.clear_away(place)
        assert run.exists() is not interrupted
        assert leftovers._serves(server, run / "data") is not interrupted
        if not interrupted:
            process.stdin.close()
            assert await process.wait() == 0
            assert not leftovers._serves(server, run / "data")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        leftovers.clear_away(place)


def test_a_folder_that_nobody_has_signed_yet_is_left_alone(tmp_path: Path) -> None:
    begun = tmp_path / f"{leftovers.PREFIX}1"
    begun.mkdir()
    leftovers.clear_away(tmp_path)
    assert begun.exists()
