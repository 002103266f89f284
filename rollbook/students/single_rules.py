"""What a person decides about one student: edit values, keep single ones, protect the whole account, or never import somebody.

Each deed on an account raises its `version`, so that a plan made before it is overtaken, and forgets its fingerprint, so that the next
run looks at the student again. It is kept in the account's history, and in the audit log without any value.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.config import config
from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.roster.values import PARSERS, Unreadable, email_key
from rollbook.schools import audit
from rollbook.schools.clock import end_of_day, local_day
from rollbook.schools.models import School, User
from rollbook.students.models import (
    AccountEvent,
    EmailAlias,
    EventAction,
    FieldLock,
    NeverImport,
    Protection,
    StudentAccount,
)

EDITABLE: Final = tuple(
    field for field in STUDENT_FIELDS if field != "sis_id"
)  # the link is made by linking, never typed
LONGEST_REASON: Final = 300
_CAUSES: Final = {
    "email_invalid": gettext_lazy("This is not an e-mail address."),
    "date_invalid": gettext_lazy("Write the date as year-month-day, such as 2010-03-04."),
    "graduation_year_invalid": gettext_lazy("Write the year with four digits, such as 2028."),
    "text_too_long": gettext_lazy("This is too long."),
    "control_characters": gettext_lazy(
        "There is a character in here that can't be seen or stored."
    ),
}


class Refused(Exception):
    """Nothing was changed. `errors` says why by field; "" is the whole form."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


def edit(
    account: StudentAccount,
    by: User | None,
    said: Mapping[str, str],
    *,
    keep: Iterable[str] = (),
    version: int | None = None,
    via: str = "web",
) -> list[str]:
    """Write what a person typed, and keep the fields of `keep` from the SIS. Returns the fields that changed. Raises Refused.

    `version` is the one that the person saw; where the account has moved on since, nothing is written.
    """
    values = _understood(said)
    try:
        with transaction.atomic():
            held = _hold(account)
            if version is not None and held.version != version:
                raise Refused(
                    {
                        "": _(
                            "Somebody changed this account meanwhile. Look at it again, then edit it."
                        )
                    }
                )
            before, after = _differences(held, values)
            if "email" in after:
                _refuse_clash(held, after["email"])
                _keep_alias(held)
            to_keep = sorted(set(keep) & set(EDITABLE))
            if after:
                keys = {"email_key": email_key(after["email"])} if "email" in after else {}
                _write(held, **{field: values[field] for field in after}, **keys)
                _note(held, by, via, EventAction.EDITED, before, after)
                audit.record(
                    "student.edited",
                    school=held.school,
                    actor=by,
                    subject=str(held.pk),
                    via=via,
                    fields=sorted(after),
                )
            lock(held, by, to_keep, via=via)
    except IntegrityError as error:
        raise Refused(
            {"email": _("Another student has got this e-mail in this moment.")}
        ) from error
    return sorted(after)


def _understood(said: Mapping[str, str]) -> dict[str, Any]:
    """The typed values in canonical form, by the same parsers as a SIS's. Raises Refused."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, text in said.items():
        if name not in EDITABLE:
            errors[name] = _("This can't be edited here.")
            continue
        field = STUDENT_FIELDS[name]
        try:
            values[name] = PARSERS[field.kind](text, field.limit)
        except Unreadable as bad:
            errors[name] = str(_CAUSES.get(bad.code, _("This can't be read.")))
        else:
            if values[name] is None and name in REQUIRED_FIELDS:
                errors[name] = _("This can't be empty.")
    if errors:
        raise Refused(errors)
    return values


def _differences(
    held: StudentAccount, values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    changed = [field for field, value in values.items() if value != getattr(held, field)]
    return {field: _plain(getattr(held, field)) for field in changed}, {
        field: _plain(values[field]) for field in changed
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _refuse_clash(held: StudentAccount, address: str) -> None:
    other = (
        StudentAccount.objects.filter(school=held.school, email_key=email_key(address))
        .exclude(pk=held.pk)
        .first()
    )
    if other is not None:
        words = {"name": other.name, "sis_id": other.sis_id or "—"}
        raise Refused(
            {
                "email": _(
                    "%(name)s (SIS ID %(sis_id)s) has this e-mail. Each student needs one of their own."
                )
                % words
            }
        )


def _keep_alias(held: StudentAccount) -> None:
    EmailAlias.objects.update_or_create(
        school=held.school,
        account=held,
        email_key=held.email_key,
        defaults={
            "email": held.email,
            "kept_until": timezone.now() + timedelta(days=config.alias_days),
        },
    )


@transaction.atomic
def lock(
    account: StudentAccount, by: User | None, fields: Iterable[str], via: str = "web"
) -> list[str]:
    """Keep single values: no sync changes them. Returns the fields that were not kept before."""
    held = _hold(account)
    there = set(held.locks.values_list("field", flat=True))
    new = sorted(set(fields) & set(EDITABLE) - there)
    if new:
        FieldLock.objects.bulk_create(
            FieldLock(school=held.school, account=held, field=field, by=by) for field in new
        )
        _write(held)
        _note(
            held,
            by,
            via,
            EventAction.LOCKED,
            {},
            {field: _plain(getattr(held, field)) for field in new},
        )
        audit.record(
            "student.locked",
            school=held.school,
            actor=by,
            subject=str(held.pk),
            via=via,
            fields=new,
        )
    return new


@transaction.atomic
def unlock(
    account: StudentAccount, by: User | None, fields: Iterable[str], via: str = "web"
) -> list[str]:
    """Let the SIS win again. Returns the fields that had been kept."""
    held = _hold(account)
    locks = held.locks.filter(field__in=list(fields))
    gone = sorted(locks.values_list("field", flat=True))
    if gone:
        locks.delete()
        _write(held)
        _note(
            held,
            by,
            via,
            EventAction.UNLOCKED,
            {},
            {field: _plain(getattr(held, field)) for field in gone},
        )
        audit.record(
            "student.unlocked",
            school=held.school,
            actor=by,
            subject=str(held.pk),
            via=via,
            fields=gone,
        )
    return gone


@transaction.atomic
def protect(
    account: StudentAccount,
    by: User | None,
    *,
    until: date | None = None,
    reason: str = "",
    via: str = "web",
) -> bool:
    """Let no sync write to an account, through the day `until` in the school's zone. False where just that stands already."""
    held = _hold(account)
    if until is not None and until < local_day(timezone.now(), held.school):
        raise Refused({"until": _("This day is over. Choose today or a later one.")})
    moment = end_of_day(until, held.school) if until else None
    wanted = {"until": moment, "reason": reason.strip()[:LONGEST_REASON]}
    there = Protection.objects.filter(account=held).first()
    if there is not None and (there.until, there.reason) == (moment, wanted["reason"]):
        return False
    Protection.objects.update_or_create(
        account=held, defaults={**wanted, "school": held.school, "by": by}
    )
    _write(held)
    _note(held, by, via, EventAction.PROTECTED, {}, {})
    audit.record(
        "student.protected",
        school=held.school,
        actor=by,
        subject=str(held.pk),
        via=via,
        until=until and until.isoformat(),
    )
    return True


@transaction.atomic
def unprotect(account: StudentAccount, by: User | None, via: str = "web") -> bool:
    """Let syncs write to an account again. False where nothing protected it."""
    held = _hold(account)
    deleted, _by_table = Protection.objects.filter(account=held).delete()
    if deleted:
        _write(held)
        _note(held, by, via, EventAction.UNPROTECTED, {}, {})
        audit.record(
            "student.unprotected", school=held.school, actor=by, subject=str(held.pk), via=via
        )
    return bool(deleted)


def protection_of(account: StudentAccount) -> Protection | None:
    """The protection that stands now; one whose day is over protects nothing."""
    there = (
        Protection.objects.filter(account=account, school_id=account.school_id)
        .select_related("by")
        .first()
    )
    return (
        there
        if there is not None and (there.until is None or there.until > timezone.now())
        else None
    )


def aliases_of(account: StudentAccount) -> list[EmailAlias]:
    """The e-mails that the account had before and that are still kept, newest first."""
    kept = EmailAlias.objects.filter(
        account=account, school_id=account.school_id, kept_until__gt=timezone.now()
    )
    return list(kept.exclude(email_key=account.email_key).order_by("-since"))


def _hold(account: StudentAccount) -> StudentAccount:
    return (
        StudentAccount.objects.select_for_update(of=("self",))
        .select_related("school")
        .get(pk=account.pk, school_id=account.school_id)
    )


def _write(held: StudentAccount, **columns: Any) -> None:
    this_one = StudentAccount.objects.filter(pk=held.pk, school_id=held.school_id)
    this_one.update(**columns, version=F("version") + 1, source_fingerprint=None, updated_at=Now())
    for name, value in columns.items():
        setattr(held, name, value)


def _note(
    held: StudentAccount,
    by: User | None,
    via: str,
    action: EventAction,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    AccountEvent.objects.create(
        school=held.school,
        account=held,
        actor=by,
        via=via,
        action=action,
        before=before,
        after=after,
    )


@transaction.atomic
def never_import(
    school: School,
    by: User | None,
    *,
    sis_id: str = "",
    email: str = "",
    reason: str = "",
    via: str = "web",
) -> bool:
    """Put a student on the list for whom no run makes an account. False where the entry is there already. Raises Refused."""
    said = _named(sis_id, email)
    if not said:
        raise Refused({"": _("Give a SIS ID or an e-mail.")})
    made = 0
    for field, key in said.items():
        wanted = {"reason": reason.strip()[:LONGEST_REASON], "by": by}
        made += NeverImport.objects.get_or_create(
            school=school, field=field, key=key, defaults=wanted
        )[1]
    if made:
        audit.record("never_import.added", school=school, actor=by, via=via, entries=made)
    return bool(made)


def never_listed(school: School, sis_ids: Iterable[str]) -> set[str]:
    """Those of the SIS IDs that are on the list."""
    wanted = {sis_id for sis_id in sis_ids if sis_id}
    found = (
        NeverImport.objects.filter(school=school, field="sis_id", key__in=wanted)
        if wanted
        else NeverImport.objects.none()
    )
    return set(found.values_list("key", flat=True))


def never_entry(account: StudentAccount) -> NeverImport | None:
    """The entry of the list that means the student of an account: by SIS ID, and where there is none by e-mail."""
    field, key = ("sis_id", account.sis_id) if account.sis_id else ("email", account.email_key)
    return (
        NeverImport.objects.filter(school_id=account.school_id, field=field, key=key)
        .select_related("by")
        .first()
    )


def _named(sis_id: str, email: str) -> dict[str, str]:
    """Raises Refused."""
    said: dict[str, str] = {}
    for name, text in (("sis_id", sis_id), ("email", email)):
        try:
            value = PARSERS[STUDENT_FIELDS[name].kind](text, STUDENT_FIELDS[name].limit)
        except Unreadable as bad:
            raise Refused({name: str(_CAUSES.get(bad.code, _("This can't be read.")))}) from bad
        if value is not None:
            said[name] = email_key(value) if name == "email" else value
    return said


@transaction.atomic
def allow_import(entry: NeverImport, by: User | None, via: str = "web") -> bool:
    """Take an entry off the list; the next run makes the account. False where it is gone already."""
    deleted, _by_table = NeverImport.objects.filter(pk=entry.pk, school_id=entry.school_id).delete()
    if deleted:
        audit.record(
            "never_import.removed", school=entry.school, actor=by, subject=str(entry.pk), via=via
        )
    return bool(deleted)
