"""Rollbook beside its peers:

    python -m bench.side_by_side                                 100,000 students, three times
    python -m bench.side_by_side --before CHECKOUT               and an earlier Rollbook beside it
    python -m bench.side_by_side --case distant                  50 ms an answer; see cases.py
    python -m bench.side_by_side --students 10000 --latency-ms 50
    python -m bench.side_by_side --quick                         2,000 students, once: does it work?

Stopped in the middle, it goes on after the last complete turn when it is started again. Results go
to bench/side_by_side.json, and the picture of 100,000 students to docs/images/performance.svg.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.side_by_side.bars import picture
from bench.side_by_side.cases import CASES
from bench.side_by_side.checkout import Checkout
from bench.side_by_side.place import (
    USUAL_PLACE,
    Cluster,
    DataServer,
    Place,
    environment,
    say,
)
from bench.side_by_side.results import figures, goals, table
from bench.side_by_side.turns import (
    BEFORE,
    PEERS,
    PHASES,
    ROLLBOOK,
    Row,
    Stage,
    order_of,
    syncs_of_peer,
    syncs_of_rollbook,
)

ROOT: Final = Path(__file__).resolve().parent.parent.parent
RESULT: Final = ROOT / "bench" / "side_by_side.json"
PICTURE: Final = ROOT / "docs" / "images" / "performance.svg"
SHOWN: Final = (100_000, 0.0, 0)  # students, latency, rate of the measurement in the picture


def main() -> None:
    chosen = _arguments()
    needed = sorted({PEERS[name].environment for name in chosen.peers})
    pythons = {name: environment(chosen.work / "environments", name) for name in needed}
    with Place(chosen.work) as place:
        cluster = Cluster(place)
        server = DataServer(place, chosen.latency_ms, chosen.rate)
        say(f"{cluster.version}; {chosen.students:,} students; preparing data and databases")
        for day in set(PHASES.values()):
            server.choose(chosen.students, day)
        roots = {ROLLBOOK: ROOT} | ({BEFORE: chosen.before} if chosen.before else {})
        checkouts = {
            name: Checkout(name, root, place, cluster, chosen.students)
            for name, root in roots.items()
        }
        stage = Stage(place, cluster, server, pythons, chosen.students)
        commits = {name: checkout.commit() for name, checkout in checkouts.items()}
        diary = _Diary(_diary_path(chosen, commits))
        for turn in _turns(chosen.peers, list(checkouts), chosen.repetitions):
            if not diary.has(*turn):
                diary.add(*turn, _syncs(stage, checkouts, turn[1]))
        measurement = _measurement(chosen, cluster.version, commits, diary.rows)
    _report(measurement)
    if not chosen.quick:
        _store(measurement)
    diary.path.unlink()
    if any(not row["ok"] for row in diary.rows):
        sys.exit("Some syncs failed, or left other students than they should have.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.side_by_side",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--case", choices=CASES, default="usual", help="what follows, by a name")
    parser.add_argument("--students", type=int)
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--peers", nargs="*", choices=PEERS)
    parser.add_argument("--before", type=Path, help="another checkout of Rollbook")
    parser.add_argument("--latency-ms", type=float, help="every answer so much later")
    parser.add_argument("--rate", type=int, help="requests a minute that are allowed")
    parser.add_argument("--quick", action="store_true", help="2,000 students, once, not stored")
    parser.add_argument("--work", type=Path, default=USUAL_PLACE, help="for data and environments")
    chosen = parser.parse_args()
    case = CASES[chosen.case]
    if chosen.quick:
        case = case._replace(students=2_000, repetitions=1)
    for name in ("students", "repetitions", "latency_ms", "rate", "peers"):
        if getattr(chosen, name) is None:
            setattr(chosen, name, getattr(case, name))
    return chosen


def _turns(peers: list[str], checkouts: list[str], repetitions: int) -> Iterator[tuple[int, str]]:
    """Yield (repetition, who) in the order of the turns."""
    for repetition in range(repetitions):
        for who in order_of([*peers, *checkouts], repetition):
            yield repetition, who


def _syncs(stage: Stage, checkouts: dict[str, Checkout], who: str) -> Iterator[Row]:
    if who in checkouts:
        return syncs_of_rollbook(stage, checkouts[who])
    return syncs_of_peer(stage, who)


class _Diary:
    """The syncs of complete turns, in a file, so that a measurement can go on where it stopped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.rows: list[Row] = [row for line in lines for row in json.loads(line)]

    def has(self, repetition: int, who: str) -> bool:
        return any((row["repetition"], row["who"]) == (repetition, who) for row in self.rows)

    def add(self, repetition: int, who: str, syncs: Iterator[Row]) -> None:
        """Do a turn, and note its syncs when it is complete."""
        rows = []
        for sync in syncs:
            row = {"who": who, "repetition": repetition, **sync}
            result = f"{row['inside_s']:.2f} s" if row["ok"] else f"FAILED: {row.get('error')}"
            say(f"{repetition + 1}  {who:<16} {row['phase']:<6} {result}  (load {row['load']})")
            rows.append(row)
        self.rows += rows
        with self.path.open("a") as file:
            file.write(json.dumps(rows) + "\n")


def _diary_path(chosen: argparse.Namespace, commits: dict[str, str]) -> Path:
    """Return the file of this very measurement: another commit or size has another one."""
    parts = [*commits.values(), chosen.students, chosen.latency_ms, chosen.rate]
    place: Path = chosen.work
    return place / f"turns-{'-'.join(map(str, parts))}.jsonl"


def _measurement(
    chosen: argparse.Namespace, postgres: str, commits: dict[str, str], rows: list[Row]
) -> dict[str, Any]:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {
        "measured": time.strftime("%Y-%m-%d %H:%M"),
        "machine": machine,
        "postgres": postgres,
        "commits": commits,
        "students": chosen.students,
        "latency_ms": chosen.latency_ms,
        "rate": chosen.rate,
        "repetitions": chosen.repetitions,
        "figures": figures(rows),
    }


def _report(measurement: dict[str, Any]) -> None:
    print(
        f"\n{measurement['students']:,} students, {measurement['repetitions']} repetitions, ",
        end="",
    )
    print(f"{measurement['latency_ms']:g} ms an answer\n")
    print("\n".join(table(measurement["figures"])))
    print("\nGoals, set for 100,000 students without latency:")
    print("\n".join(goals(measurement["figures"])))


def _store(measurement: dict[str, Any]) -> None:
    """Put a measurement in the place of the last one of its size, and draw the picture."""
    stored = json.loads(RESULT.read_text()) if RESULT.exists() else []
    others = [each for each in stored if _size(each) != _size(measurement)]
    every = sorted([*others, measurement], key=_size)
    RESULT.write_text(json.dumps(every, indent=1, ensure_ascii=False) + "\n")
    if _size(measurement) == SHOWN:
        PICTURE.write_text(picture(measurement))


def _size(measurement: dict[str, Any]) -> tuple[int, float, int]:
    return measurement["students"], measurement["latency_ms"], measurement["rate"]


if __name__ == "__main__":
    main()
