"""``python -m afterbell.roster FILE.xlsx`` writes the empty workbook to fill in."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from afterbell.roster.template import write_template


def main(words: list[str]) -> int:
    if len(words) != 1 or not words[0].endswith(".xlsx"):
        typer.echo("Write: python -m afterbell.roster FILE.xlsx", err=True)
        return 2
    try:
        write_template(Path(words[0]))
    except FileExistsError:
        typer.echo(f"{words[0]} exists already: choose another name.", err=True)
        return 1
    except OSError as error:
        typer.echo(f"{words[0]} cannot be written: {error.strerror}", err=True)
        return 1
    typer.echo(f"{words[0]} is ready to be filled in.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
