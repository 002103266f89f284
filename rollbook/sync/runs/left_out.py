"""Which rows of a held run are left out when it is approved."""

from typing import Final

from django.db.models import F, Func, JSONField, Q, QuerySet, Value
from django.db.models.fields.json import KT

from rollbook.roster.planning.changes import ChangeKind
from rollbook.roster.values.parsing import FREED
from rollbook.students.models import NeverImport
from rollbook.sync.models import LEFT_OUT, Change, Run

_AFTER_WITHOUT_EMAIL: Final = Func(
    F("after"),
    Value("email"),
    Value("email_key"),
    template="(%(expressions)s)",
    arg_joiner=" - ",
    output_field=JSONField(),
)
_BRINGS_IN: Final = Q(kind=ChangeKind.NEW) | Q(reason="same_email_and_name")


def never_wanted(run: Run) -> Q:
    """Return the rows that would bring in students of the never import list.

    They were put on the list while the run was on hold.
    """
    sis_ids, emails = [], []
    entries = NeverImport.objects.filter(school_id=run.school_id).values_list("field", "key")
    for field, key in entries:
        if field == "sis_id":
            sis_ids.append(key)
        elif field == "email":
            emails.append(key)
    if not sis_ids and not emails:
        return Q(pk__in=())
    return _BRINGS_IN & (Q(sis_id__in=sis_ids) | Q(after__email_key__in=emails))


def freed_for(run: Run, rows: QuerySet[Change]) -> QuerySet[Change]:
    """Return the rows that free an e-mail which one of these rows gives to a student."""
    freed = Change.objects.filter(
        school_id=run.school_id, run_id=run.pk, kind=ChangeKind.EMAIL_FREED, outcome=""
    )
    given = rows.exclude(kind=ChangeKind.EMAIL_FREED).filter(after__has_key="email_key")
    emails = given.order_by().values_list(KT("after__email_key"), flat=True)
    return freed.annotate(freed_email=KT("before__email_key")).filter(freed_email__in=emails)


def email_left_out(run: Run) -> QuerySet[Change]:
    """Return the rows of which approving additions and updates leaves out the e-mail only.

    They change other values besides: a rename is applied where the e-mail changes with it. An
    account that opens again and whose e-mail was freed needs one, so its row is left out whole.
    """
    rows = Change.objects.filter(
        school_id=run.school_id,
        run_id=run.pk,
        outcome="",
        kind__in=(ChangeKind.UPDATED, ChangeKind.RETURNING),
        after__has_key="email_key",
        before__has_key="email_key",
    )
    owned = rows.annotate(email_before=KT("before__email_key"))
    others = owned.exclude(email_before__startswith=FREED).annotate(rest=_AFTER_WITHOUT_EMAIL)
    return others.exclude(rest={})


def left_out(run: Run, *, additions_only: bool) -> Q:
    """Return the rows that approving leaves out.

    With `additions_only` also those that close an account, or change its e-mail or SIS ID.
    """
    return never_wanted(run) | LEFT_OUT if additions_only else never_wanted(run)
