"""Settings of one school, from the environment or ``.env``; each is explained in ``.env.example``."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from locales import LANGUAGES

KEY_LENGTH = 32


class OperatorError(Exception):
    """What the person who runs AfterBell must mend; the text says what and how."""


class SettingsError(OperatorError):
    """A setting that cannot work; the text says what to change."""


class Settings(BaseSettings):
    """Everything an operator may set. Unset means the embedded default: SQLite and the web chat."""

    model_config = SettingsConfigDict(env_prefix="AFTERBELL_", env_file=".env", extra="ignore")

    database_url: str = ""
    data_dir: Path = Path("data")
    telegram_token: str = ""
    telegram_api: str = "https://api.telegram.org"
    webhook_url: str = ""
    webhook_secret: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    public_url: str = ""
    secret_key: str = ""
    timezone: str = "Asia/Shanghai"
    language: str = "zh_CN"
    clock: datetime | None = None

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if value and len(value) < KEY_LENGTH:
            raise ValueError(f"must be random and at least {KEY_LENGTH} characters long, or empty: then one is made")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _telegram_takes_it(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value):
            raise ValueError("write at most 256 letters, digits, _ or -: Telegram takes nothing else")
        return value

    @field_validator("clock", mode="before")
    @classmethod
    def _empty_clock_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no such time zone: {value!r}; write one like Asia/Shanghai") from error
        return value

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        if value not in LANGUAGES:
            raise ValueError(f"choose one of {', '.join(LANGUAGES)}")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value.startswith("postgres://"):
            value = "postgresql://" + value.removeprefix("postgres://")
        if value.startswith("postgresql://"):
            value = "postgresql+asyncpg://" + value.removeprefix("postgresql://")
        if value and not value.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
            raise ValueError(
                "write postgresql://user:password@host/name, or leave it empty for SQLite in the data folder"
            )
        return value

    @field_validator("telegram_api", "webhook_url", "public_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _webhook_needs_secret(self) -> Settings:
        if self.webhook_url and not self.webhook_secret:
            raise ValueError(
                "AFTERBELL_WEBHOOK_URL is set, so AFTERBELL_WEBHOOK_SECRET must be too (any long random word)"
            )
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'afterbell.sqlite'}"

    @property
    def address(self) -> str:
        """Where people reach the console and the web chat."""
        return self.public_url or f"http://{self.host}:{self.port}"


def read_settings(**overrides: object) -> Settings:
    """Settings from the environment. Raises SettingsError with one line per wrong setting."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = "AFTERBELL_" + str(problem["loc"][0]).upper() + ": " if problem["loc"] else ""
            lines.append(name + problem["msg"].removeprefix("Value error, "))
        raise SettingsError("\n".join(lines)) from error
