"""`/metrics`: the measures in Prometheus's text format.

With a token set, whoever sends it may read them; without one, only this machine may.
"""

import hmac
from collections.abc import Callable, Iterable
from ipaddress import ip_address

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric

from rollbook import scope
from rollbook.config import config
from rollbook.sync.worker.metrics import DESCRIPTIONS, Measure, measures

PATH = "/metrics"


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
    registry = CollectorRegistry()
    registry.register(_Measured(measures()))
    try:
        with scope.of_installation(scope.Across.MEASURES):
            return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
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


class _Measured:
    """The measures as a collector of prometheus-client. Labels hold ids and slugs only."""

    def __init__(self, measured: Iterable[Measure]) -> None:
        self._measured = measured

    def collect(self) -> Iterable[Metric]:
        """Return one family of gauges for each name; all of them can go down again."""
        families = {name: Metric(name, text, "gauge") for name, text in DESCRIPTIONS.items()}
        for measure in self._measured:
            families[measure.name].add_sample(measure.name, measure.labels, measure.value)
        return families.values()
