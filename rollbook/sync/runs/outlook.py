"""What a person can decide about a held run: what each decision will do, in numbers, and doing it over with wider limits."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Case, Count, Value, When

from rollbook.roster.planning import WRITING_KINDS, ChangeKind
from rollbook.schools.models import User
from rollbook.sync.models import LEFT_OUT, Change, Integration, Run, Trigger
from rollbook.sync.runs import states
from rollbook.sync.runs.left_out import never_wanted
from rollbook.sync.words.decisions import Outlook, outlook_words


def outlook(run: Run) -> Outlook:
    """The sentences of a held run, counted from its stored rows."""
    changes = Change.objects.filter(
        school_id=run.school_id,
        run_id=run.pk,
        kind__in=(*WRITING_KINDS, ChangeKind.NOT_IN_ROSTER),
        outcome="",
    )
    changes = changes.exclude(never_wanted(run))
    risky = Case(
        When(LEFT_OUT, then=Value(True)), default=Value(False), output_field=BooleanField()
    )
    found = (
        changes.annotate(risky=risky)
        .order_by()
        .values_list("kind", "risky")
        .annotate(number=Count("pk"))
    )
    counts = {(ChangeKind(kind), left_out): number for kind, left_out, number in found}
    everything = {
        kind: counts.get((kind, False), 0) + counts.get((kind, True), 0) for kind in WRITING_KINDS
    }
    additions = {kind: counts.get((kind, False), 0) for kind in WRITING_KINDS}
    missing = counts.get((ChangeKind.NOT_IN_ROSTER, False), 0)
    return outlook_words(everything, additions, missing)


def again(
    held: Run, integration: Integration, by: User | None, wider: Mapping[str, Any], via: str = "web"
) -> states.Requested:
    """Discard a held run and ask for one with wider limits. Raises RunRefused or SettingRefused; then the held one stays as it is."""
    with transaction.atomic():
        states.discard(held, by, via)
        return states.request(integration, trigger=Trigger.PERSON, by=by, wider=wider, via=via)
