"""MarkdownV2: which characters must be escaped, and the entities between its marks."""

from __future__ import annotations

import re

from webchat.model import Wire
from webchat.refusal import bad

RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_TARGET = re.compile(r"\(((?:[^)\\]|\\.)*)\)", re.DOTALL)
_MARKS = {
    "*": ("bold", "Bold"),
    "_": ("italic", "Italic"),
    "__": ("underline", "Underline"),
    "~": ("strikethrough", "Strikethrough"),
    "||": ("spoiler", "Spoiler"),
}


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.out: list[str] = []
        self.units = 0
        self.entities: list[Wire] = []
        self.open: list[tuple[str, int, int]] = []  # mark, start in units, start byte

    def put(self, text: str) -> None:
        self.out.append(text)
        self.units += len(text.encode("utf-16-le")) // 2

    def byte(self, index: int) -> int:
        return len(self.source[:index].encode())

    def starts(self, text: str) -> bool:
        return self.source.startswith(text, self.at)

    def add(self, kind: str, start: int, **more: object) -> None:
        if self.units > start:
            self.entities.append({"offset": start, "length": self.units - start, "type": kind, **more})


def parse(source: str) -> tuple[str, list[Wire]]:
    """Plain text and entities; raises the 400 Telegram would answer."""
    reader = _Reader(source)
    while reader.at < len(source):
        _step(reader)
    if reader.open:
        mark, _, byte = reader.open[-1]
        name = "TextUrl" if mark == "[" else _MARKS[mark][1]
        raise bad(f"can't parse entities: Can't find end of {name} entity at byte offset {byte}")
    reader.entities.sort(key=lambda e: (e["offset"], -int(str(e["length"]))))
    return "".join(reader.out), reader.entities


def _step(reader: _Reader) -> None:
    char = reader.source[reader.at]
    following = reader.source[reader.at + 1 : reader.at + 2]
    if char == "\\" and following and ord(following) <= 126:
        reader.put(following)
        reader.at += 2
    elif char == "`":
        _code(reader)
    elif char == "[" or (char == "]" and reader.open and reader.open[-1][0] == "["):
        _link(reader, char)
    elif char in "*_~|" and (mark := _mark_at(reader)):
        _toggle(reader, mark)
    elif char == ">" and (reader.at == 0 or reader.source[reader.at - 1] == "\n"):
        _quote(reader)
    elif char in RESERVED:
        raise bad(f"can't parse entities: Character '{char}' is reserved and must be escaped with the preceding '\\'")
    else:
        reader.put(char)
        reader.at += 1


def _mark_at(reader: _Reader) -> str:
    for mark in ("__", "||", "*", "_", "~"):
        if reader.starts(mark):
            return mark
    return ""


def _toggle(reader: _Reader, mark: str) -> None:
    if reader.open and reader.open[-1][0] == mark:
        _, start, _ = reader.open.pop()
        reader.add(_MARKS[mark][0], start)
    else:
        reader.open.append((mark, reader.units, reader.byte(reader.at)))
    reader.at += len(mark)


def _code(reader: _Reader) -> None:
    fence = "```" if reader.starts("```") else "`"
    begin = reader.at
    end = reader.source.find(fence, begin + len(fence))
    if end < 0:
        name = "Pre" if fence == "```" else "Code"
        raise bad(f"can't parse entities: Can't find end of {name} entity at byte offset {reader.byte(begin)}")
    body = reader.source[begin + len(fence) : end].replace("\\`", "`").replace("\\\\", "\\")
    start = reader.units
    if fence == "```":
        language, newline, rest = body.partition("\n")
        if newline and language and language.isalnum():
            reader.put(rest)
            reader.add("pre", start, language=language)
        else:
            reader.put(body.removeprefix("\n"))
            reader.add("pre", start)
    else:
        reader.put(body)
        reader.add("code", start)
    reader.at = end + len(fence)


def _link(reader: _Reader, char: str) -> None:
    if char == "[":
        reader.open.append(("[", reader.units, reader.byte(reader.at)))
        reader.at += 1
        return
    _, start, _ = reader.open.pop()
    reader.at += 1
    if not reader.starts("("):
        return
    target = _TARGET.match(reader.source, reader.at)
    if not target:
        raise bad(f"can't parse entities: Can't find end of a URL at byte offset {reader.byte(reader.at)}")
    if target[1]:
        reader.add("text_link", start, url=re.sub(r"\\(.)", r"\1", target[1]))
    reader.at = target.end()


def _quote(reader: _Reader) -> None:
    start = reader.units
    reader.at += 1
    while reader.at < len(reader.source) and reader.source[reader.at] != "\n":
        _step(reader)
    reader.add("blockquote", start)
