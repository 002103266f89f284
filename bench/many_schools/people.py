"""People who click while schools sync: a process of its own, so that it measures only web.

    python -m bench.many_schools.people < people.json

Reads one line of JSON: the address of web, the seconds between two clicks of one person, and for
each person a session and a school. Each person opens the screens of a school in any order, waits,
and opens the next one, until standard input ends. Then it prints each click as JSON.
"""

import http.client
import json
import random
import re
import sys
import threading
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

SCREENS = (
    "history/",
    "students/",
    "students/?q=smith",
    "problems/",
    "integrations/",
    "limits/",
    "notifications/",
)
RUN = re.compile(r'href="(/schools/[^"]+/runs/[0-9a-f-]{36}/)"')


class Click(NamedTuple):
    """One answer of web. `at` is the Unix time of the click, `seconds` until the last byte."""

    screen: str
    at: float
    status: int
    seconds: float


class Person(threading.Thread):
    """One signed-in person."""

    def __init__(
        self, number: int, host: str, session: str, school: str, pause: tuple[float, float]
    ) -> None:
        super().__init__(daemon=True)
        self._dice = random.Random(number)
        self._host, self._pause = host, pause
        self._headers = {"Cookie": f"sessionid={session}", "Accept": "text/html"}
        self._school = f"/schools/{school}/"
        self._connection = http.client.HTTPConnection(host, timeout=60)
        self.over = threading.Event()
        self.clicks: list[Click] = []

    def run(self) -> None:
        last_page = ""
        while not self.over.wait(self._dice.uniform(*self._pause)):
            runs = RUN.findall(last_page)
            if runs and self._dice.random() < 0.5:  # from the history to one of its runs
                last_page = self._click("run", runs[0])
            else:
                screen = self._dice.choice(SCREENS)
                last_page = self._click(screen, self._school + screen)

    def _get(self, path: str) -> tuple[int, bytes]:
        """Return the status and the body of an answer; 0 where there is none."""
        try:
            self._connection.request("GET", path, headers=self._headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, b""

    def _click(self, screen: str, path: str) -> str:
        at, began = time.time(), time.monotonic()
        status, page = self._get(path)
        if not status:  # web closes idle connections; browsers ask again as well
            status, page = self._get(path)
        self.clicks.append(Click(screen, at, status, time.monotonic() - began))
        return page.decode(errors="replace")


def main() -> None:
    given: dict[str, Any] = json.loads(sys.stdin.readline())
    host = urlsplit(given["url"]).netloc
    people = [
        Person(number, host, each["session"], each["school"], tuple(given["pause"]))
        for number, each in enumerate(given["people"])
    ]
    for person in people:
        person.start()
    sys.stdin.read()
    for person in people:
        person.over.set()
    for person in people:
        person.join()
    print(json.dumps([click for person in people for click in person.clicks]))


if __name__ == "__main__":
    main()
