"""What the console is given: the school, the printer, and how links into the chat are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from care.school import School
from care.work import UnitOfWork
from papers.printer import Printer


@dataclass(frozen=True)
class Desk:
    """Everything the pages need. ``schema_current`` says whether the database has all migrations (``/readyz``).
    ``lines``: how many lines to open boards each session holds."""

    school: School
    printer: Printer
    deep_link: Callable[[str], str]
    """The link into the chat that carries a slip's code."""
    school_name: Callable[[str], str] | None = None
    """The school's name by language, where it has several."""
    schema_current: Callable[[UnitOfWork], Awaitable[bool]] | None = None
    lines: Counter[int] = field(default_factory=Counter)

    def name(self, language: str) -> str:
        return self.school_name(language) if self.school_name else self.school.name

    @property
    def secure(self) -> bool:
        """Whether people reach the console over https, so that its cookies are marked Secure."""
        return self.school.address.startswith("https://")
