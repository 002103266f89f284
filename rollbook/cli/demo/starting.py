"""Starts every part of the demo, and starts again what ends unexpectedly."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import click

from rollbook.cli.demo.processes import (
    Child,
    end_all,
    end_left_over,
    first_json,
    free_port,
    is_running,
    listens,
    one_at_a_time,
)
from rollbook.cli.demo.ready import SIS_NAMES, show_ready
from rollbook.cli.demo.standins import STANDINS, StandIn
from rollbook.cli.demo.state import State
from rollbook.cli.framework import remove_settings, set_up
from rollbook.cli.output import Document, print_json, say

WEB_PORT, MAIL_PORT = 8000, 8125  # with another port for the screens, all ports move along
RESTARTS, RESTART_SECONDS = 3, 60.0


def run(folder: Path, port: int, students: int, as_json: bool, ending: ExitStack) -> None:
    """Start everything, print that it is ready, and watch it until this process has to end."""
    began = time.monotonic()
    demo = Demo(folder, students, ending)
    say(f"Starting the database, stand-ins for {SIS_NAMES}, mail, web and worker …")
    web_port = demo.take_web_port(port)
    url = f"http://127.0.0.1:{web_port}"
    systems = [demo.start_sis(standin) for standin in STANDINS]
    mail_port = demo.start_mail(ending)
    _set_environment(demo.folder, url, mail_port)
    people = _prepare_database(demo.state)
    serve = ["rollbook", "web", "--port", str(web_port), "--processes", "1"]
    demo.start("web", lambda: serve, lambda _: listens(web_port))
    demo.start("worker", lambda: ["rollbook", "worker"], _worker_is_ready)
    for child in demo.children:
        child.wait_until_ready()

    by_slug = zip(STANDINS, systems, strict=True)
    known = {standin.slug: standin.known(first_json(child) or {}) for standin, child in by_slug}
    demo.state.save(url=url, sis=known)
    ready: Document = {
        "url": url,
        "people": people,
        **known,
        "week": demo.state.values.get("week", 1),
        "mail": str(demo.folder / "mail") if mail_port else None,
        "mail_page": f"{url}/mail/" if mail_port else None,
        "folder": str(folder),
    }
    if as_json:
        print_json({"demo": ready})
    else:
        show_ready(ready, time.monotonic() - began)
    sys.stdout.flush()
    demo.watch()


class Demo:
    """The processes of a demo, their ports, and what it remembers in its folder."""

    def __init__(self, folder: Path, students: int, ending: ExitStack) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.students = students
        self.state = State(folder)
        self.children: list[Child] = []
        self.ports: list[int] = []
        self.offset = 0
        self.take_over()
        (self.folder / "logs").mkdir(exist_ok=True)
        ending.callback(self.state.save, pid=None, children=[])
        ending.callback(end_all, self.children)
        # A second Ctrl-C must not leave half of it running.
        ending.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)
        self.state.save(pid=os.getpid())

    def take_over(self) -> None:
        """End what a killed demo left behind. Refuse if a demo still runs in this folder."""
        pid = self.state.values.get("pid")
        if pid and pid != os.getpid() and is_running(pid):
            where = self.state.values.get("url", "it is starting")
            raise click.ClickException(
                f"A demo runs in this folder already: {where} (process {pid})."
            )
        end_left_over(self.state.values.get("children", []))

    def take_web_port(self, preferred: int) -> int:
        """Return the port of the screens: the preferred one, or the next that is free."""
        self.offset = preferred - WEB_PORT if preferred + 200 < 65_536 else 0
        port = free_port(preferred)
        if port != preferred:
            say(
                f"Port {preferred} is in use by another program, so the screens get port {port}. "
                "Choose another one with --port."
            )
        self.ports.append(port)
        return port

    def start(
        self, name: str, arguments: Callable[[], list[str]], ready: Callable[[Child], bool]
    ) -> Child:
        """Start a process and remember its id."""
        child = Child(name, arguments, self.folder / "logs", ready)
        self.children.append(child)
        self.save_pids()
        return child

    def start_sis(self, standin: StandIn) -> Child:
        """Start a stand-in, on the port it had before if that is free."""
        before = self.state.values.get("sis", {}).get(standin.slug, {}).get("url", "")
        with one_at_a_time():  # another demo that starts now must not take the same port
            port = free_port(urlsplit(before).port or standin.port + self.offset, tuple(self.ports))
            self.ports.append(port)
            arguments = partial(standin.arguments, port, self.students)
            child = self.start(
                standin.slug,
                lambda: arguments(self.state.read().get("week", 1)),
                lambda child: first_json(child) is not None,
            )
            child.wait_until_ready()
        return child

    def start_mail(self, ending: ExitStack) -> int | None:
        """Start the mail catcher and return its port, or None if it isn't installed."""
        if find_spec("aiosmtpd") is None:
            say(
                "aiosmtpd is not installed, so mails are written to the log. To install it: "
                "pip install --require-hashes -r requirements/demo.txt"
            )
            return None
        mail_catcher = import_module("rollbook.cli.demo.mail_catcher")
        port = MAIL_PORT + self.offset
        while True:
            port = free_port(port, tuple(self.ports))
            try:
                catcher = mail_catcher.start(self.folder / "mail", port)
            except OSError:  # another program took the port just now
                port += 1
                continue
            ending.callback(catcher.stop)
            return port

    def watch(self) -> None:
        """Start processes again that end unexpectedly; give up if one does so repeatedly."""
        while True:
            time.sleep(0.3)
            for child in self.children:
                if child.process.poll() is not None:
                    self.restart(child)

    def restart(self, child: Child) -> None:
        """Start this process again, unless it ended too often within a minute."""
        now = time.monotonic()
        recent = [at for at in child.ends if now - at < RESTART_SECONDS]
        child.ends = [*recent, now]
        code = child.process.returncode
        ended = f"The {child.name} ended unexpectedly with code {code} (log: {child.log})"
        if len(child.ends) > RESTARTS:
            raise click.ClickException(f"{ended}, {len(child.ends)} times. The demo ends.")
        say(f"{ended}; it is started again.")
        child.log.replace(child.log.with_suffix(".before.log"))
        child.start()
        self.save_pids()

    def save_pids(self) -> None:
        """Remember the ids of the processes, for a start after this process was killed."""
        self.state.save(children=[child.pid for child in self.children])


def _worker_is_ready(child: Child) -> bool:
    return "worker is ready" in child.output


def _set_environment(folder: Path, url: str, mail_port: int | None) -> None:
    """Set the demo's settings for this process and its children, and remove all others.

    Whatever database the terminal's environment names, the demo uses its own.
    """
    remove_settings()
    os.environ |= {"ROLLBOOK_DATA_DIR": str(folder), "ROLLBOOK_PUBLIC_URL": url}
    os.environ["ROLLBOOK_SECOND_FACTOR"] = "optional"  # the sign-in page says so
    if mail_port:
        os.environ["ROLLBOOK_EMAIL_URL"] = f"smtp://127.0.0.1:{mail_port}"
        os.environ["ROLLBOOK_CAUGHT_MAIL_DIR"] = str(folder / "mail")


def _prepare_database(state: State) -> list[dict[str, str]]:
    """Start the embedded PostgreSQL with the demo's settings; return who can sign in."""
    set_up()
    first_school = import_module("rollbook.cli.demo.first_school")
    people: list[dict[str, str]] = first_school.prepare(state.values.get("people"))
    state.save(people=people)
    return people
