"""Inviting students to register: who gets an invitation, and the invitations themselves."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from rollbook.schools import audit, clock
from rollbook.schools.mail import MailState
from rollbook.schools.models import School, User
from rollbook.students.models import AccountStatus, Invitation, StudentAccount, StudentLogin

VALID: Final = timedelta(days=14)
JUST_NOW: Final = timedelta(hours=24)  # a bulk invitation leaves out those who got one since
AGAIN_AFTER: Final = timedelta(minutes=15)  # a student who forgot the password can ask so often
SAME_CLICK: Final = timedelta(minutes=1)
CHUNK: Final = 2_000
OPEN: Final = Q(used_at__isnull=True, ended_at__isnull=True)


class Audience(NamedTuple):
    """How many students an invitation would reach, and how many are left out, by reason."""

    invited: int
    not_active: int
    registered: int
    just_invited: int

    @property
    def left_out(self) -> int:
        return self.not_active + self.registered + self.just_invited


def audience(accounts: QuerySet[StudentAccount], *, again: bool = False) -> Audience:
    """Count whom inviting these accounts would reach.

    `again` invites those too who got an invitation within the last day.
    """
    active = accounts.filter(status=AccountStatus.ACTIVE)
    unregistered = active.exclude(_registered())
    invited = to_invite(accounts, again=again).count()
    return Audience(
        invited=invited,
        not_active=accounts.exclude(status=AccountStatus.ACTIVE).count(),
        registered=active.filter(_registered()).count(),
        just_invited=unregistered.count() - invited,
    )


def to_invite(
    accounts: QuerySet[StudentAccount], *, again: bool = False
) -> QuerySet[StudentAccount]:
    """Return those of the accounts that an invitation goes to."""
    unregistered = accounts.filter(~_registered(), status=AccountStatus.ACTIVE)
    return unregistered if again else unregistered.exclude(_just_invited())


def with_registration(accounts: QuerySet[StudentAccount], state: str) -> QuerySet[StudentAccount]:
    """Return the accounts that are `registered`, `invited` but not registered, or `none` of both.

    Any other state returns all accounts.
    """
    is_invited = Exists(_open_invitations())
    conditions = {
        "registered": Q(_registered()),
        "invited": Q(~_registered() & is_invited),
        "none": Q(~_registered() & ~is_invited),
    }
    return accounts.filter(conditions[state]) if state in conditions else accounts


def _registered() -> Exists:
    return Exists(
        StudentLogin.objects.filter(account_id=OuterRef("pk"), school_id=OuterRef("school_id"))
    )


def _open_invitations() -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        OPEN, account_id=OuterRef("pk"), school_id=OuterRef("school_id"), expires_at__gt=Now()
    )


def _just_invited() -> Exists:
    """Return the condition to have an open, delivered invitation to today's address."""
    recent = _open_invitations().filter(
        created_at__gt=Now() - JUST_NOW, address_key=OuterRef("email_key")
    )
    return Exists(recent.exclude(state=MailState.UNDELIVERED))


def invite(
    school: School,
    accounts: QuerySet[StudentAccount],
    by: User | None,
    *,
    again: bool = False,
    via: str = "web",
) -> Iterator[list[UUID]]:
    """Write the invitations of the accounts of `to_invite`, in chunks; yield the new ids.

    Each chunk is a transaction. An older open invitation of a student ends. Nobody gets two,
    however often this is called.
    """
    invited = 0
    ids = sorted(to_invite(accounts, again=again).values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        with transaction.atomic():
            part = StudentAccount.objects.filter(school=school, pk__in=ids[start : start + CHUNK])
            # Locked, so that a second click waits here and then finds them just invited.
            locked = to_invite(part, again=again).select_for_update().order_by("pk")
            invitations = _write(school, list(locked.only("pk", "email", "email_key")), by)
            invited += len(invitations)
            yield [invitation.pk for invitation in invitations]
    if invited:
        audit.record(
            "students.invited",
            school=school,
            actor=by,
            via=via,
            subject=str(ids[0]) if len(ids) == 1 else "",
            students=invited,
        )


def within_a_minute(account: StudentAccount) -> bool:
    """Return whether the last invitation is so new that another click means the same one."""
    since = clock.now() - SAME_CLICK
    return Invitation.objects.filter(
        OPEN, school_id=account.school_id, account=account, created_at__gt=since
    ).exists()


def _write(school: School, accounts: list[StudentAccount], by: User | None) -> list[Invitation]:
    Invitation.objects.filter(OPEN, school=school, account__in=accounts).update(ended_at=Now())
    expires = clock.now() + VALID
    return Invitation.objects.bulk_create(
        Invitation(
            school=school,
            account=each,
            address=each.email,
            address_key=each.email_key,
            by=by,
            expires_at=expires,
        )
        for each in accounts
    )


def ask_again(school: School, account: StudentAccount) -> list[UUID]:
    """Write an invitation for a student who forgot the password, one in a quarter of an hour.

    Returns its id, or nothing if there is such an invitation already.
    """
    with transaction.atomic():
        StudentAccount.objects.select_for_update().get(pk=account.pk, school=school)
        since = clock.now() - AGAIN_AFTER
        if Invitation.objects.filter(
            OPEN, school=school, account=account, created_at__gt=since
        ).exists():
            return []
        return [invitation.pk for invitation in _write(school, [account], None)]
