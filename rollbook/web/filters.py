"""What the filters of all lists share: read from the address, shown as a form, kept in links."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django import forms
from django_filters import CharFilter, ChoiceFilter, FilterSet
from django_filters.fields import ChoiceField

from rollbook.web.private_search import sealed_parameters

LONGEST_SEARCH: Final = 200


class SearchField(forms.CharField):
    """A text to search for. PostgreSQL takes no NUL character, so it counts as a space."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(str(value or "").replace("\0", " ")))


class SearchFilter(CharFilter):
    """The search box of a list."""

    field_class = SearchField

    def __init__(self, *, label: Any) -> None:
        box = forms.TextInput(attrs={"type": "search", "maxlength": LONGEST_SEARCH})
        super().__init__(label=label, widget=box)


class OpenChoiceField(ChoiceField):
    """A choice that accepts every value of a pattern, not only those that are offered.

    Offered are the values that occur. One that no longer occurs must still find nothing:
    if it were ignored, a bulk action of an old page would reach every student.
    """

    def __init__(self, *args: Any, pattern: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pattern = pattern

    def valid_value(self, value: Any) -> bool:
        return re.fullmatch(self._pattern, str(value)) is not None


class OpenChoiceFilter(ChoiceFilter):
    """The select box of an `OpenChoiceField`; `offer` of the filter gives its choices."""

    field_class = OpenChoiceField


class ListFilter(FilterSet):
    """The filter of a list. A value that makes no sense is ignored, as if it were not given.

    A subclass gives the rows by a method of its own: which rows match is for `students` and
    `sync` to say, so that commands and screens find the same.
    """

    defaults: ClassVar[dict[str, str]] = {}  # for parameters that always have a value
    narrowing: ClassVar[tuple[str, ...]] = ("q",)  # those that hide rows when they are given

    def value(self, name: str) -> str:
        """Return the value of a parameter, its default, or "" where it is not given."""
        self.form.is_valid()  # fills cleaned_data
        return self.form.cleaned_data.get(name) or self.defaults.get(name, "")

    def offer(self, name: str, choices: Iterable[tuple[str, Any]]) -> None:
        """Set what a select box offers, where that comes from the database."""
        field = self.form.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    @property
    def narrows(self) -> bool:
        """Whether rows are hidden by what was given."""
        return any(self.value(name) for name in self.narrowing)

    @property
    def parameters(self) -> dict[str, str]:
        """Return what was given, as links and hidden fields carry it on: a search without words."""
        given = {name: str((self.data or {}).get(name) or "") for name in self.filters}
        return sealed_parameters({name: text for name, text in given.items() if text})
