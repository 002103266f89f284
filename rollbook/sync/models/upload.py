"""An uploaded spreadsheet, and what a school chose for its columns before."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from rollbook.schools.models import School, User
from rollbook.schools.moments import ChangedAt, MadeAt
from rollbook.sync.models.run import Run


class UploadState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    CONFIRMED = "confirmed", _("Confirmed")
    DISCARDED = "discarded", _("Discarded")


class Upload(models.Model):
    """An uploaded file with the choices made for it, so that closing the browser loses nothing.

    `run` is its preview, or the run that applied it. The file is in the database, because web and
    worker may be on different machines; defer `content` wherever it isn't needed.
    `settings` are those of `drafts.Settings` (sync/uploads), and header_row.
    `columns` are header_row (as the spreadsheet program numbers rows), fields (our field or null,
    by column index as text) and value_maps (by field: word → meaning); empty until they are chosen.
    `corrections` are texts by row number and column index, both as text.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="uploads")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    via = models.CharField(max_length=20, default="web")
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    size = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    settings = models.JSONField(default=dict)
    columns = models.JSONField(default=dict)
    corrections = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=UploadState.choices, default=UploadState.DRAFT)
    run = models.OneToOneField(Run, on_delete=models.SET_NULL, null=True, related_name="upload")
    created_at = MadeAt()
    updated_at = ChangedAt()
    expires_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["school", "-created_at"], name="uploads_by_school"),
            models.Index(fields=["expires_at"], name="uploads_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"upload {self.id}"


class ColumnMemory(models.Model):
    """What a school last chose for columns and dates.

    `fields` maps the bare name of a column to our field, or to null where it is ignored;
    `value_maps` are words by field, as in `Upload.columns`. `confirmed` are the entries of `fields`
    that a person chose although our rules speak against them.
    """

    school = models.OneToOneField(
        School, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    fields = models.JSONField(default=dict)
    confirmed = models.JSONField(default=dict)
    value_maps = models.JSONField(default=dict)
    date_order = models.CharField(max_length=20, blank=True)
    updated_at = ChangedAt()

    def __str__(self) -> str:
        return f"columns of {self.school_id}"
