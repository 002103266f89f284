"""Rules that no linter knows: which modules may run SQL, open connections, move runs, send mail.

And how long files and functions may be.

The layers themselves are import-linter's (`make lint`).
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [
    path
    for folder in ("rollbook", "tests", "bench")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]
PRODUCT = [path for path in FILES if path.is_relative_to(ROOT / "rollbook")]
LONGEST_FILE, LONGEST_FUNCTION = 400, 60
# Names that say nothing of what they hold. A noun of the glossary or a verb says it.
FILLER_NAMES = {"told", "said", "held", "found", "kept", "wanted", "ours", "met", "stand"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT / "rollbook"))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text()))


@cache
def imported(path: Path) -> frozenset[str]:
    """Return the modules that a file imports, and the names it takes from them, in full."""
    names: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


@cache
def calls(path: Path) -> frozenset[str]:
    """Return the names of the functions and methods that a file calls."""
    called = (node.func for node in nodes(path) if isinstance(node, ast.Call))
    return frozenset(
        each.attr if isinstance(each, ast.Attribute) else each.id
        for each in called
        if isinstance(each, ast.Attribute | ast.Name)
    )


def test_only_the_store_runs_hand_written_sql() -> None:
    speaking = {
        name(path)
        for path in PRODUCT
        if calls(path) & {"cursor", "execute", "executemany", "raw", "extra", "RawSQL"}
    }
    assert speaking == {
        "sync/store/keys.py",
        "sync/store/plan.py",
        "sync/store/apply.py",
        "sync/store/statements.py",
        "sync/store/school_rows.py",
        "sync/store/settled.py",
        "sync/store/undo.py",  # plans an undo; the store applies it
        "backup.py",  # copies whole tables out and in
        "database.py",  # asks what its own role may do
        "engine/base.py",  # sends the open scope
        "schools/clock.py",  # asks for the time
        "schools/audit_chain.py",  # takes its lock, lets the owner's function remove old entries
        "schools/slow_down.py",  # counts a try in one statement
        "embedded/server.py",  # makes the role and the database
    }


def opens_connections(path: Path) -> bool:
    openers = {
        "httpx2",
        "httpcore2",
        "httpx",
        "requests",
        "urllib.request",
        "http.client",
        "urllib3",
        "aiohttp",
        "ftplib",
        "socket",
    }
    return bool(imported(path) & openers)


@pytest.mark.parametrize(
    "line",
    [
        "import requests",
        "import urllib.request as web",
        "from urllib import request",
        "from http.client import HTTPSConnection",
        "import httpx",
    ],
)
def test_the_rule_about_connections_fires(line: str, tmp_path: Path) -> None:
    path = tmp_path / "new.py"
    path.write_text(line)
    assert opens_connections(path)


def test_only_one_module_opens_connections_to_elsewhere() -> None:
    reaching = {name(path) for path in PRODUCT if opens_connections(path)}
    assert {file for file in reaching if not file.startswith("standins/")} == {
        "sources/connections.py",  # opens them, for
        "sources/http.py",
        "cli/demo/processes.py",  # looks for free ports of this machine
        "cli/demo/standins.py",  # tells the demo's own stand-ins that a week has gone by
    }


def writes_state(node: ast.AST) -> bool:
    """Whether a node is an assignment to `….state`, or a call such as `….update(state=…)`."""
    if isinstance(node, ast.Assign):
        return any(isinstance(to, ast.Attribute) and to.attr == "state" for to in node.targets)
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    is_write = node.func.attr in {"update", "create"}
    return is_write and any(keyword.arg == "state" for keyword in node.keywords)


def test_only_one_module_moves_runs() -> None:
    """Whoever else writes a run's columns leaves its state alone."""
    moving = set()
    for path in PRODUCT:
        if "rollbook.sync.models.RunState" not in imported(path):
            continue
        if any(writes_state(node) for node in nodes(path)):
            moving.add(name(path))
    moving.discard("sync/mail/notices.py")  # a notice has a state of its own
    assert moving == {"sync/runs/states.py"}
    deciding = {name(path) for path in PRODUCT if "move_rows" in calls(path)}
    assert deciding == {
        "sync/runs/states.py",  # moves that the worker of a run makes
        "sync/runs/cancelling.py",
        "sync/runs/claims.py",
        "sync/runs/decisions.py",
        "sync/runs/requests.py",  # previews that nobody confirmed
    }


@pytest.mark.parametrize(
    ("stop", "callers"),
    [
        ("rollbook.roster.planning.mapping.RecordMapper", {"sync/planning/batch.py"}),
        ("rollbook.roster.planning.changes.decide", {"sync/planning/batch.py"}),
        ("rollbook.roster.sheets.planning.decide_row", {"sync/uploads/plan.py"}),
        ("rollbook.sync.store.apply_plan", {"sync/pipeline.py"}),
    ],
)
def test_the_stops_of_a_record_are_called_in_one_place(stop: str, callers: set[str]) -> None:
    module, _dot, function = stop.rpartition(".")
    package = module.rpartition(".")[2]
    calling = set()
    for path in PRODUCT:
        names = imported(path)
        called = stop in names or (module in names and f"{package}.{function}" in path.read_text())
        if called and function in calls(path):
            calling.add(name(path))
    assert calling == callers


def test_jobs_are_queued_in_one_place() -> None:
    queueing = {name(path) for path in PRODUCT if calls(path) & {"defer_async", "batch_defer"}}
    queueing |= {name(path) for path in PRODUCT if "configure_task" in calls(path)}
    assert queueing == {"sync/queue.py"}


def test_only_one_module_sends_mail_about_runs() -> None:
    assert {
        name(path)
        for path in PRODUCT
        if any(module.startswith("django.core.mail") for module in imported(path))
    } == {
        "sync/mail/outbox.py",  # sends what the others have composed
        "sync/mail/notices.py",
        "sync/mail/invitations.py",  # to students, about their account; never about a run
        "sync/mail/staff.py",  # to staff, about their access; never about a run
        "sync/mail/account.py",  # composes mails about the own account
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_every_module_says_what_it_holds(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or not tree.body


def test_requirements_name_no_registry() -> None:
    for file in (ROOT / "requirements").glob("*"):
        assert "://" not in file.read_text() and "index-url" not in file.read_text(), file.name


SCREENS = sorted((ROOT / "rollbook/web").rglob("*.py"))


@pytest.mark.parametrize("path", SCREENS, ids=name)
def test_what_is_posted_is_read_by_a_form(path: Path) -> None:
    """`request.POST` is only handed to a form or a function that makes one."""
    every_node = list(nodes(path))
    handed_on: list[ast.expr] = []
    for node in every_node:
        if isinstance(node, ast.Call):
            handed_on += node.args
            handed_on += [keyword.value for keyword in node.keywords]
    for argument in list(handed_on):
        if isinstance(argument, ast.BoolOp):  # request.POST or None
            handed_on += argument.values
        if isinstance(argument, ast.IfExp):
            handed_on += [argument.body, argument.orelse]
    for node in every_node:
        if isinstance(node, ast.Attribute) and node.attr == "POST":
            assert node in handed_on, f"line {node.lineno}"


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_names_say_what_they_hold(path: Path) -> None:
    names = set()
    for node in nodes(path):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.id if isinstance(node, ast.Name) else node.attr)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    assert not {each.strip("_") for each in names} & FILLER_NAMES
