"""Registers `web` with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The screens."""

    name = "rollbook.web"
    label = "web"
