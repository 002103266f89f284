"""Which SIS owns a field of students whom two active SISs have: what a school chose.

By default the SIS that was linked first owns every field that it maps, see
`roster.planning.owners`.
"""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.planning.owners import FieldOwners
from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.students import links as account_links
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused

FIRST = ""  # no SIS was chosen: the one that was linked first


def other_active(integration: Integration) -> list[Integration]:
    """Return the other active SISs of the school."""
    active = Integration.objects.filter(school_id=integration.school_id, active=True)
    return list(active.exclude(pk=integration.pk).order_by("source"))


def mapped_fields(integration: Integration) -> tuple[str, ...]:
    """Return our fields that a SIS fills."""
    return tuple(field for _source_field, field in integration.mapping)


def owners(school: School) -> dict[str, str]:
    """Return the SIS that the school chose, by field. Fields without a choice are left out."""
    chosen = {}
    for integration in Integration.objects.filter(school=school).order_by("source"):
        chosen.update(dict.fromkeys(integration.owned_fields, integration.source))
    return chosen


def owners_of(account: StudentAccount) -> dict[str, Integration]:
    """Return the SIS that fills each field of an account."""
    sources = [link.source for link in account_links.links_of(account)]
    rows = Integration.objects.filter(school_id=account.school_id, source__in=sources)
    by_source = {row.source: row for row in rows if row.active or len(sources) == 1}
    mapped = {source: frozenset(mapped_fields(row)) for source, row in by_source.items()}
    chosen = owners(account.school) if len(by_source) > 1 else {}
    rules = FieldOwners("", mapped, chosen)
    fields = {field for each in mapped.values() for field in each}
    return {field: by_source[rules.owner(field, sources)] for field in fields}


@transaction.atomic
def save_owners(
    school: School, by: User | None, chosen: Mapping[str, str], via: str = "web"
) -> None:
    """Save which SIS owns each of these fields; FIRST for the one that was linked first.

    Fields that aren't named keep their owner. Raises SettingRefused.
    """
    integrations = Integration.objects.select_for_update().filter(school=school).order_by("pk")
    by_source = {integration.source: integration for integration in integrations}
    for field, source in chosen.items():
        if field == "sis_id" or field not in STUDENT_FIELDS:
            raise SettingRefused("fields", _("This rule can't be made for one of the fields."))
        if source != FIRST and source not in by_source:
            raise SettingRefused("fields", _("This school has no such SIS. Choose another owner."))
    before = owners(school)
    after = {field: source for field, source in (before | dict(chosen)).items() if source != FIRST}
    if after == before:
        return
    for source, integration in by_source.items():
        integration.owned_fields = sorted(field for field in after if after[field] == source)
        integration.save(update_fields=["owned_fields", "updated_at"])
    audit.record("field_owners.saved", school=school, actor=by, via=via, owners=after)
