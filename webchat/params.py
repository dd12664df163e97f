"""The parameters of one call, whichever way they came: JSON, a form or the query string."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from webchat.refusal import bad


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    mime: str
    content: bytes


@dataclass(slots=True)
class Params:
    values: dict[str, object] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return value if isinstance(value, str) else "" if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        value = self.values.get(name)
        if isinstance(value, int):
            return int(value)
        try:
            return int(str(value))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "yes", "1", "t", "y")

    def given(self, name: str) -> bool:
        return self.values.get(name) not in (None, "")

    def decoded(self, name: str, complaint: str) -> object:
        """A parameter that is JSON: as it is from a JSON body, decoded from a form."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError as error:
            raise bad(complaint) from error

    def chat_id(self) -> int:
        if not self.given("chat_id"):
            raise bad("chat_id is empty")
        try:
            return int(self.text("chat_id"))
        except ValueError as error:
            raise bad("chat not found") from error

    def chat_id_or_none(self) -> int | None:
        try:
            return int(self.text("chat_id"))
        except ValueError:
            return None

    def upload(self, name: str) -> Upload | None:
        """The file sent as this field, or the one it points to with ``attach://``."""
        if name in self.uploads:
            return self.uploads[name]
        value = self.text(name)
        return self.uploads.get(value.removeprefix("attach://")) if value.startswith("attach://") else None
