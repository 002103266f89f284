"""Student accounts, and what people did to them."""

import uuid
from typing import ClassVar, Final

from django.db import models
from django.db.models import Case, Value, When
from django.utils.translation import gettext_lazy as _

from rollbook.roster.values.parsing import FREED
from rollbook.schools.models import School, User
from rollbook.schools.moments import ChangedAt, MadeAt
from rollbook.students.folding import SearchText


class AccountStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    DEACTIVATED = "deactivated", _("Deactivated")
    LEFT = "left", _("Left")
    GRADUATED = "graduated", _("Graduated")
    MERGED = "merged", _("Merged")


# Not by Coalesce: behind row-level security PostgreSQL uses no index of it, as it doesn't count
# it among the expressions that tell nothing. A page of students took 60 ms of its CPU, not 16.
YEAR_OR_NONE: Final = Case(
    When(graduation_year__isnull=True, then=Value(0)),
    default="graduation_year",
    output_field=models.IntegerField(),
)


class StudentAccount(models.Model):
    """One student of one school.

    `source` and `sis_id` are the link to the record; both are empty until linked. Where another SIS
    has the student as well, that is a `FurtherLink`. `version` counts
    every change, so that a plan made on an older one is recognised. `source_fingerprint` is a
    digest (16 bytes) of the last values of the source; null if they must be compared again.
    An account that was merged into another (`merged_into`) has no link and no address any more, so
    nothing matches it. A closed account can give up its address for others, and still shows it:
    then `email_key` starts with FREED. `closed_at` is when a run closed it; before this was noted,
    null. Values are stored in the canonical form of `roster.values`;
    `email_key` is the same for every spelling of an address.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Every other index begins with the school: one of its own would only cost time. No foreign key
    # in the database: looking 100,000 new students' school up took 0.4 s at the end of the run.
    school = models.ForeignKey(
        School,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="students",
    )
    source = models.CharField(max_length=40, blank=True)
    sis_id = models.CharField(max_length=200, null=True)
    student_number = models.CharField(max_length=200, null=True)
    email = models.CharField(max_length=320)
    email_key = models.CharField(max_length=320)
    first_name = models.CharField(max_length=300)
    last_name = models.CharField(max_length=300)
    middle_name = models.CharField(max_length=300, null=True)
    preferred_name = models.CharField(max_length=300, null=True)
    personal_email = models.CharField(max_length=320, null=True)
    graduation_year = models.SmallIntegerField(null=True)
    grade_level = models.CharField(max_length=100, null=True)
    home_room = models.CharField(max_length=100, null=True)
    birth_date = models.DateField(null=True)
    gender = models.CharField(max_length=100, null=True)
    status = models.CharField(
        max_length=12, choices=AccountStatus.choices, default=AccountStatus.ACTIVE
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)
    source_fingerprint = models.BinaryField(null=True)
    search_text = models.GeneratedField(
        expression=SearchText(), output_field=models.TextField(), db_persist=True
    )
    created_at = MadeAt()
    updated_at = ChangedAt()

    class Meta:
        constraints: ClassVar = [
            # Deferred, so that two students who swap addresses come out right in one transaction.
            models.UniqueConstraint(
                fields=["school", "email_key"],
                name="one_account_per_email",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(
                fields=["school", "source", "sis_id"], name="one_account_per_sis_id"
            ),
        ]
        indexes: ClassVar = [
            # Lists are sorted further by the database, a few thousand students of one last name or
            # one year at a time. With all columns of these orders in the two indexes a first run
            # of 100,000 students took 0.8 s longer.
            models.Index(fields=["school", "last_name"], name="students_by_name"),
            models.Index(models.F("school"), YEAR_OR_NONE, name="students_by_year"),
            models.Index(
                fields=["merged_into"],
                condition=models.Q(merged_into__isnull=False),
                name="students_by_merge",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def email_is_free(self) -> bool:
        """Whether this closed account has given up its e-mail, so that others can get it."""
        return self.email_key.startswith(FREED)


class EventAction(models.TextChoices):
    DEACTIVATED = "deactivated", _("Deactivated")
    REACTIVATED = "reactivated", _("Reactivated")
    REGISTERED = "registered", _("Registered")
    PASSWORD_SET = "password_set", _("New password set")
    EDITED = "edited", _("Edited")
    LOCKED = "locked", _("Value kept")
    UNLOCKED = "unlocked", _("Value no longer kept")
    PROTECTED = "protected", _("Protected from sync")
    UNPROTECTED = "unprotected", _("Protection ended")
    MERGED = "merged", _("Merged with another account")
    MERGED_AWAY = "merged_away", _("Merged into another account")
    UNMERGED = "unmerged", _("Merge taken back")
    EMAIL_FREED = "email_freed", _("E-mail freed")
    UNLINKED = "unlinked", _("Unlinked from a SIS")
    EMAIL_TAKEN_BACK = "email_taken_back", _("E-mail taken back")


class AccountEvent(models.Model):
    """What a person did to an account; the changes of runs are in their plans.

    `before` and `after` have the differing values only.
    """

    school = models.ForeignKey(School, on_delete=models.PROTECT, db_index=False, related_name="+")
    account = models.ForeignKey(
        StudentAccount, on_delete=models.CASCADE, db_index=False, related_name="events"
    )
    at = MadeAt()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    via = models.CharField(max_length=20, default="web")
    action = models.CharField(max_length=20, choices=EventAction.choices)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["school", "account", "-at"], name="events_by_account")
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.account_id}"
