"""`rollbook demo`: the whole product on this machine, with made-up students: database, stand-ins for the SISs, mail, web, worker."""

import json
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import click

from rollbook.cli.answers import Answer, Document, Refusal, answers, print_json, say
from rollbook.cli.children import (
    Child,
    ChildEnded,
    end_all,
    end_left_over,
    first_json,
    free_port,
    is_ours,
    listens,
)
from rollbook.cli.demo_standins import STANDINS, StandIn, set_week
from rollbook.cli.exit_codes import Exit
from rollbook.cli.framework import set_up
from rollbook.sources.registry import SOURCES

SCHOOL, TIMEZONE = "Lincoln High School", "America/New_York"
PEOPLE = (
    ("ada@lincoln.example", "Ada Admin", "administrator"),
    ("cora@lincoln.example", "Cora Counselor", "counselor"),
)
FOLDER = Path(".demo")
MAIL_PORT = 8125
RESTARTS, RESTARTS_WITHIN = 3, 60.0
SIS_NAMES = " and ".join(SOURCES[standin.slug].label for standin in STANDINS)

folder_option: Callable[[Any], Any] = click.option(
    "--data-dir",
    "folder",
    default=FOLDER,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the demo keeps its database, logs and mails. Remove it to begin afresh.",
)


class State:
    """What the demo remembers from one start to the next, in `demo.json`: addresses, passwords, the week, process ids."""

    def __init__(self, folder: Path) -> None:
        self.file = folder.resolve() / "demo.json"
        self.read()

    def read(self) -> Document:
        self.known: Document = json.loads(self.file.read_text()) if self.file.exists() else {}
        return self.known

    def keep(self, **values: Any) -> None:
        self.read()  # `next-week` writes it as well, from another process
        self.known |= values
        scratch = self.file.with_suffix(".new")
        scratch.touch(mode=0o600)
        scratch.write_text(json.dumps(self.known, indent=2))
        scratch.replace(self.file)


@click.group(invoke_without_command=True)
@folder_option
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65_535),
    help="For the browser; the next free one if busy.",
)
@click.option(
    "--students",
    default=1240,
    show_default=True,
    type=click.IntRange(10, 1_000_000),
    help="How many each of the SISs holds.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one line of JSON when all is ready, for a machine to read.",
)
@click.pass_context
def demo(context: click.Context, folder: Path, port: int, students: int, as_json: bool) -> None:
    """Try Rollbook out with made-up students.

    It starts everything, says where to sign in and what to type into the setup, and ends everything at Ctrl-C. The next start goes on with
    the same data.

    \b
    Examples:
      rollbook demo
      rollbook demo next-week        (in another terminal) joiners, leavers, new names
    """
    if context.invoked_subcommand is None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _end)
        try:
            with ExitStack() as ending:
                run(folder, port, students, as_json, ending)
        except KeyboardInterrupt:
            say("\nThe demo has ended. Start it again to go on where you were.")
        except (ChildEnded, OSError) as error:
            raise click.ClickException(str(error)) from error


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(folder: Path, port: int, students: int, as_json: bool, ending: ExitStack) -> None:
    """Start everything, say that it is ready, and watch it until this process is told to end."""
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    state = State(folder)
    _take_over(state)
    logs = folder.resolve() / "logs"
    logs.mkdir(exist_ok=True)
    children: list[Child] = []
    ending.callback(state.keep, pid=None, children=[])
    ending.callback(end_all, children)
    ending.callback(
        signal.signal, signal.SIGINT, signal.SIG_IGN
    )  # a second Ctrl-C must not leave half of it running
    state.keep(pid=os.getpid())

    say(f"Starting the database, stand-ins for {SIS_NAMES}, mail, web and worker …")
    url_port = _port(port, "the browser")
    taken = [url_port]
    url = f"http://127.0.0.1:{url_port}"

    def start(
        name: str, arguments: Callable[[], list[str]], ready: Callable[[Child], bool]
    ) -> Child:
        children.append(Child(name, arguments, logs, ready))
        state.keep(children=[child.pid for child in children])
        return children[-1]

    def start_sis(standin: StandIn) -> Child:
        before = state.known.get("sis", {}).get(standin.slug, {}).get("url", "")
        port = free_port(urlsplit(before).port or standin.port, tuple(taken))
        taken.append(port)
        arguments = partial(standin.arguments, port, students)
        return start(
            standin.slug,
            lambda: arguments(state.read().get("week", 1)),
            lambda child: first_json(child) is not None,
        )

    systems = [start_sis(standin) for standin in STANDINS]

    mails = folder.resolve() / "mail"
    mail_port = _mail(mails, tuple(taken), ending)
    _environment(folder, url, mails, mail_port)
    _database()
    people = _people(state)
    serve = ["rollbook", "web", "--port", str(url_port), "--processes", "1"]
    web = start("web", lambda: serve, lambda _: listens(url_port))
    worker = start(
        "worker", lambda: ["rollbook", "worker"], lambda child: "worker is ready" in child.output
    )
    for child in (*systems, web, worker):
        child.wait_until_ready()

    state.keep(
        url=url,
        sis={
            one.slug: one.known(first_json(child) or {})
            for one, child in zip(STANDINS, systems, strict=True)
        },
    )
    ready = {
        "url": url,
        "people": people,
        **state.known["sis"],
        "week": state.known.get("week", 1),
        "mail": str(mails) if mail_port else None,
        "mail_page": f"{url}/mail/" if mail_port else None,
        "folder": str(folder),
    }
    print_json({"demo": ready}) if as_json else _show_ready(ready, folder, time.monotonic() - began)
    sys.stdout.flush()
    _watch(children, state)


def _take_over(state: State) -> None:
    """There is one demo for one folder. What a killed one left behind is ended first."""
    pid = state.known.get("pid")
    if pid and pid != os.getpid() and is_ours(pid):
        raise click.ClickException(
            f"A demo runs on this folder already: {state.known.get('url', 'it is starting')} (process {pid})."
        )
    end_left_over(state.known.get("children", []))


def _port(wanted: int, purpose: str) -> int:
    port = free_port(wanted)
    if port != wanted:
        say(
            f"Port {wanted} is in use by another program, so {purpose} gets {port}. Choose one yourself with --port."
        )
    return port


def _environment(folder: Path, url: str, mails: Path, mail_port: int | None) -> None:
    """For this process and its children. Whatever database the terminal names, the demo stays on its own."""
    for name in [name for name in os.environ if name.startswith("ROLLBOOK_")] + [
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
    ]:
        os.environ.pop(name, None)
    os.environ |= {"ROLLBOOK_DATA_DIR": str(folder.resolve()), "ROLLBOOK_PUBLIC_URL": url}
    if mail_port:
        os.environ |= {
            "ROLLBOOK_EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "ROLLBOOK_CAUGHT_MAIL_DIR": str(mails),
        }


def _database() -> None:
    """Start the embedded PostgreSQL, which ends with this process, and bring it up to date."""
    from rollbook.config import config
    from rollbook.embedded import server

    os.environ["DATABASE_URL"] = server.url_of(config.data_dir)
    set_up()
    from django.core.management import call_command

    call_command("migrate", database="owner", verbosity=0, interactive=False)


def _people(state: State) -> list[dict[str, str]]:
    """The school and the people who can sign in, made at the first start."""
    from rollbook.schools.models import Membership, School, User

    people = state.known.get("people") or [
        {"email": email, "name": name, "role": role, "password": secrets.token_urlsafe(9)}
        for email, name, role in PEOPLE
    ]
    school, _ = School.objects.get_or_create(name=SCHOOL, defaults={"timezone": TIMEZONE})
    for person in people:
        user = User.objects.filter(email=person["email"]).first() or User.objects.create_user(
            person["email"], person["name"], person["password"]
        )
        Membership.objects.get_or_create(
            school=school, user=user, defaults={"role": person["role"]}
        )
    state.keep(people=people)
    return list(people)


def _mail(mails: Path, taken: tuple[int, ...], ending: ExitStack) -> int | None:
    """Start the mail catcher; its port, or None where it isn't installed."""
    from rollbook.cli import mail_catcher

    port = MAIL_PORT
    while True:
        port = free_port(port, taken)
        try:
            catcher = mail_catcher.start(mails, port)
        except OSError:  # somebody took it just now
            port += 1
            continue
        break
    if catcher is None:
        say(
            "aiosmtpd is not installed, so mails of the demo go to the log: pip install --require-hashes -r requirements/demo.txt"
        )
        return None
    ending.callback(catcher.stop)
    return port


def _show_ready(ready: Document, folder: Path, seconds: float) -> None:
    option = "" if folder == FOLDER else f" --data-dir {folder}"
    click.echo(f"""
  Rollbook is ready ({seconds:.0f} s). Open  {ready["url"]}

  Sign in as""")
    for person in ready["people"]:
        click.echo(f"    {person['role']:14} {person['email']:24} {person['password']}")
    click.echo(f"""
  Connect one SIS: profile picture (top right) > Account > Upload > Start Setup and Integrate
  They are stand-ins, each with the same {ready[STANDINS[0].slug]["students"]:,} made-up students.""")
    for standin in STANDINS:
        for name, lines in standin.to_type(ready[standin.slug]):
            click.echo(f"\n  {name}")
            for label, value in lines:
                click.echo(f"    {label:14} {value}")
    click.echo(f"""
  Next week's roster, with joiners, leavers and new names, from a second terminal:
    {_command()} demo next-week{option}
  {f"Mails are caught, not sent. Read them at  {ready['mail_page']}" if ready["mail_page"] else "Mails go to the log of the worker."}
  Logs are in {ready["folder"]}/logs. Ctrl-C ends everything.
""")


def _command() -> str:
    """How this terminal calls the command."""
    return (
        "rollbook"
        if shutil.which("rollbook")
        else f"{os.path.relpath(Path(sys.prefix) / 'bin' / 'rollbook')}"
    )


def _watch(children: list[Child], state: State) -> None:
    """Report a child that ends unasked and start it again; give up where that happens again and again."""
    while True:
        time.sleep(0.3)
        for child in children:
            if child.process.poll() is None:
                continue
            now = time.monotonic()
            child.ends = [at for at in child.ends if now - at < RESTARTS_WITHIN] + [now]
            ended = f"The {child.name} ended unasked with code {child.process.returncode} (log: {child.log})"
            if len(child.ends) > RESTARTS:
                raise click.ClickException(f"{ended}, time and again. The demo ends here.")
            say(f"{ended}; it is started again.")
            child.log.replace(child.log.with_suffix(".before.log"))
            child.start()
            state.keep(children=[each.pid for each in children])


def _show_week(document: Document) -> None:
    click.echo(
        f"It is week {document['week']} in {SIS_NAMES} now, with {document['students']:,} students. Trigger the sync again."
    )


@demo.command("next-week")
@folder_option
@answers(_show_week)
def next_week(folder: Path) -> Answer:
    """Let a week go by in the stand-ins of the running demo: joiners, leavers, new names and e-mails."""
    state = State(folder)
    pid = state.known.get("pid")
    if not pid or not is_ours(pid) or "sis" not in state.known:
        raise Refusal(
            Exit.NOT_READY,
            "no_demo",
            f"No demo runs on {folder}.",
            "Start it with `rollbook demo`, and say this in a second terminal.",
        )
    week = state.known.get("week", 1) + 1
    told = [set_week(known["url"], week) for known in state.known["sis"].values()]
    state.keep(week=week)
    return Answer({"week": week, "students": told[0]["students"]})
