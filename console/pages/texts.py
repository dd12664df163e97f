"""The texts of the term: reading any version, writing the next one and seeing what changes before it is published."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from starlette.responses import Response

from care.errors import CareError, NotFound
from care.permissions import Permission
from care.records.term import TermText, TextKind
from care.term import NewText, publish_text, text_hash, texts, the_term
from console.door import Page, Visit, number
from console.prose import Block, blocks
from console.refusals import sentence
from locales import LANGUAGES


@dataclass(frozen=True)
class Shown:
    text: TermText
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class TextView:
    kind: TextKind
    versions: tuple[int, ...]
    version: int | None
    shown: tuple[Shown, ...]
    published: bool


@dataclass(frozen=True)
class Line:
    """``sign`` is +, - or empty."""

    sign: str
    text: str


@dataclass(frozen=True)
class Draft:
    language: str
    title: str
    body: str
    changes: tuple[Line, ...]
    changed: bool


@dataclass(frozen=True)
class EditView:
    kind: TextKind
    base: int
    drafts: tuple[Draft, ...]
    preview: bool
    error: str


def read_kind(visit: Visit) -> TextKind:
    kind = visit.request.path_params["kind"]
    if kind not in set(TextKind):
        raise NotFound()
    return TextKind(kind)


async def _versions(visit: Visit, kind: TextKind) -> tuple[int, list[TermText]]:
    """The term's id and every version of the text, newest first."""
    async with visit.looking() as uow:
        term = await the_term(uow)
        return term.id, [text for text in await texts(uow, term.id) if text.kind is kind]


async def show(visit: Visit) -> Response:
    kind = read_kind(visit)
    _, found = await _versions(visit, kind)
    versions = sorted({text.version for text in found}, reverse=True)
    wanted = number(visit.request.query_params.get("version"), 1) or (versions[0] if versions else None)
    if versions and wanted not in versions:
        raise NotFound()
    view = TextView(
        kind=kind,
        versions=tuple(versions),
        version=wanted,
        shown=tuple(Shown(text, tuple(blocks(text.body))) for text in found if text.version == wanted),
        published="published" in visit.request.query_params,
    )
    return visit.page("settings/text.html", view)


async def edit(visit: Visit) -> Response:
    kind = read_kind(visit)
    _, found = await _versions(visit, kind)
    base, newest = _newest(found)
    drafts = [_draft(language, newest.get(language), None, None) for language in LANGUAGES]
    return visit.page("settings/edit.html", EditView(kind, base, tuple(drafts), preview=False, error=""))


def _newest(found: list[TermText]) -> tuple[int, dict[str, TermText]]:
    base = max((text.version for text in found), default=0)
    return base, {text.language: text for text in found if text.version == base}


def _draft(language: str, before: TermText | None, title: str | None, body: str | None) -> Draft:
    old_title, old_body = (before.title, before.body) if before else ("", "")
    title = old_title if title is None else title.strip()
    body = old_body if body is None else body.replace("\r\n", "\n").strip()
    changed = title != old_title or text_hash(body) != text_hash(old_body)
    return Draft(language, title, body, tuple(_changes(old_body, body)), changed)


def _changes(before: str, after: str) -> list[Line]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [Line(line[0].strip(), line[2:]) for line in lines if line[0] in "+- "]


async def save(visit: Visit) -> Response:
    """First shows what changes; publishes when that is confirmed."""
    kind = read_kind(visit)
    term_id, found = await _versions(visit, kind)
    base, newest = _newest(found)
    drafts = tuple(
        _draft(language, newest.get(language), visit.field(f"title_{language}"), visit.field(f"body_{language}"))
        for language in LANGUAGES
    )
    stale = number(visit.field("base")) != base
    if stale or visit.field("step") != "publish":
        error = sentence(visit._, CareError("stale")) if stale else ""
        view = EditView(kind, base, drafts, preview=visit.field("step") == "look", error=error)
        return visit.page("settings/edit.html", view, 409 if stale else 200)
    try:
        async with visit.working() as uow:
            await publish_text(uow, term_id, kind, [NewText(d.language, d.title, d.body) for d in drafts])
    except CareError as error:
        if error.status in (403, 404):
            raise
        view = EditView(kind, base, drafts, preview=False, error=sentence(visit._, error))
        return visit.page("settings/edit.html", view, error.status)
    return visit.go(f"/settings/texts/{kind.value}?published=1")


PAGES = [
    Page("/settings/texts/{kind}", get=show, right=Permission.MANAGE_TERM),
    Page("/settings/texts/{kind}/new", get=edit, post=save, right=Permission.MANAGE_TERM),
]
