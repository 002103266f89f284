"""The pages that `make bench-pages` measures exist, and its figures are read as they are meant."""

from uuid import uuid4

import pytest
from django.urls import resolve

from bench.pages.__main__ import line, verdict
from bench.pages.addresses import PAGES
from bench.pages.browser import Page

FAST = Page("start", 200, 10.0, 5.5, 12.0, 20.0, 3)
SLOW = Page("why", 200, 60.0, 50.0, 90.0, 120.0, 8)
MOVED = Page("old", 404, 1.0, 0.0, 2.0, 3.0, 1)


@pytest.mark.parametrize("name", [name for name in PAGES if "{school}" in PAGES[name]])
def test_each_page_has_an_address_of_this_version(name: str) -> None:
    words = ("school", "integration", "far", "last", "first", "large", "usual")
    address = PAGES[name].format(**{word: uuid4() for word in words})
    assert resolve(address.partition("?")[0])


def test_a_page_is_slow_by_its_cpu_or_by_waiting() -> None:
    assert "over" not in line(FAST)
    assert line(SLOW).endswith("over 100 ms")
    assert "answered 404" in line(MOVED)
    assert list(verdict([FAST, SLOW])) == [
        "Goal, at most 100 ms of CPU: 1 take more: why",
        "Goal, at most 100 ms of waiting: reached",
    ]
