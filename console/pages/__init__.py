"""The pages, one file per feature."""

from __future__ import annotations

from console.door import Page
from console.pages import (
    afternoon,
    application,
    applications,
    audit,
    bulk,
    calendar,
    calendar_date,
    classes,
    day_sheets,
    extended,
    health,
    home,
    outbox,
    paper,
    papers,
    reports,
    settings,
    sign,
    signin,
    staff,
    students,
    texts,
)

FEATURES = (
    home,
    signin,
    sign,
    applications,
    bulk,
    papers,
    application,
    students,
    classes,
    extended,
    day_sheets,
    paper,
    staff,
    calendar,
    calendar_date,
    settings,
    afternoon,
    texts,
    reports,
    outbox,
    audit,
    health,
)
ALL: list[Page] = [page for feature in FEATURES for page in feature.PAGES]
