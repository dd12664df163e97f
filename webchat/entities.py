"""Text as Telegram stores it: plain characters and entities, from HTML or MarkdownV2, offsets in UTF-16 units."""

from __future__ import annotations

import html
import re

from webchat import markdown
from webchat.model import Wire
from webchat.refusal import bad

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_TAG = re.compile(r"""<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_ESCAPED = re.compile(r"&(?:lt|gt|amp|quot|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});?")
_COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])")
_URL = re.compile(r"https?://[^\s<>\"'（）。，；]+")


def utf16_length(text: str) -> int:
    """How long Telegram counts this text."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def parse(text: str, parse_mode: str) -> tuple[str, list[Wire]]:
    """Plain text and entities of what the bot wrote; raises the 400 Telegram would answer."""
    mode = parse_mode.lower()
    if not mode:
        return text, []
    if mode == "html":
        return _from_html(text)
    if mode == "markdownv2":
        return markdown.parse(text)
    if mode == "markdown":
        return text, []
    raise bad("unsupported parse_mode")


def trimmed(text: str, entities: list[Wire]) -> tuple[str, list[Wire]]:
    """Without the white space around it, as Telegram shows it."""
    bare = text.strip()
    if bare == text:
        return text, entities
    lead = utf16_length(text[: len(text) - len(text.lstrip())])
    length = utf16_length(bare)
    kept: list[Wire] = []
    for entity in entities:
        start = max(0, _number(entity["offset"]) - lead)
        end = min(length, _number(entity["offset"]) + _number(entity["length"]) - lead)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return bare, kept


def found_in(text: str, entities: list[Wire]) -> list[Wire]:
    """The given entities and the commands and links Telegram finds by itself."""
    if "/" not in text:
        return entities
    taken = [(_number(e["offset"]), _number(e["offset"]) + _number(e["length"])) for e in entities]
    extra: list[Wire] = []
    for pattern, kind in ((_URL, "url"), (_COMMAND, "bot_command")):
        for match in pattern.finditer(text):
            start = utf16_length(text[: match.start()])
            end = start + utf16_length(match.group())
            if not any(start < other_end and other_start < end for other_start, other_end in taken):
                taken.append((start, end))
                extra.append({"offset": start, "length": end - start, "type": kind})
    if not extra:
        return entities
    return sorted([*entities, *extra], key=lambda e: _number(e["offset"]))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _from_html(source: str) -> tuple[str, list[Wire]]:
    out: list[str] = []
    units = 0
    open_tags: list[tuple[str, int, Wire]] = []
    entities: list[Wire] = []
    at = 0
    while at < len(source):
        opening = source.find("<", at)
        plain = _unescaped(source[at : opening if opening >= 0 else len(source)])
        out.append(plain)
        units += utf16_length(plain)
        if opening < 0:
            break
        tag = _tag_at(source, opening)
        name = tag.group(2).lower()
        if tag.group(1):
            entities += _closed(open_tags, name, units, _byte_offset(source, opening))
        else:
            open_tags.append((name, units, _opened(name, tag.group(3), _byte_offset(source, opening))))
        at = tag.end()
    if open_tags:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{open_tags[-1][0]}\"")
    return "".join(out), _merged(sorted(entities, key=lambda e: (_number(e["offset"]), -_number(e["length"]))))


def _unescaped(text: str) -> str:
    """Telegram knows four names and the numbers; other names stay as they are."""
    return _ESCAPED.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def _byte_offset(source: str, index: int) -> int:
    return len(source[:index].encode())


def _tag_at(source: str, opening: int) -> re.Match[str]:
    tag = _TAG.match(source, opening)
    if tag:
        return tag
    byte = _byte_offset(source, opening)
    name = re.match(r"/?[^\s>]*", source[opening + 1 :])
    if name and ">" in source[opening:] and not name.group().startswith("/"):
        raise bad(f'can\'t parse entities: Unsupported start tag "{name.group().lower()}" at byte offset {byte}')
    raise bad(f"can't parse entities: Unclosed start tag at byte offset {byte}")


def _opened(name: str, attributes: str, byte: int) -> Wire:
    """The entity a start tag begins, still without its place."""
    if name not in TAGS:
        raise bad(f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {byte}')
    given = {m[1].lower(): _unescaped(m[2] or m[3] or m[4] or "") for m in _ATTRIBUTE.finditer(attributes)}
    if name == "span" and given.get("class") != "tg-spoiler":
        raise bad(f'can\'t parse entities: Tag "span" must have class "tg-spoiler" at byte offset {byte}')
    entity: Wire = {"type": TAGS[name]}
    if name == "a":
        entity["url"] = given.get("href", "")
    if name == "tg-emoji":
        entity["custom_emoji_id"] = given.get("emoji-id", "")
    if name == "code" and given.get("class", "").startswith("language-"):
        entity["language"] = given["class"].removeprefix("language-")
    if name == "blockquote" and "expandable" in given:
        entity["type"] = "expandable_blockquote"
    return entity


def _closed(open_tags: list[tuple[str, int, Wire]], name: str, units: int, byte: int) -> list[Wire]:
    if not open_tags:
        raise bad(f"can't parse entities: Unexpected end tag at byte offset {byte}")
    expected, start, entity = open_tags.pop()
    if name != expected:
        raise bad(
            f'can\'t parse entities: Unmatched end tag at byte offset {byte}, expected "</{expected}>", '
            f'found "</{name}>"'
        )
    if units == start or (entity["type"] == "text_link" and not entity["url"]):
        return []
    return [{"offset": start, "length": units - start, **entity}]


def _merged(entities: list[Wire]) -> list[Wire]:
    """``<pre><code class="language-x">`` is one entity with a language."""
    merged: list[Wire] = []
    for entity in entities:
        around = merged[-1] if merged else None
        same = around and (around["offset"], around["length"]) == (entity["offset"], entity["length"])
        if around and same and around["type"] == "pre" and entity["type"] == "code":
            if "language" in entity:
                around["language"] = entity["language"]
            continue
        if entity["type"] == "code":
            entity.pop("language", None)
        merged.append(entity)
    return merged
