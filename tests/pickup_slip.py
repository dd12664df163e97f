"""The code on a slip of the pick-up."""

from __future__ import annotations

import re

CODE = re.compile(r"[2-9A-Z]{3} [2-9A-Z]{3}")


def code_on(text: str) -> str:
    found = CODE.search(text)
    assert found, text
    return found.group()
