"""Begins each request without a scope: a page has to open that of its school."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from rollbook import scope


class ClosedScope:
    """Stands before all that asks the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with scope.closed():
            return self._get_response(request)
