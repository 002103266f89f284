"""Step 1.1 before it is saved: what a person typed, and the connection test of it."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django.http import QueryDict

from rollbook.schools.models import School, User
from rollbook.sources.base import Source, Variant
from rollbook.sync.models import CheckState, ConnectionTest, Credential, Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import connection_tests, drafts
from rollbook.sync.setup import credentials as vault
from rollbook.sync.setup.drafts import CREDENTIAL
from rollbook.sync.setup.integrations import credentials_to_use
from rollbook.sync.words.connection_tests import (
    NO_HTTPS,
    StepWords,
    https_address,
    steps_in_words,
)
from rollbook.web.forms import VERSION
from rollbook.web.saved_over import differences, shown_with
from rollbook.web.set_up import roster_offer
from rollbook.web.set_up.configure_form import ConfigureForm, values_of
from rollbook.web.set_up.roster_offer import RosterOffer

_NOT_TYPED: Final = {
    *("csrfmiddlewaretoken", "action", "then", VERSION),
    *("source", "variant", "shown", "shown_variant"),
}
SWAP, HTTPS = "swap", "https"  # buttons that mend a slip and test again


class Connecting(NamedTuple):
    """One SIS and version in Step 1.1; `integration` is None until it is connected."""

    school: School
    person: User
    source: Source
    variant: Variant
    integration: Integration | None

    def form(self, **kwargs: Any) -> ConfigureForm:
        """Return the form of this SIS and version. Secrets that were typed earlier are set."""
        stored: dict[str, str | None] = {}
        if self.integration is not None and self.integration.variant == self.variant.key:
            stored = vault.stored(self.integration)
        return ConfigureForm(
            self.source, self.variant.key, stored, self.offer(), self.typed_secrets(), **kwargs
        )

    def stored_problem(self) -> str:
        """Return why the stored credentials can't be read; empty where they can."""
        return vault.problem(self.integration) if self.integration is not None else ""

    def last_change(self) -> Credential | None:
        """Return the stored credential that was changed last."""
        return vault.last_change(self.integration) if self.integration is not None else None

    def offer(self) -> RosterOffer:
        """Return the grades and schools to choose from."""
        return roster_offer.offer(self.integration, self.source.slug, self.last_test())

    def last_test(self) -> ConnectionTest | None:
        """Return the last test of what is typed or stored; None where there is none."""
        try:
            return connection_tests.of_target(self.school, self.target({}))
        except SettingRefused:
            return None

    def draft(self) -> drafts.Draft | None:
        return drafts.load_draft(self.school, self.person, self.source.slug, self.variant.key)

    def typed_secrets(self) -> dict[str, str]:
        """Return the secrets that were typed and not saved yet."""
        draft = self.draft()
        return draft.secrets if draft else {}

    def drafted_form(self) -> ConfigureForm | None:
        """Return the form with what was typed and not saved; None where that changes nothing."""
        draft = self.draft()
        if draft is None:
            return None
        data = QueryDict(mutable=True)
        for name, texts in draft.values.items():
            data.setlist(name, texts)
        typed, saved = self.form(data=data), self.form(initial=values_of(self.integration))
        if not differences(saved, typed) and not draft.secrets:
            return None
        initial = values_of(self.integration) | typed.typed_values()
        form = shown_with(self.form(initial=initial), draft.row.settings_version)
        form.typed_at = draft.row.updated_at
        return form

    def keep(self, sent: QueryDict, version: str) -> None:
        """Keep what was typed until it is saved."""
        names = {field.key: field.kind for field in self.variant.credentials}
        values, secrets = {}, {}
        for name in sent:
            key = name.removeprefix(CREDENTIAL)
            if key != name and names.get(key, "secret") == "secret":
                if key in names:
                    secrets[key] = (sent.get(name) or "").strip()
            elif name not in _NOT_TYPED:
                values[name] = [str(text) for text in sent.getlist(name)]
        typed = drafts.Typed(self.source.slug, self.variant.key, values, secrets, version)
        drafts.save_draft(self.school, self.person, typed)

    def mend(self, slip: str) -> None:
        """Change what was typed: swap ID and secret, or put https before the address."""
        draft = self.draft()
        typed = self.plain(draft)
        if slip == HTTPS and (address := https_address(self.variant, typed)):
            self._keep_changed(draft, {address[0]: address[1]}, {})
        secret = next((each for each in self.variant.credentials if each.kind == "secret"), None)
        text = next((each for each in self.variant.credentials if each.kind == "text"), None)
        if slip == SWAP and secret and text and draft and draft.secrets.get(secret.key):
            becomes = {text.key: draft.secrets[secret.key]}
            self._keep_changed(draft, becomes, {secret.key: typed.get(text.key, "")})

    def _keep_changed(
        self, draft: drafts.Draft | None, plain: Mapping[str, str], secrets: dict[str, str]
    ) -> None:
        values = dict(draft.values) if draft else {}
        values |= {CREDENTIAL + key: [text] for key, text in plain.items()}
        version = draft.row.settings_version if draft else ""
        drafts.save_draft(
            self.school,
            self.person,
            drafts.Typed(self.source.slug, self.variant.key, values, secrets, version),
        )

    def plain(self, draft: drafts.Draft | None) -> dict[str, str]:
        """Return the credentials that are no secrets, as they were typed or else stored."""
        stored = {}
        if self.integration is not None and self.integration.variant == self.variant.key:
            stored = vault.stored(self.integration)
        values = {key: text for key, text in stored.items() if text}
        for field in self.variant.credentials:
            texts = draft.values.get(CREDENTIAL + field.key, []) if draft else []
            if texts and texts[0].strip() and field.kind != "secret":
                values[field.key] = texts[0].strip()
        return values

    def target(self, choices: Mapping[str, str]) -> connection_tests.Target:
        """Return what a test would use: what was typed, else what is stored.

        Raises SettingRefused where something is missing.
        """
        typed = self.plain(self.draft()) | self.typed_secrets()
        return connection_tests.Target(
            self.source.slug,
            self.variant.key,
            credentials_to_use(self.integration, self.variant, typed),
            choices,
        )

    def panel(self, then: str = "", test: ConnectionTest | None = None) -> "Panel":
        """Return the test of what is typed now, as the page shows it."""
        test = test or self.last_test()
        return panel_of(test, self.source, self.variant, self.plain(self.draft()), then)


class Panel(NamedTuple):
    """A connection test as the page shows it. `mend` is the button for a slip: swap or https."""

    test: ConnectionTest | None
    steps: list[StepWords]
    running: bool = False
    reading: bool = False
    lost: bool = False
    mend: str = ""
    then: str = ""

    @property
    def passed(self) -> bool:
        return self.test is not None and self.test.state == CheckState.PASSED

    @property
    def stage(self) -> str:
        """What the page announces once it changes."""
        return "" if self.test is None else f"{self.test.state}-{'reading' * self.reading}"


def panel_of(
    test: ConnectionTest | None,
    source: Source,
    variant: Variant,
    plain: Mapping[str, str],
    then: str = "",
) -> Panel:
    """Return a test as the page shows it; `then` is the button to press once it has passed."""
    if test is None:
        return Panel(None, [])
    lost = connection_tests.is_lost(test)
    running = test.state == CheckState.RUNNING and not lost
    done = connection_tests.steps_of(test)
    rows = steps_in_words(done, source, variant, plain, running=running)
    codes = {row.code for row in rows}
    mend = SWAP if "swapped" in codes else HTTPS if NO_HTTPS in codes else ""
    reading = test.reading and not lost and not running
    return Panel(test, rows, running, reading, lost, mend, then)
