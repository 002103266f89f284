"""Registers `web` with Django."""

from importlib import import_module

from django.apps import AppConfig

from rollbook.web.account import session_starts


class WebConfig(AppConfig):
    """The screens."""

    name = "rollbook.web"
    label = "web"

    def ready(self) -> None:
        session_starts.connect()
        # It writes rows, and models can be imported only now.
        import_module("rollbook.web.account.sign_in_log").connect()
