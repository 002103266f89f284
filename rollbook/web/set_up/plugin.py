"""The download of our plugin for a SIS that has plugins."""

from io import BytesIO
from typing import Any

from django.http import FileResponse, Http404, HttpResponse

from rollbook.sources.registry import SOURCES
from rollbook.sync.models import Integration
from rollbook.sync.setup import plugins
from rollbook.web.access import SchoolRequest, school_required

FILE_NAME = "rollbook-plugin.zip"


@school_required(manage=True)
def plugin(request: SchoolRequest, source: str) -> HttpResponse:
    """Send the zip; it reads the fields that the school maps, or the usual ones."""
    if source not in SOURCES:
        raise Http404
    integration = Integration.objects.filter(school=request.school, source=source).first()
    content = plugins.plugin_zip(SOURCES[source], integration)
    if content is None:
        raise Http404
    response: Any = FileResponse(
        BytesIO(content), as_attachment=True, filename=FILE_NAME, content_type="application/zip"
    )
    download: HttpResponse = response
    return download
