"""The page with pictures of how to get the credentials, in the application and the documents."""

import html
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.sources.base import Source, Variant
from rollbook.sources.registry import SOURCES

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "rollbook" / "web" / "static" / "rollbook" / "how-to"
VARIANTS = [(source, variant) for source in SOURCES.values() for variant in source.variants]


@pytest.mark.parametrize("source, variant", VARIANTS)
def test_each_version_has_a_page_with_its_steps(
    admin: Client, school: School, source: Source, variant: Variant
) -> None:
    address = reverse("how-to", args=[school.pk, source.slug]) + f"?variant={variant.key}"
    step_1_1 = reverse("configure-sis", args=[school.pk])
    typed = f"{step_1_1}?source={source.slug}&variant={variant.key}"
    assert f'href="{address}" target="_blank"' in html.unescape(admin.get(typed).content.decode())
    page = html.unescape(admin.get(address).content.decode())
    document = (ROOT / "docs" / f"how-to-{source.slug}.md").read_text()
    assert len(variant.how_to) >= 3
    for step in variant.how_to:
        assert step.title in page and step.text in page
        assert step.title in document and step.text in document
        if step.picture:
            assert f"/{step.picture}" in page and f"/{step.picture}.svg)" in document


def test_each_picture_is_used_and_has_only_colours_of_light_and_dark() -> None:
    used = {step.picture for _, variant in VARIANTS for step in variant.how_to} - {""}
    assert {path.stem for path in PICTURES.glob("*.svg")} == used
    for name in used:
        root = ElementTree.parse(PICTURES / f"{name}.svg").getroot()
        assert "prefers-color-scheme: dark" in (root[0].text or "")
        picture = next(each for each in root if each.get("id") == "picture")
        colours = {each.get(name) for each in picture.iter() for name in ("fill", "stroke")}
        assert all(colour is None or colour.startswith("var(") for colour in colours - {"none"})


def test_a_sis_that_is_not_there_has_no_page(admin: Client, school: School) -> None:
    assert admin.get(reverse("how-to", args=[school.pk, "nothing"])).status_code == 404


def test_a_counselor_sees_no_credentials_page(school: School, counselor_client: Client) -> None:
    assert (
        counselor_client.get(reverse("how-to", args=[school.pk, "powerschool"])).status_code == 403
    )
