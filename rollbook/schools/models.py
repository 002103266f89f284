"""Schools, the people who work for them, their roles, and the audit log of what they did."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac

from rollbook.schools.account_mail import AccountMail, AccountMailKind
from rollbook.schools.moments import MadeAt
from rollbook.schools.roles import Role, rank
from rollbook.schools.staff_models import EmergencyAccess, EmergencyNotice, StaffInvitation
from rollbook.schools.staff_sessions import StaffSession

__all__ = [
    "MAY_ENTER",
    "AccountMail",
    "AccountMailKind",
    "AuditEntry",
    "EmergencyAccess",
    "EmergencyNotice",
    "KnownDevice",
    "Membership",
    "OpenSchools",
    "People",
    "Role",
    "School",
    "StaffInvitation",
    "StaffSession",
    "TryCounter",
    "User",
]

# The memberships that let somebody in: neither the membership nor the user is disabled.
MAY_ENTER = models.Q(disabled_at__isnull=True, user__is_active=True)


class OpenSchools(models.Manager["School"]):
    """The schools that nobody has asked to delete."""

    def get_queryset(self) -> models.QuerySet["School"]:
        return super().get_queryset().filter(deletion_requested_at__isnull=True)


class School(models.Model):
    """A school. Every row with student data belongs to exactly one. `timezone` is an IANA name.

    `free_emails_after` are the days after which an account that has left or graduated gives up its
    e-mail for another student, `purge_leavers_after` those after which it is erased; null for
    never.

    A deleted school keeps this row, for the audit log. It is closed from `deletion_requested_at`;
    at `deleted_at` its other rows were gone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    timezone = models.CharField(max_length=64, default="Asia/Singapore")
    free_emails_after = models.PositiveSmallIntegerField(null=True)
    purge_leavers_after = models.PositiveSmallIntegerField(null=True, default=400)
    created_at = MadeAt()
    deletion_requested_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    objects = OpenSchools()
    with_deleted: ClassVar[models.Manager["School"]] = models.Manager()

    def __str__(self) -> str:
        return self.name


class People(BaseUserManager["User"]):
    """Finds and makes users by e-mail, typed in any letter case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())

    def create_user(self, email: str, name: str, password: str | None = None) -> "User":
        user = self.model(email=email.strip().lower(), name=name)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """A person who signs in. Memberships say what they may do.

    An operator of the installation adds schools and looks after the machines. Operators have no
    memberships, so they never see students.

    `session_generation` grows whenever the person loses access to something. A session keeps the
    generation of its sign-in. Older ones than `oldest_session` are over, for good.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(default=False)
    session_generation = models.PositiveIntegerField(default=0)
    oldest_session = models.PositiveIntegerField(default=0)
    created_at = MadeAt()
    schools: "models.ManyToManyField[School, Membership]" = models.ManyToManyField(
        School, through="Membership", related_name="people"
    )

    objects: ClassVar[People] = People()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """Return what Django compares at each request: it changes with the oldest session too."""
        hashed: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        value = f"{self.pk}/{self.oldest_session}/{hashed}"
        key = "rollbook.session_generation"
        return salted_hmac(key, value, secret=secret, algorithm="sha256").hexdigest()


class Membership(models.Model):
    """The role of a person at a school.

    A counselor sees students and reports, never credentials, and starts no run. Sessions of an
    older generation than `oldest_session` don't open the school (see `User`).
    """

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    disabled_at = models.DateTimeField(null=True)
    oldest_session = models.PositiveIntegerField(default=0)
    # The columns of the students' list that this person has chosen; null is the usual ones.
    student_columns = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["school", "user"], name="one_role_per_school")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"

    def save(self, *args: Any, **options: Any) -> None:
        """Save the membership. A new one opens to no session from before an earlier removal."""
        if self._state.adding:
            people = User.objects.filter(pk=self.user_id)
            generations = people.values_list("session_generation", flat=True)
            self.oldest_session = generations.first() or 0
        super().save(*args, **options)

    @property
    def may_enter(self) -> bool:
        """Whether neither the membership nor the user is disabled (see MAY_ENTER)."""
        return self.disabled_at is None and self.user.is_active

    @property
    def may_manage(self) -> bool:
        return rank(self.role) >= rank(Role.ADMINISTRATOR)

    @property
    def may_delete_school(self) -> bool:
        return self.role == Role.OWNER

    @property
    def may_disconnect(self) -> bool:
        return self.role == Role.OWNER

    @property
    def may_read_audit_log(self) -> bool:
        return self.role == Role.OWNER


class AuditEntry(models.Model):
    """One action of a person, which the app role can neither change nor delete.

    It has ids and counts, never a student's values. `students` are the ids of the accounts that
    were shown or taken, 16 bytes each. The database sets `at`, whatever the app role says.
    """

    school = models.ForeignKey(
        School, on_delete=models.PROTECT, related_name="audit_entries", null=True
    )
    at = MadeAt()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    via = models.CharField(max_length=20, default="web")  # web, command line, schedule
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=100, blank=True)
    detail = models.JSONField(default=dict)
    students = models.BinaryField(default=bytes)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["school", "-at"], name="audit_by_school")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"


class AuditSeal(models.Model):
    """The place of one audit entry in the chain of this installation.

    `content` is a digest of the entry. `digest` covers it, this place and the digest before it, so
    no entry can be changed, removed or put elsewhere without breaking the chain. The app role adds
    seals and can neither change nor delete one.
    """

    number = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    content = models.BinaryField()
    digest = models.BinaryField()
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.number} {self.entry_id}"


class AuditStart(models.Model):
    """Where the chain begins after old entries were removed: the last seal that went with them.

    Only a function of the database's owner writes it, together with the removal.
    """

    number = models.BigIntegerField()
    digest = models.BinaryField()
    removed = models.BigIntegerField()
    at = MadeAt()

    def __str__(self) -> str:
        return f"{self.number} {self.removed}"


class DigestKey(models.Model):
    """The encrypted key of the digests that stand for students. There is one row, with the id 1."""

    key_id = models.CharField(max_length=100)
    ciphertext = models.BinaryField()
    made_at = MadeAt()

    def __str__(self) -> str:
        return self.key_id


class TryCounter(models.Model):
    """How often a password or code was tried. `who` is a digest of an account or a network.

    `rollbook.schools.slow_down` writes the rows and says what they mean.
    """

    who = models.CharField(max_length=64, primary_key=True)
    tries = models.IntegerField()
    in_a_row = models.IntegerField()
    began_at = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.tries} tries"


class KnownDevice(models.Model):
    """A browser in which an account has signed in; digests of the account and of a cookie."""

    account = models.CharField(max_length=64)
    device = models.CharField(max_length=64)
    last_used_at = MadeAt()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "device"], name="one_row_per_device")
        ]

    def __str__(self) -> str:
        return f"{self.last_used_at:%Y-%m-%d %H:%M}"
