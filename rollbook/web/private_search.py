"""Keeps the words of searches out of addresses, and so out of logs, histories and referrers.

A search is posted. The address then has the words encrypted, as the parameter `s`: links, files
and bulk actions carry it on, and views find the words under `q` as ever.
"""

import base64
import os
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.crypto import salted_hmac

WORDS: Final = "q"
SEALED: Final = "s"
POSTED: Final = "posted_search"  # a hidden field of every form that searches
NONCE_BYTES: Final = 12
# In place of words that can't be read any more. It finds nobody: a bulk action must not reach all.
NOBODY: Final = "\ufffd"


def _cipher() -> AESGCM:
    return AESGCM(salted_hmac("rollbook.private_search", "", algorithm="sha256").digest())


def seal(words: str) -> str:
    """Return the words of a search, encrypted for an address."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = _cipher().encrypt(nonce, words.encode("utf-8", "surrogatepass"), None)
    return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")


def unseal(text: str) -> str:
    """Return the words that `seal` encrypted, or NOBODY."""
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        plain = _cipher().decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        return plain.decode("utf-8", "surrogatepass")
    except (ValueError, InvalidTag):
        return NOBODY


def sealed_parameters(parameters: dict[str, str]) -> dict[str, str]:
    """Return the parameters of a list as links carry them on."""
    if not parameters.get(WORDS):
        return parameters
    others = {name: value for name, value in parameters.items() if name != WORDS}
    return {**others, SEALED: seal(parameters[WORDS])}


class PrivateSearch:
    """Middleware: reads the words of a search from `s`, and answers a posted search."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.GET.get(SEALED):
            cast(Any, request).GET = _with_words(request.GET)
        response = self._get_response(request)
        if address := getattr(request, "search_address", ""):
            response["HX-Replace-Url"] = address
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer a posted search like a GET, with an address that has no words."""
        if request.method != "POST":
            return None
        asked: Any = request
        typed = QueryDict.copy(request.POST)
        if POSTED not in typed:
            if typed.get(SEALED):
                asked._post = _with_words(typed)  # what the property POST returns
            return None
        for name in (POSTED, "csrfmiddlewaretoken", SEALED):
            typed.pop(name, None)
        given = {name: str(value) for name, value in typed.items() if value}
        address = f"{request.path}?{urlencode(sealed_parameters(given), errors='replace')}"
        if not request.headers.get("HX-Request"):
            return redirect(address)
        asked.method, asked.GET, asked.search_address = "GET", typed, address
        return None


def _with_words(parameters: QueryDict) -> QueryDict:
    """Return the parameters with the words of the search under `q`."""
    read = parameters.copy()
    sealed = read.pop(SEALED)
    if not read.get(WORDS):
        read[WORDS] = unseal(str(sealed[-1]))
    return read
