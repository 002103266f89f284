"""How long schools wait for others, with two real workers and their usual settings.

    python -m bench.fairness [--hanging 10] [--uploads 50] [--result FILE]

Each case is played twice: healthy schools alone, then the same schools after others that take the
places first. The delay is the difference of the seconds until the last healthy school is done.
Every SIS is a stand-in in this process.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

from rollbook import scope
from rollbook.schools.models import School
from rollbook.standins import powerschool
from rollbook.standins.faults import Fault
from rollbook.sync.models import Integration, Run, RunState
from rollbook.sync.runs import cancelling
from rollbook.sync.uploads import column_choice, drafts, previews
from tests.crash.seeds.sis import powerschool_connection
from tests.crash.seeds.world import WORKERS, World

GRADES = list(range(-1, 13))
HEALTHY, STUDENTS, PAGE = 10, 500, 100
SLOW_PAGE_SECONDS = 12
UPLOAD_ROWS = 10_000
LOAD_BEFORE = round(os.getloadavg()[0], 2)  # of other processes, if the machine isn't ours alone

Press = Callable[[], UUID]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hanging", type=int, default=10)
    parser.add_argument("--uploads", type=int, default=50)
    parser.add_argument("--result", help="a JSON file to write as well")
    arguments = parser.parse_args()
    with World(settings={}) as world, ExitStack() as ending:
        healthy = [
            school(world, ending, f"Healthy {number}", students=STUDENTS)
            for number in range(HEALTHY)
        ]
        document = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, "
            f"Python {platform.python_version()}",
            "processes": {"workers": WORKERS, "web": 1, "stand_ins": 1},
            "load_of_the_machine_before": LOAD_BEFORE,
            "hanging_servers": {
                "silent": arguments.hanging // 2,
                "dripping": arguments.hanging - arguments.hanging // 2,
                **hanging(world, healthy, arguments.hanging),
            },
            "slow_servers": {
                "slow": arguments.hanging,
                "seconds_a_page": SLOW_PAGE_SECONDS,
                **slow(world, healthy, arguments.hanging),
            },
            "uploads_of_one_school": {
                "uploads": arguments.uploads,
                "rows_each": UPLOAD_ROWS,
                **uploads(world, healthy[0], arguments.uploads),
            },
        }
    print(json.dumps(document, indent=2))
    if arguments.result:
        Path(arguments.result).write_text(json.dumps(document, indent=2) + "\n")


def hanging(world: World, healthy: list[Integration], number: int) -> dict[str, Any]:
    """Let servers be silent, or send a byte a second, while healthy schools sync."""
    faults = [Fault("silent") if each % 2 else Fault("drip") for each in range(number)]
    return delayed_by(world, healthy, faults)


def slow(world: World, healthy: list[Integration], number: int) -> dict[str, Any]:
    """Let servers take seconds for each page while healthy schools sync."""
    faults = [Fault("latency", seconds=SLOW_PAGE_SECONDS) for _ in range(number)]
    return delayed_by(world, healthy, faults)


def delayed_by(world: World, healthy: list[Integration], faults: list[Fault]) -> dict[str, Any]:
    """Return how long healthy schools take alone, and behind schools with these faults."""
    presses = [pressing(world, each) for each in healthy]
    alone = seconds_until_done(presses)
    with ExitStack() as ending:
        others = [
            school(world, ending, f"Other {number}", students=STUDENTS, faults=[fault])
            for number, fault in enumerate(faults)
        ]
        first = [world.press(each) for each in others]
        behind = seconds_until_done(presses)
        still = Run.objects.filter(pk__in=first, state__in=(RunState.QUEUED, RunState.FETCHING))
        waiting = still.count()
        for run in still:
            cancelling.cancel(run, None)
    return {**delays(alone, behind), "others_still_reading_then": waiting}


def uploads(world: World, integration: Integration, number: int) -> dict[str, Any]:
    """Let a school preview many files while another one syncs, and uploads a file."""
    busy, other = School.objects.create(name="Busy"), integration.school
    alone = seconds_until_done([pressing(world, integration), previewing(other, 0)])
    theirs = [previewing(busy, file) for file in range(number)]
    presses = [pressing(world, integration), previewing(other, 1)]
    first = [preview() for preview in theirs]
    behind = seconds_until_done(presses)
    queued = Run.objects.filter(pk__in=first, state=RunState.QUEUED).count()
    return {**delays(alone, behind), "uploads_still_waiting_then": queued}


def school(world: World, ending: ExitStack, name: str, **options: Any) -> Integration:
    """Make a school with a PowerSchool of its own."""
    sis = ending.enter_context(powerschool.serve(clean=True, page_size_max=PAGE, **options))
    about = {"client_id": sis.client_id, "client_secret": sis.client_secret}
    return world.school(name, powerschool_connection(about, sis.url), GRADES)


def pressing(world: World, integration: Integration) -> Press:
    """Return a function that starts a run of this school."""
    return lambda: world.press(integration)


def previewing(of: School, number: int) -> Press:
    """Upload a file as a person does, and return a function that asks for its preview."""
    lines = ["First name,Last name,Email,Graduation year"]
    for row in range(UPLOAD_ROWS):
        lines.append(f"Ada{row},Lovelace{number},ada{number}.{row}@{of.pk}.example,2030")
    upload = drafts.start(of, None, f"students-{number}.csv", "\n".join(lines).encode())
    column_choice.accept_columns(upload, None)
    return lambda: previews.preview(upload, None).pk


def seconds_until_done(presses: list[Press]) -> list[float]:
    """Press all, and return the seconds until each of these runs has ended, sorted."""
    began = time.monotonic()
    waiting = {press() for press in presses}
    over = (RunState.DONE, RunState.PREVIEW)
    seconds = []
    while waiting and time.monotonic() - began < 900:
        for run_id in Run.objects.filter(pk__in=waiting, state__in=over).values_list("pk"):
            waiting.discard(run_id[0])
            seconds.append(time.monotonic() - began)
        time.sleep(0.1)
    assert not waiting, Run.objects.filter(pk__in=waiting).values_list("state", "error_what")
    return seconds


def delays(alone: list[float], behind: list[float]) -> dict[str, Any]:
    """Return the figures of one case."""
    return {
        "healthy": len(alone),
        "seconds_alone": round(alone[-1], 1),
        "seconds_behind_the_others": round(behind[-1], 1),
        "delay_seconds": round(behind[-1] - alone[-1], 1),
    }


if __name__ == "__main__":
    with scope.of_installation(scope.Across.COMMAND):
        main()
