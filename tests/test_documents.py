"""Documents are true: every source, guard, limit, kind, severity and state has its line.

And every file that they name exists.
"""

import re
from pathlib import Path

import pytest

from rollbook.roster.planning.changes import ChangeKind
from rollbook.roster.planning.guards import Limits
from rollbook.roster.records import Completeness, Severity
from rollbook.sources.base import Source
from rollbook.sources.discovery import Slip
from rollbook.sources.registry import SOURCES
from rollbook.sources.spreadsheet.errors import UploadRefused
from rollbook.sync.models import Mode, RunState
from rollbook.sync.words.alarms import ALARMS
from rollbook.sync.words.connection_tests import NO_HTTPS
from rollbook.sync.words.proofs import COMPLETENESS_LABELS

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md"),
    *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))),
]
# Where the paths in documents start: the repository, the product, or its rooms for runs.
STARTS = (ROOT, ROOT / "rollbook", ROOT / "rollbook" / "sync")


def read(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize(
    "word", [*ChangeKind, *Severity, *(str(state.value) for state in RunState)]
)
def test_the_glossary_has_every_kind_severity_and_state(word: str) -> None:
    assert f"| `{word}` |" in read("docs/glossary.md")


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_every_source_is_in_the_tables_of_readme_and_connectors(source: Source) -> None:
    assert f"`{source.slug}`" in read("docs/connectors.md")
    assert source.label in read("README.md")


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_every_mapping_row_is_in_the_connectors_page(source: Source) -> None:
    page = read("docs/connectors.md")
    for variant in source.variants:
        for row in variant.mapping:
            assert f"`{row.source_field}`" in page


@pytest.mark.parametrize("refusal", UploadRefused.__subclasses__())
def test_every_refusal_of_a_file_is_in_the_connectors_page(refusal: type[UploadRefused]) -> None:
    assert f"`{refusal.code}`" in read("docs/connectors.md")


@pytest.mark.parametrize("code", ALARMS)
def test_every_guard_is_in_the_table_of_guards(code: str) -> None:
    assert f"| `{code}` |" in read("docs/guards.md")


@pytest.mark.parametrize("name", Limits._fields)
def test_every_limit_is_named_in_the_page_of_guards_and_in_commands(name: str) -> None:
    assert f"`{name}`" in read("docs/guards.md")
    assert f'"{name}"' in read("docs/commands.md")


@pytest.mark.parametrize("completeness", Completeness)
def test_the_page_of_guards_explains_each_completeness(completeness: Completeness) -> None:
    label = COMPLETENESS_LABELS[completeness].lower()
    assert f"| {label} |" in read("docs/guards.md")
    assert f"*{label}*" in read("docs/glossary.md")


@pytest.mark.parametrize("mode", Mode)
def test_the_glossary_explains_each_mode(mode: Mode) -> None:
    assert f"*{mode.value}*" in read("docs/glossary.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_between_documents_leads_somewhere(page: str) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(#[^)\s]*)?\)", read(page)):
        if "://" in target:
            continue
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), f"{target}{anchor}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page, one for each heading, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE):
        words = re.sub(r"[^\w\s-]", "", heading.lower())
        found.add("#" + words.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_document_names_exists(page: str) -> None:
    for path in re.findall(r"`([\w/.]+(?:\.py|\.sql|/))`", read(page)):
        if "NAME" not in path and not path.startswith((".", "/")):
            assert files_of(path), path


@pytest.mark.parametrize("page", PAGES)
def test_every_function_that_a_document_names_beside_its_file_exists(page: str) -> None:
    for path, name in re.findall(r"`([\w/]+\.py)`: `([\w.]+)`", read(page)):
        for part in name.split("."):
            file = files_of(path)[0]
            assert re.search(rf"\b(?:def|class) {part}\b", file.read_text()), f"{path}: {name}"


def files_of(path: str) -> list[Path]:
    return [start / path for start in STARTS if (start / path).exists()]


def test_every_slip_of_a_connection_test_is_described() -> None:
    text = read("docs/connectors.md")
    for code in (NO_HTTPS, *(slip.value for slip in Slip if slip is not Slip.NONE)):
        assert f"(`{code}`)" in text, code
