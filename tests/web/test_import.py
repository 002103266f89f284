"""Import Users: who gets in, what is refused and where a draft that is over leads."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from python_calamine import CalamineWorkbook

from rollbook.schools.models import School, User
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Run, Upload
from rollbook.sync.uploads import drafts, inspection, previews
from tests.sources.spreadsheets import xlsx

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

GOOD = (
    "SIS ID,First name,Last name,E-mail,Graduation year\n"
    "007,Ada,Byron,ada@x.example,2030\n"
    "008,Grace,Hopper,grace@x.example,2029\n"
)
BAD = GOOD + "009,Alan,Turing,nowhere,2029\n"


def send(client: Client, school: School, content: str | bytes, name: str = "students.csv") -> Any:
    file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
    return client.post(reverse("import-file", args=[school.pk]), {"file": file})


def draft(school: School, content: str = GOOD) -> Upload:
    return drafts.start(school, None, "students.csv", content.encode())


def planned(upload: Upload) -> Run:
    run = previews.preview(upload, None)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    return run


def at(name: str, upload: Upload, *more: str) -> str:
    return reverse(name, args=[upload.school_id, upload.pk, *more])


def page(response: Any) -> str:
    return str(response.content.decode())


def file_in(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_only_owners_and_administrators_upload_and_another_school_finds_nothing(
    school: School, counselor_client: Client, elsewhere: Client, admin: Client
) -> None:
    upload = draft(school)
    for name in ("import-settings", "import-columns"):
        assert counselor_client.get(at(name, upload)).status_code == 403
        assert elsewhere.get(at(name, upload)).status_code == 404
    for name in ("import-confirm", "import-discard", "import-correct"):
        assert counselor_client.post(at(name, upload)).status_code == 403
        assert elsewhere.post(at(name, upload)).status_code == 404
        assert admin.get(at(name, upload)).status_code == 405
    assert elsewhere.get(at("import-failing", upload, "csv")).status_code == 404
    assert "Only owners and administrators can upload files" in page(
        counselor_client.get(reverse("upload", args=[school.pk]))
    )
    assert Upload.objects.get().state == "draft"


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "empty.csv", "There is nothing in the file"),
        (b"\x89PNG\r\n" + bytes(range(256)) * 20, "picture.png", "The file is a picture"),
        (b"x" * 10_000_001, "large.csv", "larger than 10 MB"),
    ],
    ids=["empty", "a picture", "too large"],
)
def test_a_file_that_cant_be_taken_is_refused_in_words(
    admin: Client, school: School, content: bytes, name: str, words: str
) -> None:
    answer = send(admin, school, content, name)
    assert answer.status_code == 422
    assert words in page(answer) and "no account was changed" in page(answer)
    assert not Upload.objects.exists()


def test_no_file_is_said_too(admin: Client, school: School) -> None:
    assert "No file was chosen" in page(admin.post(reverse("import-file", args=[school.pk])))


def test_the_templates_are_files_that_other_programs_open(admin: Client, school: School) -> None:
    for kind in ("xlsx", "csv"):
        answer = admin.get(reverse("import-template", args=[school.pk, kind]))
        content = file_in(answer)
        assert f"students-template.{kind}" in answer["Content-Disposition"]
        if kind == "xlsx":
            book = CalamineWorkbook.from_filelike(BytesIO(content))
            assert book.sheet_names == ["Students", "Columns"]
        else:
            assert "First name *" in content.decode("utf-8-sig")
    assert admin.get(reverse("import-template", args=[school.pk, "exe"])).status_code == 404


def test_another_encoding_and_delimiter_are_tried_out_before_they_are_saved(
    admin: Client, school: School
) -> None:
    upload = drafts.start(
        school, None, "a.csv", "Vorname;Name\nZoë;Müller\nJosé;Peña\n".encode("cp1252")
    )
    address = at("import-settings", upload)
    assert "Zoë" in page(admin.get(address))
    looked = page(
        admin.post(address, {"action": "look", "encoding": "mac_roman", "delimiter": ","})
    )
    assert "Zoë" not in looked
    upload.refresh_from_db()
    assert "encoding" not in upload.settings


def test_where_several_encodings_are_plausible_a_person_chooses(
    admin: Client, school: School
) -> None:
    table = "First name;Last name;E-mail\nGyőző;Erdős;a@x.example\n"
    upload = drafts.start(school, None, "a.csv", table.encode("cp1250"))
    address = at("import-settings", upload)
    asked = page(admin.get(address))
    assert "Győző Erdős" in asked and "Gyõzõ Erdõs" in asked
    assert admin.get(at("import-columns", upload)).status_code == 302
    refused = admin.post(address, {"action": "next", "encoding": ""})
    assert "Choose the one that shows the names as they are." in page(refused)
    assert admin.post(address, {"action": "next", "encoding": "cp1250"}).status_code == 302
    assert "Győző" in page(admin.get(at("import-columns", upload)))


UNCLEAR = (
    "SIS ID,First name,Last name,E-mail,Graduation year,Day\n"
    "007,Ada,Byron,ada@x.example,2030,03/04/2012\n"
)


def test_whether_hidden_rows_are_left_out_is_asked(admin: Client, school: School) -> None:
    def hide(_book: Any, sheet: Any) -> None:
        sheet.set_row(2, None, None, {"hidden": True})

    rows = [line.split(",") for line in GOOD.splitlines()]
    address = send(admin, school, xlsx(rows, hide), "students.xlsx")["Location"]
    upload = Upload.objects.get()
    columns = at("import-columns", upload)
    assert admin.get(columns)["Location"] == address
    assert "has hidden 1 row of this sheet" in page(admin.get(address))
    assert "Choose what happens with the hidden rows" in page(admin.post(address))
    tried = page(admin.post(address, {"action": "look", "hidden_rows": "leave-out"}))
    assert "1 row in total" in tried and "Hopper" not in tried
    for answer, new in (("leave-out", 1), ("read", 2)):
        assert admin.post(address, {"hidden_rows": answer})["Location"] == columns
        upload.refresh_from_db()
        assert planned(upload).counts["new"] == new
    assert StudentAccount.objects.count() == 0


def test_the_order_of_unclear_dates_is_chosen_by_a_person(admin: Client, school: School) -> None:
    upload = draft(school, UNCLEAR.replace("Day", "Birth date"))
    address = at("import-settings", upload)
    assert 'name="date_order" value="month-day-year" checked' not in page(admin.get(address))
    assert "Choose the order in which the dates are written" in page(admin.post(address, {}))
    upload.refresh_from_db()
    assert "date_order" not in upload.settings
    assert admin.post(address, {"date_order": "day-month-year"}).status_code == 302
    upload.refresh_from_db()
    assert upload.settings["date_order"] == "day-month-year"


def test_the_usual_order_is_not_kept_for_a_column_that_is_chosen_later(
    admin: Client, school: School
) -> None:
    upload = draft(school, UNCLEAR)
    answer = admin.post(at("import-settings", upload), {"date_order": "month-day-year"})
    assert answer["Location"] == at("import-columns", upload)
    upload.refresh_from_db()
    assert upload.settings["date_order"] is None
    names = ("sis_id", "first_name", "last_name", "email", "graduation_year", "birth_date")
    sent = {f"column-{position}": name for position, name in enumerate(names)}
    answer = admin.post(at("import-columns", upload), sent | {"header_row": "1"})
    assert answer["Location"] == at("import-settings", upload)
    assert not Run.objects.exists()
    chosen = admin.post(at("import-settings", upload), {"date_order": "day-month-year"})
    assert chosen["Location"] == at("import-columns", upload)
    answer = admin.post(at("import-columns", upload), sent | {"header_row": "1"})
    assert answer["Location"] == reverse("run", args=[school.pk, Run.objects.get().pk])


def test_required_columns_are_named_and_no_field_is_filled_twice(
    admin: Client, school: School
) -> None:
    upload = draft(school)
    address = at("import-columns", upload)
    told = {
        "header_row": "1",
        "column-0": "sis_id",
        "column-1": "first_name",
        "column-2": "last_name",
        "column-3": "email",
        "column-4": "",
    }
    assert "No column fills what is required: Graduation year" in page(admin.post(address, told))
    twice = told | {"column-4": "email"}
    assert "More than one column fills: E-mail" in page(admin.post(address, twice))
    assert not Run.objects.exists()


def test_words_of_the_school_are_asked_once(admin: Client, school: School) -> None:
    content = (
        GOOD.replace("year\n", "year,Active\n")
        .replace("2030\n", "2030,ja\n")
        .replace("2029\n", "2029,nein\n")
    )
    fields = {
        f"column-{index}": field
        for index, field in enumerate(
            ("sis_id", "first_name", "last_name", "email", "graduation_year")
        )
    }
    upload = draft(school, content)
    asked = page(
        admin.post(
            at("import-columns", upload), {"header_row": "1", "column-5": "active", **fields}
        )
    )
    assert "“ja”" in asked and "“nein”" in asked
    meant = {"asked": ["active.ja", "active.nein"], "word-0": "TRUE", "word-1": "FALSE"}
    answer = admin.post(
        at("import-columns", upload), {"header_row": "1", "column-5": "active", **fields, **meant}
    )
    assert answer["Location"] == reverse("run", args=[school.pk, Run.objects.get().pk])
    again = draft(school, content)
    assert "“ja”" in page(admin.get(at("import-columns", again)))
    assert inspection.inspect(again).values_to_map[0].meaning == "TRUE"


def test_what_was_typed_stays_in_the_page_after_an_error(admin: Client, school: School) -> None:
    upload = draft(school, GOOD.replace("year\n", "year,Sex\n").replace("2030\n", "2030,kobieta\n"))
    typed = {
        "header_row": "1",
        "column-0": "sis_id",
        "column-5": "gender",
        "asked": ["gender.kobieta"],
        "word-0": "female",
    }
    shown = page(admin.post(at("import-columns", upload), typed))
    assert "No column fills what is required" in shown
    assert 'value="gender" selected' in shown
    assert 'value="female"' in shown
    upload.refresh_from_db()
    assert not upload.columns


def test_a_header_row_that_is_no_number_is_refused(admin: Client, school: School) -> None:
    upload = draft(school)
    shown = page(admin.post(at("import-columns", upload), {"header_row": "first"}))
    assert "Nothing was saved" in shown and "Enter a whole number" in shown


def test_nothing_is_written_before_confirming_and_once_after(admin: Client, school: School) -> None:
    upload = draft(school, BAD)
    run = planned(upload)
    address = reverse("run", args=[school.pk, run.pk])
    shown = page(admin.get(address))
    assert (
        "Nothing is written before you confirm" in shown
        and "Confirm: 2 new" in shown
        and "row 4, column D" in shown
    )
    assert not StudentAccount.objects.exists()
    stale = admin.post(at("import-confirm", upload), {"run": "another"}, follow=True)
    assert "replaced by a newer one" in page(stale)
    assert admin.post(at("import-confirm", upload), {"run": str(run.pk)})["Location"] == address
    again = admin.post(at("import-confirm", upload), {"run": str(run.pk)}, follow=True)
    assert "confirmed already" in page(again)
    pipeline.run_sync(run.pk)
    assert set(StudentAccount.objects.values_list("sis_id", flat=True)) == {"007", "008"}
    assert "2 accounts were created" in page(admin.get(address))
    listed = page(admin.get(reverse("history", args=[school.pk])))
    assert "Students upload" in listed
    rows = file_in(admin.get(at("import-failing", upload, "csv"))).decode("utf-8-sig")
    assert (
        rows.splitlines()[0].endswith("What is wrong") and "Turing" in rows and "Byron" not in rows
    )


def test_a_cell_is_corrected_in_the_preview_and_checked_again(
    admin: Client, school: School
) -> None:
    upload = draft(school, BAD)
    first = planned(upload)
    assert first.counts["error"] == 1
    nothing = admin.post(
        at("import-correct", upload), {"cell-4-3": "nowhere", "was-4-3": "nowhere"}, follow=True
    )
    assert "Nothing was corrected yet" in page(nothing)
    answer = admin.post(
        at("import-correct", upload), {"cell-4-3": "alan@x.example", "was-4-3": "nowhere"}
    )
    upload.refresh_from_db()
    assert upload.run is not None and upload.run.pk != first.pk
    assert answer["Location"] == reverse("run", args=[school.pk, upload.run.pk])
    pipeline.run_sync(upload.run.pk)
    assert "Confirm: 3 new" in page(admin.get(answer["Location"]))


def test_the_name_that_a_broken_one_may_be_is_filled_in(admin: Client, school: School) -> None:
    run = planned(draft(school, GOOD.replace("Ada", "JosÃ©").replace("Hopper", "N??ez")))
    assert "new" not in run.counts and run.counts["error"] == 2
    shown = page(admin.get(reverse("run", args=[school.pk, run.pk]), {"tab": "errors"}))
    assert 'name="was-2-1" value="JosÃ©"' in shown and 'name="cell-2-1" value="José"' in shown
    assert "It may be the name “José”." in shown
    assert 'name="cell-3-2" value="N??ez"' in shown


def test_a_correction_that_no_database_can_store_is_refused(admin: Client, school: School) -> None:
    upload = draft(school, BAD)
    planned(upload)
    answer = admin.post(
        at("import-correct", upload), {"cell-4-3": "alan\0", "was-4-3": "nowhere"}, follow=True
    )
    assert "Null characters are not allowed" in page(answer)
    upload.refresh_from_db()
    assert not upload.corrections


def test_a_discarded_draft_leads_back_to_the_first_step(
    admin: Client, administrator: User, school: School
) -> None:
    upload = draft(school)
    planned(upload)
    listed = page(admin.get(reverse("import-file", args=[school.pk])))
    assert "Unfinished uploads" in listed and "Continue" in page(
        admin.get(reverse("upload", args=[school.pk]))
    )
    assert "Nothing was written" in page(admin.post(at("import-discard", upload), follow=True))
    assert "discarded, or its time is over" in page(
        admin.get(at("import-columns", upload), follow=True)
    )
    assert not StudentAccount.objects.exists()


def twelve(domain: str = "x.example", first: str = "Ada", year: str = "2030") -> str:
    """A file of twelve students."""
    rows = [
        f"{number},{first},Byron{number},s{number}@{domain},{year}" for number in range(100, 112)
    ]
    return "\n".join([GOOD.splitlines()[0], *rows]) + "\n"


def test_an_upload_that_changes_more_than_usual_asks_a_second_time_with_the_number(
    admin: Client, school: School
) -> None:
    first = draft(school, twelve())
    planned(first)
    assert previews.confirm(first, None) and first.run is not None
    pipeline.run_sync(first.run.pk)
    upload = draft(school, twelve("new.example"))
    run = planned(upload)
    assert [alarm["code"] for alarm in run.alarms] == ["emails"]
    address = reverse("run", args=[school.pk, run.pk])
    shown = page(admin.get(f"{address}?confirm=upload"))
    assert "The sign-in e-mail of 12 of 12 students would change" in shown
    assert "Yes, change the sign-in e-mail of 12 accounts" in shown
    assert 'name="accept-emails" required' in shown
    asked = admin.post(at("import-confirm", upload), {"run": str(run.pk)}, follow=True)
    assert "Tick what you confirm" in page(asked) and 'id="upload-dialog" ' in page(asked)
    run.refresh_from_db()
    assert run.state == "preview"
    ticked = {"run": str(run.pk), "accept-emails": "on"}
    admin.post(at("import-confirm", upload), ticked)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.approved_at is not None) == ("done", True)
    assert StudentAccount.objects.filter(email__endswith="@new.example").count() == 12
    assert "changed more than usual, and that was confirmed" in page(admin.get(address))
