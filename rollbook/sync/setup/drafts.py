"""Keeps what a person typed in Step 1.1 until it is saved.

So it survives a failed test, another SIS or version, the Back button and a lost session.
"""

import re
from typing import Final, NamedTuple

from rollbook.schools import clock
from rollbook.schools.models import School, User
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import ConnectionDraft
from rollbook.sync.setup import credentials as vault
from rollbook.sync.setup.proofs import KEPT_FOR, was_accepted

CREDENTIAL: Final = "credential-"  # the key of a credential follows
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
MOST_TEXTS, LONGEST_TEXT = 500, 2_000


class Draft(NamedTuple):
    """What was typed for one SIS and version: texts by field, and secrets by credential."""

    row: ConnectionDraft
    secrets: dict[str, str]

    @property
    def values(self) -> dict[str, list[str]]:
        values: dict[str, list[str]] = self.row.values
        return values


class Typed(NamedTuple):
    """What Step 1.1 was sent with. A secret that is empty keeps the one that was typed before."""

    source: str
    variant: str
    values: dict[str, list[str]]
    secrets: dict[str, str]
    settings_version: str


def save_draft(school: School, user: User, typed: Typed) -> Draft:
    """Keep what was typed, in place of what was kept for the same SIS and version."""
    before = load_draft(school, user, typed.source, typed.variant)
    values = {
        _storable(name): [_storable(text) for text in texts[:MOST_TEXTS]]
        for name, texts in list(typed.values.items())[:MOST_TEXTS]
    }
    secrets = dict(before.secrets if before and not _goes_elsewhere(before, typed) else {})
    secrets.update({name: _storable(text) for name, text in typed.secrets.items() if text})
    row, _created = ConnectionDraft.objects.update_or_create(
        school=school,
        user=user,
        source=typed.source,
        variant=typed.variant,
        defaults={
            "values": values,
            "secrets": vault.seal(secrets, _bound_to(school, user, typed.source, typed.variant)),
            "settings_version": _storable(typed.settings_version)[:40],
            "updated_at": clock.now(),
        },
    )
    return Draft(row, secrets)


def _storable(text: str) -> str:
    """Return a text without what the database can't store; saving it is refused in words."""
    return _UNSTORABLE.sub("", text)[:LONGEST_TEXT]


def _goes_elsewhere(before: Draft, typed: Typed) -> bool:
    """Return whether secrets that a SIS has accepted would now go to another address.

    Those that no SIS has accepted yet are kept, so that a mistyped address can be corrected.
    """
    credentials = SOURCES[typed.source].variant(typed.variant).credentials
    for field in credentials:
        was = before.values.get(CREDENTIAL + field.key)
        becomes = typed.values.get(CREDENTIAL + field.key)
        if field.kind == "url" and was and becomes and was != becomes:
            values = {
                each.key: "".join(before.values.get(CREDENTIAL + each.key, [])[:1]).strip()
                for each in credentials
            }
            school = before.row.school
            return was_accepted(school, typed.source, typed.variant, values | before.secrets)
    return False


def load_draft(school: School, user: User, source: str, variant: str | None = None) -> Draft | None:
    """Return what this person typed last for a SIS; without `variant`, for any version."""
    rows = ConnectionDraft.objects.filter(school=school, user=user, source=source)
    rows = rows.filter(updated_at__gt=clock.now() - KEPT_FOR)
    if variant is not None:
        rows = rows.filter(variant=variant)
    row = rows.order_by("-updated_at").first()
    if row is None:
        return None
    secrets = vault.unseal(row.secrets, _bound_to(school, user, source, row.variant))
    return Draft(row, secrets or {})


def discard_drafts(school: School, user: User, source: str) -> None:
    """Forget what this person typed for a SIS: it was saved, or is not wanted any more."""
    ConnectionDraft.objects.filter(school=school, user=user, source=source).delete()


def _bound_to(school: School, user: User, source: str, variant: str) -> str:
    return f"draft/{school.pk}/{user.pk}/{source}/{variant}"
