"""Registers `web` with Django."""

from django.apps import AppConfig

from rollbook.web.account import session_starts


class WebConfig(AppConfig):
    """The screens."""

    name = "rollbook.web"
    label = "web"

    def ready(self) -> None:
        session_starts.connect()
