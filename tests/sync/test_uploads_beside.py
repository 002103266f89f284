"""An upload beside everything else: a SIS, the report, the student's page, the sweep."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from rollbook.schools.models import School, User
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Change, Integration, Run, RunState, Trigger, Upload
from rollbook.sync.refusals import RunRefused
from rollbook.sync.report import student_history, student_values, workbook
from rollbook.sync.runs import requests
from rollbook.sync.uploads import drafts, previews
from tests.sync.test_uploads import ADA, BOB, brought_in, csv_of, previewed

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def test_an_uploaded_student_is_linked_by_the_first_run_and_looked_at_again_after_an_upload(
    school: School, integration: Integration
) -> None:
    def sync() -> Run:
        run = requests.request(integration, trigger=Trigger.PERSON).run
        pipeline.run_sync(run.pk)
        run.refresh_from_db()
        assert run.state == RunState.DONE, run.error_what
        return run

    sync()
    theirs = StudentAccount.objects.order_by("pk").first()
    assert theirs is not None
    line = f"{theirs.sis_id},{theirs.email},{theirs.first_name},Changed,2030,,"
    StudentAccount.objects.filter(pk=theirs.pk).update(
        source="", source_fingerprint=None
    )  # as an upload had made it
    assert sync().counts["linked"] == 1
    brought_in(school, line)
    changed = StudentAccount.objects.get(pk=theirs.pk)
    assert (changed.last_name, changed.source, changed.source_fingerprint) == (
        "Changed",
        integration.source,
        None,
    )
    again = sync()
    assert again.counts["updated"] == 1
    assert StudentAccount.objects.get(pk=theirs.pk).last_name == theirs.last_name


def test_the_excel_report_has_the_rows_of_the_file(school: School, administrator: User) -> None:
    brought_in(school, ADA)
    _upload, run = previewed(
        school,
        administrator,
        csv_of(ADA.replace("Lovelace", "King"), BOB + "FALSE", "S3,nobody,Al,Turing,2030,M,"),
    )
    target = io.BytesIO()
    workbook.write_report(run, target)
    book = load_workbook(target)
    told = {
        name: [[cell.value for cell in row] for row in book[name].iter_rows()]
        for name in book.sheetnames
    }
    assert told["Summary"][1][1] == "Students upload"
    assert ["File", "students.csv"] in told["Summary"]
    assert told["Errors"][0][:4] == ["Severity", "Row", "Column", "SIS ID"]
    assert told["Errors"][1][:4] == ["Error", 4, "B", "S3"]
    assert (told["New"][0][0], told["New"][1][0]) == ("Row", 3)
    assert told["New"][0][-3:] == ["Status", "Outcome", "Reason"]
    assert told["New"][1][-3] == "Deactivated"
    assert told["Existing & Update"][1][:-2] == [
        2,
        "S1",
        "Ada King",
        "ada@x.example",
        "Updated",
        "Last name",
        "Lovelace",
        "King",
    ]
    assert (
        told["Existing & Update"][1][-1]
        == "Row 2 of the file belongs to this account, and has other values for: Last name."
    )


def test_a_students_page_tells_which_upload_brought_a_value(school: School) -> None:
    run = brought_in(school, ADA)
    ada = StudentAccount.objects.get()
    (entry,) = student_history.history(ada)
    assert (entry.kind_label, entry.run) == ("Created", run)
    origins = {
        value.label: (value.origin, value.run) for value in student_values.values(ada) if value.text
    }
    assert origins["Last name"] == ("Students upload", run)


def test_old_previews_are_put_aside_and_old_files_deleted(school: School) -> None:
    upload, run = previewed(school, None, csv_of(ADA))
    drafts.sweep_uploads()
    assert list(drafts.open_drafts(school)) == [upload]
    long_ago = timezone.now() - timedelta(days=31)
    Run.objects.update(requested_at=long_ago)
    Upload.objects.update(expires_at=long_ago)
    drafts.sweep_uploads()
    run.refresh_from_db()
    assert run.state == RunState.DISCARDED
    assert not Upload.objects.exists()
    assert Change.objects.filter(run=run).count() == 1


def test_a_discarded_upload_keeps_neither_file_nor_way_back(
    school: School, administrator: User
) -> None:
    upload, run = previewed(school, administrator, csv_of(ADA))
    assert drafts.discard(upload, administrator)
    assert not drafts.discard(upload, administrator)
    assert not previews.confirm(upload, administrator)
    with pytest.raises(RunRefused):
        previews.preview(upload, administrator)
    run.refresh_from_db()
    assert (run.state, bytes(Upload.objects.get().content)) == (RunState.DISCARDED, b"")


def test_what_was_changed_after_the_preview_is_previewed_again_before_it_is_confirmed(
    school: School,
) -> None:
    upload, _run = previewed(school, None, csv_of(ADA))
    drafts.correct_cells(upload, None, {(2, 2): "Adah"})
    with pytest.raises(RunRefused, match="after the preview"):
        previews.confirm(upload, None)
