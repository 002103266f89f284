"""Loads Django before the module of a command is imported."""

import os
from collections.abc import Sequence

import django
from django.apps import apps

from rollbook.cli.output import Refusal, end_with, refusals

# Enough for settings.py to load: it starts no database, writes no file and connects to nothing.
HELP_SETTINGS = {
    "DATABASE_URL": "postgresql://help@127.0.0.1:1/none",
    "ROLLBOOK_ENV": "production",
    "ROLLBOOK_SECRET_KEY": "only for printing help; it signs nothing 0123456789",
    "ROLLBOOK_ENCRYPTION_KEYS": "help:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "ROLLBOOK_ALLOWED_HOSTS": "help.invalid",
    "ROLLBOOK_PUBLIC_URL": "https://help.invalid",
}


def set_up(arguments: Sequence[str] = ()) -> None:
    """Load Django with the settings of this installation, which takes about a second.

    Ends the process where the database can't be reached, in JSON if the arguments ask for it.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rollbook.settings")
    try:
        with refusals():
            django.setup()
    except Refusal as refusal:
        end_with(refusal, as_json="--json" in arguments)


def set_up_for_help() -> None:
    """Load Django for a command that only prints its help, whatever the settings are.

    Does nothing if Django is loaded already.
    """
    if apps.ready:
        return
    remove_settings()
    os.environ |= HELP_SETTINGS
    set_up()


def remove_settings() -> None:
    """Remove every setting of Rollbook from the environment of this process."""
    for name in list(os.environ):
        if name.startswith("ROLLBOOK_") or name in {"DATABASE_URL", "DATABASE_OWNER_URL"}:
            del os.environ[name]
