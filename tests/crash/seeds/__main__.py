"""Plays seeds one after the other: `python -m tests.crash.seeds --seeds 30`."""

import argparse
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from rollbook import scope
from tests.crash.seeds.trial import Trial
from tests.crash.seeds.world import World


def main() -> int:
    """Play the seeds and print a line for each week. Exit code 1 if one went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=30, help="how many")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--table", type=Path, help="append the rows of a table to this file")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that its processes are ended
    wrong = 0
    with scope.of_installation(scope.Across.COMMAND), World() as world:
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            rows, problem = play(world, seed)
            if problem:
                wrong += 1
                world.repair()
            lines = "\n".join([*rows, f"| {seed} | | | **{problem or 'right'}** | |"])
            print_now(lines)
            if arguments.table:
                with arguments.table.open("a") as table:
                    table.write(lines + "\n")
        answers = world.web_answers()
        print_now(f"{arguments.seeds} seeds, {wrong} wrong; web answered {answers}")
        if set(answers) - {200, 503}:
            wrong += 1
    return 1 if wrong else 0


def play(world: World, seed: int) -> tuple[list[str], str]:
    """Play one seed. Return its rows for the table, and what went wrong or ""."""
    rows: list[str] = []
    try:
        trial = Trial(world, seed)
        with ending(trial):
            for week in trial.play():
                took = f"{week.seconds:.0f} s"
                rows.append(f"| {seed} | {week.at} | {week.what} | {week.states} | {took} |")
    except (AssertionError, OSError, psycopg.Error) as error:
        traceback.print_exc()
        return rows, f"WRONG: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return rows, ""


@contextmanager
def ending(trial: Trial) -> Iterator[None]:
    try:
        yield
    finally:
        trial.sis.end()


def print_now(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
