"""The template, filled and saved by LibreOffice. Needs `soffice`; only `make office` runs this."""

import io
import subprocess
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from rollbook.schools.models import School
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Issue
from rollbook.sync.uploads import drafts
from rollbook.sync.uploads.template import write_template
from tests.sync.test_upload_forms import FIELDS, FILLED, TAKEN
from tests.sync.test_uploads import confirmed, planned

pytestmark = [pytest.mark.office, pytest.mark.django_db]

CSV = "csv:Text - txt - csv (StarCalc):{delimiter},34,{encoding},1"
FORMS = {
    "xlsx": "xlsx",
    "xls": "xls",
    "ods": "ods",
    "utf-8": CSV.format(delimiter=44, encoding=76),
    "utf-16": CSV.format(delimiter=9, encoding=65535),
    "cp1252": CSV.format(delimiter=59, encoding=1),
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with the example row replaced, as a person would type."""
    target = io.BytesIO()
    write_template("xlsx", target)
    book = openpyxl.load_workbook(target)
    for number, row in enumerate(FILLED, 2):
        for column, value in enumerate(row, 1):
            cell = book["Students"].cell(number, column)
            cell.value = value
            if isinstance(value, date):
                cell.number_format = "dd/mm/yyyy"
    path = tmp_path_factory.mktemp("office") / "filled.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_the_template_saved_by_libreoffice_comes_in_alike(
    school: School, filled: Path, form: str, tmp_path: Path
) -> None:
    convert = [
        "soffice",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        "--convert-to",
        FORMS[form],
    ]
    subprocess.run(
        [*convert, "--outdir", str(tmp_path), str(filled)], check=True, capture_output=True
    )
    (saved,) = tmp_path.glob("filled.*")
    upload = drafts.start(school, None, saved.name, saved.read_bytes())
    run = planned(upload, None)
    assert not Issue.objects.filter(run=run).exists()
    confirmed(upload, None)
    assert set(StudentAccount.objects.values_list(*FIELDS, "gender", "status")) == TAKEN
