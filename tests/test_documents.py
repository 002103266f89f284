"""Documents say what is there: every source, change kind, severity and state has its line."""

import re
from pathlib import Path

import pytest

from rollbook.roster.planning import ChangeKind
from rollbook.roster.records import Severity
from rollbook.sources.base import Source
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import RunState

ROOT = Path(__file__).resolve().parent.parent


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


def test_every_link_between_documents_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} → {target}"
