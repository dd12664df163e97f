"""``afterbell ledger verify``: the whole record of who had which child, walked from its first link."""

from __future__ import annotations

from afterbell.build import find_school
from afterbell.settings import Settings, SettingsError
from care.custody.ledger import Flaw, verify
from care.permissions import SYSTEM


async def verified(settings: Settings) -> str:
    """What holds, in a sentence. Raises SettingsError where there is no school, and with the first row that does not
    fit."""
    school = await find_school(settings)
    try:
        async with school.look(SYSTEM) as uow:
            found = await verify(uow)
    finally:
        await school.close()
    if isinstance(found, Flaw):
        raise SettingsError(f"The ledger does not hold: {found.table} {found.row}, {found.day}: {found.what}.")
    links, days = _count(found.links, "link"), _count(found.days, "day")
    seal = f"; the last seal is {found.root}." if found.root else "."
    return f"The ledger holds: {links} on {days}, {found.sealed} of them sealed{seal}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
