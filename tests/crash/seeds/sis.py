"""The SIS of one seed: a process of its own, reached through a proxy."""

import json
import subprocess
import sys
from typing import Any
from urllib.request import Request, urlopen

from tests.crash.seeds.settings import PAGE
from tests.processes import free_port
from tests.proxy import Proxy

VENDORS = ("powerschool", "veracross")
OPTIONS = {
    "powerschool": ("--page-size-max", str(PAGE)),
    "veracross": ("--quota", "100000"),  # requests in three minutes
}
GENDERS: dict[str, dict[str, str]] = {
    "powerschool": {},
    "veracross": {"M": "Male", "F": "Female"},  # v3 sends codes, and the list of their labels
}


class Sis:
    """A made-up SIS that can be killed and started again."""

    def __init__(self, vendor: str, seed: int, students: int) -> None:
        self.vendor = vendor
        self._command = [
            *(sys.executable, "-m", "rollbook.standins", vendor, "--clean"),
            *("--port", str(free_port())),
            *("--seed", str(seed)),
            *("--students", str(students)),
            *OPTIONS[vendor],
        ]
        self._week = 1
        self.start()
        self.proxy = Proxy(self.about["url"])

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*self._command, "--week", str(self._week)],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert self._process.stdout
        self.about: dict[str, Any] = json.loads(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """End the proxy and the SIS."""
        self.proxy.__exit__()
        self.kill()
        assert self._process.stdout
        self._process.stdout.close()

    def connection(self) -> dict[str, Any]:
        """Return the source, the variant and the credentials with which a school connects."""
        client_id, secret = self.about["client_id"], self.about["client_secret"]
        if self.vendor == "powerschool":
            return powerschool_connection(self.about, self.proxy.url)
        address = f"{self.proxy.url}/{self.about['route']}"
        credentials = {"user_name": client_id, "password": secret, "client": address}
        return {"source": "veracross", "variant": "v3", "credentials": credentials}

    def set_week(self, week: int) -> None:
        self._week = week
        self._ask("week", {"week": week})

    def hold(self, page: int) -> None:
        """Hold back this page until `recover`."""
        self._ask("faults", [{"kind": "hold", "page": page, "release": "page"}])

    def recover(self) -> None:
        """End all faults."""
        self._ask("faults", [])

    @property
    def is_holding(self) -> bool:
        return bool(self._ask("requests")["holding"])

    def roster(self) -> list[dict[str, Any]]:
        """Return every student as the SIS knows it, the gender in its own words."""
        words = GENDERS[self.vendor]
        students: list[dict[str, Any]] = self._ask("roster")["students"]
        return [
            student | {"gender": words.get(student["gender"], student["gender"])}
            for student in students
        ]

    def pages(self) -> int:
        """Return the number of pages of active students."""
        active = [each for each in self.roster() if each["enroll_status"] == 0]
        return -(-len(active) // PAGE)

    def _ask(self, what: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.about['url']}/_standin/{what}", data=data)
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)


def powerschool_connection(about: dict[str, Any], address: str) -> dict[str, Any]:
    """Return how a school connects to a made-up PowerSchool at this address."""
    credentials = {
        "client_id": about["client_id"],
        "client_secret": about["client_secret"],
        "client_url": address,
    }
    return {"source": "powerschool", "variant": "", "credentials": credentials}
