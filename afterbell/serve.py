"""Serving: what ``afterbell run``, ``demo`` and the single roles do until they are stopped, and what they print."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from afterbell.build import (
    hold_data_dir,
    make_data_dir,
    must_be_there,
    name_school,
    open_school,
)
from afterbell.house import House, Roles
from afterbell.log import configure_log
from afterbell.settings import Settings, SettingsError, read_settings
from care.people import holders
from care.permissions import SYSTEM
from care.records.office import Mark
from care.records.people import Role
from care.school import School
from care.signin import make_link

if TYPE_CHECKING:
    from afterbell.weblocal import WebChat


async def serve(roles: Roles, web: bool = False, demonstration: bool = False) -> None:
    """Opens the school and runs its doors in this process until it is told to stop. Raises OperatorError for what an
    operator must mend."""
    settings = read_settings()
    if roles.bot and not web and not settings.telegram_token:
        raise SettingsError("AFTERBELL_TELEGRAM_TOKEN is not set: get a token from @BotFather and set it.")
    configure_log()
    if roles != Roles():
        must_be_there(settings)
    make_data_dir(settings.data_dir)
    with hold_data_dir(settings.data_dir) if settings.database.startswith("sqlite") else nullcontext():
        await _run_house(settings, roles, web, demonstration)


async def _run_house(settings: Settings, roles: Roles, web: bool, demonstration: bool) -> None:
    alone = roles == Roles()
    school = await open_school(settings, upgrade=alone, start=_demonstration_start() if demonstration else None)
    if alone and not demonstration and await _is_demonstration(school):
        await school.close()
        raise SettingsError(
            f"The data folder {settings.data_dir} holds the demonstration school. Give the real one a folder of "
            "its own by AFTERBELL_DATA_DIR."
        )
    if demonstration:
        await _load_demonstration(school)
    house = House(school, settings, roles, await _web_chat(school, settings, demonstration) if web else None)
    watched = demonstration or sys.stdout.isatty()  # a link in a service's journal could be read by others
    link = await _first_link(school) if roles.console and alone and watched else ""
    house.started = lambda: _print_addresses(house, link, demonstration)
    await house.run()


def _demonstration_start() -> datetime:
    from afterbell.demo import START

    return START


async def _load_demonstration(school: School) -> None:
    from afterbell.demo import SCHOOL_NAME, begin_afternoon, load

    if await load(school):
        await name_school(school, SCHOOL_NAME)
    await begin_afternoon(school)


async def _web_chat(school: School, settings: Settings, demonstration: bool) -> WebChat:
    from afterbell.weblocal import WebChat

    webchat = WebChat(school, settings, demonstration)
    if demonstration:
        await webchat.welcome_linked()
    return webchat


async def _is_demonstration(school: School) -> bool:
    async with school.look() as uow:
        return await uow.session.get(Mark, "demo") is not None


async def _first_link(school: School) -> str:
    """A one-time sign-in link for the office (or the head), printed at the start."""
    async with school.work(SYSTEM) as uow:
        people = await holders(uow, Role.OFFICE) or await holders(uow, Role.HEAD)
        return f"{school.address}/sign-in/{await make_link(uow, people[0])}" if people else ""


def _print_addresses(house: House, link: str, demonstration: bool) -> None:
    address = house.school.address
    lines = [f"AfterBell is running: {house.school.name}"]
    if house.web is not None:
        lines.append(f"  Web chat   {address}/chat" + ("   (choose an invented person)" if demonstration else ""))
    telegram = house.channels.get("telegram")
    if telegram is not None and telegram.is_open:
        lines.append(f"  Telegram   https://t.me/{telegram.bot.username}")
    elif telegram is not None:
        lines.append("  Telegram   cannot be reached yet; it is tried again and again")
    if house.roles.console:
        lines.append(f"  Console    {address}/")
    if link:
        lines.append(f"  Sign in    {link}   (once, within 15 minutes)")
    elif house.roles.console:
        lines.append("  Sign in    by /console in the chat; the first person: afterbell staff add NAME --role office")
    typer.echo("\n".join(lines))
    sys.stdout.flush()
