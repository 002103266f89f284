"""The form of Step 1.1. Its credential fields, variants and choices follow from the chosen source, which describes itself."""

from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.sources.base import CredentialField, Source
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import Integration
from rollbook.sync.words.text import translated

GRADES: Final[dict[int, str | Promise]] = {
    -1: gettext_lazy("Pre-K"),
    0: gettext_lazy("K"),
    **{grade: str(grade) for grade in range(1, 13)},
}

# Buttons that tick several grades at once: (words, grades).
QUICK_GRADES: Final = (
    (gettext_lazy("All"), tuple(GRADES)),
    (gettext_lazy("Elementary"), (0, 1, 2, 3, 4, 5)),
    (gettext_lazy("Middle"), (6, 7, 8)),
    (gettext_lazy("High (9–12)"), (9, 10, 11, 12)),
)

NO_AUTOCORRECT: Final = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
CREDENTIAL, CHOICE = "credential-", "choice-"


class ConfigureForm(forms.Form):
    """`stored` are the credentials that are kept already: values of ids and addresses, None for secrets."""

    active = forms.BooleanField(
        label=gettext_lazy("Active"),
        required=False,
        help_text=gettext_lazy("Off: nothing runs, neither on schedule nor when triggered."),
    )
    test_run = forms.BooleanField(
        label=gettext_lazy("Test Run"),
        required=False,
        help_text=gettext_lazy(
            "On: a run reads everything and makes its report, and changes no account. Switch it off when a report looks right."
        ),
    )
    notify_on_errors = forms.BooleanField(
        label=gettext_lazy("Email Notifications"),
        required=False,
        help_text=gettext_lazy(
            "A mail when a sync has errors: counts, reasons and a link. It never names a student."
        ),
    )
    grades = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Grades"),
        coerce=int,
        choices=list(GRADES.items()),
        error_messages={"required": gettext_lazy("Choose at least one grade to pull in.")},
    )

    def __init__(
        self, source: Source, variant: str, stored: dict[str, str | None], **kwargs: Any
    ) -> None:
        super().__init__(label_suffix="", **kwargs)
        self.source, self.variant, self.stored = source, source.variant(variant), stored
        for credential in self.variant.credentials:
            self.fields[CREDENTIAL + credential.key] = self._credential_field(credential)
        for choice in self.variant.choices:
            self.fields[CHOICE + choice.key] = forms.ChoiceField(
                label=translated(choice.label),
                choices=[(value, translated(label)) for value, label in choice.options],
                help_text=translated(choice.help),
            )
        self._describe_errors()

    def _credential_field(self, credential: CredentialField) -> forms.CharField:
        attributes = NO_AUTOCORRECT | (
            {"placeholder": credential.placeholder} if credential.placeholder else {}
        )
        secret = credential.kind == "secret"
        if secret:
            attributes |= {"autocomplete": "new-password"}
        if credential.kind == "url":
            attributes |= {"inputmode": "url"}
        return forms.CharField(
            label=translated(credential.label),
            required=not (secret and credential.key in self.stored),
            max_length=2000,
            initial=self.stored.get(credential.key),
            help_text=translated(credential.help),
            error_messages={
                "required": _("Enter the %(name)s.") % {"name": translated(credential.label)}
            },
            widget=(forms.PasswordInput if secret else forms.TextInput)(attrs=attributes),
        )

    def _describe_errors(self) -> None:
        """Tie each field to its help and its error, for screen readers."""
        for name, field in self.fields.items():
            ids = [f"id_{name}_helptext"] if field.help_text else []
            if self.is_bound and name in self.errors:
                ids.append(f"id_{name}_error")
            if ids:
                field.widget.attrs["aria-describedby"] = " ".join(ids)

    @property
    def credential_fields(self) -> Iterable[tuple[forms.BoundField, bool]]:
        """Each credential's field, and whether it is a secret that is stored and will do."""
        for credential in self.variant.credentials:
            field = self[CREDENTIAL + credential.key]
            yield (
                field,
                credential.kind == "secret"
                and credential.key in self.stored
                and not (self.is_bound and field.errors),
            )

    @property
    def choice_fields(self) -> Iterable[forms.BoundField]:
        return (self[CHOICE + choice.key] for choice in self.variant.choices)

    @property
    def chosen_grades(self) -> set[str]:
        """The ticked grades as their values in the page."""
        return {str(value) for value in self["grades"].value() or ()}

    @property
    def secret_was_typed(self) -> bool:
        """Whether a typed secret is lost because the form comes back: it is never sent to the browser again."""
        secrets = (
            CREDENTIAL + field.key for field in self.variant.credentials if field.kind == "secret"
        )
        return self.is_bound and any(self.data.get(name) for name in secrets)

    def changed_credentials(self) -> dict[str, str]:
        """What was typed and differs from what is stored; the rest stays as it is."""
        typed = {
            field.key: str(self.cleaned_data[CREDENTIAL + field.key])
            for field in self.variant.credentials
        }
        return {
            key: value for key, value in typed.items() if value and value != self.stored.get(key)
        }

    def choices(self) -> dict[str, str]:
        return {
            choice.key: str(self.cleaned_data[CHOICE + choice.key])
            for choice in self.variant.choices
        }

    def refuse(self, field: str, what: str) -> None:
        """Show what the sync layer refused at the field it is about."""
        name = CREDENTIAL + field if CREDENTIAL + field in self.fields else field
        self.add_error(name if name in self.fields else None, what)
        self._describe_errors()


def initial_of(integration: Integration | None) -> dict[str, Any]:
    """What the form shows at first: the saved settings, or those of a careful start (active, as a rehearsal)."""
    if integration is None:
        return {"active": True, "test_run": True, "notify_on_errors": True, "grades": []}
    saved: dict[str, Any] = {
        "active": integration.active,
        "test_run": integration.test_run,
        "notify_on_errors": integration.notify_on_errors,
        "grades": integration.grades,
    }
    return saved | {CHOICE + key: value for key, value in integration.choices.items()}


def source_of(slug: str | None, connected: Iterable[Integration]) -> Source:
    """The source asked for; else the one that is connected, else the first of the registry."""
    if slug in SOURCES:
        return SOURCES[slug]
    first = next((one.source for one in connected if one.source in SOURCES), None)
    return SOURCES[first] if first else next(iter(SOURCES.values()))
