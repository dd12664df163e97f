"""The school's texts as blocks to be shown: headings, items, paragraphs. The marks are those the papers print."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ITEM = re.compile(r"^(- |\d+[.、]|[（(][一二三四五六七八九十\d]+[)）])")


@dataclass(frozen=True)
class Block:
    """``kind`` is heading, item or paragraph."""

    kind: str
    text: str


def blocks(body: str) -> list[Block]:
    """One block for each line that is not empty."""
    found = []
    for line in body.splitlines():
        text = line.strip()
        if text.startswith("#"):
            found.append(Block("heading", text.lstrip("#").strip()))
        elif _ITEM.match(text):
            found.append(Block("item", "• " + text[2:] if text.startswith("- ") else text))
        elif text:
            found.append(Block("paragraph", text))
    return found
