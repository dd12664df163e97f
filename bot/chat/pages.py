"""Long texts, cut into pages that fit a message, at paragraphs where possible."""

from __future__ import annotations

import re
from collections.abc import Iterable

PAGE = 3400


def cut(texts: Iterable[str], size: int = PAGE) -> tuple[str, ...]:
    """Each text begins a new page; a text that is too long goes on over several. Heading marks (``# ``) become a sign
    that reads well in plain text."""
    pages: list[str] = []
    for text in texts:
        rest = re.sub(r"^#{1,3} +", "■ ", text.strip(), flags=re.MULTILINE)
        while len(rest) > size:
            at = max(rest.rfind("\n\n", 0, size), rest.rfind("\n", size // 2, size))
            if at <= 0:
                at = size
            pages.append(rest[:at].rstrip())
            rest = rest[at:].lstrip()
        pages.append(rest)
    return tuple(pages) or ("",)
