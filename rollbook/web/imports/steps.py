"""The four steps of Import Users: where one is, and what each of them does about a draft that is over."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.sources.spreadsheet.errors import UploadRefused
from rollbook.sync.models import Upload, UploadState
from rollbook.sync.refusals import RunRefused
from rollbook.sync.words.text import translated
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.set_up.wizard import Step

LABELS: Final = {
    "1": gettext_lazy("File"),
    "2": gettext_lazy("Settings"),
    "3": gettext_lazy("Match columns"),
    "4": gettext_lazy("Preview & confirm"),
}


def import_steps(current: str, upload: Upload | None) -> list[Step]:
    """All steps with their state; those of a draft can be gone back to."""
    addresses = dict.fromkeys(LABELS, "")
    if upload is not None and upload.state == UploadState.DRAFT:
        addresses["2"] = reverse("import-settings", args=[upload.school_id, upload.pk])
        addresses["3"] = reverse("import-columns", args=[upload.school_id, upload.pk])
    here = int(current)
    return [
        Step(
            key,
            str(label),
            "done" if int(key) < here else "current" if key == current else "next",
            addresses[key],
        )
        for key, label in LABELS.items()
    ]


View = Callable[[SchoolRequest, Upload], HttpResponse]


def draft_required(view: View) -> Callable[..., HttpResponse]:
    """Let owners and administrators of the school in, with the draft of the address. One that is over leads to what became of it."""

    @school_required(manage=True)
    @wraps(view)
    def guarded(request: SchoolRequest, upload_id: UUID) -> HttpResponse:
        upload = (
            Upload.objects.select_related("school", "run")
            .filter(pk=upload_id, school=request.school)
            .first()
        )
        if upload is None:
            raise Http404
        if upload.state != UploadState.DRAFT or upload.expires_at <= timezone.now():
            return closed(request, upload)
        try:
            return view(request, upload)
        except RunRefused as refused:
            messages.error(request, f"{refused.what} {refused.remedy}")
            return redirect(after(upload))
        except UploadRefused as refused:
            messages.error(request, f"{translated(refused.what)} {translated(refused.remedy)}")
            return redirect("import-settings", request.school.pk, upload.pk)

    return guarded


def closed(request: SchoolRequest, upload: Upload) -> HttpResponse:
    """To the run of a confirmed upload, else to the first step; nothing is written twice."""
    if upload.state == UploadState.CONFIRMED and upload.run is not None:
        messages.info(
            request,
            _(
                "This upload was confirmed already, so nothing was done now. This is what came of it."
            ),
        )
        return redirect("run", request.school.pk, upload.run.pk)
    messages.info(
        request,
        _(
            "This upload was discarded, or its time is over. Nothing was written. Upload the file again if you need it."
        ),
    )
    return redirect("import-file", request.school.pk)


def after(upload: Upload) -> str:
    """Where a draft goes on: at its preview, else at the settings."""
    if upload.run is not None:
        return reverse("run", args=[upload.school_id, upload.run.pk])
    return reverse("import-settings", args=[upload.school_id, upload.pk])


def context_of(current: str, upload: Upload | None, **more: Any) -> dict[str, Any]:
    return {"upload": upload, "steps": import_steps(current, upload), **more}
