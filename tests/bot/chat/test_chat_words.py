"""The catalogues of the chat hold every sentence that is said there, in both languages, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import bot
from locales import DOMAINS, LANGUAGES, calendar, catalogue_path, labels, whereabouts, words

Sentence = str | tuple[str, ...]

PLACEHOLDER = re.compile(r"\{(\w+)")
CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH_COMMA = re.compile("[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]")


def catalogue(language: str, domain: str) -> Catalog:
    with catalogue_path(language, domain).open("rb") as file:
        return read_po(file, locale=language)


def held(language: str, domain: str) -> dict[Sentence, tuple[str, ...]]:
    """Every sentence with its translations (several where there are plural forms)."""
    return {
        _key(message.id): message.string if isinstance(message.string, tuple) else (str(message.string),)
        for message in catalogue(language, domain)
        if message.id
    }


def _key(sentence: object) -> Sentence:
    return tuple(sentence) if isinstance(sentence, tuple | list) else str(sentence)


def said_in_chat() -> set[Sentence]:
    keywords = {"_": None, "mark": None, "many": (1, 2)}
    found = extract_from_dir(Path(bot.__file__).parent, method_map=[("**.py", "python")], keywords=keywords)
    return {_key(message) for _file, _line, message, _comments, _context in found}


def _said(call: ast.Call) -> Sentence | None:
    """What a call of ``_`` or ``_.many`` says."""
    words = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    if isinstance(call.func, ast.Name) and call.func.id == "_" and words:
        return words[0]
    return tuple(words) if isinstance(call.func, ast.Attribute) and call.func.attr == "many" else None


def said_in_labels() -> set[Sentence]:
    """Sentences of ``locales/``: those in its tables, and those it says itself."""
    tables: set[Sentence] = {*labels.LABELS.values(), *labels.ACTIONS.values(), *labels.ERRORS.values()}
    days = {*labels.WEEKDAYS, *labels.WEEKDAYS_SHORT, *labels.MONTHS, *calendar.MONTHS, *calendar.HOLIDAYS.values()}
    called = {
        said
        for module in (labels, calendar, whereabouts)
        for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
        if isinstance(node, ast.Call) and (said := _said(node)) is not None
    }
    return tables | days | called


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_chat_is_there_and_no_other(language: str) -> None:
    chat, common = set(held(language, "chat")), set(held(language, "common"))
    said = said_in_chat()
    assert sorted(map(str, said - chat - common)) == [], "said, but not in the catalogue"
    assert sorted(map(str, chat - said)) == [], "in the catalogue, but not said any more"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_is_there_and_no_other(language: str) -> None:
    said, common = said_in_labels(), set(held(language, "common"))
    assert sorted(map(str, said - common)) == []
    assert sorted(map(str, common - said)) == []


@pytest.mark.parametrize("domain", ["chat", "common"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_are_complete_and_keep_the_placeholders(language: str, domain: str) -> None:
    for sentence, strings in held(language, domain).items():
        ids = sentence if isinstance(sentence, tuple) else (sentence,)
        forms = 1 if language == "zh_CN" else len(ids)
        assert len(strings) == forms and all(strings), sentence
        wanted = [set(PLACEHOLDER.findall(ids[-1 if language == "zh_CN" else place])) for place in range(forms)]
        for string, names in zip(strings, wanted, strict=True):
            extra = {"month_number"} if language == "zh_CN" and "month" in names else set()
            assert set(PLACEHOLDER.findall(string)) in (names, names - {"month"} | extra), sentence


@pytest.mark.parametrize("domain", ["chat", "common"])
def test_english_says_the_sentence_itself(domain: str) -> None:
    for sentence, strings in held("en", domain).items():
        assert strings == (sentence if isinstance(sentence, tuple) else (sentence,))


@pytest.mark.parametrize("domain", ["chat", "common"])
def test_chinese_is_chinese_to_the_last_comma(domain: str) -> None:
    for sentence, strings in held("zh_CN", domain).items():
        for string in strings:
            bare = re.sub(r"\{\w+\}|PDF|English|/\w+", "", string)
            assert not re.search("[A-Za-z]{2}", bare) or CHINESE.search(bare), sentence
            assert not ENGLISH_COMMA.search(string.replace("English: /language", "")), string
            assert "..." not in string and "  " not in string, string


HALF_WIDTH = re.compile("[\u4e00-\u9fff][,:;][\u4e00-\u9fff]|[\u4e00-\u9fff][()][\u4e00-\u9fff]|[。！？；：，、] ")


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_half_width_sign_between_chinese(domain: str) -> None:
    """Nor a space after a full-width one, which has its own."""
    found = [one for strings in held("zh_CN", domain).values() for one in strings if HALF_WIDTH.search(one)]
    assert found == []


def test_sentences_are_parted_as_the_language_does() -> None:
    assert [labels.gap(words(language, "chat")) for language in ("zh_CN", "en")] == ["", " "]


@pytest.mark.parametrize("language", LANGUAGES)
def test_sorted_as_the_tools_write_it(language: str) -> None:
    ids = [
        message.id[0] if isinstance(message.id, tuple | list) else message.id for message in catalogue(language, "chat")
    ]
    assert ids == sorted(ids)
