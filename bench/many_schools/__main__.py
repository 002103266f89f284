"""Many schools due at the same minute: real workers, web, PostgreSQL and a stand-in per school.

    python -m bench.many_schools [--schools 200] [--students 1000] [--people 20] [--result FILE]

Each page takes 100 ms, and one in a hundred fails once. Meanwhile signed-in people click through
the screens of their schools, each every 1 to 5 seconds; before that they do so while nothing runs.
Afterwards every account of every school is compared with `tests.crash.model`.

All of it shares the cores of one machine. The process that serves the SISs, which would be
elsewhere, has the priority of a worker, so that it takes no time from web.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from django.utils import timezone

from bench.many_schools.people import Click
from rollbook import scope
from rollbook.standins import powerschool
from rollbook.standins.faults import Fault
from rollbook.sync.models import Run, RunState, Schedule
from tests.crash import model
from tests.crash.seeds.person import session_of
from tests.crash.seeds.sis import powerschool_connection
from tests.crash.seeds.world import WORKERS, World

GRADES = list(range(-1, 13))
LATENCY_MS, PAGE, FAILING = 100, 100, 0.01
WEB_PROCESSES = 2  # as many as `rollbook web` starts by default
IDLE_SECONDS = 20
PAUSE = (1, 5)  # seconds between two clicks of one person
LOAD_BEFORE = round(os.getloadavg()[0], 2)  # of other processes, if the machine isn't ours alone


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schools", type=int, default=200)
    parser.add_argument("--students", type=int, default=1_000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--result", help="a JSON file to write as well")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.schools, arguments.students)
        return
    command = [
        *(sys.executable, "-m", "bench.many_schools", "--serve"),
        *("--schools", str(arguments.schools)),
        *("--students", str(arguments.students)),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stdin and serving.stdout
        sis = json.loads(serving.stdout.readline())
        with World(settings={}, web_processes=WEB_PROCESSES) as world:
            result = measure(world, sis, arguments.people)
        serving.stdin.close()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    document = {
        "schools": arguments.schools,
        "students_each": arguments.students,
        "machine": machine,
        "processes": {"workers": WORKERS, "web": WEB_PROCESSES, "stand_ins": 1, "people": 1},
        "load_of_the_machine_before": LOAD_BEFORE,
        **result,
    }
    print(json.dumps(document, indent=2))
    if arguments.result:
        Path(arguments.result).write_text(json.dumps(document, indent=2) + "\n")


def serve(schools: int, students: int) -> None:
    """Serve one PowerSchool for each school in this process until standard input ends."""
    os.nice(10)
    dice = random.Random(1)
    pages = -(-students // PAGE)
    with ExitStack() as ending:
        served = []
        for number in range(schools):
            faults = [
                Fault("status", page=page, times=1)
                for page in range(1, pages + 1)
                if dice.random() < FAILING
            ]
            running = powerschool.serve(
                students=students,
                seed=1_000 + number,
                clean=True,
                page_size_max=PAGE,
                latency_ms=LATENCY_MS,
                faults=faults,
            )
            ending.enter_context(running)
            about = {
                "url": running.url,
                "client_id": running.client_id,
                "client_secret": running.client_secret,
            }
            served.append(about | {"failing": len(faults)})
        print(json.dumps(served), flush=True)
        sys.stdin.read()


def measure(world: World, sis: list[dict[str, Any]], people: int) -> dict[str, Any]:
    """Let all schools fall due, and measure until every run has ended."""
    integrations = [
        world.school(f"School {number}", powerschool_connection(about, about["url"]), GRADES)
        for number, about in enumerate(sis)
    ]
    schools = [integration.school for integration in integrations[:people]]
    sessions = [{"session": session_of(school), "school": str(school.pk)} for school in schools]
    given = {"url": world.url, "pause": PAUSE, "people": sessions}
    clicking = subprocess.Popen(
        [sys.executable, "-m", "bench.many_schools.people"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert clicking.stdin and clicking.stdout
    clicking.stdin.write(json.dumps(given) + "\n")
    clicking.stdin.flush()
    time.sleep(IDLE_SECONDS)
    due, processors = time.time(), processor_seconds(world)
    due_at = timezone.now()
    Schedule.objects.update(enabled=True, next_due_at=due_at)
    began = time.monotonic()
    over = (RunState.DONE, RunState.FAILED, RunState.ON_HOLD)
    while Run.objects.filter(state__in=over).count() < len(sis):
        time.sleep(0.5)
        if time.monotonic() - began > 3_600:
            break
    seconds = time.monotonic() - began
    used = zip(processor_seconds(world), processors, strict=True)
    processors = [after - before for after, before in used]
    clicks = [Click(*each) for each in json.loads(clicking.communicate()[0])]
    runs = list(Run.objects.all())
    took = [
        (run.finished_at - run.started_at).total_seconds()
        for run in runs
        if run.finished_at and run.started_at
    ]
    return {
        "page_latency_ms": LATENCY_MS,
        "pages_that_failed_once": sum(each["failing"] for each in sis),
        "seconds_until_all_are_final": round(seconds, 1),
        "runs": dict(Counter(str(run.state) for run in runs)),
        "runs_by_tries": dict(Counter(run.attempts for run in runs)),
        "longest_run_seconds": round(max(took), 1),
        "schools_with_a_wrong_account": wrong(world, sis, integrations),
        "accounts": sum(run.counts.get("new", 0) for run in runs),
        "clicks": {
            "people": people,
            "while_nothing_runs": figures([click for click in clicks if click.at < due]),
            "while_schools_sync": figures([click for click in clicks if click.at >= due]),
        },
        "processor_seconds_of_each_worker": [round(seconds, 1) for seconds in processors],
        "worker_peak_mb": [peak_mb(worker.pid) for worker in world.workers],
    }


def wrong(world: World, sis: list[dict[str, Any]], integrations: list[Any]) -> int:
    """Return how many schools have accounts that differ from the list of their SIS."""
    number = 0
    for about, integration in zip(sis, integrations, strict=True):
        with urlopen(f"{about['url']}/_standin/roster", timeout=60) as answer:
            expected = model.after_a_run({}, json.load(answer)["students"], set(GRADES))
        try:
            world.check_school(integration, expected)
        except AssertionError as error:
            print(error, file=sys.stderr)
            number += 1
    return number


def figures(clicks: list[Click]) -> dict[str, Any]:
    """Return how long these clicks took, in all and by screen."""
    seconds = sorted(click.seconds for click in clicks)
    by_screen: dict[str, list[float]] = {}
    for click in clicks:
        by_screen.setdefault(click.screen, []).append(click.seconds)
    return {
        "clicks": len(clicks),
        "answers": dict(Counter(click.status for click in clicks)),
        "median_seconds": round(statistics.median(seconds), 3),
        "p95_seconds": round(seconds[int(len(seconds) * 0.95)], 3),
        "longest_seconds": round(seconds[-1], 3),
        "median_by_screen": {
            screen: round(statistics.median(each), 3) for screen, each in sorted(by_screen.items())
        },
    }


def processor_seconds(world: World) -> list[float]:
    """Return the processor time that each worker has used."""
    ticks = os.sysconf("SC_CLK_TCK")
    seconds = []
    for worker in world.workers:
        fields = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
        seconds.append((int(fields[11]) + int(fields[12])) / ticks)
    return seconds


def peak_mb(pid: int) -> float:
    """Return the peak resident memory of a process, as the kernel counts it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


if __name__ == "__main__":
    with scope.of_installation(scope.Across.COMMAND):
        main()
