"""`/metrics`: the measures in Prometheus's text form, for whoever has the token, or without one for this machine alone."""

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
    """Answers before sessions and host names are looked at, as `Health` does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return metrics(request) if request.path_info == PATH else self._get_response(request)


def metrics(request: HttpRequest) -> HttpResponse:
    """404 for those who may not see it, as for any page that isn't there; 503 without the database."""
    if not _may_see(request):
        return HttpResponse("Not found.\n", status=404, content_type="text/plain")
    try:
        return HttpResponse(written(measures()), content_type=TYPE)
    except DatabaseError:
        connection.close()
        return HttpResponse(
            "The database can't be reached.\n", status=503, content_type="text/plain"
        )


def _may_see(request: HttpRequest) -> bool:
    if config.metrics_token is not None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        return hmac.compare_digest(given, config.metrics_token.get_secret_value().encode())
    # A proxy on this machine passes on what comes from elsewhere, and says so.
    passed_on = any(
        name in request.headers
        for name in ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-Ip")
    )
    peer = (
        request.META.get("REMOTE_ADDR") or "127.0.0.1"
    )  # empty where it came through a local socket
    return ip_address(peer).is_loopback and not passed_on


def written(found: Iterable[Measure]) -> str:
    """Prometheus's text form: https://prometheus.io/docs/instrumenting/exposition_formats/. Labels hold ids and slugs only."""
    by_name: dict[str, list[str]] = {name: [] for name in KINDS}
    for each in found:
        labels = ",".join(f'{key}="{value}"' for key, value in each.labels.items())
        by_name[each.name].append(
            f"{each.name}{{{labels}}} {each.value:.17g}"
            if labels
            else f"{each.name} {each.value:.17g}"
        )
    lines: list[str] = []
    for name, (kind, says) in KINDS.items():
        lines += [f"# HELP {name} {says}", f"# TYPE {name} {kind}", *by_name[name]]
    return "\n".join(lines) + "\n"
