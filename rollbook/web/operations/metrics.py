"""`/metrics`: the measures in Prometheus's text format.

With a token set, whoever sends it may read them; without one, only this machine may.
"""

import hmac
from collections.abc import Callable, Iterable
from ipaddress import ip_address

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from rollbook.config import config
from rollbook.sync.worker.metrics import KINDS, Measure, measures

PATH = "/metrics"
TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Answers before sessions and host names are checked, as `Health` does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return metrics(request) if request.path_info == PATH else self._get_response(request)


def metrics(request: HttpRequest) -> HttpResponse:
    """Return 404 to those who may not see it, as for any unknown page; 503 without the database."""
    if not _may_see(request):
        return HttpResponse("Not found.\n", status=404, content_type="text/plain")
    try:
        return HttpResponse(prometheus_text(measures()), content_type=TYPE)
    except DatabaseError:
        connection.close()
        return HttpResponse(
            "The database can't be reached.\n", status=503, content_type="text/plain"
        )


def _may_see(request: HttpRequest) -> bool:
    if config.metrics_token is not None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        return hmac.compare_digest(given, config.metrics_token.get_secret_value().encode())
    # A proxy on this machine forwards requests from elsewhere, and adds one of these headers.
    forwarded = any(
        name in request.headers
        for name in ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-Ip")
    )
    # REMOTE_ADDR is empty for a request through a local socket.
    peer = request.META.get("REMOTE_ADDR") or "127.0.0.1"
    return ip_address(peer).is_loopback and not forwarded


def prometheus_text(measured: Iterable[Measure]) -> str:
    """Return the measures in Prometheus's text format. Labels hold ids and slugs only.

    Source: https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    by_name: dict[str, list[str]] = {name: [] for name in KINDS}
    for measure in measured:
        by_name[measure.name].append(_line(measure))
    lines: list[str] = []
    for name, (kind, description) in KINDS.items():
        lines += [f"# HELP {name} {description}", f"# TYPE {name} {kind}", *by_name[name]]
    return "\n".join(lines) + "\n"


def _line(measure: Measure) -> str:
    labels = ",".join(f'{key}="{value}"' for key, value in measure.labels.items())
    name = f"{measure.name}{{{labels}}}" if labels else measure.name
    return f"{name} {measure.value:.17g}"
