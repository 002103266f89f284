"""A spreadsheet from its bytes to the accounts: drafts, previews, corrections, memory."""

import io
from typing import Any

import pytest

from rollbook.schools.models import School, User
from rollbook.sources.spreadsheet.errors import NoHeader, NotASpreadsheet
from rollbook.students import accounts
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Change, Issue, Run, RunState, Trigger, Upload
from rollbook.sync.refusals import RunRefused, SettingRefused
from rollbook.sync.report import change_rows
from rollbook.sync.runs import requests
from rollbook.sync.uploads import column_choice, drafts, inspection, previews
from rollbook.sync.uploads.failing_rows import write_failing_rows
from rollbook.sync.words.sources import uploader_type

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

HEADER = "SIS ID,E-mail,First name,Last name,Graduation year,Gender,Active"
ADA = "S1,ada@x.example,Ada,Lovelace,2030,F,TRUE"
BOB = "S2,bob@x.example,Bob,Noyce,2031,M,"


def csv_of(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *lines)).encode()


def previewed(
    school: School, by: User | None, content: bytes, **settings: Any
) -> tuple[Upload, Run]:
    upload = drafts.start(school, by, "students.csv", content)
    if settings:
        drafts.save_settings(upload, by, drafts.Settings(**settings))
    return upload, planned(upload, by)


def planned(upload: Upload, by: User | None) -> Run:
    run = previews.preview(upload, by)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.PREVIEW, run.error_what
    return run


def confirmed(upload: Upload, by: User | None) -> Run:
    assert previews.confirm(upload, by)
    assert upload.run is not None
    pipeline.run_sync(upload.run.pk)
    upload.run.refresh_from_db()
    assert upload.run.state == RunState.DONE
    return upload.run


def brought_in(school: School, *lines: str, header: str = HEADER, **settings: Any) -> Run:
    upload, _run = previewed(school, None, csv_of(*lines, header=header), **settings)
    return confirmed(upload, None)


def problems(run: Run) -> set[tuple[str, int | None, str]]:
    return {
        (issue.code, issue.row_number, issue.source_field)
        for issue in Issue.objects.filter(run=run)
    }


def test_nothing_is_written_before_confirm_and_a_second_confirm_writes_nothing(
    school: School, administrator: User
) -> None:
    upload, run = previewed(school, administrator, csv_of(ADA, BOB))
    assert (run.counts["new"], run.counts["read"], uploader_type(run)) == (2, 2, "Students upload")
    assert not StudentAccount.objects.exists()
    assert previews.preview(upload, administrator) == run
    confirmed(upload, administrator)
    assert not previews.confirm(upload, administrator)
    ada = StudentAccount.objects.get(sis_id="S1")
    assert (ada.source, ada.status, ada.email, ada.graduation_year, ada.gender) == (
        "",
        "active",
        "ada@x.example",
        2030,
        "F",
    )
    pipeline.run_sync(run.pk)
    assert StudentAccount.objects.count() == 2
    assert {row.outcome for row in change_rows.new_rows(run)} == {
        "Not applied yet: waiting to be confirmed"
    }


def test_updates_show_before_and_after_and_leave_blanks_and_other_columns(school: School) -> None:
    brought_in(school, ADA, BOB)
    run = brought_in(
        school, "S1,ADA@x.example,Ada,King,2030,,FALSE", "S2,bob@x.example,Bob,Noyce,2031,M,"
    )
    change = Change.objects.get(run=run)
    assert change.before == {"last_name": "Lovelace", "status": "active"}
    assert change.after == {"last_name": "King", "status": "deactivated"}
    assert (change.row_number, run.counts["unchanged"], run.counts.get("not_in_roster")) == (
        2,
        1,
        None,
    )
    run = brought_in(school, "S1,ada@x.example,Ada,King,,,TRUE", blank_clears=True)
    ada = StudentAccount.objects.get(sis_id="S1")
    assert (ada.gender, ada.graduation_year, ada.status) == (None, 2030, "active")


def test_a_row_whose_account_was_edited_meanwhile_is_listed_and_left(
    school: School, administrator: User
) -> None:
    brought_in(school, ADA, BOB)
    upload, _run = previewed(
        school, administrator, csv_of(ADA.replace("Ada", "Adah"), BOB.replace("Bob", "Rob"))
    )
    accounts.deactivate(school, [StudentAccount.objects.get(sis_id="S1").pk], administrator)
    run = confirmed(upload, administrator)
    assert run.counts["overtaken"] == 1
    assert set(StudentAccount.objects.values_list("first_name", flat=True)) == {"Ada", "Rob"}
    target = io.BytesIO()
    assert write_failing_rows(upload, target, "csv") == 1
    assert "Adah" in target.getvalue().decode("utf-8-sig")


def test_two_who_swap_their_addresses_come_out_right(school: School) -> None:
    brought_in(school, ADA, BOB)
    run = brought_in(school, ADA.replace("ada@", "bob@"), BOB.replace("bob@", "ada@"))
    assert run.counts["updated"] == 2
    assert StudentAccount.objects.get(sis_id="S1").email == "bob@x.example"


def test_a_corrected_cell_is_checked_again_in_a_new_preview(
    school: School, administrator: User
) -> None:
    upload, run = previewed(school, administrator, csv_of(ADA.replace("2030", "soon"), BOB))
    assert problems(run) == {("graduation_year_invalid", 2, "Graduation year")}
    drafts.correct_cells(upload, administrator, {(2, 4): "2030"})
    again = planned(upload, administrator)
    assert (again.counts["new"], problems(again)) == (2, set())
    assert not Run.objects.filter(pk=run.pk).exists()


def test_columns_and_words_are_remembered_though_they_moved(
    school: School, administrator: User
) -> None:
    first = drafts.start(
        school,
        administrator,
        "a.csv",
        csv_of("x@x.example,Ann,Lee,2030,weibl.", header="Konto,Vor,Nach,Ende,Geschl"),
    )
    fields: dict[int, str | None] = dict(
        enumerate(("email", "first_name", "last_name", "graduation_year", "gender"))
    )
    with pytest.raises(SettingRefused, match="E-mail"):
        column_choice.save_columns(first, administrator, header_row=1, fields={0: None})
    column_choice.save_columns(
        first,
        administrator,
        header_row=1,
        fields=fields,
        value_maps={"gender": {"Weibl.": "Female"}},
    )
    planned(first, administrator)
    second = drafts.start(
        school,
        administrator,
        "b.csv",
        csv_of("weibl.,2031,Ben,Lee,y@x.example", header="Geschl,Ende,Vor,Nach,Konto"),
    )
    seen = inspection.inspect(second)
    assert [column.field for column in seen.columns] == [
        "gender",
        "graduation_year",
        "first_name",
        "last_name",
        "email",
    ]
    assert all(column.remembered for column in seen.columns)
    run = planned(second, administrator)
    assert Change.objects.get(run=run).after["gender"] == "Female"


def test_a_remembered_column_that_is_doubtful_now_is_asked_about(
    school: School, administrator: User
) -> None:
    header = "ID,E-mail,First name,Last name,Graduation year"
    rows = [f"{{}},{name}@x.example,{name},Lee,2030" for name in ("ann", "bob", "cy")]
    real = csv_of(*(row.format(place + 4711) for place, row in enumerate(rows)), header=header)
    planned(drafts.start(school, administrator, "a.csv", real), administrator)
    counting = csv_of(*(row.format(place) for place, row in enumerate(rows, 1)), header=header)
    second = drafts.start(school, administrator, "b.csv", counting)
    column = inspection.inspect(second).columns[0]
    assert (column.field, column.remembered) == (None, False) and "SIS ID" in column.doubt
    with pytest.raises(SettingRefused, match="only count 1, 2, 3"):
        planned(second, administrator)
    column_choice.accept_columns(second, administrator, {0: "sis_id"})
    third = drafts.start(school, administrator, "c.csv", counting)
    column = inspection.inspect(third).columns[0]
    assert (column.field, column.remembered, column.doubt) == ("sis_id", True, "")


def test_a_nul_in_a_file_is_a_problem_of_its_row(school: School, administrator: User) -> None:
    rows = (ADA.replace("Ada", "A\0da"), BOB)
    file = csv_of(*(f"{row},a\0b" for row in rows), header=f"{HEADER},House\0")
    upload = drafts.start(school, administrator, "a.csv", file)
    run = planned(upload, administrator)
    assert (run.counts["new"], run.counts["error"]) == (1, 1)
    assert problems(run) == {("control_characters", 2, "First name")}
    target = io.BytesIO()
    assert write_failing_rows(upload, target, "csv") == 1


def test_a_file_sent_twice_is_one_draft_until_something_is_chosen(
    school: School, administrator: User, counselor: User
) -> None:
    first = drafts.start(school, administrator, "a.csv", csv_of(ADA))
    again = drafts.start(school, administrator, "a.csv", csv_of(ADA))
    assert again.pk == first.pk and again.expires_at >= first.expires_at
    others = [
        drafts.start(school, counselor, "a.csv", csv_of(ADA)),
        drafts.start(school, administrator, "b.csv", csv_of(ADA)),
        drafts.start(school, administrator, "a.csv", csv_of(BOB)),
    ]
    assert len({first.pk, *(other.pk for other in others)}) == 4
    drafts.save_settings(first, administrator, drafts.Settings(blank_clears=True))
    assert drafts.start(school, administrator, "a.csv", csv_of(ADA)).pk != first.pk


def test_failing_rows_corrected_go_in_without_setting_anything(
    school: School, administrator: User
) -> None:
    upload, run = previewed(
        school, administrator, csv_of(ADA, BOB.replace("bob@x.example", "bob at x"))
    )
    target = io.BytesIO()
    assert write_failing_rows(upload, target, "csv") == run.counts["error"] == 1
    text = target.getvalue().decode("utf-8-sig")
    assert text.splitlines()[0] == HEADER + ",What is wrong"
    assert "bob at x" in text and "S1" not in text
    confirmed(upload, administrator)
    again = drafts.start(
        school, administrator, "again.csv", text.replace("bob at x", "bob@x.example").encode()
    )
    planned(again, administrator)
    confirmed(again, administrator)
    assert StudentAccount.objects.count() == 2


def test_a_file_that_cannot_be_read_stores_nothing(school: School) -> None:
    for content, refusal in ((b"%PDF-1.7", NotASpreadsheet), (b"1,2,3\n4,5,6\n", NoHeader)):
        with pytest.raises(refusal):
            drafts.start(school, None, "x.csv", content)
    assert not Upload.objects.exists()


def test_confirm_waits_for_a_run_at_work_and_planning_keeps_none_waiting(
    school: School, integration: Any
) -> None:
    upload, _run = previewed(school, None, csv_of(ADA))
    other = requests.request(integration, trigger=Trigger.PERSON)
    assert other.created
    with pytest.raises(RunRefused, match="another run"):
        previews.confirm(upload, None)
    pipeline.run_sync(other.run.pk)
    confirmed(upload, None)


def test_first_and_last_name_in_one_column_are_split(school: School) -> None:
    lines = ('S1,ada@x.example,"Lovelace, Ada",2030', 'S2,bob@x.example,"Noyce, Bob",2031')
    content = csv_of(*lines, "S3,li@x.example,Li Na,2031", header="SIS ID,E-mail,Name,Grad Year")
    upload = drafts.start(school, None, "students.csv", content)
    column_choice.accept_columns(upload, None, {2: "full_name"})
    run = planned(upload, None)
    issue = Issue.objects.get(run=run)
    assert (issue.code, issue.row_number, issue.column_index) == ("name_not_split", 4, 2)
    assert issue.value == issue.name == "Li Na"
    confirmed(upload, None)
    names = StudentAccount.objects.order_by("sis_id").values_list("first_name", "last_name")
    assert list(names) == [("Ada", "Lovelace"), ("Bob", "Noyce")]


def test_one_column_of_names_takes_the_place_of_two(school: School) -> None:
    header = "First,Name,E-mail,Class of"
    content = csv_of('Ada,"Lovelace, Ada",ada@x.example,2030', header=header)
    upload = drafts.start(school, None, "students.csv", content)
    fields = {0: "first_name", 1: "full_name", 2: "email", 3: "graduation_year"}
    with pytest.raises(SettingRefused, match="First name"):
        column_choice.save_columns(upload, None, header_row=1, fields=fields)
    column_choice.accept_columns(upload, None, {1: "full_name"})
    filled = {column.name: column.field for column in inspection.inspect(upload).columns}
    assert filled["First"] is None
    assert filled["Name"] == "full_name"


def test_a_blank_column_that_clears_is_confirmed_a_second_time(school: School) -> None:
    def lines(gender: str, year: int) -> list[str]:
        return [f"S{at},s{at}@x.example,Ada,Lee-{at},{year},{gender},TRUE" for at in range(8)]

    brought_in(school, *lines("F", 2030))
    _upload, run = previewed(school, None, csv_of(*lines("", 2030)), blank_clears=True)
    assert [(one["code"], one["numbers"]["field"]) for one in run.alarms] == [("blanks", "gender")]
    _upload, run = previewed(school, None, csv_of(*lines("", 2030)))
    assert run.alarms == []
    _upload, run = previewed(school, None, csv_of(*lines("F", 2031)))
    assert [one["code"] for one in run.alarms] == ["years"]
