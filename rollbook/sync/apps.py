"""Registers `sync` with Django."""

from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "rollbook.sync"
    label = "sync"
