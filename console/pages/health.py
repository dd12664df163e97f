"""For machines: is the process alive, can it work, how much waits. Nothing here is about a person."""

from __future__ import annotations

from ipaddress import ip_address

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import PlainTextResponse, Response

from care.channels import ChannelTrouble, channel_troubles
from care.errors import NotFound
from care.outbox import Backlog, backlog
from care.permissions import Permission
from console.door import Page, Visit

PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip")


async def alive(visit: Visit) -> Response:
    return PlainTextResponse("ok\n")


async def ready(visit: Visit) -> Response:
    """503 until the database answers and has every migration."""
    try:
        async with visit.looking() as uow:
            await uow.session.execute(text("SELECT 1"))
            current = visit.desk.schema_current
            if current is not None and not await current(uow):
                return PlainTextResponse("database needs migrations\n", 503)
    except (SQLAlchemyError, OSError):
        return PlainTextResponse("database unreachable\n", 503)
    return PlainTextResponse("ready\n")


def from_this_machine(visit: Visit) -> bool:
    """Asked on this machine directly. Through a proxy everything would look so, hence no header of one."""
    client = visit.request.client
    if client is None or any(name in visit.request.headers for name in PROXY_HEADERS):
        return False
    try:
        return ip_address(client.host).is_loopback
    except ValueError:
        return False


async def metrics(visit: Visit) -> Response:
    """For this machine and for who may see the outbox; for others it does not exist."""
    if not from_this_machine(visit) and not visit.actor.may(Permission.SEE_OUTBOX):
        raise NotFound()
    async with visit.looking() as uow:
        found, troubles = await backlog(uow), await channel_troubles(uow)
    return PlainTextResponse(exposition(found, troubles), media_type="text/plain; version=0.0.4")


def exposition(found: Backlog, troubles: list[ChannelTrouble]) -> str:
    """The numbers in Prometheus' text format."""
    gauges: list[tuple[str, str, list[tuple[str, int]]]] = [
        ("afterbell_inbox_waiting", "Messages received and not yet handled", [("", found.inbox_waiting)]),
        ("afterbell_inbox_oldest_seconds", "Age of the oldest of them", [("", found.inbox_oldest)]),
        ("afterbell_inbox_dead", "Messages put aside after failing", [("", found.inbox_dead)]),
        (
            "afterbell_outbox_waiting",
            "Letters not yet sent, by class",
            [(f'{{class="{klass.name.lower()}"}}', n) for klass, n in found.outbox_waiting.items()],
        ),
        (
            "afterbell_outbox_oldest_seconds",
            "How long the oldest is due, or tried in vain",
            [("", found.outbox_oldest)],
        ),
        ("afterbell_outbox_review", "Letters whose fate is unknown", [("", found.outbox_review)]),
        ("afterbell_outbox_failed", "Letters that could not be sent", [("", found.outbox_failed)]),
        (
            "afterbell_channel_trouble",
            "What is wrong with a channel as a whole, nothing where all is well",
            [(f'{{channel="{one.channel}",trouble="{one.code}"}}', 1) for one in troubles],
        ),
    ]
    lines = []
    for name, about, values in gauges:
        lines += [f"# HELP {name} {about}.", f"# TYPE {name} gauge"]
        lines += [f"{name}{labels} {value}" for labels, value in values]
    return "\n".join(lines) + "\n"


PAGES = [
    Page("/healthz", get=alive, public=True),
    Page("/readyz", get=ready, public=True),
    Page("/metrics", get=metrics, public=True),
]
