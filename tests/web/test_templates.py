"""What holds for every template and stylesheet, found by searching them."""

import re
from pathlib import Path

import pytest

import rollbook.web
from rollbook.sources.registry import SOURCES

WEB = Path(rollbook.web.__file__).parent
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
STATIC = WEB / "static" / "rollbook"


def named(path: Path) -> str:
    return str(path.relative_to(WEB))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_no_template_has_inline_style_or_script(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|[\"']js:", text, re.I)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.search(r"(src|href)=[\"'](https?:)?//", text), "nothing comes from another origin"


@pytest.mark.parametrize("path", [*TEMPLATES, *WEB.rglob("*.py")], ids=named)
def test_no_template_or_view_names_a_vendor(path: Path) -> None:
    text = path.read_text().lower()
    assert not [
        source.label
        for source in SOURCES.values()
        if source.slug in text or source.label.lower() in text
    ]


def test_every_icon_in_use_is_in_the_sprite_and_none_is_spare() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    sources = "".join(path.read_text() for path in [*TEMPLATES, *WEB.rglob("*.py")])
    used = {name for name in sprite if f'"{name}"' in sources}
    asked = set(re.findall(r'{% icon "([^"]+)"', sources)) | set(
        re.findall(r'{% badge \S+ "([^"]+)"', sources)
    )
    assert asked <= sprite
    assert used == sprite


def test_vendored_files_name_no_source_map() -> None:
    """collectstatic fails on a source map that isn't there."""
    for path in STATIC.rglob("*"):
        if path.suffix in {".js", ".css"}:
            assert "sourceMappingURL" not in path.read_text(), path.name


def test_colours_are_written_in_the_tokens_only() -> None:
    for path in (STATIC / "css").glob("*.css"):
        if path.name != "tokens.css":
            assert not re.search(r"#[0-9a-f]{3,8}\b", path.read_text(), re.I), path.name


def test_every_class_in_use_is_styled() -> None:
    styles = "".join(path.read_text() for path in (STATIC / "css").glob("*.css"))
    for path in TEMPLATES:
        plain = re.sub(r"{%.*?%}|{{.*?}}", " ", path.read_text())
        for group in re.findall(r'class="([^"]*)"', plain):
            for name in group.split():
                assert name.endswith("-") or f".{name}" in styles, (path.name, name)
