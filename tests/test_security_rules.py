"""Rules against weaknesses that the code must never have, each with an example that breaks it.

Ruff's rules are those of bandit and of `pyproject.toml`; the others are here. Which modules open
connections, run SQL or queue jobs is in `test_architecture`.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.test_architecture import PRODUCT, ROOT, name

RUFF = Path(sys.executable).with_name("ruff")
TEMPLATES = sorted((ROOT / "rollbook").rglob("*.html"))
DRAWN = {"totp_add.html": "{{ totp_svg|safe }}"}  # drawn by the server; holds no text of a person
UNESCAPED = re.compile(r"\|\s*safe(seq)?\b|autoescape\s+off")
QUEUEING = {"defer", "defer_async", "batch_defer"}


@pytest.mark.parametrize(
    ("code", "weakness"),
    [
        ("DTZ005", "from datetime import datetime\n\nNOW = datetime.now()\n"),
        ("DTZ003", "from datetime import datetime\n\nNOW = datetime.utcnow()\n"),
        ("DTZ006", "from datetime import datetime\n\nAT = datetime.fromtimestamp(0)\n"),
        ("S308", "from django.utils.safestring import mark_safe\n\nA = mark_safe(input())\n"),
        ("S608", 'NAME = input()\nSQL = f"select * from students where name = {NAME}"\n'),
        ("S307", "A = eval(input())\n"),
        ("S301", "import pickle\n\nA = pickle.loads(b'')\n"),
        ("S310", "import urllib.request\n\nA = urllib.request.urlopen(input())\n"),
        ("S324", "import hashlib\n\nA = hashlib.md5(b'')\n"),
        ("S602", "import subprocess\n\nsubprocess.run(input(), shell=True, check=True)\n"),
    ],
)
def test_the_linter_refuses(code: str, weakness: str) -> None:
    options = ["--output-format", "concise", "--stdin-filename", "rollbook/new.py"]
    ended = subprocess.run(
        [str(RUFF), "check", *options, "-"],
        input=weakness,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert code in ended.stdout and ended.returncode == 1


def marked_safe(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield where a text that isn't written in the code becomes HTML without being escaped."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = called_name(node)
        is_fixed = all(isinstance(each, ast.Constant) for each in node.args)
        if called in {"mark_safe", "SafeString", "SafeText"} and not is_fixed:
            yield node


def unscoped(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield where rows are read around the managers that leave out deleted schools."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"_base_manager", "with_deleted"}:
            yield node


def talkative_jobs(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield jobs with other arguments than ids and sealed values: the queue keeps them readable."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and called_name(node) in QUEUEING):
            continue
        is_query = called_name(node) == "defer" and not node.keywords  # leaves out columns
        if is_query:
            continue
        texts = [ast.unparse(each) for each in node.args]
        texts += [ast.unparse(each.value) for each in node.keywords]
        allowed = {"*jobs", "{argument: str(row_id)}", "sealed_address"}
        if any(text not in allowed for text in texts):
            yield node


def called_name(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


Rule = Callable[[ast.AST], Iterator[ast.AST]]
RULES: dict[Rule, set[str]] = {
    marked_safe: {"web/templatetags/ui.py"},
    unscoped: {"sync/deleting.py"},
    talkative_jobs: set(),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_module_has_this_weakness(rule: Rule) -> None:
    breaking = {name(path) for path in PRODUCT if any(rule(ast.parse(path.read_text())))}
    assert breaking <= RULES[rule]


@pytest.mark.parametrize(
    ("rule", "weakness"),
    [
        (marked_safe, "mark_safe(student.name)"),
        (marked_safe, "safestring.SafeString(f'<b>{name}</b>')"),
        (unscoped, "Student._base_manager.all()"),
        (unscoped, "School.with_deleted.get(pk=1)"),
        (talkative_jobs, "job.defer(run_id=str(run.pk), password=password)"),
        (talkative_jobs, "job.defer(**{argument: secret})"),
        (talkative_jobs, "task.batch_defer({'token': token})"),
    ],
)
def test_the_rule_fires(rule: Rule, weakness: str) -> None:
    assert list(rule(ast.parse(weakness)))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_switches_escaping_off(path: Path) -> None:
    text = path.read_text()
    if path.name in DRAWN:
        text = text.replace(DRAWN[path.name], "")
    assert not UNESCAPED.search(text)


@pytest.mark.parametrize(
    "text", ["{{ name|safe }}", "{{ name | safe }}", "{% autoescape off %}", "{{ names|safeseq }}"]
)
def test_the_rule_for_templates_fires(text: str) -> None:
    assert UNESCAPED.search(text)
