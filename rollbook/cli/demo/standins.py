"""The demo's stand-ins: one for each SIS, all with the same made-up students."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from rollbook.cli.output import Document
from rollbook.sources.registry import SOURCES

SEED = 7


class StandIn(NamedTuple):
    """How to start a stand-in, and what to type into the setup to connect to it.

    `printed` are the facts that it prints about itself and that people may need. `typed` has,
    for each variant of the SIS, which of these facts goes into which credential.
    """

    slug: str
    port: int
    printed: tuple[str, ...]
    typed: Mapping[str, Mapping[str, str]]

    def arguments(self, port: int, students: int, week: int) -> list[str]:
        """Return the arguments for `python -m` that start it."""
        options = {"port": port, "students": students, "seed": SEED, "week": week}
        arguments = ["rollbook.standins", self.slug]
        for name, value in options.items():
            arguments += [f"--{name}", str(value)]
        return arguments

    def known(self, about: Document) -> Document:
        """Return what the demo remembers and prints of it, from its line when it was ready."""
        about = about | {"address": f"{about['url']}/{about.get('route', '')}"}
        return {name: about[name] for name in ("url", *self.printed, "students")}

    def to_type(self, known: Document) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Yield each way to connect: its name, and the labels of the setup with their values."""
        source = SOURCES[self.slug]
        for key, typed in self.typed.items():
            variant = source.variant(key)
            name = f"{source.label}, {variant.label}" if len(source.variants) > 1 else source.label
            yield name, [(field.label, known[typed[field.key]]) for field in variant.credentials]


STANDINS = (
    StandIn(
        "powerschool",
        8101,
        ("client_id", "client_secret"),
        {"": {"client_id": "client_id", "client_secret": "client_secret", "client_url": "url"}},
    ),
    StandIn(
        "veracross",
        8102,
        ("address", "client_id", "client_secret", "user_name", "password"),
        {
            "v2": {"user_name": "user_name", "password": "password", "client": "address"},
            "v3": {"user_name": "client_id", "password": "client_secret", "client": "address"},
        },
    ),
)


def set_week(url: str, week: int) -> Document:
    """Move a running stand-in to this week; return its answer. Raises OSError if none answers."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port or 80, timeout=30)
    try:
        connection.request(
            "POST",
            "/_standin/week",
            json.dumps({"week": week}),
            {"Content-Type": "application/json"},
        )
        answer: Document = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return answer
