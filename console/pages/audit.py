"""The audit: who did what to what, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams
from starlette.responses import Response

from care.audit import AuditFilter, AuditRow, search_audit
from care.clock import instant
from care.permissions import Permission
from console.door import Page, Visit, number, query_string
from console.words import ACTIONS, SUBJECTS
from locales import labels

PAGE_SIZE = 100


@dataclass(frozen=True)
class Wanted:
    actor: str = ""
    action: str = ""
    subject: str = ""
    id: int | None = None
    since: str = ""
    until: str = ""
    page: int = 1

    def query(self, page: int | None = None) -> str:
        return query_string(
            who=self.actor,
            action=self.action,
            subject=self.subject,
            id=self.id,
            since=self.since,
            until=self.until,
            page=page if page and page > 1 else None,
        )


@dataclass(frozen=True)
class AuditView:
    wanted: Wanted
    rows: tuple[AuditRow, ...]
    more: bool
    actions: tuple[str, ...]
    subjects: tuple[str, ...]


def read_wanted(params: QueryParams) -> Wanted:
    def day(name: str) -> str:
        try:
            return date.fromisoformat(params.get(name, "")).isoformat()
        except ValueError:
            return ""

    action, subject = params.get("action", ""), params.get("subject", "")
    return Wanted(
        actor=params.get("who", "").strip()[:40],
        action=action if action in {*ACTIONS, *labels.ACTIONS} else "",
        subject=subject if subject in SUBJECTS else "",
        id=number(params.get("id"), 1),
        since=day("since"),
        until=day("until"),
        page=number(params.get("page"), 1, 100_000) or 1,
    )


def _midnight(day: str, zone: ZoneInfo, later: int = 0) -> datetime | None:
    if not day:
        return None
    return instant(date.fromisoformat(day) + timedelta(days=later), time.min, zone)


async def show(visit: Visit) -> Response:
    wanted = read_wanted(visit.request.query_params)
    zone = visit.desk.school.zone
    asked = AuditFilter(
        actor=wanted.actor,
        action=wanted.action,
        subject=wanted.subject,
        subject_id=wanted.id,
        since=_midnight(wanted.since, zone),
        until=_midnight(wanted.until, zone, later=1),
    )
    async with visit.looking() as uow:
        rows, more = await search_audit(uow, asked, (wanted.page - 1) * PAGE_SIZE, PAGE_SIZE)
    view = AuditView(wanted, tuple(rows), more, (*labels.ACTIONS, *ACTIONS), tuple(SUBJECTS))
    return visit.page("audit/list.html", view)


PAGES = [Page("/audit", get=show, right=Permission.SEE_AUDIT)]
