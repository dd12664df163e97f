"""The command line: ``afterbell run``, ``demo``, ``bot``, ``console``, ``scheduler``, ``migrate``, ``staff add`` …

What only one command needs is imported in it, so that the others start sooner and take less memory.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from afterbell.build import (
    begin_or_migrate,
    find_school,
)
from afterbell.house import Roles
from afterbell.serve import serve
from afterbell.settings import OperatorError, SettingsError, read_settings
from afterbell.staff import add_from_command_line
from care.errors import CareError
from care.records.people import Role

app = typer.Typer(
    help="After-school care of a primary school, in a chat and a small console.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
staff = typer.Typer(help="The school's staff.", no_args_is_help=True)
app.add_typer(staff, name="staff")
ledger = typer.Typer(help="The sealed record of who had which child when.", no_args_is_help=True)
app.add_typer(ledger, name="ledger")


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Runs to the end; an operator's error is one clear text on stderr and exit status 1."""
    try:
        if sys.platform != "win32":
            import uvloop

            uvloop.run(work)
        else:
            asyncio.run(work)
    except OperatorError as error:
        _fail(str(error))
    except CareError as error:
        _fail(f"refused: {error.code}")


def _fail(words: str) -> None:
    typer.echo(words, err=True)
    raise typer.Exit(1)


@app.command()
def run() -> None:
    """Everything in one process: bot, console, scheduler, and the web chat."""
    _run(serve(Roles(), web=True))


@app.command()
def demo() -> None:
    """The same with the demonstration school; its clock can be moved on the chat page."""
    _run(serve(Roles(), web=True, demonstration=True))


@app.command()
def bot() -> None:
    """Only the bot (Telegram); needs AFTERBELL_TELEGRAM_TOKEN."""
    _run(serve(Roles(console=False, scheduler=False)))


@app.command()
def console() -> None:
    """Only the office console."""
    _run(serve(Roles(bot=False, scheduler=False)))


@app.command()
def scheduler() -> None:
    """Only the clock: reminders, deadlines, day open and day close."""
    _run(serve(Roles(bot=False, console=False)))


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema; where there is none, begin a new school."""

    async def work() -> None:
        settings = read_settings()
        made = f"A new school, still empty, is made in {settings.data_dir}."
        typer.echo(made if await begin_or_migrate(settings) else "The database is up to date.")

    _run(work())


@staff.command("add")
def staff_add(
    name: Annotated[str, typer.Argument(help="The person's name.")],
    role: Annotated[Role, typer.Option(help="The duty.")] = Role.OFFICE,
    phone: Annotated[str, typer.Option(help="Phone number, if they link the chat by it.")] = "",
    grade: Annotated[int | None, typer.Option(help="For a grade leader.")] = None,
    school_class: Annotated[str, typer.Option("--class", help="For a homeroom teacher, like 2(3).")] = "",
) -> None:
    """Add a member of staff and print the links by which they sign in and link their chat."""

    async def work() -> None:
        school = await find_school(read_settings())
        try:
            typer.echo(await add_from_command_line(school, name, role, phone, grade, school_class))
        finally:
            await school.close()

    _run(work())


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The roster, as .xlsx (see docs/roster.md).")],
    template: Annotated[bool, typer.Option("--template", help="Write an empty workbook to FILE instead.")] = False,
    look: Annotated[bool, typer.Option("--look", help="Only say what would change and who would be told.")] = False,
) -> None:
    """Import classes, students, guardians, staff and the term from a workbook."""
    from afterbell.roster import import_roster, write_template

    async def work() -> None:
        school = await find_school(read_settings())
        try:
            typer.echo(await import_roster(school, file, look))
        finally:
            await school.close()

    if not template:
        _run(work())
        return
    try:
        write_template(file)
    except FileExistsError:
        _fail(f"{file} exists already: choose another name.")
    except OSError as error:
        _fail(f"{file} cannot be written: {error.strerror}")
    typer.echo(f"{file} is ready to be filled in.")


@ledger.command("verify")
def ledger_verify() -> None:
    """Walk all custody chains and seals; name the first row that was changed by hand."""
    from afterbell.ledger import verified

    async def work() -> None:
        typer.echo(await verified(read_settings()))

    _run(work())


@app.command()
def simulate(
    school_class: Annotated[list[str] | None, typer.Option("--class", help="Only these classes, like 2(3).")] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another day.")] = 1,
    make_up_day: Annotated[bool, typer.Option(help="A Saturday with Friday's timetable.")] = False,
    early_end: Annotated[bool, typer.Option(help="Care ends an hour earlier.")] = False,
) -> None:
    """Play a day of the demonstration school, on a database of its own, and give an account of it."""
    from afterbell.simulate import Kind
    from afterbell.simulate import simulate as play

    async def work() -> None:
        account = await play(tuple(school_class or ()), seed, kind=Kind(make_up_day, early_end))
        typer.echo(account.written())
        if not account.holds:
            raise OperatorError("The day did not go as it must: see above.")

    _run(work())


@app.command()
def backup(file: Path) -> None:
    """Write a backup of the data folder (SQLite, web chat, key) to FILE."""
    from afterbell import backup as backup_

    _run(backup_.backup(read_settings(), file))
    typer.echo(f"{file} is written ({file.stat().st_size // 1024} kB). It holds the school's key: keep it closed away.")


@app.command()
def restore(file: Path) -> None:
    """Put a backup back; the present data folder must be empty."""
    from afterbell import backup as backup_

    _run(backup_.restore(read_settings(), file))
    typer.echo("The backup is back in place. Start AfterBell as usual.")


@app.command()
def doctor() -> None:
    """Check settings, database, token, clock and address, and say how to mend what is wrong."""
    from afterbell.doctor import examine

    async def work() -> None:
        if not await examine(read_settings()):
            raise SettingsError("Something needs mending: see above.")

    _run(work())


def main() -> None:
    """The entry point; a wrong setting is said in one line."""
    try:
        app()
    except SettingsError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
