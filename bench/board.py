"""Today's board with 2,000 children: how soon its first byte comes, and how soon a tap is on a board that is open.

``python -m bench.board COUNT DATABASE`` prints one line of JSON, in milliseconds. The browser's part, which draws the
board, is not in it.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import statistics
import sys
import time
from datetime import date, datetime, timedelta
from typing import Any

import uvicorn
import uvloop
from sqlalchemy import insert, select

from bench import scene
from bench.tables import row, table, verdict
from care.clock import stopped_clock
from care.custody.chain import ADD, CHILDREN, Link, Side, first_row
from care.people import actor_for
from care.permissions import SYSTEM
from care.records.day import CareDay, CareSession, DayChild, Holder, Proof, SessionKind, Step
from care.records.enrolment import Application, LeaveMode, State
from care.records.people import Guardianship, Person, Relation, Role, StaffRole, Student
from care.records.term import Term
from care.rollcall import mark, sign_in
from care.school import School
from care.signin import make_link, use_link
from care.work import UnitOfWork
from console.app import Desk, create_app
from papers.printer import Printer

AFTERNOON = datetime(2026, 11, 23, 15, 0, tzinfo=scene.ZONE)
CLASSES = 45
LOADS = 60
TAPS = 30
FIRST_BYTE_MS = 50
ON_BOARD_MS = 300


async def add_day(school: School, count: int) -> None:
    """A care day with as many children in its classes, each expected by the teacher."""
    async with school.work(SYSTEM) as uow:
        today = uow.today
        uow.session.add(_term())
        uow.session.add(StaffRole(person_id=1, role=Role.OFFICE, since=uow.now))
        numbers = range(1, count + 1)
        uow.session.add_all(
            [Student(id=n, name=f"童{n}", student_no=str(n), school_class_id=n % CLASSES + 1) for n in numbers]
        )
        await uow.session.flush()
        uow.session.add_all(
            [Guardianship(id=n, student_id=n, person_id=scene.TEACHERS + n, relation=Relation.MOTHER) for n in numbers]
        )
        uow.session.add(CareDay(date=today, term_id=1, opened_at=uow.now, planned_at=uow.now, duty_lead_id=1))
        await uow.session.flush()
        uow.session.add_all([_application(uow, n) for n in numbers])
        uow.session.add_all([_session(today, uow.now, n) for n in range(1, CLASSES + 1)])
        await uow.session.flush()
        rows = [
            {
                "id": n,
                "date": today,
                "student_id": n,
                "application_id": n,
                "session_id": n % CLASSES + 1,
                "number": n // CLASSES + 1,
                "last_seq": 1,
            }
            for n in numbers
        ]
        await uow.connection.execute(insert(CHILDREN), rows)
        links = [first_row(uow, n, today, n, _expected(n % CLASSES + 1)) for n in numbers]
        await uow.connection.execute(ADD, links)


def _term() -> Term:
    return Term(
        id=1,
        name="Bench",
        starts_on=date(2026, 9, 1),
        ends_on=date(2027, 1, 29),
        apply_from=date(2026, 9, 1),
        apply_until=date(2026, 12, 31),
        grades=[1, 2, 3, 4],
    )


def _expected(teacher: int) -> Link:
    return Link(Step.EXPECTED, Side(Holder.TEACHER, teacher, f"人{teacher}"), Proof.PLAN)


def _session(today: date, now: datetime, n: int) -> CareSession:
    return CareSession(
        id=n,
        date=today,
        kind=SessionKind.CLASS,
        school_class_id=n,
        wave=1 + n % 2,
        venue=f"教室{n}",
        gate="东门",
        starts_at=now - timedelta(minutes=25),
        ends_at=now + timedelta(hours=2),
        teacher_id=n,
    )


def _application(uow: UnitOfWork, n: int) -> Application:
    return Application(
        id=n,
        term_id=1,
        student_id=n,
        guardianship_id=n,
        state=State.ENROLLED,
        state_since=uow.now,
        submitted_at=uow.now,
        weekdays=[1, 2, 3, 4, 5],
        needs=["work_hours"],
        extended_weekdays=[],
        leave_mode=LeaveMode.COLLECTED,
        criteria_version=1,
    )


async def measure(count: int, path: str) -> dict[str, Any]:
    school = scene.open_school(f"sqlite+aiosqlite:///{path}")
    school.clock = stopped_clock(scene.ZONE, AFTERNOON)
    await add_day(school, count)
    async with school.work(SYSTEM) as uow:
        cookie = await use_link(uow, await make_link(uow, 1))
    desk = Desk(school, Printer(), lambda code: code)
    app = create_app(desk)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none")
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    loads = await _client("loads", port, cookie)
    taps = await _taps(desk, port, cookie)
    school.changes.close()
    server.should_exit = True
    await serving
    await school.close()
    return {"count": count, "classes": CLASSES, "first_byte": _spread(loads), "on_board": _spread(taps)}


def _spread(found: list[float]) -> dict[str, float]:
    return {"p50": statistics.median(found), "p99": sorted(found)[max(0, int(len(found) * 0.99) - 1)]}


async def _client(what: str, port: int, cookie: str) -> list[float]:
    """Another process, which asks as a browser does."""
    command = (sys.executable, "-m", "bench.board", what, str(port), cookie)
    process = await asyncio.create_subprocess_exec(*command, cwd=scene.HERE.parent, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    found: list[float] = json.loads(printed)
    return found


async def _taps(desk: Desk, port: int, cookie: str) -> list[float]:
    """One teacher marks a child twice a second; how long each takes from the tap to the end of the board's answer."""
    school = desk.school
    async with school.work(SYSTEM) as uow:
        teacher = await actor_for(uow, await uow.session.get_one(Person, 2))
        children = list(await uow.session.scalars(select(DayChild.id).where(DayChild.session_id == 2).limit(TAPS)))
    async with school.work(teacher) as uow:
        await sign_in(uow, 2)
    watching = asyncio.create_task(_client("watch", port, cookie))
    while not desk.lines.total():  # noqa: ASYNC110 - it is another process that opens the line
        await asyncio.sleep(0.01)
    tapped = []
    for child in children:
        tapped.append(time.perf_counter())  # on Linux the same clock in every process
        async with school.work(teacher) as uow:
            await mark(uow, child, Step.PRESENT)
        await asyncio.sleep(0.5)
    shown = await watching
    return [(then - since) * 1000 for since, then in zip(tapped, shown, strict=True)]


def _get(connection: http.client.HTTPConnection, cookie: str, **headers: str) -> float:
    """Milliseconds to the first byte of the board."""
    since = time.perf_counter()
    connection.request("GET", "/", headers={"Cookie": f"afterbell={cookie}", **headers})
    answer = connection.getresponse()
    took = (time.perf_counter() - since) * 1000
    body = answer.read()
    assert answer.status == 200, answer.status
    assert b'id="board"' in body
    return took


def _ask(what: str, port: int, cookie: str) -> list[float]:
    boards = http.client.HTTPConnection("127.0.0.1", port)
    if what == "loads":
        for _ in range(10):
            _get(boards, cookie)
        return [_get(boards, cookie) for _ in range(LOADS)]
    line = http.client.HTTPConnection("127.0.0.1", port)
    line.request("GET", "/live", headers={"Cookie": f"afterbell={cookie}"})
    events, shown = line.getresponse(), []
    while len(shown) < TAPS:
        if events.readline() == b"event: changed\n":
            _get(boards, cookie, **{"HX-Request": "true"})
            shown.append(time.perf_counter())
    return shown


def report(data: dict[str, Any], about: dict[str, Any]) -> str:
    """The part of docs/performance.md."""
    words = {
        "first_byte": ("the page's first byte", FIRST_BYTE_MS),
        "on_board": ("from a teacher's tap to the board's new state, with its commit", ON_BOARD_MS),
    }
    rows = [
        row(
            title,
            f"{data[key]['p50']:.0f}" + verdict(data[key]["p50"] < goal, f"< {goal} ms"),
            f"{data[key]['p99']:.0f}",
        )
        for key, (title, goal) in words.items()
    ]
    head = (f"{data['count']:,} children in {data['classes']} classes", "p50, ms", "p99, ms")
    return "## The live board\n\n" + table(head, rows)


def main() -> None:
    first = sys.argv[1]
    asked: Any = (
        uvloop.run(measure(int(first), sys.argv[2]))
        if first.isdecimal()
        else _ask(first, int(sys.argv[2]), sys.argv[3])
    )
    sys.stdout.write(json.dumps(asked) + "\n")


if __name__ == "__main__":
    main()
