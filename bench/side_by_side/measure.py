"""Measures one command: time, memory of its process tree, and what else the machine did. Linux."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
EVERY: Final = 0.05  # seconds between looks at the memory


def measure(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: Path | None = None,
    beside: Sequence[int] = (),
) -> dict[str, Any]:
    """Run a command to its end. Return what was measured:

    `whole_s` its seconds, `peak_mb` the largest sum of memory over its process tree, `load` the
    machine's load average when it began, `other_cores` how many cores worked for neither it nor
    the processes `beside`, `code` its exit code, `answer` the JSON it printed, `error` its output
    if it failed.
    """
    load = os.getloadavg()[0]
    busy = _machine_cpu() - sum(map(tree_cpu, beside)) - _children_cpu()
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=dict(env), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    memory = _Memory(process.pid)
    try:
        out, error = process.communicate(timeout=3_600)
    finally:
        memory.stop()
        if process.poll() is None:
            process.kill()
    whole = time.perf_counter() - begun
    others = _machine_cpu() - sum(map(tree_cpu, beside)) - _children_cpu() - busy
    result: dict[str, Any] = {
        "whole_s": round(whole, 3),
        "peak_mb": round(memory.peak / 2**20, 1),
        "load": round(load, 2),
        "other_cores": round(max(0.0, others / whole), 2),
        "code": process.returncode,
    }
    last = out.strip().rsplit("\n", 1)[-1]
    with suppress(ValueError):
        result["answer"] = json.loads(last if last.startswith("{") else out)
    if process.returncode:
        result["error"] = (error + out)[-2_000:]
    return result


def tree_cpu(pid: int) -> float:
    """Return the CPU seconds of a process, its descendants, and those of them that ended."""
    ticks = 0
    for each in tree(pid):
        ticks += sum(int(part) for part in _stat(each)[11:15])
    return ticks / TICKS


def peak_mb(pid: int) -> float:
    """Return the kernel's own mark of the largest memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def forget_peak(pid: int) -> None:
    """Let the kernel's mark begin anew."""
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


class _Memory(threading.Thread):
    """Looks at the memory of a process tree until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(EVERY):
            self.peak = max(self.peak, sum(map(_resident, tree(self._pid))))

    def stop(self) -> None:
        self._over.set()
        self.join()


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _machine_cpu() -> float:
    first = Path("/proc/stat").read_text().split("\n", 1)[0]
    user, nice, system, _idle, _waiting, interrupts, soft, *_ = map(int, first.split()[1:])
    return (user + nice + system + interrupts + soft) / TICKS


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


def tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    pids, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        pids.append(each)
        with suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return pids
