"""Makes NotoSansSC-Rare.ttf: the Han characters of the whole Noto Sans CJK that the SC release leaves out.

Needed only when the font itself is renewed:
``python papers/fonts/cut_rare.py path/to/NotoSansCJK-Regular.ttc``
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

HERE = Path(__file__).parent
SIMPLIFIED = 2
"""The place of the simplified Chinese face in the collection."""
HAN = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))
PRECISION = 1.0
"""How far a quadratic outline may stray from the cubic one, in thousandths of the character's height."""


def is_han(character: int) -> bool:
    return any(first <= character <= last for first, last in HAN)


def outline(glyphs: Any, name: str) -> Any:
    pen = TTGlyphPen(None)
    glyphs[name].draw(Cu2QuPen(pen, PRECISION, reverse_direction=True))
    return pen.glyph()


def cut(collection: Path) -> None:
    whole = TTFont(collection, fontNumber=SIMPLIFIED)
    common = TTFont(HERE / "NotoSansSC-Regular.ttf", lazy=True).getBestCmap()
    names: dict[int, str] = {
        character: name
        for character, name in whole.getBestCmap().items()
        if is_han(character) and character not in common
    }
    order = [".notdef", *dict.fromkeys(names.values())]
    drawn = {name: outline(whole.getGlyphSet(), name) for name in order}
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder(order)
    made.setupCharacterMap(names)
    made.setupGlyf(drawn)
    widths = whole["hmtx"].metrics
    made.setupHorizontalMetrics({name: (widths[name][0], drawn[name].xMin) for name in order})
    made.setupHorizontalHeader(ascent=1160, descent=-288)
    made.setupOS2()
    made.setupPost(keepGlyphNames=False)
    notice = "Version 2.004; the Han characters that Noto Sans SC lacks, cut from Noto Sans CJK SC"
    licence = {"copyright": whole["name"].getDebugName(0), "licenseDescription": whole["name"].getDebugName(13)}
    made.setupNameTable({"familyName": "Noto Sans SC Rare", "styleName": "Regular", "version": notice, **licence})
    made.font["head"].created = made.font["head"].modified = whole["head"].created
    made.font.recalcTimestamp = False
    made.save(HERE / "NotoSansSC-Rare.ttf")


if __name__ == "__main__":
    cut(Path(sys.argv[1]))
