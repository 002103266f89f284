"""Tables of the sync: an integration, its credentials, runs, and each run's plan. Columns and constraints, little else."""

import uuid
from datetime import time
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rollbook.roster.school_calendar import Timetable
from rollbook.schools.models import School, User
from rollbook.sources.base import Source, Variant
from rollbook.sources.registry import SOURCES


def sunday() -> list[int]:
    return [6]


def two_o_clock() -> list[str]:
    return ["02:00"]


class Integration(models.Model):
    """A school's saved set-up of one SIS.

    `grades` are the grade levels to pull in, as integers: -1 and below pre-kindergarten, 0 kindergarten, 1 to 12.
    `mapping` is a list of `[source field, our field]`; `mapping_version` grows with each change of it and is part of every fingerprint.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.PROTECT, related_name="integrations")
    source = models.CharField(max_length=40)
    variant = models.CharField(max_length=20, blank=True)
    choices = models.JSONField(default=dict)
    grades = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    test_run = models.BooleanField(default=True)
    notify_on_errors = models.BooleanField(default=True)
    mapping = models.JSONField(default=list)
    mapping_version = models.IntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["school", "source"], name="one_integration_per_source")]

    def __str__(self) -> str:
        return f"{self.school} · {self.source_type.label}"

    @property
    def source_type(self) -> Source:
        return SOURCES[self.source]

    @property
    def variant_type(self) -> Variant:
        return self.source_type.variant(self.variant)


class Credential(models.Model):
    """One encrypted value of an integration; see `sync.credentials`. Never shown again once stored."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="credentials")
    name = models.CharField(max_length=40)
    ciphertext = models.BinaryField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["school", "integration", "name"], name="one_value_per_credential")]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.name}"


class Schedule(models.Model):
    """When an integration runs by itself. `days` are weekdays from 0, Monday; `times` are "HH:MM" in `timezone`, an IANA name.

    `next_due_at` is claimed together with the creation of its run, so each due time runs once, whoever asks.
    """

    integration = models.OneToOneField(Integration, on_delete=models.CASCADE, primary_key=True, related_name="schedule")
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    enabled = models.BooleanField(default=True)
    days = models.JSONField(default=sunday)
    times = models.JSONField(default=two_o_clock)
    timezone = models.CharField(max_length=64, default="Asia/Singapore")
    next_due_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["next_due_at"], name="schedules_by_due_time")]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.days} {self.times} {self.timezone}"

    @property
    def timetable(self) -> Timetable:
        return Timetable(frozenset(self.days), tuple(time.fromisoformat(at) for at in self.times), self.timezone)


class RunState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    FETCHING = "fetching", _("Reading")
    PLANNED = "planned", _("Planned")
    ON_HOLD = "on_hold", _("On hold")
    APPLYING = "applying", _("Applying")
    DONE = "done", _("Finished")
    FAILED = "failed", _("Failed")
    DISCARDED = "discarded", _("Discarded")
    UNDONE = "undone", _("Undone")


ACTIVE_STATES = (RunState.QUEUED, RunState.FETCHING, RunState.PLANNED, RunState.ON_HOLD, RunState.APPLYING)
WORKING_STATES = (RunState.FETCHING, RunState.PLANNED, RunState.APPLYING)


class Mode(models.TextChoices):
    LIVE = "live", _("Live")
    TEST = "test", _("Test")


class Trigger(models.TextChoices):
    SCHEDULE = "schedule", _("Schedule")
    PERSON = "person", _("Person")
    UPLOAD = "upload", _("Upload")
    API = "api", _("API")


class Run(models.Model):
    """One run: its state, who asked for it, how far it is and what came of it. `due_at` is the due time of a scheduled one.

    `fence` grows with every claim; applying re-checks it, so that a worker that was taken for dead can't write. `settings` are the
    grades, mapping and choices the run was planned with. `counts` maps change kinds and severities to numbers.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.PROTECT, related_name="runs")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="runs", null=True)
    source = models.CharField(max_length=40)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    trigger = models.CharField(max_length=8, choices=Trigger.choices)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(null=True)
    settings = models.JSONField(default=dict)

    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.IntegerField(default=0)
    attempts = models.IntegerField(default=0)

    pages_done = models.IntegerField(default=0)
    pages_total = models.IntegerField(null=True)
    students_done = models.IntegerField(default=0)
    students_total = models.IntegerField(null=True)

    counts = models.JSONField(default=dict)
    alarms = models.JSONField(default=list)
    error_code = models.CharField(max_length=40, blank=True)
    error_what = models.TextField(blank=True)
    error_remedy = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["school"], condition=Q(state__in=ACTIVE_STATES), name="one_active_run_per_school"),
            models.UniqueConstraint(fields=["school", "integration", "due_at"], name="one_run_per_due_time"),
        ]
        indexes: ClassVar = [models.Index(fields=["school", "-requested_at"], name="runs_by_school")]

    def __str__(self) -> str:
        return f"{self.uploader_type} {self.id}"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES

    @property
    def uploader_type(self) -> str:
        """How the history names this run: `PowerSchool Student`, or `Test PowerSchool Student`."""
        name = SOURCES[self.source].uploader_type
        return f"Test {name}" if self.mode == Mode.TEST else name


class Change(models.Model):
    """One planned row of a run: what becomes of one student. Written by COPY, applied from here, read back as the report.

    `before` and `after` hold the differing fields only (`after` holds all for a new account). `account_version` is the version
    the row was planned on; an account that has moved on is left alone and the row's `outcome` says `overtaken`.
    The school and run columns carry no database foreign key: checking them made a COPY of 100,000 rows take half as long again.
    """

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(School, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="changes")
    kind = models.CharField(max_length=20)
    sis_id = models.CharField(max_length=200, null=True)
    account_id = models.UUIDField(null=True)
    account_version = models.IntegerField(null=True)
    first_name = models.CharField(max_length=300)
    last_name = models.CharField(max_length=300)
    email = models.CharField(max_length=320)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    fingerprint = models.BinaryField(null=True)
    reason = models.CharField(max_length=60, blank=True)
    outcome = models.CharField(max_length=12, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["school", "run", "kind", "id"], name="changes_by_run"),
            models.Index(fields=["school", "account_id"], name="changes_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Issue(models.Model):
    """One problem of a run with one record. `code` is a key of `roster.problems.PROBLEMS`, which has the words for it."""

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(School, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="issues")
    severity = models.CharField(max_length=8)
    code = models.CharField(max_length=40)
    sis_id = models.CharField(max_length=200, null=True)
    name = models.CharField(max_length=300, blank=True)
    field = models.CharField(max_length=40, blank=True)
    source_field = models.CharField(max_length=100, blank=True)
    value = models.CharField(max_length=400, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["school", "run", "severity", "id"], name="issues_by_run"),
            models.Index(fields=["school", "sis_id"], name="issues_by_sis_id"),
        ]

    def __str__(self) -> str:
        return f"{self.severity} {self.code}"


class NoticeEvent(models.TextChoices):
    """What staff can be mailed about, most pressing first."""

    CREDENTIALS_REFUSED = "credentials_refused", _("The SIS refused the credentials")
    FAILED = "failed", _("A run failed")
    ON_HOLD = "on_hold", _("A run is on hold")
    DID_NOT_RUN = "did_not_run", _("A scheduled run did not start")
    PROBLEMS = "problems", _("A run finished with problems")
    CHANGES = "changes", _("A run finished with changes")


ERROR_EVENTS = tuple(event for event in NoticeEvent if event != NoticeEvent.CHANGES)


class NoticeChoice(models.Model):
    """Which events one person of a school wants mail about, where they have said so."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    events = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["school", "user"], name="one_choice_per_person")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.events}"


class NoticeState(models.TextChoices):
    WAITING = "waiting", _("Waiting to be sent")
    SENT = "sent", _("Sent")
    UNDELIVERED = "undelivered", _("Not delivered")


class Notice(models.Model):
    """One mail to one person about one event. `occasion` tells the run or the due time it is about, so that it is made once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, related_name="notices")
    event = models.CharField(max_length=20, choices=NoticeEvent.choices)
    occasion = models.CharField(max_length=100)
    reason = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=NoticeState.choices, default=NoticeState.WAITING)
    tries = models.IntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["school", "user", "occasion"], name="one_notice_per_occasion")]
        indexes: ClassVar = [models.Index(fields=["school", "-created_at"], name="notices_by_school")]

    def __str__(self) -> str:
        return f"{self.event} {self.state}"


class ReportState(models.TextChoices):
    MAKING = "making", _("Being made")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class ReportFile(models.Model):
    """The Excel file of a run, kept for a day. In the database, because the process that makes it and the one that serves it may be on
    different machines; defer `content` wherever it isn't needed.

    `stamp` says which state of the run it tells of: two wishes for one stamp get one file. `attempts` grows with every start of making
    it and fences off a maker that was taken for dead; `touched_at` is its heartbeat.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="report_files")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    via = models.CharField(max_length=20, default="web")
    language = models.CharField(max_length=20)
    stamp = models.CharField(max_length=32)
    state = models.CharField(max_length=6, choices=ReportState.choices, default=ReportState.MAKING)
    attempts = models.IntegerField(default=0)
    rows_done = models.IntegerField(default=0)
    rows_total = models.IntegerField(default=0)
    name = models.CharField(max_length=200)
    content = models.BinaryField(null=True)
    size = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "run", "stamp", "language"], condition=~Q(state="failed"), name="one_file_per_state_of_a_run"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="reports_by_expiry")]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"
