"""Registration: who may be invited, the link of an invitation, setting a password with it, and signing in as a student.

A link carries the invitation's id and a code that only this installation can make of it; a copy of the database alone opens nothing.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from rollbook.roster.values import email_key
from rollbook.schools import audit
from rollbook.schools.mail import MailState
from rollbook.schools.models import School, User
from rollbook.students.models import (
    AccountEvent,
    AccountStatus,
    EventAction,
    Invitation,
    StudentAccount,
    StudentLogin,
)

VALID: Final = timedelta(days=14)
JUST_NOW: Final = timedelta(hours=24)  # a bulk invitation leaves out whoever got one since
CHUNK: Final = 2_000
OPEN: Final = Q(used_at__isnull=True, ended_at__isnull=True)


class Audience(NamedTuple):
    """Whom an invitation of these students would reach, and how many are left out, each for one reason."""

    invited: int
    not_active: int
    registered: int
    just_invited: int

    @property
    def left_out(self) -> int:
        return self.not_active + self.registered + self.just_invited


def audience(accounts: QuerySet[StudentAccount], *, again: bool = False) -> Audience:
    """Count whom inviting these accounts would reach. `again` invites those too who got an invitation within the last day."""
    active = accounts.filter(status=AccountStatus.ACTIVE)
    unregistered = active.exclude(_registered())
    invited = to_invite(accounts, again=again).count()
    return Audience(
        invited,
        accounts.exclude(status=AccountStatus.ACTIVE).count(),
        active.filter(_registered()).count(),
        unregistered.count() - invited,
    )


def to_invite(
    accounts: QuerySet[StudentAccount], *, again: bool = False
) -> QuerySet[StudentAccount]:
    """Those of the accounts that an invitation goes to."""
    found = accounts.filter(~_registered(), status=AccountStatus.ACTIVE)
    return found if again else found.exclude(_just_invited())


def with_registration(accounts: QuerySet[StudentAccount], wanted: str) -> QuerySet[StudentAccount]:
    """The accounts that are `registered`, `invited` (and not registered), or `none` of both; anything else leaves them all."""
    open_one = Exists(_open_invitations())
    narrowed = {
        "registered": Q(_registered()),
        "invited": Q(~_registered() & open_one),
        "none": Q(~_registered() & ~open_one),
    }
    return accounts.filter(narrowed[wanted]) if wanted in narrowed else accounts


def _registered() -> Exists:
    return Exists(
        StudentLogin.objects.filter(account_id=OuterRef("pk"), school_id=OuterRef("school_id"))
    )


def _open_invitations() -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        OPEN, account_id=OuterRef("pk"), school_id=OuterRef("school_id"), expires_at__gt=Now()
    )


def _just_invited() -> Exists:
    """An invitation that is still good, went to today's address and wasn't undelivered."""
    fresh = _open_invitations().filter(
        created_at__gt=Now() - JUST_NOW, address_key=OuterRef("email_key")
    )
    return Exists(fresh.exclude(state=MailState.UNDELIVERED))


def invite(
    school: School,
    accounts: QuerySet[StudentAccount],
    by: User | None,
    *,
    again: bool = False,
    via: str = "web",
) -> Iterator[list[UUID]]:
    """Make the invitations of those whom `to_invite` names, a part at a time, each in a transaction; yields the ids that were made.

    An older open invitation of a student ends. Nobody gets two, however often this is asked.
    """
    made = 0
    ids = sorted(to_invite(accounts, again=again).values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        with transaction.atomic():
            part = StudentAccount.objects.filter(school=school, pk__in=ids[start : start + CHUNK])
            # Locked, so that a second click waits here and then finds them just invited.
            held = list(
                to_invite(part, again=again)
                .select_for_update()
                .order_by("pk")
                .only("pk", "email", "email_key")
            )
            invitations = _make(school, held, by)
            made += len(invitations)
            yield [invitation.pk for invitation in invitations]
    if made:
        audit.record(
            "students.invited",
            school=school,
            actor=by,
            via=via,
            subject=str(ids[0]) if len(ids) == 1 else "",
            students=made,
        )


def within_a_minute(account: StudentAccount) -> bool:
    """Whether an invitation was made so lately that another click is the same wish."""
    since = timezone.now() - timedelta(minutes=1)
    return Invitation.objects.filter(
        OPEN, school_id=account.school_id, account=account, created_at__gt=since
    ).exists()


def _make(school: School, accounts: list[StudentAccount], by: User | None) -> list[Invitation]:
    Invitation.objects.filter(OPEN, school=school, account__in=accounts).update(ended_at=Now())
    expires = timezone.now() + VALID
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
    """A registered student has forgotten the password: one more invitation, at most one in a quarter of an hour. The ids made."""
    with transaction.atomic():
        StudentAccount.objects.select_for_update().get(pk=account.pk, school=school)
        since = timezone.now() - timedelta(minutes=15)
        if Invitation.objects.filter(
            OPEN, school=school, account=account, created_at__gt=since
        ).exists():
            return []
        return [invitation.pk for invitation in _make(school, [account], None)]


def code_of(invitation: Invitation) -> str:
    """What the link carries besides the invitation's id: 256 bits, made of the id and the address it is bound to."""
    return salted_hmac(
        "rollbook.invitation", f"{invitation.pk}/{invitation.address_key}", algorithm="sha256"
    ).hexdigest()


class LinkClosed(Exception):
    """The link can't be used. `code`: unknown, used, expired, replaced, or closed (the account isn't active, or has another address)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def opened(invitation_id: UUID, code: str) -> Invitation:
    """The invitation of a link that may be used now. Raises LinkClosed."""
    invitation = (
        Invitation.objects.select_related("account", "school").filter(pk=invitation_id).first()
    )
    if invitation is None or not constant_time_compare(code, code_of(invitation)):
        raise LinkClosed("unknown")
    if (
        invitation.account.status != AccountStatus.ACTIVE
        or invitation.account.email_key != invitation.address_key
    ):
        raise LinkClosed("closed")
    if invitation.used_at:
        raise LinkClosed("used")
    if invitation.ended_at:
        raise LinkClosed("replaced")
    if invitation.expires_at <= timezone.now():
        raise LinkClosed("expired")
    return invitation


@transaction.atomic
def register(invitation: Invitation, password: str) -> StudentLogin:
    """Set the password with an opened invitation, which is used up by it. Raises LinkClosed where somebody was faster."""
    account = StudentAccount.objects.select_for_update().get(pk=invitation.account_id)
    if account.status != AccountStatus.ACTIVE or account.email_key != invitation.address_key:
        raise LinkClosed("closed")
    if not Invitation.objects.filter(OPEN, pk=invitation.pk, expires_at__gt=Now()).update(
        used_at=Now()
    ):
        raise LinkClosed("used")
    login, created = StudentLogin.objects.update_or_create(
        account=account,
        defaults={
            "school_id": account.school_id,
            "password": make_password(password),
            "last_sign_in_at": timezone.now(),
        },
    )
    action = EventAction.REGISTERED if created else EventAction.PASSWORD_SET
    AccountEvent.objects.create(
        school_id=account.school_id, account=account, actor=None, via="student", action=action
    )
    audit.record(
        f"student.{action.value}",
        school=invitation.school,
        actor=None,
        subject=str(account.pk),
        via="student",
    )
    return login


def sign_in(address: str, password: str) -> StudentLogin | None:
    """The login that this address and password open; None for a wrong pair, an unknown address and an account that isn't active.

    All of them take as long as a right one. A student of two schools with one address is let in by the password.
    """
    logins = list(
        StudentLogin.objects.select_related("account", "school").filter(
            account__email_key=email_key(address.strip())
        )[:5]
    )
    if not logins:
        make_password(password)  # as long as checking one
    for login in logins:
        if (
            check_password(password, login.password)
            and login.account.status == AccountStatus.ACTIVE
        ):
            login.last_sign_in_at = timezone.now()
            login.save(update_fields=["last_sign_in_at"])
            audit.record(
                "student.signed_in",
                school=login.school,
                actor=None,
                subject=str(login.account_id),
                via="student",
            )
            return login
    return None


def session_code(login: StudentLogin) -> str:
    """What a session keeps to know that the password is still the one it was opened with."""
    return salted_hmac("rollbook.student", login.password, algorithm="sha256").hexdigest()


def signed_in(account_id: UUID, code: str) -> StudentLogin | None:
    """The login of a session, as long as the account is active and the password the same."""
    login = (
        StudentLogin.objects.select_related("account", "school")
        .filter(account_id=account_id)
        .first()
    )
    if (
        login is None
        or login.account.status != AccountStatus.ACTIVE
        or not constant_time_compare(code, session_code(login))
    ):
        return None
    return login
