"""Asks Rollbook for pages as a browser of a person who is signed in, and notes what each costs."""

import http.client
import os
import re
import statistics
import time
from contextlib import suppress
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from bench.side_by_side.measure import TICKS, tree

TIMES: Final = 10  # requests that are measured, after one that is not
TOKEN: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Page(NamedTuple):
    """What one page costs: milliseconds of CPU for a request on the average, and of waiting.

    `web_ms` is the web server's CPU, `database_ms` that of PostgreSQL with its parallel workers,
    `median_ms` the time until the last byte, which means something on a quiet machine only.
    """

    name: str
    status: int
    web_ms: float
    database_ms: float
    median_ms: float
    slowest_ms: float
    kilobytes: int

    @property
    def cpu_ms(self) -> float:
        return round(self.web_ms + self.database_ms, 1)


class Answer(NamedTuple):
    """What came for one request."""

    status: int
    body: bytes
    milliseconds: float
    location: str


class Browser:
    """Asks one thing after another, each over a connection of its own, and keeps cookies."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookies: SimpleCookie = SimpleCookie()

    def ask(self, address: str, form: dict[str, str] | None = None) -> Answer:
        """Send a request, a form if there is one, and return what came."""
        cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in self._cookies.items())
        headers = {"Cookie": cookies}
        method, body = "GET", None
        if form is not None:
            method, body = "POST", urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Referer"] = f"http://127.0.0.1:{self._port}/"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        begun = time.perf_counter()
        connection.request(method, quote(address, safe="/?=&+%@"), body, headers)
        response = connection.getresponse()
        text = response.read()
        took = (time.perf_counter() - begun) * 1_000
        for cookie in response.headers.get_all("Set-Cookie") or []:
            self._cookies.load(cookie)
        connection.close()
        return Answer(response.status, text, took, response.headers.get("Location", ""))

    def sign_in(self, email: str, password: str) -> None:
        """Sign in through the form, as people do. Its address is where a stranger is sent."""
        until = time.monotonic() + 60
        while True:
            try:
                form_address = urlsplit(self.ask("/").location).path
                break
            except OSError:  # it does not listen yet
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        token = TOKEN.search(self.ask(form_address).body.decode())
        form = {"username": email, "password": password}
        form["csrfmiddlewaretoken"] = token[1] if token else ""
        status = self.ask(form_address, form).status
        if status != 302:
            raise SystemExit(f"Signing in at {form_address} was answered with {status}.")

    def measure(self, name: str, address: str, web: int, database: int) -> Page:
        """Ask for a page again and again. `web` and `database` are the ids of the processes."""
        self.ask(address)
        before = cpu_ms(web), cpu_ms(database)
        answers = [self.ask(address) for _ in range(TIMES)]
        after = cpu_ms(web), cpu_ms(database)
        times = [answer.milliseconds for answer in answers]
        return Page(
            name=name,
            status=answers[-1].status,
            web_ms=round((after[0] - before[0]) / TIMES, 1),
            database_ms=round((after[1] - before[1]) / TIMES, 1),
            median_ms=round(statistics.median(times), 1),
            slowest_ms=round(max(times), 1),
            kilobytes=round(len(answers[-1].body) / 1_024),
        )


def cpu_ms(pid: int) -> float:
    """Return the CPU of a process and its descendants, also of those that have ended.

    Of the living ones the scheduler knows nanoseconds, of the others it counts in ticks of 10 ms.
    """
    spent = 0.0
    for each in tree(pid):
        with suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                spent += int((task / "schedstat").read_text().split()[0]) / 1e6
            ended: list[Any] = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            spent += sum(map(int, ended[13:15])) / TICKS * 1_000
    return spent


def load() -> float:
    """Return the machine's load average of the last minute."""
    return round(os.getloadavg()[0], 2)
