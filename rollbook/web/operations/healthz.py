"""`/healthz`, for load balancers, containers and monitoring. It holds counts only: no sign-in."""

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from rollbook import scope
from rollbook.schools import clock
from rollbook.schools.mail import MailState
from rollbook.sync import queue
from rollbook.sync.models import Notice
from rollbook.sync.worker import metrics

PATH = "/healthz"


class Health:
    """Answers before all other middleware: a load balancer knows neither our name nor https."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return healthz() if request.path_info == PATH else self._get_response(request)


def healthz() -> HttpResponse:
    """Return 200 while this process can serve, 503 without its database.

    Workers are counted but don't change the status: they are other processes.
    """
    try:
        with scope.of_installation(scope.Across.MEASURES):
            document = _document()
    except DatabaseError:
        connection.close()
        return JsonResponse({"web": "ok", "database": "unreachable"}, status=503)
    return JsonResponse(document)


def _document() -> dict[str, Any]:
    return {
        "web": "ok",
        "database": "ok",
        "workers": queue.workers_alive(),
        "oldest_waiting_run_seconds": round(metrics.oldest_waiting_seconds()),
        "clock_seconds_ahead": round(clock.seconds_ahead(), 1),
        "mails_waiting": Notice.objects.filter(state=MailState.WAITING).count(),
    }
