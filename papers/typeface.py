"""The letters of the papers: measures text and cuts, for each PDF, a small font with just the characters it shows.

Parsing 30,000 glyphs costs a fifth of a second for every PDF, so the font files are mapped into memory and only the
glyphs asked for are read. A character that no file has is cut as a visible box that still carries its code.
"""

from __future__ import annotations

import mmap
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path

_FOLDER = Path(__file__).parent / "fonts"
FONTS = (_FOLDER / "NotoSansSC-Regular.ttf", _FOLDER / "NotoSansSC-Rare.ttf")
"""Searched in this order; the first lends its box for what is missing and its tables for the whole."""
EM = 1000
"""Units to the height of a character, the same in every font file here."""
MM_PER_POINT = 25.4 / 72
_BOX = 0
_AS_THEY_ARE = ("OS/2", "name", "post", "prep")


class Glyphs:
    """One TrueType file, mapped and not parsed: plain outlines, no composites."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._tables = dict(self._read_directory())
        self._count: int = struct.unpack_from(">H", self._bytes, self._at("maxp") + 4)[0]
        self._long_offsets: bool = struct.unpack_from(">h", self._bytes, self._at("head") + 50)[0] == 1
        self._widths: int = struct.unpack_from(">H", self._bytes, self._at("hhea") + 34)[0]
        self._runs = self._read_cmap()
        self._first_of_run = [first for first, _, _ in self._runs]

    def table(self, tag: str) -> bytes:
        """The raw bytes of one table; empty where the file has none."""
        if tag not in self._tables:
            return b""
        start, length = self._tables[tag]
        return self._bytes[start : start + length]

    def find(self, character: int) -> int | None:
        """The number of the glyph that shows this character, None where the file lacks it."""
        run = bisect_right(self._first_of_run, character) - 1
        if run < 0 or character > self._runs[run][1]:
            return None
        first, _, glyph = self._runs[run]
        return glyph + character - first

    def metrics(self, glyph: int) -> bytes:
        """Advance width and left side, as in ``hmtx``, where the last width also serves all glyphs after it."""
        start = self._at("hmtx")
        if glyph < self._widths:
            return self._bytes[start + 4 * glyph : start + 4 * glyph + 4]
        left = start + 4 * self._widths + 2 * (glyph - self._widths)
        return self._bytes[start + 4 * (self._widths - 1) : start + 4 * self._widths - 2] + self._bytes[left : left + 2]

    def outline(self, glyph: int) -> bytes:
        """The drawn shape, as it stands in ``glyf``."""
        if self._long_offsets:
            start, end = struct.unpack_from(">II", self._bytes, self._at("loca") + 4 * glyph)
        else:
            start, end = (2 * half for half in struct.unpack_from(">HH", self._bytes, self._at("loca") + 2 * glyph))
        return self._bytes[self._at("glyf") + start : self._at("glyf") + end]

    def _at(self, tag: str) -> int:
        return self._tables[tag][0]

    def _read_directory(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Each table's tag with its place and length."""
        (count,) = struct.unpack_from(">H", self._bytes, 4)
        for tag, _, start, length in struct.iter_unpack(">4sIII", self._bytes[12 : 12 + 16 * count]):
            yield tag.decode("ascii"), (start, length)

    def _read_cmap(self) -> list[tuple[int, int, int]]:
        """Runs of neighbouring characters (first, last, first glyph) from the segmented coverage subtable."""
        cmap = self._at("cmap")
        (subtables,) = struct.unpack_from(">H", self._bytes, cmap + 2)
        for number in range(subtables):
            _, _, offset = struct.unpack_from(">HHI", self._bytes, cmap + 4 + 8 * number)
            (shape,) = struct.unpack_from(">H", self._bytes, cmap + offset)
            if shape == 12:
                (runs,) = struct.unpack_from(">I", self._bytes, cmap + offset + 12)
                body = self._bytes[cmap + offset + 16 : cmap + offset + 16 + 12 * runs]
                return [(first, last, glyph) for first, last, glyph in struct.iter_unpack(">III", body)]
        raise ValueError("the font has no subtable for all of Unicode")


class Typeface:
    """The font files as one: widths, what is missing, and small fonts cut to measure. Safe to share among threads."""

    def __init__(self, files: Iterable[Path] = FONTS) -> None:
        self._files = [Glyphs(path) for path in files]
        self._advances: dict[str, int] = {}

    def width(self, text: str, points: float) -> float:
        """How wide one line of this text stands, in millimetres."""
        return sum(self._advance(character) for character in text) * points * MM_PER_POINT / EM

    def missing(self, text: str) -> list[str]:
        """The characters of this text that can only be shown as a box, each once, in their order."""
        return [character for character in dict.fromkeys(text) if self._look_up(ord(character)) is None]

    def cut(self, text: str) -> bytes:
        """A TrueType font with the characters of this text; the same characters give the same bytes."""
        main = self._files[0]
        shown = sorted({ord(character) for character in text} | {ord(" ")})
        found = [self._look_up(character) or (main, _BOX) for character in shown]
        glyphs = [(main, _BOX), *found]
        outlines = [_padded(file.outline(glyph)) for file, glyph in glyphs]
        offsets = [0]
        for outline in outlines:
            offsets.append(offsets[-1] + len(outline))
        many = len(glyphs)
        tables = {tag: main.table(tag) for tag in _AS_THEY_ARE}
        head = main.table("head")
        tables["head"] = _with_short(head[:8] + bytes(4) + head[12:], 50, 1)
        tables["hhea"] = _with_short(main.table("hhea"), 34, many)
        tables["maxp"] = _with_short(main.table("maxp"), 4, many)
        tables["hmtx"] = b"".join(file.metrics(glyph) for file, glyph in glyphs)
        tables["loca"] = struct.pack(f">{many + 1}I", *offsets)
        tables["glyf"] = b"".join(outlines)
        tables["cmap"] = _cmap(shown)
        return _bound({tag: table for tag, table in tables.items() if table})

    def _look_up(self, character: int) -> tuple[Glyphs, int] | None:
        for file in self._files:
            glyph = file.find(character)
            if glyph is not None:
                return file, glyph
        return None

    def _advance(self, character: str) -> int:
        known = self._advances.get(character)
        if known is None:
            file, glyph = self._look_up(ord(character)) or (self._files[0], _BOX)
            (known,) = struct.unpack_from(">H", file.metrics(glyph))
            self._advances[character] = known
        return known


def _padded(outline: bytes) -> bytes:
    return outline + bytes(-len(outline) % 4)


def _with_short(table: bytes, offset: int, value: int) -> bytes:
    return table[:offset] + struct.pack(">H", value) + table[offset + 2 :]


def _cmap(characters: list[int]) -> bytes:
    """Each character its own run: the glyphs stand in the order of the characters, after the box."""
    runs = b"".join(struct.pack(">III", character, character, glyph) for glyph, character in enumerate(characters, 1))
    coverage = struct.pack(">HHIII", 12, 0, 16 + len(runs), 0, len(characters)) + runs
    return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + coverage


def _bound(tables: dict[str, bytes]) -> bytes:
    """The tables behind a directory, in one file."""
    power = 1 << len(tables).bit_length() - 1
    searching = (16 * power, power.bit_length() - 1, 16 * (len(tables) - power))
    directory = struct.pack(">IHHHH", 0x00010000, len(tables), *searching)
    body = b""
    for tag, table in sorted(tables.items()):
        place = 12 + 16 * len(tables) + len(body)
        padded = _padded(table)
        total = sum(word for (word,) in struct.iter_unpack(">I", padded)) & 0xFFFFFFFF
        directory += struct.pack(">4sIII", tag.encode("ascii"), total, place, len(table))
        body += padded
    return directory + body
