"""Merging two accounts of one person, and taking that back.

One account is kept, with the values a person chose; the other is closed as merged and points to it. Nothing is erased: the other's link
to the SIS goes to the kept account, or, where that has one already, its SIS ID goes on the never import list: no run makes the person
again. Both keep the story in their history, and a merge is taken back value by value, but for what was changed since.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.students.models import (
    AccountEvent,
    AccountStatus,
    EmailAlias,
    EventAction,
    Invitation,
    NeverImport,
    StudentAccount,
)
from rollbook.students.single_rules import Refused

FIELDS: Final = tuple(field for field in STUDENT_FIELDS if field != "sis_id")
LINK: Final = ("source", "sis_id")
GIVEN_UP: Final = (
    "status",
    "email_key",
    "student_number",
    *LINK,
)  # what the merged account no longer holds


class Side(NamedTuple):
    """One field of both accounts, side by side."""

    field: str
    kept: Any
    other: Any

    @property
    def differs(self) -> bool:
        return bool(self.kept != self.other)


def side_by_side(kept: StudentAccount, other: StudentAccount) -> list[Side]:
    """Every field that either of the two holds."""
    sides = (Side(field, getattr(kept, field), getattr(other, field)) for field in FIELDS)
    return [side for side in sides if side.kept is not None or side.other is not None]


def merge(
    kept: StudentAccount,
    other: StudentAccount,
    by: User | None,
    taken: Iterable[str] = (),
    *,
    versions: tuple[int, int] | None = None,
    via: str = "web",
) -> StudentAccount:
    """Merge `other` into `kept`. `taken` are the fields whose value is the other's; where ours is empty, the other's is taken anyway.

    `versions` are those of both that the person saw. Raises Refused, and then changes nothing.
    """
    with transaction.atomic():
        here, there = _both(kept, other)
        if versions is not None and (here.version, there.version) != versions:
            raise Refused(
                {
                    "": _(
                        "One of the two was changed meanwhile. Look at both again, then merge them."
                    )
                }
            )
        chosen = {
            side.field
            for side in side_by_side(here, there)
            if side.differs and side.other is not None and side.kept is None
        }
        chosen |= {
            field for field in taken if field in FIELDS and getattr(there, field) is not None
        }
        after: dict[str, Any] = {
            field: getattr(there, field)
            for field in chosen
            if getattr(there, field) != getattr(here, field)
        }
        if "email" in after:
            after["email_key"] = there.email_key
        if there.sis_id and not here.sis_id:
            after |= {"source": there.source, "sis_id": there.sis_id}
        before = {field: getattr(here, field) for field in after}
        blocked = _never_again(here, there, by) if here.sis_id and there.sis_id else ""
        given_up = {field: getattr(there, field) for field in GIVEN_UP}
        _write(
            there,
            {
                "status": AccountStatus.MERGED,
                "email_key": f"merged:{there.pk}",
                "student_number": None,
                "source": "",
                "sis_id": None,
            },
            here,
        )
        _write(here, after, None)
        _keep_alias(here, there, before)
        Invitation.objects.filter(
            account=there, used_at__isnull=True, ended_at__isnull=True
        ).update(ended_at=Now())
        told = {"merged_from": str(there.pk), "never_import": blocked}
        _note(here, by, via, EventAction.MERGED, before, after | told)
        _note(
            there,
            by,
            via,
            EventAction.MERGED_AWAY,
            given_up,
            {"status": AccountStatus.MERGED, "merged_into": str(here.pk)},
        )
        audit.record(
            "students.merged",
            school=here.school,
            actor=by,
            subject=str(here.pk),
            via=via,
            other=str(there.pk),
            fields=sorted(after),
        )
    return here


def merged_into(account: StudentAccount) -> list[StudentAccount]:
    """The accounts that were merged into this one."""
    return list(
        StudentAccount.objects.filter(school_id=account.school_id, merged_into=account).order_by(
            "pk"
        )
    )


def take_back(other: StudentAccount, by: User | None, via: str = "web") -> list[str]:
    """Take the merge of `other` back. Returns the fields that stay, because they were changed since. Raises Refused."""
    try:
        with transaction.atomic():
            if other.merged_into is None:
                raise Refused({"": _("Nothing was done: this account is not merged (any more).")})
            here, there = _locked(other.merged_into, other)
            if there.merged_into_id != here.pk:
                raise Refused({"": _("Nothing was done: this account is not merged (any more).")})
            event = _event(here, EventAction.MERGED, merged_from=str(there.pk))
            away = _event(there, EventAction.MERGED_AWAY, merged_into=str(here.pk))
            told = {
                key: value
                for key, value in event.after.items()
                if key not in ("merged_from", "never_import")
            }
            back = {
                field: event.before[field]
                for field, value in told.items()
                if _stored(getattr(here, field)) == value
            }
            stays = sorted(set(told) - set(back))
            was = {field: _stored(getattr(here, field)) for field in back}
            _refuse_taken(here, there, away.before)
            _write(here, back, None)
            returned = [
                field for field in GIVEN_UP if field not in LINK or not set(LINK) & set(stays)
            ]
            _write(there, {field: away.before[field] for field in returned}, None)
            StudentAccount.objects.filter(pk=there.pk).update(merged_into=None)
            if event.after.get("never_import"):
                NeverImport.objects.filter(
                    school_id=here.school_id, pk=event.after["never_import"]
                ).delete()
            _note(here, by, via, EventAction.UNMERGED, was, back | {"unmerged_from": str(there.pk)})
            _note(
                there,
                by,
                via,
                EventAction.UNMERGED,
                {"status": AccountStatus.MERGED},
                {"status": away.before["status"]},
            )
            audit.record(
                "students.unmerged",
                school=here.school,
                actor=by,
                subject=str(here.pk),
                via=via,
                other=str(there.pk),
                stays=stays,
            )
    except IntegrityError as error:
        raise _taken() from error
    return stays


def _refuse_taken(here: StudentAccount, there: StudentAccount, before: Mapping[str, Any]) -> None:
    """The database would refuse it too, but only at the end of the transaction."""
    others = StudentAccount.objects.filter(school_id=here.school_id).exclude(
        pk__in=(here.pk, there.pk)
    )
    link = Q(source=before["source"], sis_id=before["sis_id"], sis_id__isnull=False)
    if others.filter(Q(email_key=before["email_key"]) | link).exists():
        raise _taken()


def _taken() -> Refused:
    return Refused(
        {
            "": _(
                "Nothing was done: another student has got the e-mail or the SIS ID of this account since. Change that first."
            )
        }
    )


def _both(kept: StudentAccount, other: StudentAccount) -> tuple[StudentAccount, StudentAccount]:
    if kept.pk == other.pk or kept.school_id != other.school_id:
        raise Refused({"": _("Choose another student to merge with.")})
    here, there = _locked(kept, other)
    if AccountStatus.MERGED in (here.status, there.status):
        raise Refused({"": _("Nothing was done: one of the two is merged already.")})
    return here, there


def _locked(kept: StudentAccount, other: StudentAccount) -> tuple[StudentAccount, StudentAccount]:
    """In one order, so that two people who merge at once can't deadlock."""
    held = {each.pk: each for each in StudentAccount.objects.select_for_update(of=("self",)).select_related("school").filter(
        school_id=kept.school_id, pk__in=(kept.pk, other.pk)).order_by("pk")}  # fmt: skip
    return held[kept.pk], held[other.pk]


def _write(account: StudentAccount, values: Mapping[str, Any], into: StudentAccount | None) -> None:
    """Write values, with a new version and without a fingerprint: the next run looks at the student again."""
    pointer = {"merged_into": into} if into is not None else {}
    StudentAccount.objects.filter(pk=account.pk).update(
        **values, **pointer, version=F("version") + 1, source_fingerprint=None, updated_at=Now()
    )


def _never_again(here: StudentAccount, there: StudentAccount, by: User | None) -> str:
    """Keep runs from making the merged person again under an ID that nothing is linked to. The entry's id, "" where it was there."""
    reason = _("Merged with another account of the same person")
    entry, made = NeverImport.objects.get_or_create(
        school_id=here.school_id,
        field="sis_id",
        key=str(there.sis_id),
        defaults={"reason": reason, "by": by},
    )
    return str(entry.pk) if made else ""


def _keep_alias(here: StudentAccount, there: StudentAccount, before: Mapping[str, Any]) -> None:
    """The address that nobody signs in with any more stays known as the kept account's."""
    email, key = (
        (before["email"], before["email_key"])
        if "email_key" in before
        else (there.email, there.email_key)
    )
    until = timezone.now() + timedelta(days=config.alias_days)
    EmailAlias.objects.update_or_create(
        school_id=here.school_id,
        account=here,
        email_key=key,
        defaults={"email": email, "kept_until": until},
    )


def _event(account: StudentAccount, action: EventAction, **after: str) -> AccountEvent:
    """The newest event of this kind that tells of the other account."""
    told = {f"after__{key}": value for key, value in after.items()}
    return AccountEvent.objects.filter(account=account, action=action, **told).latest("at")


def _note(
    account: StudentAccount,
    by: User | None,
    via: str,
    action: EventAction,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    AccountEvent.objects.create(
        school_id=account.school_id,
        account=account,
        actor=by,
        via=via,
        action=action,
        before={key: _stored(value) for key, value in before.items()},
        after={key: _stored(value) for key, value in after.items()},
    )


def _stored(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
