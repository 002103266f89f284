"""What all steps of Import Users share: the numbered steps, and access to an open draft."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.schools import clock
from rollbook.sources.spreadsheet.errors import UploadRefused
from rollbook.sync.models import Upload, UploadState
from rollbook.sync.refusals import RunRefused
from rollbook.sync.words.text import translated
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.steps import Step, numbered

LABELS: Final = {
    "1": gettext_lazy("File"),
    "2": gettext_lazy("Settings"),
    "3": gettext_lazy("Match columns"),
    "4": gettext_lazy("Preview & confirm"),
}

View = Callable[[SchoolRequest, Upload], HttpResponse]


def import_steps(current: str, upload: Upload | None) -> list[Step]:
    """Return the four steps. An open draft can go back to its settings and columns."""
    addresses = {}
    if upload is not None and upload.state == UploadState.DRAFT:
        addresses["2"] = reverse("import-settings", args=[upload.school_id, upload.pk])
        addresses["3"] = reverse("import-columns", args=[upload.school_id, upload.pk])
    labels = {number: str(label) for number, label in LABELS.items()}
    return numbered(labels, current, addresses)


def draft_required(view: View) -> Callable[..., HttpResponse]:
    """Pass the draft that the address names to a view. Only people who manage the school get in.

    A draft that was confirmed or discarded leads to its run or to the first step.
    """

    @school_required(manage=True)
    @wraps(view)
    def guarded(request: SchoolRequest, upload_id: UUID) -> HttpResponse:
        uploads = Upload.objects.select_related("school", "run")
        upload = uploads.filter(pk=upload_id, school=request.school).first()
        if upload is None:
            raise Http404
        if upload.state != UploadState.DRAFT or upload.expires_at <= clock.now():
            return redirect_from_closed(request, upload)
        try:
            return view(request, upload)
        except RunRefused as refused:
            messages.error(request, f"{refused.what} {refused.remedy}")
            return redirect(next_address(upload))
        except UploadRefused as refused:
            messages.error(request, refusal_words(refused))
            return redirect("import-settings", request.school.pk, upload.pk)

    return guarded


def redirect_from_closed(request: SchoolRequest, upload: Upload) -> HttpResponse:
    """Redirect to the run of a confirmed upload, else to the first step. Nothing is written."""
    if upload.state == UploadState.CONFIRMED and upload.run is not None:
        messages.info(
            request,
            _("This upload was confirmed already. Nothing was done again. Here is its result."),
        )
        return redirect("run", request.school.pk, upload.run.pk)
    messages.info(
        request,
        _(
            "This upload was discarded, or its time is over. Nothing was written. "
            "Upload the file again if you need it."
        ),
    )
    return redirect("import-file", request.school.pk)


def next_address(upload: Upload) -> str:
    """Return where a draft continues: at its preview, else at its settings."""
    if upload.run is not None:
        return reverse("run", args=[upload.school_id, upload.run.pk])
    return reverse("import-settings", args=[upload.school_id, upload.pk])


def context_of(current: str, upload: Upload | None, **more: Any) -> dict[str, Any]:
    """Return what the template of each step needs, with more of its own."""
    return {"upload": upload, "steps": import_steps(current, upload), **more}


def refusal_words(refused: UploadRefused) -> str:
    """Return what is wrong with a file, and what to do about it."""
    return f"{translated(refused.what)} {translated(refused.remedy)}"
