"""What the demo prints when everything has started."""

import os
import shutil
import sys
from pathlib import Path

import click

from rollbook.cli.demo.standins import STANDINS
from rollbook.cli.output import Document
from rollbook.sources.registry import SOURCES

FOLDER = Path(".demo")
SIS_NAMES = " and ".join(SOURCES[standin.slug].label for standin in STANDINS)


def show_ready(ready: Document, seconds: float) -> None:
    """Print where to sign in, what to type into the setup of each SIS, and what to try next."""
    click.echo(f"""
  Rollbook is ready ({seconds:.0f} s). Open  {ready["url"]}

  Sign in as""")
    for person in ready["people"]:
        click.echo(f"    {person['role']:14} {person['email']:24} {person['password']}")
    students = ready[STANDINS[0].slug]["students"]
    click.echo(f"""
  Connect one SIS: profile picture (top right) > Account > Upload > Start Setup and Integrate
  Each SIS is a stand-in with the same {students:,} made-up students.""")
    for standin in STANDINS:
        for name, lines in standin.to_type(ready[standin.slug]):
            click.echo(f"\n  {name}")
            for label, value in lines:
                click.echo(f"    {label:14} {value}")
    folder = ready["folder"]
    option = "" if folder == str(FOLDER) else f" --data-dir {folder}"
    click.echo(f"""
  For next week's joiners, leavers and new names, use a second terminal:
    {_command()} demo next-week{option}
  {_mail_line(ready["mail_page"])}
  Logs are in {folder}/logs. Ctrl-C ends everything.
""")


def _mail_line(mail_page: str | None) -> str:
    if mail_page is None:
        return "Mails are written to the log of the worker."
    return f"Mails are caught, not sent. Read them at  {mail_page}"


def _command() -> str:
    """Return how to call this command from the terminal it was started in."""
    if shutil.which("rollbook"):
        return "rollbook"
    return os.path.relpath(Path(sys.prefix) / "bin" / "rollbook")
