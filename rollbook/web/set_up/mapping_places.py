"""Where the SIS keeps the value of a mapping row: the select of Step 1.2, and its text."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from django import forms
from django.utils.translation import gettext as _

from rollbook.sources.base import MappingRow
from rollbook.sources.discovery import USER_NAME_AT, HomeFill
from rollbook.sync.words.text import translated

PLACE: Final = "place-"  # the name of a field follows
TYPED: Final = "typed-"
OTHER: Final = "other"


class ShownPlaces(NamedTuple):
    """The places to choose from, the chosen one, and the text that belongs to it.

    `typed_label` is "" where the chosen place takes no text.
    """

    options: list[tuple[str, str]]
    chosen: str
    typed: str
    typed_label: str


def place_fields(usual: MappingRow, source_field: str) -> dict[str, forms.Field]:
    """Return the form fields for a row that has several places; none for any other.

    `usual` is the row as its source describes it, `source_field` what fills it now.
    """
    if not usual.homes and not usual.takes_any:
        return {}
    place, typed = _parts(usual, source_field)
    return {
        PLACE + usual.field: forms.ChoiceField(
            label=translated(usual.label),
            choices=_options(usual),
            required=False,
            initial=place,
        ),
        TYPED + usual.field: forms.CharField(required=False, max_length=90, initial=typed),
    }


def shown_places(
    usual: MappingRow, place: str, typed: str, fills: Sequence[HomeFill] = ()
) -> ShownPlaces:
    """Return what the page shows of a row's places, with how many students have a value there."""
    fill_of = {fill.home.source_field: fill for fill in fills}
    options = []
    for code, label in _options(usual):
        words = label
        if fill := fill_of.get(code):
            counts = {"place": label, "usable": fill.usable, "students": fill.students}
            words = _("%(place)s: %(usable)d of %(students)d usable") % counts
        options.append((code, words))
    return ShownPlaces(options, place, typed, _typed_label(place))


def source_field_of(place: str, typed: str) -> str:
    """Return the source field of a chosen place and the text beside it."""
    text = typed.strip().lower()
    if place.endswith(USER_NAME_AT):
        return place + text.rpartition("@")[2]
    return text if place == OTHER else place


def what_to_type(place: str) -> str:
    """Return what is wrong where the text beside a place can't be used."""
    if place.endswith(USER_NAME_AT):
        return _("Enter the domain of your school's e-mail addresses, such as school.example.")
    return _("Enter the table and the field, such as u_students_extension.student_email.")


def _options(usual: MappingRow) -> list[tuple[str, str]]:
    options = [(usual.source_field, _named(usual.label, usual.source_field))]
    options += [(home.source_field, translated(home.label)) for home in usual.homes]
    if usual.takes_any:
        options.append((OTHER, _("Another field, such as one of an extension")))
    return options


def _named(label: str, source_field: str) -> str:
    return translated(label) or source_field


def _parts(usual: MappingRow, source_field: str) -> tuple[str, str]:
    """Return the place and the text that a source field of the mapping was made from."""
    if source_field == usual.source_field:
        return source_field, ""
    for home in usual.homes:
        if source_field == home.source_field or home.names(source_field):
            return home.source_field, source_field.removeprefix(home.source_field)
    return OTHER, source_field


def _typed_label(place: str) -> str:
    if place.endswith(USER_NAME_AT):
        return _("Domain")
    return _("Table and field") if place == OTHER else ""
