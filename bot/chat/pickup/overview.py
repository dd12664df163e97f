"""The answer to /pickup: who is gone already, each wave with its children, the guardian's own codes, and delegates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from bot.chat.pickup.party import ALL, Party, wave_scope
from bot.chat.pickup.screens import Rows, Screen
from bot.wire.view import Button, View, pack
from care.people import children_of
from care.pickup.delegates import own_delegates
from care.pickup.leaving import Leaving, leaving, next_leaving
from care.pickup.plan import plan_of
from care.records.pickup import Adult
from care.work import UnitOfWork
from locales import Words
from locales.labels import day as day_label
from locales.labels import listed

CodeOf = Callable[[Adult, int, date], Awaitable[str | None]]


@dataclass(frozen=True)
class WaysOut:
    """Of the actor's own children: those who are gone today, and the next way out of each that still comes."""

    over: tuple[Leaving, ...]
    coming: tuple[Leaving, ...]

    @property
    def days(self) -> list[str]:
        """The dates that are shown, in ISO form."""
        return sorted({one.day.isoformat() for one in self.coming})


async def ways_out(uow: UnitOfWork) -> WaysOut:
    ids = [child.student_id for child in await children_of(uow, uow.actor.person_id or 0)]
    today = await leaving(uow, ids, uow.day)
    still = {one.student_id for one in today if not one.is_over}
    ahead = await next_leaving(uow, [number for number in ids if number not in still])
    over = tuple(one for one in today if one.is_over)
    return WaysOut(over, (*(one for one in today if not one.is_over), *ahead))


async def overview(uow: UnitOfWork, _: Words, found: WaysOut, code_of: CodeOf) -> View:
    """Drawn for the actor."""
    viewer, zone = uow.actor.person_id or 0, uow.school.zone
    parts: list[str] = []
    rows: Rows = []
    if found.over:
        parts.append("\n".join(Screen(_, zone, uow.now, Party(viewer, uow.day, ALL, found.over, {})).lines()))
    waves: dict[tuple[date, int], list[Leaving]] = defaultdict(list)
    for one in found.coming:
        waves[one.day, one.wave].append(one)
    for (day, wave), children in waves.items():
        plans = await plan_of(uow, [child.student_id for child in children], day)
        drawn = Screen(_, zone, uow.now, Party(viewer, day, wave_scope(wave), tuple(children), plans))
        parts.append("\n".join(drawn.lines()))
        suffix = f" · {listed(_, (child.name for child in children))}" if len(waves) > 1 else ""
        rows += _ways(_, drawn, suffix)
    days = list(dict.fromkeys(day for day, _wave in waves))
    for day in days:
        mine = (Adult.GUARDIAN, viewer)
        code = await code_of(*mine, day)
        drawn = Screen(_, zone, uow.now, Party(viewer, day, ALL, (), {}), {mine: code} if code else None)
        parts.append("\n".join(drawn.code_lines()))
        rows += drawn.code_rows(mine)
        authorise = _("＋ Authorise somebody for one day") + (f" · {drawn.day}" if len(days) > 1 else "")
        rows.append((Button(authorise, drawn.pack("pud")),))
    for delegate in await own_delegates(uow):
        about = _("For one day: {name}, {date}", name=delegate.name, date=day_label(_, delegate.date))
        rows.append((Button(about, pack("pug", delegate.id)),))
    if not found.coming:
        parts.append(_("None of your children is in after-school care in the next three weeks."))
    return View("\n\n".join(part for part in parts if part), tuple(rows))


def _ways(_: Words, drawn: Screen, suffix: str) -> Rows:
    if drawn.party.open:
        return drawn.open_ways(suffix)
    return [(Button(_("Who comes, and the code") + suffix, drawn.pack("puv")),)]
