"""Where the SIS keeps the value of a mapping row: the choice of Step 1.2, and its text."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from django import forms
from django.utils.translation import gettext as _

from rollbook.sources.base import MappingRow
from rollbook.sources.discovery import USER_NAME_AT, HomeFill
from rollbook.sync.words.text import number, translated

PLACE: Final = "place-"  # the name of a field follows
TYPED: Final = "typed-"
OTHER: Final = "other"


class ShownPlace(NamedTuple):
    """One place to choose. `fill` says how many students have a value there, `samples` are masked.

    Both are empty where no students were read.
    """

    code: str
    label: str
    fill: str = ""
    samples: Sequence[str] = ()


class ShownPlaces(NamedTuple):
    """The places to choose from, the chosen one, and the text that belongs to it.

    `typed_label` is "" where the chosen place takes no text. `is_open` is True where a person is
    just choosing.
    """

    options: list[ShownPlace]
    chosen: str
    typed: str
    typed_label: str
    is_open: bool = False

    @property
    def place(self) -> ShownPlace:
        """The chosen place."""
        return next(each for each in self.options if each.code == self.chosen)


def place_fields(
    usual: MappingRow, source_field: str, fills: Sequence[HomeFill]
) -> dict[str, forms.Field]:
    """Return the form fields for a row that has several places; none for any other.

    `usual` is the row as its source describes it, `source_field` what fills it now. `fills` are the
    places that students have a value in, among them extension fields.
    """
    if not usual.homes and not usual.takes_any:
        return {}
    options = _options(usual, fills)
    place, typed = _parts(usual, source_field, options)
    return {
        PLACE + usual.field: forms.ChoiceField(
            label=translated(usual.label),
            choices=options,
            required=False,
            initial=place,
        ),
        TYPED + usual.field: forms.CharField(required=False, max_length=90, initial=typed),
    }


def shown_places(
    usual: MappingRow, place: str, typed: str, fills: Sequence[HomeFill], *, is_open: bool
) -> ShownPlaces:
    """Return what the page shows of a row's places."""
    fill_of = {fill.home.source_field: fill for fill in fills}
    options = []
    for code, label in _options(usual, fills):
        fill = fill_of.get(code)
        options.append(_shown_place(code, label, fill) if fill else ShownPlace(code, label))
    chosen = place if place in {each.code for each in options} else usual.source_field
    return ShownPlaces(options, chosen, typed, _typed_label(chosen), is_open)


def _shown_place(code: str, label: str, fill: HomeFill) -> ShownPlace:
    counts = {"usable": number(fill.usable), "students": number(fill.students)}
    words = _("%(usable)s of %(students)s students")
    return ShownPlace(code, label, words % counts, () if fill.home.made else fill.samples)


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


def _options(usual: MappingRow, fills: Sequence[HomeFill]) -> list[tuple[str, str]]:
    """Return the usual place, the known others, those that students have, and a typed one."""
    homes = [*usual.homes, *(fill.home for fill in fills)]
    options = {usual.source_field: translated(usual.label) or usual.source_field}
    for home in homes:
        options.setdefault(home.source_field, translated(home.label))
    if usual.takes_any:
        options[OTHER] = _("Another field, such as one of an extension")
    return list(options.items())


def _parts(
    usual: MappingRow, source_field: str, options: Sequence[tuple[str, str]]
) -> tuple[str, str]:
    """Return the place and the text that a source field of the mapping was made from."""
    if source_field in dict(options):
        return source_field, ""
    for home in usual.homes:
        if home.names(source_field):
            return home.source_field, source_field.removeprefix(home.source_field)
    return OTHER, source_field


def _typed_label(place: str) -> str:
    if place.endswith(USER_NAME_AT):
        return _("Domain")
    return _("Table and field") if place == OTHER else ""
