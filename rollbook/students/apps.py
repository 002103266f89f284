"""Registers `students` with Django."""

from django.apps import AppConfig


class StudentsConfig(AppConfig):
    name = "rollbook.students"
    label = "students"
