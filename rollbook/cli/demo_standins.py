"""The stand-ins of the demo: one SIS of each kind, all with the same made-up people, and what to type into the setup for each."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from rollbook.cli.answers import Document
from rollbook.sources.registry import SOURCES

SEED = 7


class StandIn(NamedTuple):
    """`told`: what it says of itself that one may want to type. `typed`: for each variant, which of it goes into which credential."""

    slug: str
    port: int
    told: tuple[str, ...]
    typed: Mapping[str, Mapping[str, str]]

    def arguments(self, port: int, students: int, week: int) -> list[str]:
        options = {"port": port, "students": students, "seed": SEED, "week": week}
        return [
            "rollbook.standins",
            self.slug,
            *(part for name, value in options.items() for part in (f"--{name}", str(value))),
        ]

    def known(self, about: Document) -> Document:
        """What the demo remembers and tells of it, from the line by which it said that it is ready."""
        about = about | {"address": f"{about['url']}/{about.get('route', '')}"}
        return {name: about[name] for name in ("url", *self.told, "students")}

    def to_type(self, known: Document) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """For each way to connect: its name, and the labels of the setup with what goes there."""
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
            "v3": {"user_name": "client_id", "password": "client_secret", "client": "address"},
            "v2": {"user_name": "user_name", "password": "password", "client": "address"},
        },
    ),
)


def set_week(url: str, week: int) -> Document:
    """Let a running stand-in be in this week. Raises OSError where none answers."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port or 80, timeout=30)
    try:
        connection.request(
            "POST",
            "/_standin/week",
            json.dumps({"week": week}),
            {"Content-Type": "application/json"},
        )
        told: Document = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return told
