"""The values of one account, and where each came from."""

from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.records import LINK_KEY
from rollbook.students.links import further_links
from rollbook.students.models import AccountEvent, EventAction, FieldLock, StudentAccount
from rollbook.sync.models import Integration, Run
from rollbook.sync.report.student_history import applied_changes
from rollbook.sync.setup import field_owners, field_rules
from rollbook.sync.words.fields import FIELD_LABELS, field_label
from rollbook.sync.words.sources import source_label, uploader_type
from rollbook.sync.words.text import word


class AccountValue(NamedTuple):
    """One value of an account. `run` is the run that wrote it, where that is known.

    A `locked` value is kept by a person: no sync changes it.
    """

    label: str
    text: str
    origin: str
    run: Run | None
    locked: bool = False


def values(account: StudentAccount) -> list[AccountValue]:
    """Return every field of an account, in the order of STUDENT_FIELDS; "" is empty."""
    written_by = _last_runs(account)
    edited_at = _last_edits(account)
    owners = field_owners.owners_of(account)
    locks = FieldLock.objects.filter(school_id=account.school_id, account=account)
    locked = set(locks.values_list("field", flat=True))
    shown = []
    for key in STUDENT_FIELDS:
        run, edit = written_by.get(key), edited_at.get(key)
        label, value = word(FIELD_LABELS, key), getattr(account, key)
        if _is_by_hand(run, edit):
            origin, run = _("By hand"), None
        elif value is None or value == "":
            origin, run = "", None
        else:
            origin = _origin(run, owners.get(key))
        text = "" if value is None else str(value)
        shown.append(AccountValue(label, text, origin, run, key in locked))
    return [*shown[:1], *_further_ids(account), *shown[1:]]


def _further_ids(account: StudentAccount) -> list[AccountValue]:
    """Return the SIS IDs of the other SISs that have the student; they follow the first one."""
    return [
        AccountValue(field_label(LINK_KEY + source), sis_id, source_label(source), None)
        for source, sis_id in further_links(account).items()
    ]


def filled_by_sis(account: StudentAccount) -> set[str]:
    """Return the fields that an SIS fills at each run."""
    owners = field_owners.owners_of(account)
    return {field for field, owner in owners.items() if field not in field_rules.app_wins(owner)}


def _last_runs(account: StudentAccount) -> dict[str, Run]:
    """Return the last run that wrote each field and was not undone."""
    runs: dict[str, Run] = {}
    for change in sorted(applied_changes(account), key=lambda change: change.pk):
        if change.outcome == "":
            runs |= dict.fromkeys(change.after, change.run)
    return runs


def _last_edits(account: StudentAccount) -> dict[str, datetime]:
    """Return when each field was last edited by hand."""
    edits = AccountEvent.objects.filter(
        school_id=account.school_id, account=account, action=EventAction.EDITED
    )
    return {field: event.at for event in edits.order_by("at") for field in event.after}


def _is_by_hand(run: Run | None, edited_at: datetime | None) -> bool:
    if edited_at is None:
        return False
    return run is None or run.finished_at is None or run.finished_at < edited_at


def _origin(run: Run | None, owner: Integration | None) -> str:
    """Return where a value comes from.

    A field that an SIS owns has it from there, even where no change of a run is stored any more.
    """
    if run is not None:
        is_of_sis = not (run.is_upload or run.is_undo)
        return source_label(run.source) if is_of_sis else uploader_type(run)
    return source_label(owner.source) if owner else _("By hand")
