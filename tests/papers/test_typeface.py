"""The fonts: rare characters have a shape, small fonts are whole, and the files are the ones of the manifest."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from paper_examples import RARE

from papers.typeface import FONTS, Typeface


@pytest.fixture(scope="module")
def typeface() -> Typeface:
    return Typeface()


def test_shows_the_rare_characters_of_names(typeface: Typeface) -> None:
    assert typeface.missing(RARE + "𠮷㐂·ăễ") == []


def test_names_what_it_lacks_once_and_in_order(typeface: Typeface) -> None:
    assert typeface.missing("小😀明🐼😀") == ["😀", "🐼"]


@pytest.mark.parametrize("path", FONTS, ids=lambda path: path.name)
def test_reads_each_file_as_fonttools_does(path: Path) -> None:
    alone = Typeface([path])
    with TTFont(path) as whole:
        names = whole.getBestCmap()
        characters = sorted(names)[::97]
        for character in characters:
            advance = whole["hmtx"][names[character]][0]
            assert alone.width(chr(character), 72) == pytest.approx(advance * 25.4 / 1000)
    assert alone.missing("".join(map(chr, characters))) == []


def test_a_cut_font_is_a_whole_font(typeface: Typeface) -> None:
    cut = TTFont(BytesIO(typeface.cut("𬎆玥Ab😀")), checkChecksums=2)
    shapes = cut["glyf"]
    names = cut.getBestCmap()
    assert sorted(map(chr, names)) == sorted(" 𬎆玥Ab😀")
    assert shapes[names[ord("😀")]] == shapes[".notdef"]
    assert all(shapes[names[ord(character)]].numberOfContours > 0 for character in "𬎆玥Ab😀")


def test_the_same_characters_cut_the_same_font(typeface: Typeface) -> None:
    assert typeface.cut("明小") == Typeface().cut("小明明")


def test_the_manifest_names_the_files_by_their_hash() -> None:
    manifest = (FONTS[0].parent / "MANIFEST.md").read_text("utf-8")
    for path in FONTS:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in manifest
    assert "SIL OPEN FONT LICENSE" in (FONTS[0].parent / "OFL.txt").read_text("utf-8")
