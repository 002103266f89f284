"""The forms of Step 3 of Import Users: the header row, a field for each column, and meanings."""

from typing import Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from rollbook.sync.uploads.inspection import Word
from rollbook.web.forms import Form, TextsField, WholeNumberField, number_in_name

COLUMN, WORD = "column-", "word-"  # the position of a column, or the place of a word, follows
MOST_ROWS: Final = 9_999_999


class HeaderRowForm(Form):
    """The row with the headers, by its number in the spreadsheet program."""

    header_row = WholeNumberField(label=_("Row with the headers"), max_value=MOST_ROWS)


class ColumnsForm(HeaderRowForm):
    """The field that each column fills, and what the school's own words mean.

    It has a field for each column and each word that the page sent. Saving checks whether the
    fields exist and all required ones are filled.
    """

    asked = TextsField(required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.positions = _positions(data)
        for position in self.positions:
            self.fields[f"{COLUMN}{position}"] = forms.CharField(required=False)
        for place in range(len(data.getlist("asked"))):
            self.fields[f"{WORD}{place}"] = forms.CharField(required=False)

    def columns(self) -> dict[int, str | None]:
        """Return the field of each column, None for an ignored one."""
        typed = self.cleaned_data
        return {place: typed.get(f"{COLUMN}{place}") or None for place in self.positions}

    def meanings(self) -> dict[str, dict[str, str]]:
        """Return what the words mean, by field; a word without a meaning is left out."""
        meanings: dict[str, dict[str, str]] = {}
        for place, name in enumerate(self.cleaned_data.get("asked", ())):
            field, _dot, text = name.partition(".")
            if meaning := self.cleaned_data.get(f"{WORD}{place}"):
                meanings.setdefault(field, {})[text] = meaning
        return meanings

    def asks_for(self, word: Word) -> bool:
        """Whether the page has asked what this word means."""
        return word_name(word) in self.cleaned_data["asked"]


def word_name(word: Word) -> str:
    """Return the name of a word in the form."""
    return f"{word.field}.{word.text}"


def _positions(data: QueryDict) -> list[int]:
    sent = [name.removeprefix(COLUMN) for name in data if name.startswith(COLUMN)]
    return [number_in_name(position) for position in sent]
