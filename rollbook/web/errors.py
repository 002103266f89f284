"""The pages for errors.

An unreachable database is a 503, which passes by itself; a full disk is a 507. Else it is a 500.
"""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from rollbook.disk_space import is_disk_full


def server_error(request: HttpRequest) -> HttpResponse:
    """Show the error page (Django's `handler500`), without database or session: both may fail."""
    error = sys.exc_info()[1]
    disk_full = is_disk_full(error)
    unavailable = isinstance(error, OperationalError | InterfaceError) and not disk_full
    status = 500
    if unavailable:
        status = 503
    elif disk_full:
        status = 507
    response = HttpResponse(render_to_string(f"{status}.html"), status=status)
    if unavailable:
        response["Retry-After"] = "10"
    return response
