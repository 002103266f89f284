"""A run and its plan: one row for the run, one for each planned change, one for each problem."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rollbook.roster.planning.changes import WRITING_KINDS, ChangeKind
from rollbook.schools.models import School, User
from rollbook.schools.moments import MadeAt
from rollbook.sources.registry import SOURCES
from rollbook.sync.models.integration import Integration
from rollbook.sync.models.run_counts import RosterCounts, RunCounts, UndoCounts
from rollbook.sync.models.run_settings import RosterSettings, UndoSettings, UploadSettings


class RunState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    FETCHING = "fetching", _("Reading")
    PREVIEW = "preview", _("Preview")
    PLANNED = "planned", _("Planned")
    ON_HOLD = "on_hold", _("On hold")
    APPLYING = "applying", _("Applying")
    DONE = "done", _("Finished")
    FAILED = "failed", _("Failed")
    DISCARDED = "discarded", _("Discarded")
    CANCELLED = "cancelled", _("Cancelled")
    UNDONE = "undone", _("Undone")


ACTIVE_STATES = (
    RunState.QUEUED,
    RunState.FETCHING,
    RunState.PLANNED,
    RunState.ON_HOLD,
    RunState.APPLYING,
)
# The runs of which a school has one at most. While an upload or an undo is planned or rests as a
# preview, which may be for days, other runs go on; a confirmed one waits its turn like any run.
OCCUPYING = Q(state__in=(RunState.PLANNED, RunState.ON_HOLD, RunState.APPLYING)) | (
    Q(state__in=(RunState.QUEUED, RunState.FETCHING), undoes__isnull=True) & ~Q(trigger="upload")
)
# An undo that nobody has confirmed: it is planned, rests as a preview, or was discarded.
UNDO_PREVIEW = Q(
    undoes__isnull=False,
    state__in=(RunState.QUEUED, RunState.FETCHING, RunState.PREVIEW, RunState.DISCARDED),
)
# Uploads and undos whose plan is still to be made.
PREVIEWING = Q(state__in=(RunState.QUEUED, RunState.FETCHING)) & (
    Q(trigger="upload") | Q(undoes__isnull=False)
)
WORKING_STATES = (RunState.FETCHING, RunState.PLANNED, RunState.APPLYING)
# Nothing is written before a run is applied, and all of it is written at once then.
CANCELLABLE_STATES = (RunState.QUEUED, RunState.FETCHING, RunState.PLANNED)


class Mode(models.TextChoices):
    LIVE = "live", _("Live")
    TEST = "test", _("Test")


class Trigger(models.TextChoices):
    SCHEDULE = "schedule", _("Schedule")
    PERSON = "person", _("Person")
    UPLOAD = "upload", _("Upload")
    API = "api", _("API")


class CancelReason(models.TextChoices):
    PERSON = "person", _("Cancelled by a person")
    INACTIVE = "inactive", _("Active switched off")
    TEST_RUN = "test_run", _("Test Run switched on")


class Run(models.Model):
    """One run: its state, who asked for it, how far it is, and its result.

    `due_at` is the due time of a scheduled run. `undoes` is the run that an undo takes back.
    `settings` and `counts` are JSON: use the typed values (`roster_settings`, `typed_counts`, …).
    `fence` grows with every claim; applying checks it again, so that a worker that was taken for
    dead can't write. `alarms` are the reasons why guards held the run; they stay when it is
    approved. `cancelled_by` is None for the command line, and where a switch of the integration
    ended the run. `classes` are the classes of the plan's students, see `report.classes`; null
    for runs of older versions. `proof` shows whether the roster was read completely, see
    `runs.roster_proof`; it is empty until then. `roster_names` has the students of a complete
    roster by the SIS's own name of their `grades`, and by the key of their `schools`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.PROTECT, related_name="runs")
    integration = models.ForeignKey(
        Integration, on_delete=models.PROTECT, related_name="runs", null=True
    )
    source = models.CharField(max_length=40)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    trigger = models.CharField(max_length=8, choices=Trigger.choices)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(null=True)
    settings = models.JSONField(default=dict)
    undoes = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="undone_by", null=True
    )

    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    requested_at = MadeAt()
    started_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.IntegerField(default=0)
    attempts = models.IntegerField(default=0)

    pages_done = models.IntegerField(default=0)
    pages_total = models.IntegerField(null=True)
    students_done = models.IntegerField(default=0)
    students_total = models.IntegerField(null=True)

    counts = models.JSONField(default=dict)
    classes = models.JSONField(null=True)
    alarms = models.JSONField(default=list)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_additions_only = models.BooleanField(default=False)
    cancelled_because = models.CharField(max_length=8, choices=CancelReason.choices, blank=True)
    cancelled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    proof = models.JSONField(default=dict)
    roster_names = models.JSONField(default=dict)
    # The accounts of those who may be alike, while the worker that has planned a run applies it.
    alike: frozenset[bytes] | None = None
    error_code = models.CharField(max_length=40, blank=True)
    error_what = models.TextField(blank=True)
    error_remedy = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school"], condition=OCCUPYING, name="one_active_run_per_school"
            ),
            models.UniqueConstraint(
                fields=["school", "integration", "due_at"], name="one_run_per_due_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["school", "-requested_at"], name="runs_by_school"),
            # Workers look for waiting runs each second.
            models.Index(
                fields=["requested_at"],
                condition=Q(state__in=(RunState.QUEUED, *WORKING_STATES)),
                name="runs_to_work_on",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.id}"

    @property
    def typed_counts(self) -> RunCounts:
        """Return the counts, in the class for this kind of run."""
        if self.is_undo:
            return UndoCounts.load(self.counts)
        return (RunCounts if self.is_upload else RosterCounts).load(self.counts)

    @property
    def roster_settings(self) -> RosterSettings:
        """Return the settings of a run that reads a SIS; other runs have some of them."""
        return RosterSettings.load(self.settings)

    @property
    def upload_settings(self) -> UploadSettings:
        return UploadSettings.load(self.settings)

    @property
    def undo_settings(self) -> UndoSettings:
        return UndoSettings.load(self.settings)

    @property
    def duration(self) -> timedelta | None:
        """Return how long workers took, without the time on hold.

        None until the run is over, and where a person discarded a preview.
        """
        if self.started_at is None or self.finished_at is None:
            return None
        if self.held_at is None:
            discarded = self.state == RunState.DISCARDED
            return None if discarded else self.finished_at - self.started_at
        after_approval = self.finished_at - (self.approved_at or self.finished_at)
        return self.held_at - self.started_at + after_approval

    @property
    def free_emails_after(self) -> int | None:
        """The days after which closed accounts give up their e-mails in this run; None: never."""
        settings = self.upload_settings if self.is_upload else self.roster_settings
        return settings.free_emails_after

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES

    @property
    def is_cancellable(self) -> bool:
        return self.state in CANCELLABLE_STATES

    @property
    def is_upload(self) -> bool:
        return self.trigger == Trigger.UPLOAD

    @property
    def awaits_confirming(self) -> bool:
        """Return whether this is the preview of an upload, or will be one."""
        return self.is_upload and self.state in (
            RunState.QUEUED,
            RunState.FETCHING,
            RunState.PREVIEW,
        )

    @property
    def link_source(self) -> str:
        """Return the source that new accounts are linked to; an upload links none."""
        return "" if self.source not in SOURCES else self.source

    @property
    def is_undo(self) -> bool:
        return self.undoes_id is not None


class Change(models.Model):
    """One planned change for one student: written by COPY, applied from here, read by the report.

    `before` and `after` hold the fields that differ; for a new account `after` holds all of them.
    `account_version` is the version of the account that the change was planned for. If the account
    was edited since, it is left alone and `outcome` says `overtaken`. `row_number` is the row of
    the spreadsheet. `sis_answer` has the fields of `roster.records.SisAnswer`, for a student who is
    missing. The school and run columns have no database foreign key: checking them made a
    COPY of 100,000 rows take half as long again.
    """

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(
        School, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="changes"
    )
    kind = models.CharField(max_length=20)
    sis_id = models.CharField(max_length=200, null=True)
    account_id = models.UUIDField(null=True)
    account_version = models.IntegerField(null=True)
    first_name = models.CharField(max_length=300)
    last_name = models.CharField(max_length=300)
    email = models.CharField(max_length=320)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    row_number = models.IntegerField(null=True)
    fingerprint = models.BinaryField(null=True)
    reason = models.CharField(max_length=60, blank=True)
    sis_answer = models.JSONField(null=True)
    outcome = models.CharField(max_length=12, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["school", "run", "kind", "id"], name="changes_by_run"),
            # Before the database has statistics of a plan, it looks for its updates among all rows:
            # a dozen times 40 ms for 100,000 new students, who aren't in this index.
            models.Index(
                fields=["school", "run", "kind"],
                condition=~Q(kind="new"),
                name="changes_to_accounts",
            ),
            models.Index(fields=["school", "account_id"], name="changes_by_account"),
            # `report.counts` counts these few apart from all rows of a run.
            models.Index(
                fields=["school", "run", "kind", "outcome"],
                condition=~Q(outcome=""),
                name="changes_with_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


# What is left out when only additions and updates are approved: rows that close an account, change
# a sign-in e-mail, or give an account another SIS ID. Of a row that changes other values besides an
# e-mail, only the e-mail is left out (`runs.left_out.email_left_out`). An e-mail that is freed goes
# with the row of the student who gets it.
LEFT_OUT = Q(kind__in=set(WRITING_KINDS) - {ChangeKind.EMAIL_FREED}) & (
    Q(kind__in=(ChangeKind.LEFT, ChangeKind.GRADUATED))
    | Q(reason="re_keyed")
    | (Q(kind=ChangeKind.LINKED, before__has_key="source") & ~Q(before__source=""))
    | Q(after__has_key="email_key", before__has_key="email_key")
)


class Issue(models.Model):
    """One problem with one record. `code` is a key of `roster.problems.PROBLEMS`.

    `row_number` and `column_index` (from 0) are the place in a spreadsheet. `other` names the other
    students whom the problem concerns. `fingerprint` is that of a record that was skipped for its
    values.
    """

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(
        School, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="issues"
    )
    severity = models.CharField(max_length=8)
    code = models.CharField(max_length=40)
    sis_id = models.CharField(max_length=200, null=True)
    name = models.CharField(max_length=300, blank=True)
    field = models.CharField(max_length=40, blank=True)
    source_field = models.CharField(max_length=100, blank=True)
    value = models.CharField(max_length=400, blank=True)
    other = models.CharField(max_length=1_000, blank=True)
    row_number = models.IntegerField(null=True)
    column_index = models.SmallIntegerField(null=True)
    fingerprint = models.BinaryField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["school", "run", "severity", "id"], name="issues_by_run"),
            models.Index(fields=["school", "sis_id"], name="issues_by_sis_id"),
        ]

    def __str__(self) -> str:
        return f"{self.severity} {self.code}"
