"""Schools and the people who work there."""

from django.apps import AppConfig


class SchoolsConfig(AppConfig):
    name = "rollbook.schools"
    label = "schools"
