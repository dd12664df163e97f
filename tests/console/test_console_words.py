"""Every sentence of the console is there in every language, and none that no page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import console
from bot.chat.letters import KINDS
from care.channels import Trouble
from console.letter_names import LETTERS
from console.words import ACTIONS, SUBJECTS, TROUBLES
from locales import LANGUAGES, catalogue_path, labels

KEYWORDS = {"_": None, "mark": None, "many": (1, 2)}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
PLACEHOLDER = re.compile(r"\{(\w+)")

Sentence = str | tuple[str, ...]


def spoken() -> set[Sentence]:
    """The sentences in the code and the templates of the console."""
    folder = Path(console.__file__).parent
    found = extract_from_dir(folder, method_map=METHODS, keywords=KEYWORDS, options_map={"**": {"silent": "false"}})
    return {message for _file, _line, message, _comments, _context in found if message}


def catalogue(language: str, domain: str) -> Catalog:
    with catalogue_path(language, domain).open("rb") as file:
        return read_po(file, locale=language)


def ids(found: Catalog) -> set[Sentence]:
    return {message.id if isinstance(message.id, str) else tuple(message.id) for message in found if message.id}


@pytest.mark.parametrize("language", LANGUAGES)
def test_complete_and_nothing_left_over(language: str) -> None:
    wanted = spoken() - ids(catalogue(language, "common"))
    held = ids(catalogue(language, "console"))
    assert sorted(map(str, wanted - held)) == [], "sentences without a translation"
    assert sorted(map(str, held - wanted)) == [], "translations that no page says"


@pytest.mark.parametrize("language", LANGUAGES)
def test_said_with_the_same_values(language: str) -> None:
    for message in catalogue(language, "console"):
        if not message.id:
            continue
        asked = [message.id] if isinstance(message.id, str) else list(message.id)
        said = [message.string] if isinstance(message.string, str) else list(message.string)
        assert all(said), message.id
        values = {name for sentence in asked for name in PLACEHOLDER.findall(sentence)}
        for sentence in said:
            found = set(PLACEHOLDER.findall(sentence))
            assert found <= values, message.id
            assert values - {"n"} <= found, message.id


def test_chinese_is_chinese() -> None:
    alike = {"CSV", "PDF", "Telegram", "XLSX"}
    plain = [
        message.id
        for message in catalogue("zh_CN", "console")
        if message.id and message.id not in alike and not re.search("[\u3000-\u9fff\uff00-\uffef]", str(message.string))
    ]
    assert plain == []


PARTED = re.compile(r"""(?x)
    [.?!]" [^{}"]* \}\} (?:\{%[^%]*%\})* [ ] (?:\{%[^%]*%\})* \{\{ \s* (?:_|many|parts)\b  # two sentences
    | (?:\}\}|%\}) [,:;] [ ] (?:\{\{|<b>)  # two values
""")


def test_templates_part_sentences_by_the_language() -> None:
    """``say.gap`` between two sentences, ``_(": ")`` and ``_(", ")`` between values: Chinese has no half-width ones."""
    templates = Path(console.__file__).parent / "templates"
    found = [
        f"{path.relative_to(templates)}: {match[0]}"
        for path in sorted(templates.rglob("*.html"))
        for match in PARTED.finditer(path.read_text())
    ]
    assert found == []


RECORDED = re.compile(r'(?:\.record|\.event)\(\s*"([a-z_]+)",\s*"([a-z_]+)"')


def test_whatever_is_recorded_or_posted_has_a_name() -> None:
    root = Path(console.__file__).parent.parent
    found = [
        match
        for folder in ("care", "bot", "scheduler", "afterbell")
        for path in (root / folder).rglob("*.py")
        for match in RECORDED.findall(path.read_text())
    ]
    assert len(found) > 20
    assert {action for action, _ in found} - {*ACTIONS, *labels.ACTIONS} == set()
    assert {subject for _, subject in found} - set(SUBJECTS) == set()
    assert set(KINDS) - set(LETTERS) == set()
    assert set(TROUBLES) == set(Trouble)
