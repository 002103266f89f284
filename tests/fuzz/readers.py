"""Feeds the strict readers with mutated bytes until something raises: `make fuzz`.

    python -m tests.fuzz.readers [-max_total_time=60]

Coverage-guided, unlike the property tests of the same readers. It needs atheris, which is for Linux
and macOS only, and which no other target installs.
"""

import sys
from contextlib import suppress
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["rollbook.sources", "email", "json"]):
    from rollbook.sources import numbers
    from rollbook.sources.bearer import granted
    from rollbook.sources.errors import SourceError
    from rollbook.sources.pace import seconds_to_reset
    from rollbook.sources.powerschool_answers import HOLDERS, StudentReader
    from rollbook.sources.wire import checked_url, duration, redirect_host

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STUDENTS = StudentReader(frozenset(HOLDERS))


def read(content: bytes) -> None:
    """Give one input to every reader. Any exception but a SourceError is a find."""
    text = content.decode("latin-1")
    numbers.number(text)
    numbers.whole_number(text)
    numbers.http_date(text)
    numbers.sis_time(text, NOW)
    duration(numbers.seconds_to_wait(text, NOW) or 0.0)
    numbers.lifetime(numbers.scalar(content))
    seconds_to_reset({"x-rate-limit-reset": text, "date": text}, NOW)
    granted(content, NOW)
    redirect_host(text, "https://ps.example.org")
    with suppress(SourceError):
        checked_url(text)
    for body in (content, b'{"students":{"student":[{"id":1},{"id":%b}]}}' % content):
        with suppress(SourceError):
            records = STUDENTS.records(body)
            for place in range(len(records)):
                records.doubled(place)


def main() -> None:
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
