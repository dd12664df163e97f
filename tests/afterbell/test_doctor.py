"""The doctor says what is wrong and how to mend it, and tells nobody a secret."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from afterbell_house import settings_in
from sqlalchemy import text
from telegram import Bot

from afterbell.build import open_school
from afterbell.demo import load
from afterbell.doctor import examine
from afterbell.settings import Settings, SettingsError, read_settings
from afterbell.staff import add_from_command_line
from care.channels import Trouble, note_trouble
from care.permissions import SYSTEM
from care.records import CalendarDay, Event, InboxState, Letter, LetterState, Role, Term, TextKind, Update, Wave
from care.records.delivery import Class
from care.school import School
from care.term import NewText, publish_text
from webchat.server import create_app, serve
from webchat.world import World

TOKEN = "77:doctors-token-aaaaaaaaaaaaaaaaaaaaa"


class Doctor:
    """Examines, and gives back what was said about each subject."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.said = ""

    async def __call__(self, settings: Settings) -> bool:
        self.capsys.readouterr()
        well = await examine(settings)
        self.said = self.capsys.readouterr().out
        assert re.fullmatch(r"((ok|!!)  [^\n]+\n)+", self.said)
        assert well == ("!!" not in self.said)
        return well

    def wrong(self, subject: str) -> str:
        lines = [line for line in self.said.splitlines() if line.startswith(f"!!  {subject}:")]
        return "\n".join(lines)

    def well(self, subject: str) -> bool:
        return f"ok  {subject}:" in self.said and not self.wrong(subject)


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    return Doctor(capsys)


async def _set_up(school: School) -> None:
    """Everything a school needs to begin."""
    today = school.clock.today()
    async with school.work(SYSTEM) as uow:
        term = Term(
            name="this term",
            starts_on=today - timedelta(days=10),
            ends_on=today + timedelta(days=10),
            apply_from=today,
            apply_until=today,
            grades=[1, 2],
        )
        uow.session.add(term)
        await uow.session.flush()
        places = {"gate": "east", "guidance_venue": "classrooms", "course_venue": "hall"}
        starts, ends = time(14, 35), time(17, 10)
        uow.session.add(Wave(term_id=term.id, ordinal=1, grades=[1, 2], starts_at=starts, ends_at=ends, **places))
        for kind in TextKind:
            await publish_text(uow, term.id, kind, [NewText("zh_CN", "标题", "正文")])
        for year in {term.starts_on.year, today.year, term.ends_on.year}:
            uow.session.add(CalendarDay(date=date(year, 10, 1), school=False, care=False))
    await add_from_command_line(school, "乔月蓉", Role.OFFICE, "", None, "")


@pytest.fixture
async def ready(settings: Settings) -> AsyncIterator[School]:
    settings.data_dir.mkdir(mode=0o700)
    school = await open_school(settings)
    await _set_up(school)
    yield school
    await school.close()


async def test_a_school_in_order_is_well(ready: School, settings: Settings, doctor: Doctor) -> None:
    assert await doctor(settings), doctor.said


async def test_before_the_first_start_it_says_how_to_begin_and_makes_nothing(
    settings: Settings, doctor: Doctor
) -> None:
    assert not await doctor(settings)
    assert "`afterbell migrate` makes it" in doctor.wrong("data folder")
    assert "run `afterbell migrate`" in doctor.wrong("database")
    assert not settings.data_dir.exists()


async def test_a_new_school_lacks_people_and_a_term(school: School, settings: Settings, doctor: Doctor) -> None:
    await doctor(settings)
    assert "afterbell staff add NAME --role office" in doctor.wrong("staff")
    assert "docs/roster.md" in doctor.wrong("term")
    assert not doctor.wrong("data folder")
    settings.data_dir.chmod(0o755)
    await doctor(settings)
    assert "chmod 700" in doctor.wrong("data folder")


async def test_the_demonstration_is_well_but_for_its_time(settings: Settings, doctor: Doctor) -> None:
    settings.data_dir.mkdir(mode=0o700)
    school = await open_school(settings)
    await load(school)
    await school.close()
    await doctor(settings)
    assert doctor.well("secret key"), doctor.said
    assert doctor.well("inbox")


async def test_a_key_that_others_can_read_or_that_is_another(ready: School, settings: Settings, doctor: Doctor) -> None:
    file = settings.data_dir / "secret.key"
    file.chmod(0o644)
    await doctor(settings)
    assert "chmod 600" in doctor.wrong("secret key")

    file.chmod(0o600)
    file.write_text("another key, thirty-two letters long")
    await doctor(settings)
    assert "not the key that the records were made with" in doctor.wrong("secret key")
    assert "another key" not in doctor.said

    file.write_text("")
    await doctor(settings)
    assert "is empty" in doctor.wrong("secret key")


def test_a_short_key_in_the_settings_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="AFTERBELL_SECRET_KEY: must be random") as refused:
        read_settings(data_dir=tmp_path, secret_key="hunter2", _env_file=None)
    assert "hunter2" not in str(refused.value)


async def test_only_another_program_is_known_from_the_records(
    ready: School, settings: Settings, doctor: Doctor
) -> None:
    """Token, webhook and network are looked at directly: what was noted once may be over."""
    await note_trouble(ready, "telegram", Trouble.TOKEN_REFUSED)
    assert await doctor(settings), doctor.said
    await note_trouble(ready, "telegram", Trouble.OTHER_POLLER)
    assert not await doctor(settings)
    assert "another program has fetched this bot's messages since" in doctor.wrong("channels")


async def test_a_database_of_another_schema_or_a_damaged_one(ready: School, settings: Settings, doctor: Doctor) -> None:
    async with ready.writer.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    await doctor(settings)
    assert "run `afterbell migrate`" in doctor.wrong("database")

    await ready.close()
    for file in settings.data_dir.glob("afterbell.sqlite*"):
        file.write_bytes(b"no database " * 1000)
    await doctor(settings)
    assert "cannot be used" in doctor.wrong("database")


async def test_a_server_that_is_not_there(doctor: Doctor, tmp_path: Path) -> None:
    await doctor(settings_in(tmp_path, database_url="postgresql://u:secret-word@127.0.0.1:1/x"))
    assert "check AFTERBELL_DATABASE_URL" in doctor.wrong("database")
    assert "secret-word" not in doctor.said


async def test_a_clock_that_is_set_or_behind(ready: School, settings: Settings, doctor: Doctor) -> None:
    await doctor(settings_in(settings.data_dir, clock="2026-11-23T16:40"))
    assert "leave it empty" in doctor.wrong("clock")
    async with ready.work(SYSTEM) as uow:
        later = uow.now + timedelta(days=1)
        uow.session.add(Event(at=later, actor_name="", action="x", subject="x", subject_id=1, data={}))
    await doctor(settings)
    assert "later than now" in doctor.wrong("clock")


async def test_messages_left_lying(ready: School, settings: Settings, doctor: Doctor) -> None:
    long_ago = ready.clock.now() - timedelta(hours=1)
    async with ready.work(SYSTEM) as uow:
        for n, state in enumerate((InboxState.WAITING, InboxState.DEAD, InboxState.DONE)):
            update = Update(channel="web", update_id=n, chat_id=1, payload="{}", received_at=long_ago, state=state)
            uow.session.add(update)
        for lay in (LetterState.WAITING, LetterState.REVIEW, LetterState.SENT):
            uow.session.add(
                Letter(kind="x", klass=Class.REPLY, params={}, posted_at=long_ago, due_at=long_ago, state=lay)
            )
    await doctor(settings)
    assert "1 messages wait longer" in doctor.wrong("inbox")
    assert "1 messages are overdue" in doctor.wrong("outbox")

    async with ready.writer.begin() as connection:
        await connection.execute(text("UPDATE inbox SET state = 'done' WHERE state = 'waiting'"))
        await connection.execute(text("UPDATE outbox SET state = 'sent' WHERE state = 'waiting'"))
    await doctor(settings)
    assert "1 messages could not be handled" in doctor.wrong("inbox")
    assert "1 messages were not delivered for sure" in doctor.wrong("outbox")


async def test_a_term_with_gaps(ready: School, settings: Settings, doctor: Doctor) -> None:
    async with ready.writer.begin() as connection:
        await connection.execute(text("DELETE FROM calendar_day"))
        await connection.execute(text("DELETE FROM term_text WHERE kind = 'agreement'"))
    await doctor(settings)
    assert "no text 'agreement'" in doctor.wrong("term")
    assert "no holidays of" in doctor.wrong("calendar")
    async with ready.writer.begin() as connection:
        await connection.execute(text("UPDATE wave SET grades = '[1]'"))
    await doctor(settings)
    assert "no dismissal wave for grade 2" in doctor.wrong("term")


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"host": "0.0.0.0"}, "set AFTERBELL_PUBLIC_URL"),
        ({"telegram_token": TOKEN, "telegram_api": "http://127.0.0.1:1"}, "set AFTERBELL_PUBLIC_URL"),
        ({"public_url": "http://care.school.example"}, "put it behind https"),
        ({"public_url": "http://8.8.8.8"}, "put it behind https"),
        ({"public_url": "https://care.school.example"}, ""),
        ({"public_url": "http://192.168.1.20:8080", "host": "0.0.0.0"}, ""),
        ({}, ""),
    ],
)
async def test_the_address_people_use(doctor: Doctor, tmp_path: Path, wanted: dict[str, str], says: str) -> None:
    await doctor(settings_in(tmp_path, **wanted))
    assert says in doctor.wrong("address")
    assert doctor.well("address") is (not says)


@pytest.mark.parametrize(
    ("url", "secret", "says"),
    [
        ("http://care.school.example", "a" * 20, "https"),
        ("https://care.school.example:8080", "a" * 20, "ports"),
        ("https://care.school.example", "short", "16 to 256"),
        ("https://care.school.example:8443", "a" * 20, ""),
    ],
)
async def test_the_webhook_setting(doctor: Doctor, tmp_path: Path, url: str, secret: str, says: str) -> None:
    await doctor(settings_in(tmp_path, webhook_url=url, webhook_secret=secret))
    assert says in doctor.wrong("webhook")
    assert doctor.well("webhook") is (not says)
    assert secret not in doctor.said


# Telegram, as the local Bot API server plays it


@pytest.fixture
def world() -> World:
    world = World()
    world.add_bot(TOKEN, username="chenxi_bot")
    return world


@pytest.fixture
async def api(world: World) -> AsyncIterator[str]:
    async with serve(create_app(world)) as url:
        yield url


async def test_the_bot_is_named_and_the_token_is_not(doctor: Doctor, tmp_path: Path, api: str) -> None:
    await doctor(settings_in(tmp_path, telegram_token=TOKEN, telegram_api=api))
    assert "ok  telegram: the token is that of @chenxi_bot" in doctor.said
    assert "ok  telegram: no webhook; messages are fetched" in doctor.said
    assert TOKEN not in doctor.said


@pytest.mark.parametrize("token", ["77:another-token-bbbbbbbbbbbbbbbbbbbbbb", "gibberish-token", "two words"])
async def test_a_refused_token(doctor: Doctor, tmp_path: Path, api: str, token: str) -> None:
    await doctor(settings_in(tmp_path, telegram_token=token, telegram_api=api))
    assert "copy AFTERBELL_TELEGRAM_TOKEN again" in doctor.wrong("telegram")
    assert token not in doctor.said


async def test_telegram_out_of_reach_or_out_of_order(doctor: Doctor, tmp_path: Path, world: World, api: str) -> None:
    await doctor(settings_in(tmp_path, telegram_token=TOKEN, telegram_api="http://127.0.0.1:1"))
    assert "cannot be reached" in doctor.wrong("telegram")
    for kind in ("bad_gateway", "drop_before", "truncated"):
        world.faults.add("getMe", kind)
        await doctor(settings_in(tmp_path, telegram_token=TOKEN, telegram_api=api))
        assert "cannot be reached" in doctor.wrong("telegram"), kind
    assert TOKEN not in doctor.said


async def _set_webhook(api: str, url: str) -> None:
    async with Bot(TOKEN, f"{api}/bot") as bot:
        await bot.set_webhook(url)


async def test_somebody_elses_webhook(doctor: Doctor, tmp_path: Path, api: str) -> None:
    await _set_webhook(api, "https://elsewhere.example/secret-path-of-theirs")
    await doctor(settings_in(tmp_path, telegram_token=TOKEN, telegram_api=api))
    assert "at elsewhere.example" in doctor.wrong("telegram")
    assert "secret-path" not in doctor.said


async def test_our_own_webhook_set_or_not_yet(doctor: Doctor, tmp_path: Path, api: str) -> None:
    hook = {"webhook_url": "https://care.school.example", "webhook_secret": "a" * 20}
    settings = settings_in(tmp_path, telegram_token=TOKEN, telegram_api=api, **hook)
    await doctor(settings)
    assert "no webhook is set there yet" in doctor.wrong("telegram")
    await _set_webhook(api, "https://care.school.example/telegram/telegram")
    await doctor(settings)
    assert "ok  telegram: calls the webhook at care.school.example" in doctor.said
