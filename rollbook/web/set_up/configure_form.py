"""The form of Step 1.1. Its credential fields and choices follow from the chosen source."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.sources.base import CredentialField, Source
from rollbook.sync.models import Integration
from rollbook.sync.setup.drafts import CREDENTIAL
from rollbook.sync.setup.roster_choice import RosterChoice, with_meaning_at
from rollbook.sync.words.text import translated
from rollbook.web.forms import Form
from rollbook.web.set_up.roster_offer import (
    GradeBox,
    RosterOffer,
    level_of_code,
    level_options,
    meaning_code,
    meaning_options,
)

# Buttons that tick several grades at once: (words, levels). None ticks every grade.
QUICK_GRADES: Final[tuple[tuple[Promise, tuple[int, ...] | None], ...]] = (
    (gettext_lazy("All"), None),
    (gettext_lazy("Elementary"), (0, 1, 2, 3, 4, 5)),
    (gettext_lazy("Middle"), (6, 7, 8)),
    (gettext_lazy("High (9–12)"), (9, 10, 11, 12)),
)

NO_AUTOCORRECT: Final = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
CHOICE: Final = "choice-"
MEANING: Final = "meaning-"  # the name of a grade follows
EXCEPTION: Final = ("at_grade", "at_school", "at_level")
AT_GRADE, AT_SCHOOL, AT_LEVEL = EXCEPTION


class PickForm(Form):
    """The SIS and version to show, and those that the page showed before."""

    source = forms.CharField(required=False)
    variant = forms.CharField(required=False)
    shown = forms.CharField(required=False)
    shown_variant = forms.CharField(required=False)
    then = forms.CharField(required=False)


class SchoolsField(forms.MultipleChoiceField):
    """The ticked schools. Those that aren't offered are left out later, see `RosterOffer.choice`.

    They may have been typed before the test that offers them.
    """

    def valid_value(self, value: Any) -> bool:
        return True


class ConfigureForm(Form):
    """Step 1.1 for one SIS and version.

    `stored` are the stored credentials: ids and addresses with their values, secrets as None.
    `offer` are the grades and schools to choose from. `typed_secrets` were typed earlier and are
    not saved yet; the rest that was typed then is in `initial`, and `typed_at` says when.
    """

    active = forms.BooleanField(
        label=gettext_lazy("Active"),
        required=False,
        help_text=gettext_lazy("Off: nothing runs, neither on schedule nor when triggered."),
    )
    test_run = forms.BooleanField(
        label=gettext_lazy("Test Run"),
        required=False,
        help_text=gettext_lazy(
            "On: a run makes its report and changes no account. "
            "Switch it off when a report looks right."
        ),
    )
    notify_on_errors = forms.BooleanField(
        label=gettext_lazy("Email Notifications"),
        required=False,
        help_text=gettext_lazy(
            "Send a mail when a sync has errors. "
            "It gives counts, reasons and a link, but no student names."
        ),
    )
    grades = forms.MultipleChoiceField(
        label=gettext_lazy("Grades"),
        error_messages={"required": gettext_lazy("Choose at least one grade to pull in.")},
    )

    schools = SchoolsField(label=gettext_lazy("Schools"), required=False)

    typed_at: datetime | None = None
    is_kept = True  # until it is saved or discarded

    def __init__(
        self,
        source: Source,
        variant: str,
        stored: dict[str, str | None],
        offer: RosterOffer,
        typed_secrets: Mapping[str, str] = MappingProxyType({}),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.offer = offer
        choices = [(value, value) for value in offer.values]
        self.fields["grades"] = _choices(self.fields["grades"], choices)
        for option in offer.options:
            self.fields[MEANING + option.name] = forms.ChoiceField(
                label=_("Meaning of %(grade)s") % {"grade": option.name},
                choices=meaning_options(option),
                required=False,
                initial=meaning_code(option),
            )
        if offer.has_exceptions:
            self.fields |= _exception_fields(offer)
        schools = [(each.key, each.name) for each in offer.schools]
        self.fields["schools"] = _choices(self.fields["schools"], schools)
        self.source, self.variant, self.stored = source, source.variant(variant), stored
        self.typed_secrets = typed_secrets
        for credential in self.variant.credentials:
            is_set = credential.key in stored or bool(typed_secrets.get(credential.key))
            field = _credential_field(credential, is_set, stored.get(credential.key))
            self.fields[CREDENTIAL + credential.key] = field
        for choice in self.variant.choices:
            self.fields[CHOICE + choice.key] = forms.ChoiceField(
                label=translated(choice.label),
                choices=[(value, translated(label)) for value, label in choice.options],
                help_text=translated(choice.help),
            )

    @property
    def credential_fields(self) -> Iterable[tuple[forms.BoundField, str]]:
        """Each credential's field, and which secret it has if nothing is typed: stored or typed."""
        for credential in self.variant.credentials:
            field = self[CREDENTIAL + credential.key]
            is_open = credential.kind != "secret" or bool(field.errors)
            if not is_open and self.typed_secrets.get(credential.key):
                yield field, "typed"
            else:
                yield field, "stored" if not is_open and credential.key in self.stored else ""

    @property
    def choice_fields(self) -> Iterable[forms.BoundField]:
        return (self[CHOICE + choice.key] for choice in self.variant.choices)

    @property
    def chosen_grades(self) -> set[str]:
        """The ticked grades as their values in the page."""
        return self.offer.ticked(str(value) for value in self["grades"].value() or ())

    @property
    def grade_boxes(self) -> Iterable[tuple[GradeBox, forms.BoundField | None]]:
        """Each grade to tick, and the field for what its name means, if the SIS has the name."""
        for box in self.offer.boxes:
            name = MEANING + box.value
            yield box, self[name] if self.offer.options else None

    @property
    def chosen_schools(self) -> set[str]:
        """The keys of the ticked schools."""
        return {str(key) for key in self["schools"].value() or ()}

    def levels(self) -> list[int]:
        """Return the chosen levels, where the SIS wasn't asked for its grades."""
        return [] if self.offer.options else [int(value) for value in self.cleaned_data["grades"]]

    def roster(self) -> RosterChoice | None:
        """Return the chosen grades and schools, where the SIS was asked for them."""
        chosen = self.cleaned_data
        meanings = {each.name: chosen.get(MEANING + each.name, "") for each in self.offer.options}
        choice = self.offer.choice(chosen["grades"], chosen["schools"], meanings)
        if choice is None or not chosen.get(AT_GRADE):
            return choice
        level = level_of_code(chosen[AT_LEVEL])
        grades = with_meaning_at(choice.grades, chosen[AT_GRADE], chosen[AT_SCHOOL], level)
        return choice._replace(grades=grades)

    def clean(self) -> dict[str, Any]:
        parts = [self.cleaned_data.get(name, "") for name in EXCEPTION]
        if any(parts) and not all(parts):
            self.add_error(AT_GRADE, _("Choose the grade, the school and what it means there."))
        return self.cleaned_data

    @property
    def exception_fields(self) -> list[forms.BoundField]:
        """The fields for a name that means something else at one school; none for one school."""
        return [self[name] for name in EXCEPTION if name in self.fields]

    @property
    def has_exception(self) -> bool:
        return any(field.value() or field.errors for field in self.exception_fields)

    def changed_credentials(self) -> dict[str, str]:
        """Return the typed credentials that differ from the stored ones, by their key."""
        changed = {name: text for name, text in self.typed_secrets.items() if text}
        for credential in self.variant.credentials:
            typed = str(self.cleaned_data[CREDENTIAL + credential.key])
            if typed and typed != self.stored.get(credential.key):
                changed[credential.key] = typed
        return changed

    def choices_or_usual(self) -> dict[str, str]:
        """Return the choices as they were sent, in a form that need not be valid."""
        return {
            choice.key: str(self[CHOICE + choice.key].value() or choice.options[0][0])
            for choice in self.variant.choices
        }

    def choices(self) -> dict[str, str]:
        keys = (choice.key for choice in self.variant.choices)
        return {key: str(self.cleaned_data[CHOICE + key]) for key in keys}


def _exception_fields(offer: RosterOffer) -> dict[str, forms.Field]:
    """Return the fields for a name of a grade that means something else at one school."""
    nothing = ("", "—")
    names = [(each.name, each.name) for each in offer.options]
    schools = [(each.key, each.name) for each in offer.schools]
    fields: dict[str, forms.Field] = {}
    for name, label, options in (
        (AT_GRADE, _("Grade"), names),
        (AT_SCHOOL, _("School"), schools),
        (AT_LEVEL, _("It means there"), level_options()),
    ):
        choices = [nothing, *options]
        fields[name] = forms.ChoiceField(label=label, choices=choices, required=False)
    return fields


def _choices(field: forms.Field, choices: list[tuple[str, str]]) -> forms.Field:
    assert isinstance(field, forms.MultipleChoiceField)
    field.choices = choices
    return field


def _credential_field(
    credential: CredentialField, is_stored: bool, value: str | None
) -> forms.CharField:
    is_secret = credential.kind == "secret"
    label = translated(credential.label)
    attributes = dict(NO_AUTOCORRECT)
    if credential.placeholder:
        attributes["placeholder"] = credential.placeholder
    if is_secret:
        attributes["autocomplete"] = "new-password"
    if credential.kind == "url":
        attributes["inputmode"] = "url"
    widget = forms.PasswordInput if is_secret else forms.TextInput
    return forms.CharField(
        label=label,
        required=not (is_secret and is_stored),
        max_length=2000,
        initial=value,
        help_text=translated(credential.help),
        error_messages={"required": _("Enter the %(name)s.") % {"name": label}},
        widget=widget(attrs=attributes),
    )


def values_of(integration: Integration | None) -> dict[str, Any]:
    """Return the saved values. Without an integration, Active and Test Run are on."""
    if integration is None:
        switches = {"active": True, "test_run": True, "notify_on_errors": True}
        return switches | {"grades": [], "schools": []}
    saved: dict[str, Any] = {
        "active": integration.active,
        "test_run": integration.test_run,
        "notify_on_errors": integration.notify_on_errors,
        "grades": _saved_grades(integration),
        "schools": [each["key"] for each in integration.schools],
    }
    return saved | {CHOICE + key: value for key, value in integration.choices.items()}


def _saved_grades(integration: Integration) -> list[str]:
    names = [each["name"] for each in integration.grade_names if each["chosen"]]
    return names or [str(level) for level in integration.grades]
