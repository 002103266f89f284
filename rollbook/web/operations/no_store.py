"""Keeps answers out of caches unless they say themselves how long they may be kept."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers


class NoStore:
    """Stands before all others, so that redirects, refusals and error pages have it too.

    Static files come with a time of their own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
        return response
