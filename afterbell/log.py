"""Logs: one line an event on stderr, JSON unless a person watches. Never a name, a phone number or a token.

A traceback is printed without the values of its variables, for they are people's words.
"""

from __future__ import annotations

import logging
import sys

import structlog


def configure_log() -> None:
    """Sets up logging for the process; called once, by the command line."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick left out is no news: the next one does it all
    watched = sys.stderr.isatty()
    lines: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if watched
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *lines,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
