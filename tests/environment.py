"""The environment of a test session: a folder of its own, no settings of the developer, no network.

The controlling pytest process makes the folder and removes it; xdist workers inherit it. Imports
nothing of Rollbook, whose settings are read when it is imported.
"""

import contextlib
import ipaddress
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FOLDER = "TESTS_OF_ROLLBOOK_FOLDER"
DJANGO = "TESTS_OF_ROLLBOOK_DJANGO"
TESTS = Path(__file__).parent
WITHOUT_DJANGO = (TESTS / "roster", TESTS / "sources")


def prepare(arguments: Iterable[str]) -> bool:
    """Point settings that load after this at the session's folder.

    Return True where this process made the folder and has to remove it. `arguments` are those of
    pytest, from which follows whether the tests need Django.
    """
    is_new = FOLDER not in os.environ
    if is_new:
        for name in [name for name in os.environ if name.startswith("ROLLBOOK_")]:
            del os.environ[name]
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="rollbook-tests-")
        os.environ[DJANGO] = "yes" if _need_django(arguments) else ""
    folder = Path(os.environ[FOLDER])
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ |= {
        "XDG_RUNTIME_DIR": str(runtime),
        "ROLLBOOK_DATA_DIR": str(folder),
        "DATABASE_URL": "postgresql:///not-started",
        "ROLLBOOK_SECOND_FACTOR": "optional",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright's synchronous calls run inside an event loop
    }
    os.environ.pop("DATABASE_OWNER_URL", None)
    # Without bytecode files pytest rewrites every test module in each process (4 s of 8), and each
    # process that a test starts compiles Rollbook anew (0.1 s).
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    return is_new


def uses_django() -> bool:
    """Whether this session needs Django."""
    return bool(os.environ[DJANGO])


def _need_django(arguments: Iterable[str]) -> bool:
    """Whether any of the chosen tests lies outside the folders that need no Django."""
    paths = [Path(each.partition("::")[0]) for each in arguments if not each.startswith("-")]
    chosen = [path.resolve() for path in paths if path.exists()]
    return not chosen or not all(
        any(path.is_relative_to(folder) for folder in WITHOUT_DJANGO) for path in chosen
    )


def remove() -> None:
    """Stop the database server, where a test started one, and remove the session's folder."""
    folder = Path(os.environ.pop(FOLDER))
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        pid = int((folder / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGQUIT)
        for _ in range(100):
            os.kill(pid, 0)
            time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def refuse_other_machines(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse connections that leave this machine. An audit hook: no test may depend on one."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise PermissionError(f"a test tried to connect to {host}")
