"""Templates ask the database for nothing but the counts of the navigation, each once."""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.template.backends.django import Template
from django.test import Client
from django.urls import reverse

import rollbook.web
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration
from tests.sync.test_pipeline import sync

TAGS = Path(rollbook.web.__file__).parent / "templatetags"
# They hold words, and ask the database for nothing.
ALLOWED = ("rollbook.sync.words",)


class Rendering:
    """Notes the statements that are sent while a template is rendered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: list[str] = []
        self._depth = 0
        render = Template.render

        def rendered(template: Template, *args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            try:
                return render(template, *args, **kwargs)
            finally:
                self._depth -= 1

        monkeypatch.setattr(Template, "render", rendered)

    def note(self, execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if self._depth:
            self.statements.append(sql)
        return execute(sql, *args)

    @contextmanager
    def watching(self) -> Iterator[None]:
        with connection.execute_wrapper(self.note):
            yield


@pytest.fixture
def rendering(monkeypatch: pytest.MonkeyPatch) -> Rendering:
    return Rendering(monkeypatch)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "upload",
        "history",
        "students",
        "problems",
        "why",
        "never-import",
        "student-columns",
        "run",
        "student",
        "student-edit",
        "student-merge",
    ],
)
def test_rendering_asks_only_for_the_counts_of_the_navigation(
    admin: Client, integration: Integration, rendering: Rendering, name: str
) -> None:
    run = sync(integration)
    of = {"run": [run.pk]}
    if name in {"student", "student-edit", "student-merge"}:
        of[name] = [StudentAccount.objects.earliest("last_name", "pk").pk]
    address = reverse(name, args=[integration.school_id, *of.get(name, [])])
    with rendering.watching():
        assert admin.get(address, {"q": "a"}).status_code == 200
    statements = rendering.statements
    assert len(statements) == len(set(statements)), "a count was asked for twice"
    for sql in statements:
        assert sql.startswith("SELECT COUNT(*)"), sql
        assert "sync_problem" in sql or "sync_linkproposal" in sql, sql


@pytest.mark.parametrize("path", sorted(TAGS.glob("*.py")), ids=lambda path: str(path.name))
def test_template_tags_import_nothing_that_asks_the_database(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for module in modules:
            assert "models" not in module.split("."), module
            assert not module.startswith("django.db"), module
            assert not module.startswith("rollbook.") or module.startswith(ALLOWED), module


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["de", "fr", "ar", "en-GB"])
def test_a_browser_in_a_language_that_is_not_shipped_gets_english(
    client: Client, language: str
) -> None:
    page = client.get(reverse("sign-in"), headers={"accept-language": language})
    assert '<html lang="en">' in page.content.decode()
