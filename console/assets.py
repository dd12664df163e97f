"""Static files under an address that names their content, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from console.security import with_headers

FOLDER = Path(__file__).parent / "static"
PREFIX = "/assets"
SERVED = {".css", ".js", ".svg"}


class Assets:
    """Knows the address of each file in ``static/`` and serves it."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._hashes = {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            for path in sorted(folder.rglob("*"))
            if path.suffix in SERVED
        }

    def url(self, name: str) -> str:
        """The address of a file; KeyError for one that is not there."""
        return f"{PREFIX}/{self._hashes[name]}/{name}"

    async def serve(self, request: Request) -> Response:
        name = request.path_params["name"]
        if self._hashes.get(name) != request.path_params["hash"]:
            return with_headers(PlainTextResponse("Not found", status_code=404))
        response = FileResponse(self._folder / name)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return with_headers(response)
