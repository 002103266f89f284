"""Editing an account by hand: values are typed, checked as those of a SIS, and written."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.roster.values.parsers import PARSERS
from rollbook.roster.values.parsing import Unreadable, email_key
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.students import lookalikes
from rollbook.students.account_changes import lock_account, record_event, write_account
from rollbook.students.aliases import keep_alias
from rollbook.students.models import EventAction, FurtherLink, StudentAccount
from rollbook.students.protection import lock
from rollbook.students.refused import Refused

# The SIS ID finds the record of the SIS, so it can be corrected but not be kept against the SIS.
KEEPABLE: Final = tuple(field for field in STUDENT_FIELDS if field != "sis_id")
EDITABLE: Final = ("sis_id", *KEEPABLE)
_UNREADABLE: Final = {
    "email_invalid": gettext_lazy("This is not an e-mail address."),
    "email_characters": gettext_lazy("An e-mail address can't have this character or dot there."),
    "email_lookalike": gettext_lazy(
        "A letter of another alphabet looks like a Latin one. Type it again."
    ),
    "id_placeholder": gettext_lazy("This stands for an ID that is still to come. Leave it empty."),
    "date_ambiguous": gettext_lazy("Write the date as year-month-day, such as 2010-03-04."),
    "date_invalid": gettext_lazy("Write the date as year-month-day, such as 2010-03-04."),
    "graduation_year_invalid": gettext_lazy("Write the year with four digits, such as 2028."),
    "text_too_long": gettext_lazy("This is too long."),
    "control_characters": gettext_lazy(
        "This contains a character that cannot be seen or stored. Type it again."
    ),
}


class _Edit(NamedTuple):
    """What an edit changes: the values before and after, by field."""

    before: dict[str, Any]
    after: dict[str, Any]


def edit(
    account: StudentAccount,
    by: User | None,
    typed: Mapping[str, str],
    *,
    keep: Iterable[str] = (),
    version: int | None = None,
    via: str = "web",
) -> list[str]:
    """Write what a person typed, and lock the fields of `keep` against the SIS.

    `version` is the one that the person saw; if the account was changed since, nothing is written.
    Returns the fields that changed. Raises Refused.
    """
    values = _parsed(typed)
    try:
        with transaction.atomic():
            locked = lock_account(account)
            if version is not None and locked.version != version:
                raise Refused(
                    {"": _("Somebody changed this account. Look at it again, then edit.")}
                )
            edited = _differences(locked, values)
            if edited.after:
                _write(locked, by, edited, via)
            lock(locked, by, sorted(set(keep) & set(KEEPABLE)), via=via)
            lookalikes.ask(locked.school_id, [locked.pk])
    except IntegrityError as error:
        raise _just_taken(values) from error
    return sorted(edited.after)


def _just_taken(values: Mapping[str, Any]) -> Refused:
    if "sis_id" in values and "email" not in values:
        return Refused({"sis_id": _("Another student has just got this SIS ID.")})
    return Refused({"email": _("Another student has just got this e-mail.")})


def parse_value(name: str, text: str) -> Any:
    """Return a typed value of a field as it is stored. Raises Refused."""
    field = STUDENT_FIELDS[name]
    try:
        return PARSERS[name](text, field.limit)
    except Unreadable as error:
        text = str(_UNREADABLE.get(error.code, _("This can't be read.")))
        raise Refused({name: text}) from error


def _parsed(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the typed values as they are stored. Raises Refused with all reasons."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, text in typed.items():
        if name not in EDITABLE:
            errors[name] = _("This can't be edited here.")
            continue
        try:
            values[name] = parse_value(name, text)
        except Refused as refused:
            errors.update(refused.errors)
        else:
            if values[name] is None and name in REQUIRED_FIELDS:
                errors[name] = _("This can't be empty.")
    if errors:
        raise Refused(errors)
    return values


def _differences(account: StudentAccount, values: Mapping[str, Any]) -> _Edit:
    changed = [field for field, value in values.items() if value != getattr(account, field)]
    before = {field: getattr(account, field) for field in changed}
    return _Edit(before, {field: values[field] for field in changed})


def _write(account: StudentAccount, by: User | None, edited: _Edit, via: str) -> None:
    values = dict(edited.after)
    if "sis_id" in values:
        _refuse_taken_sis_id(account, values["sis_id"])
    if "email" in values:
        _refuse_taken_email(account, values["email"])
        keep_alias(account, account.email, account.email_key)
        values["email_key"] = email_key(values["email"])
    write_account(account, values)
    record_event(account, by, via, EventAction.EDITED, before=edited.before, after=edited.after)
    audit.record(
        "student.edited",
        school=account.school,
        actor=by,
        subject=str(account.pk),
        via=via,
        fields=sorted(edited.after),
    )


def _refuse_taken_email(account: StudentAccount, email: str) -> None:
    accounts = StudentAccount.objects.filter(school=account.school, email_key=email_key(email))
    other = accounts.exclude(pk=account.pk).first()
    if other is None:
        return
    text = _("%(name)s (SIS ID %(sis_id)s) has this e-mail. Each student needs one of their own.")
    raise Refused({"email": text % {"name": other.name, "sis_id": other.sis_id or "—"}})


def _refuse_taken_sis_id(account: StudentAccount, sis_id: str) -> None:
    accounts = StudentAccount.objects.filter(school=account.school).exclude(pk=account.pk)
    is_first_link = Q(source=account.source, sis_id=sis_id)
    further = FurtherLink.objects.filter(
        school=account.school, source=account.source, sis_id=sis_id
    )
    other = accounts.filter(is_first_link | Q(pk__in=further.values("account_id"))).first()
    if other is None:
        return
    text = _("%(name)s has this SIS ID. Correct that one first, or merge the two.")
    raise Refused({"sis_id": text % {"name": other.name}})
