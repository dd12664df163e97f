"""The pages, one file per feature."""

from __future__ import annotations

from console.door import Page
from console.pages import application, applications, bulk, signin

ALL: list[Page] = [*signin.PAGES, *applications.PAGES, *bulk.PAGES, *application.PAGES]
