"""Refuses to save a form over settings that are newer than those it was shown with.

Such a form comes from an old tab, or somebody else saved meanwhile. The page then shows both.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.schools.models import School
from rollbook.sync.setup.versions import lock_settings
from rollbook.web.forms import Difference, Form

F = TypeVar("F", bound=Form)


class SavedOver(Exception):
    """The settings were changed after the form was shown. The form holds the differences."""


@contextmanager
def saving(school: School, form: Form, saved: Callable[[], Form]) -> Iterator[None]:
    """Save a valid form inside: nobody else changes settings of the school meanwhile.

    `saved` returns the form as the page would show it now. Raises SavedOver where its version is
    not the one that `form` was shown with, unless both hold the same values. A form without a
    version comes from no page of ours and is saved.
    """
    with transaction.atomic():
        lock_settings(school)
        newest = saved()
        if form.settings_version not in ("", newest.settings_version):
            form.saved_over = differences(newest, form)
            form.settings_version = newest.settings_version
            if form.saved_over:
                raise SavedOver
        yield


def refuse_outdated(school: School, form: Form, saved: Callable[[], Form]) -> None:
    """Raise SavedOver where the form could not be saved, before anything takes long."""
    with saving(school, form, saved):
        pass


def shown_with(form: F, version: str) -> F:
    """Return the form, which shows settings of this version."""
    form.settings_version = version
    return form


def differences(saved: Form, typed: Form) -> list[Difference]:
    """Return the fields in which a typed form differs from the saved one, in words."""
    rows = []
    for field in typed:
        widget = field.field.widget
        if widget.value_omitted_from_data(typed.data, typed.files, field.html_name):
            continue
        if field.name not in saved.fields:
            continue
        if isinstance(widget, forms.PasswordInput):
            if field.value():
                is_stored = not saved.fields[field.name].required
                before = _("Stored, never shown") if is_stored else ""
                rows.append(Difference(str(field.label), before, _("The one that you typed")))
            continue
        before, after = _words(saved[field.name]), _words(field)
        if before != after:
            rows.append(Difference(str(field.label), before, after))
    return rows


def _words(field: forms.BoundField) -> str:
    """Return the value of a field as its page shows it."""
    value = field.value()
    if isinstance(field.field, forms.BooleanField):
        return _("On") if value else _("Off")
    values = value if isinstance(value, list | tuple | set) else [value]
    texts = [str(each).strip() for each in values if each not in (None, "")]
    choices = getattr(field.field, "choices", None)
    if choices is None:
        return ", ".join(texts)
    labels = {str(key): str(label) for key, label in choices}
    if isinstance(field.field, forms.MultipleChoiceField):
        return ", ".join(label for key, label in labels.items() if key in texts)
    return ", ".join(labels.get(text, text) for text in texts)
