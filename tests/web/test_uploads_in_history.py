"""An upload stands in the history and on a run's page like any other run."""

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from tests.sync.test_uploads import ADA, confirmed, csv_of, previewed

pytestmark = pytest.mark.django_db


def test_an_upload_has_its_line_and_its_page_before_and_after_it_is_confirmed(
    admin: Client, school: School
) -> None:
    upload, run = previewed(school, None, csv_of(ADA, "S3,nobody,Al,Turing,2030,M,"))
    page = admin.get(reverse("run", args=[school.pk, run.pk])).content.decode()
    for words in (
        "Students upload",
        "This is a preview",
        "Row 3, column B",
        "Correct it in the file, row 3, column B",
    ):
        assert words in page, words
    assert "Outside the selected grades" not in page.partition("tabs-count")[0]
    confirmed(upload, None)
    for name, arguments in (("history", [school.pk]), ("run", [school.pk, run.pk])):
        page = admin.get(reverse(name, args=arguments)).content.decode()
        assert "Students upload" in page
        assert "Finished, with errors" in page
