"""Alembic's entry: the connection comes from ``care.migrate``, or from the command line while writing a migration."""

from __future__ import annotations

from alembic import context

from care.migrate import configure

configure(context)
