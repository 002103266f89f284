"""The form of Step 1.2: which rows of the mapping are kept, and how the SIS fills each field."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.roster.fields import REQUIRED_FIELDS
from rollbook.sources.base import MappingRow
from rollbook.sources.discovery import HomeFill
from rollbook.sync.models import Integration
from rollbook.sync.setup import field_owners, integrations
from rollbook.sync.setup.field_rules import app_wins, blank_clears
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.text import translated, word
from rollbook.web.forms import Form
from rollbook.web.set_up.mapping_places import (
    PLACE,
    TYPED,
    ShownPlaces,
    place_fields,
    shown_places,
    source_field_of,
    what_to_type,
)

Fills = Mapping[str, Sequence[HomeFill]]  # how each place of a field is filled
RULE: Final = "rule-"  # the name of a field follows
OVERWRITE, OVERWRITE_OR_CLEAR, FILL_ONCE = "sis", "clears", "app"
OWNER: Final = "owner-"
RULES: Final = {
    OVERWRITE: gettext_lazy("%(sis)s overwrites"),
    OVERWRITE_OR_CLEAR: gettext_lazy("%(sis)s overwrites, blanks too"),
    FILL_ONCE: gettext_lazy("Keep ours once filled"),
}


class ShownRow(NamedTuple):
    """One row of the mapping in the page. `value` names it in the form.

    `rules` are those to choose from, `rule` is the chosen one. `owners` are the SISs that could own
    the field, where the school has several; `owner` is the chosen one. `places` are those where the
    SIS may keep the value, where there are several.
    """

    value: str
    label: str
    source_field: str
    field_label: str
    required: bool
    field: str = ""
    rule: str = ""
    rules: Sequence[tuple[str, str]] = ()
    owner: str = ""
    owners: Sequence[tuple[str, str]] = ()
    places: ShownPlaces | None = None


class MappingForm(Form):
    """The rows that are kept, and a rule for each field.

    Saving checks whether required rows are kept and each rule is allowed.
    """

    def __init__(
        self,
        integration: Integration,
        data: QueryDict | None = None,
        initial: dict[str, Any] | None = None,
        fills: Fills = MappingProxyType({}),
    ) -> None:
        super().__init__(data, initial=initial)
        self.integration = integration
        self.fills = fills
        self.mapping = integrations.mapping_rows(integration)
        rows = [(row_value(row), row.source_field) for row in self.mapping]
        saved_rows = [f"{source_field}:{field}" for source_field, field in integration.mapping]
        unknown = {"invalid_choice": _("One of the rows is not a field of this SIS.")}
        self.fields["row"] = forms.MultipleChoiceField(
            label=_("Imported fields"),
            choices=rows,
            required=False,
            initial=saved_rows,
            error_messages=unknown,
        )
        self.fields["remove"] = forms.ChoiceField(choices=rows, required=False)
        self.fields["add"] = forms.ChoiceField(choices=rows, required=False)
        self.fields["look"] = forms.CharField(required=False)  # the field whose place was chosen
        self.saved_rules = _saved_rules(integration)
        for row in self.mapping:
            self.fields[RULE + row.field] = forms.ChoiceField(
                label=word(FIELD_LABELS, row.field),
                choices=rules_of(integration),
                required=False,
                initial=self.saved_rules.get(row.field, OVERWRITE),
            )
        self.usual = {row.field: row for row in integration.variant_type.mapping}
        for row in self.mapping:
            usual, row_fills = self.usual[row.field], fills.get(row.field, ())
            self.fields.update(place_fields(usual, self._place_to_show(row), row_fills))
        self.owner_choices = _owner_choices(integration)
        chosen_owners = field_owners.owners(integration.school) if self.owner_choices else {}
        for field, choices in self.owner_choices.items():
            self.fields[OWNER + field] = forms.ChoiceField(
                label=word(FIELD_LABELS, field),
                choices=choices,
                required=False,
                initial=chosen_owners.get(field, field_owners.FIRST),
            )

    @property
    def touched(self) -> str:
        """The row that a button removes or adds; "" for any other button."""
        return str(self["remove"].value() or self["add"].value() or "")

    @property
    def kept_rows(self) -> list[ShownRow]:
        """The rows that are kept; required ones always are."""
        return [self._shown(row) for row in self.mapping if self._is_kept(row)]

    @property
    def removed(self) -> list[ShownRow]:
        """The rows that can be added."""
        return [self._shown(row) for row in self.mapping if not self._is_kept(row)]

    def clean(self) -> dict[str, Any]:
        """Refuse a text beside a place that can't be used."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for field in self.usual:
            source_field = self._chosen_place(field)
            if source_field and not self.integration.variant_type.row(source_field, field):
                self.add_error(TYPED + field, what_to_type(cleaned[PLACE + field]))
        return cleaned

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows of a valid form, as pairs of a SIS field and our field."""
        pairs = (value.rpartition(":") for value in set(self.cleaned_data["row"]))
        return sorted(
            (self._chosen_place(field) or source_field, field)
            for source_field, _colon, field in pairs
        )

    def pairs(self) -> list[tuple[str, str]]:
        """Return the rows that are kept as they were typed, in the SIS's order."""
        return [(self._typed_source(row), row.field) for row in self.mapping if self._is_kept(row)]

    def _typed_source(self, row: MappingRow) -> str:
        """Return from which source field a row is filled, as it was typed."""
        if PLACE + row.field not in self.fields:
            return row.source_field
        place, typed = self[PLACE + row.field].value(), self[TYPED + row.field].value()
        return source_field_of(str(place or ""), str(typed or "")) or row.source_field

    @property
    def only_looks(self) -> bool:
        """Whether another place was chosen, and nothing is to be saved yet."""
        return "look" in self.data

    def _place_to_show(self, row: MappingRow) -> str:
        """Return what fills a row, or the user name whose domain is still to be typed."""
        home = integrations.surveyed_home(row, self.fills.get(row.field, ()))
        is_incomplete = home is not None and home.takes_domain and not self._has_values(row)
        return home.source_field if home and is_incomplete else row.source_field

    def _has_values(self, row: MappingRow) -> bool:
        fills = self.fills.get(row.field, ())
        return any(fill.usable for fill in fills if fill.home.names(row.source_field))

    def _chosen_place(self, field: str) -> str:
        """Return the source field that was chosen for a row; "" where nothing was sent."""
        place = self.cleaned_data.get(PLACE + field) or ""
        return source_field_of(place, self.cleaned_data.get(TYPED + field) or "")

    def fields_with(self, rule: str) -> set[str]:
        """Return our fields that have this rule in a valid form, or have it saved."""
        rules = dict(self.saved_rules)
        for row in self.mapping:
            if typed := self.cleaned_data[RULE + row.field]:
                rules[row.field] = typed
        return {field for field, chosen in rules.items() if chosen == rule}

    def owners(self) -> dict[str, str]:
        """Return the chosen owner of each field of a valid form."""
        return {
            field: self.cleaned_data[OWNER + field]
            for field in self.owner_choices
            if OWNER + field in self.data
        }

    def _is_kept(self, row: MappingRow) -> bool:
        value = row_value(row)
        sent = self["row"].value() or ()
        is_removed = value == self["remove"].value()
        is_added = value == self["add"].value()
        return row.required or is_added or (value in sent and not is_removed)

    def _shown(self, row: MappingRow) -> ShownRow:
        places = self._places(row.field)
        label = places.place.label if places else translated(row.label)
        return ShownRow(
            row_value(row),
            label or row.source_field,
            self._typed_source(row),
            word(FIELD_LABELS, row.field),
            row.required,
            row.field,
            str(self[RULE + row.field].value() or OVERWRITE),
            self._rules_for(row.field),
            str(self[OWNER + row.field].value() or "") if row.field in self.owner_choices else "",
            self.owner_choices.get(row.field, ()),
            places,
        )

    def _places(self, field: str) -> ShownPlaces | None:
        if PLACE + field not in self.fields:
            return None
        place = str(self[PLACE + field].value() or self.usual[field].source_field)
        typed = str(self[TYPED + field].value() or "")
        is_open = self["look"].value() == field
        fills = self.fills.get(field, ())
        return shown_places(self.usual[field], place, typed, fills, is_open=is_open)

    def _rules_for(self, field: str) -> list[tuple[str, str]]:
        """Return the rules to choose from. The SIS ID has none; a required value is not cleared."""
        if field == "sis_id":
            return []
        without = {OVERWRITE_OR_CLEAR} if field in REQUIRED_FIELDS else set()
        return [(rule, text) for rule, text in rules_of(self.integration) if rule not in without]


def rules_of(integration: Integration) -> list[tuple[str, str]]:
    """Return the rules of a field with their words, which name the SIS."""
    sis = integration.source_type.label
    return [(rule, str(words) % {"sis": sis}) for rule, words in RULES.items()]


def _owner_choices(integration: Integration) -> dict[str, list[tuple[str, str]]]:
    """Return the SISs that could own each field, for the fields that another active SIS maps."""
    others = field_owners.other_active(integration)
    choices: dict[str, list[tuple[str, str]]] = {}
    for row in integration.variant_type.mapping:
        mapping = [each for each in others if row.field in field_owners.mapped_fields(each)]
        if row.field == "sis_id" or not mapping:
            continue
        owners = [integration, *mapping]
        first = (field_owners.FIRST, str(_("Owner: linked first")))
        named = [(each.source, each.source_type.label) for each in owners]
        texts = [(source, _("Owner: %(sis)s") % {"sis": label}) for source, label in named]
        choices[row.field] = [first, *texts]
    return choices


def row_value(row: MappingRow) -> str:
    """Return the name of a row in the form."""
    return f"{row.source_field}:{row.field}"


def _saved_rules(integration: Integration) -> dict[str, str]:
    clears = dict.fromkeys(blank_clears(integration), OVERWRITE_OR_CLEAR)
    return clears | dict.fromkeys(app_wins(integration), FILL_ONCE)
