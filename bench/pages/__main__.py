"""How long the server takes for each page of a large school with a long history:

    python -m bench.pages                                200,000 students, 300 earlier runs
    python -m bench.pages --students 20000 --runs 50 --only "large run" why
    python -m bench.pages --quick                        2,000 students, not stored: does it work?

The last result of each size goes to bench/pages.json.
"""

import argparse
import json
import os
import platform
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.pages.addresses import PAGES
from bench.pages.browser import Browser, Page, load
from bench.pages.school import History, facts, fill
from bench.side_by_side.checkout import Checkout
from bench.side_by_side.place import (
    USUAL_PLACE,
    Cluster,
    DataServer,
    Place,
    free_port,
    say,
    start,
    stop,
)

ROOT: Final = Path(__file__).resolve().parent.parent.parent
RESULT: Final = ROOT / "bench" / "pages.json"
GOAL_MS: Final = 100
HEADING: Final = (
    f"{'page':<34} {'CPU ms':>7} {'web':>7} {'database':>8} "
    f"{'median ms':>9} {'slowest':>8} {'KB':>5}"
)
NAME, EMAIL = "pages", "ada@school.example"


def main() -> None:
    chosen = _arguments()
    with Place(chosen.work) as place:
        cluster = Cluster(place)
        say(f"{cluster.version}; {chosen.students:,} students, {chosen.runs} earlier runs")
        checkout = Checkout(NAME, chosen.checkout, place, cluster, chosen.students)
        begun = time.monotonic()
        fill(checkout, cluster, DataServer(place, 0, 0), chosen.students)
        History(cluster, NAME).add(chosen.runs)
        say(f"The school was made in {time.monotonic() - begun:.0f} s.")
        password = secrets.token_urlsafe(12)
        person = ("user", "add", EMAIL, "--name", "Ada", "--role", "owner", "--password-stdin")
        checkout.command(*person, secret=password)
        pages = []
        before = load()
        with _web(checkout) as (web, port):
            browser = Browser(port)
            browser.sign_in(EMAIL, password)
            places = facts(cluster, NAME)
            print(HEADING)
            for name, address in _addresses(chosen.only):
                page = browser.measure(name, address.format(**places), web, cluster.pid)
                print(line(page), flush=True)
                pages.append(page)
        measurement = _measurement(chosen, checkout.commit(), cluster.version, before, pages)
    print("\n".join(verdict(pages)))
    if not chosen.quick and chosen.only == [""]:
        _store(measurement)
    if any(page.status != 200 for page in pages):
        sys.exit("Some pages have moved: see bench/pages/addresses.py.")


def line(page: Page) -> str:
    """Return what a page costs as a line of the table."""
    remark = f"  answered {page.status}" if page.status != 200 else ""
    if page.cpu_ms > GOAL_MS:
        remark += f"  over {GOAL_MS} ms"
    figures = f"{page.cpu_ms:>7.1f} {page.web_ms:>7.1f} {page.database_ms:>8.1f}"
    times = f"{page.median_ms:>9.1f} {page.slowest_ms:>8.1f} {page.kilobytes:>5}"
    return f"{page.name:<34} {figures} {times}{remark}"


def verdict(pages: list[Page]) -> Iterator[str]:
    """Yield which pages miss the goal: by CPU, and by waiting, which needs a quiet machine."""
    for what, slow in (
        ("CPU", [page.name for page in pages if page.cpu_ms > GOAL_MS]),
        ("waiting", [page.name for page in pages if page.median_ms > GOAL_MS]),
    ):
        result = f"{len(slow)} take more: {'; '.join(slow)}" if slow else "reached"
        yield f"Goal, at most {GOAL_MS} ms of {what}: {result}"


@contextmanager
def _web(checkout: Checkout) -> Iterator[tuple[int, int]]:
    """Let the web server run. Gives its process id and its port."""
    port = free_port()
    log = checkout.folder / "web.log"
    with log.open("w") as output:
        process = start(
            checkout.line("web", "--port", str(port)),
            env=checkout.environment,
            cwd=checkout.root,
            stdout=output,
            stderr=output,
        )
    try:
        yield process.pid, port
    finally:
        stop(process)


def _addresses(words: list[str]) -> Iterator[tuple[str, str]]:
    for name, address in PAGES.items():
        if any(word in name for word in words):
            yield name, address


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.pages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--students", type=int)
    parser.add_argument("--runs", type=int, help="earlier runs")
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help="in a page's name")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="another checkout of Rollbook")
    parser.add_argument("--quick", action="store_true", help="2,000 students, 10 runs, not stored")
    parser.add_argument("--work", type=Path, default=USUAL_PLACE, help="for data that are kept")
    chosen = parser.parse_args()
    chosen.students = chosen.students or (2_000 if chosen.quick else 200_000)
    chosen.runs = chosen.runs or (10 if chosen.quick else 300)
    return chosen


def _measurement(
    chosen: argparse.Namespace, commit: str, postgres: str, before: float, pages: list[Page]
) -> dict[str, Any]:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {
        "measured": time.strftime("%Y-%m-%d %H:%M"),
        "machine": machine,
        "postgres": postgres,
        "commit": commit,
        "students": chosen.students,
        "runs": chosen.runs,
        "load": [before, load()],
        "pages": [{**page._asdict(), "cpu_ms": page.cpu_ms} for page in pages],
    }


def _store(measurement: dict[str, Any]) -> None:
    """Put a measurement in the place of the last one of its size."""
    stored = json.loads(RESULT.read_text()) if RESULT.exists() else []
    others = [each for each in stored if _size(each) != _size(measurement)]
    every = sorted([*others, measurement], key=_size)
    RESULT.write_text(json.dumps(every, indent=1, ensure_ascii=False) + "\n")


def _size(measurement: Mapping[str, Any]) -> tuple[int, int]:
    return measurement["students"], measurement["runs"]


if __name__ == "__main__":
    main()
