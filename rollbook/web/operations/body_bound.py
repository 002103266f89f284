"""Refuses a request that is too large before any of it is read."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

from rollbook.config import config
from rollbook.web.imports.upload_limit import PAGES_WITH_FILES

# A file that is a few times too large is read and dropped, so that the page can say so beside it.
TIMES_READ: Final = 5


class BodyBound:
    """Answers 413 by the length that the request states. Without a length nothing is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        usual = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        if length.isdecimal() and int(length) > usual and int(length) > _most_bytes(request, usual):
            return HttpResponse(render_to_string("413.html"), status=413)
        return self._get_response(request)


def _most_bytes(request: HttpRequest, usual: int) -> int:
    """Return how many bytes the body of a request to this page may have."""
    try:
        page = resolve(request.path_info).url_name
    except Resolver404:
        return usual
    return usual + TIMES_READ * config.upload_bytes if page in PAGES_WITH_FILES else usual
