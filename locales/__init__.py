"""The words of the product: one gettext catalogue per language and door, read from the .po files at start.

``words("zh_CN", "chat")`` gives the translator that every door calls ``_``. The message id is the English sentence;
values are named placeholders. A door falls back to the catalogue ``common``, which holds what several doors say
(states, relations, weekdays).
"""

from __future__ import annotations

import functools
import gettext
import io
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("zh_CN", "en")
DOMAINS = ("common", "chat", "console", "papers", "webchat")
_HERE = Path(__file__).parent


class Words:
    """Translates into one language. Call it with the English sentence and the named values."""

    def __init__(self, language: str, domain: str, catalogue: gettext.NullTranslations) -> None:
        self.language = language
        self.domain = domain
        self._catalogue = catalogue

    def __call__(self, sentence: str, **values: object) -> str:
        """The sentence in this language, with its values put in (they are never read as format)."""
        return self._catalogue.gettext(sentence).format(**values)

    def many(self, singular: str, plural: str, n: int, **values: object) -> str:
        """The form for ``n`` things; ``{n}`` is among the values."""
        return self._catalogue.ngettext(singular, plural, n).format(n=n, **values)

    def within(self, domain: str) -> Words:
        """The same language, another door's words."""
        return words(self.language, domain)


def mark(sentence: str) -> str:
    """Marks a sentence for the catalogues where it is written down; it is translated where it is said."""
    return sentence


def catalogue_path(language: str, domain: str) -> Path:
    return _HERE / language / f"{domain}.po"


def _load(language: str, domain: str) -> gettext.NullTranslations:
    path = catalogue_path(language, domain)
    if not path.exists():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language, domain=domain))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@functools.cache
def words(language: str, domain: str) -> Words:
    """The translator of one door in one language; an unknown language reads as the first of LANGUAGES."""
    if language not in LANGUAGES:
        language = LANGUAGES[0]
    catalogue = _load(language, domain)
    if domain != "common":
        catalogue.add_fallback(_load(language, "common"))
    return Words(language, domain, catalogue)
