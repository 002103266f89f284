"""`rollbook upload` and `rollbook template`, as scripts use them."""

import json
from pathlib import Path
from typing import Any

import pytest

from rollbook.schools.models import School
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Issue
from rollbook.sync.uploads import drafts, inspection, previews
from tests.cli.conftest import Command
from tests.sources.spreadsheets import xlsx

HEADER = "SIS ID,E-mail,First name,Last name,Graduation year,Date of birth\n"
ADA = "S1,ada@x.example,Ada,Lovelace,2030,2012-05-30\n"


@pytest.fixture
def students(tmp_path: Path, school: School) -> Path:
    file = tmp_path / "students.csv"
    file.write_text(HEADER + ADA + "S2,bob at x,Bob,Noyce,2031,2011-01-31\n")
    return file


@pytest.mark.slow
def test_previews_confirms_once_and_writes_the_failing_rows(
    rollbook: Command, tmp_path: Path
) -> None:
    file, failing = tmp_path / "students.csv", tmp_path / "failing.csv"
    file.write_text(HEADER + ADA + "S2,bob at x,Bob,Noyce,2031,2011-01-31\n")
    rollbook("school", "add", "Lincoln")
    shown = rollbook("upload", str(file), "--here", "--failing-rows", str(failing), "--json")
    assert shown.code == 0, shown.err
    run = shown.json["run"]
    assert (
        run["state"],
        run["counts"]["new"],
        run["source"],
        run["integration" if "integration" in run else "trigger"],
    ) == (
        "preview",
        1,
        "spreadsheet",
        "upload",
    )
    (problem,) = shown.json["problems"]
    assert (problem["row"], problem["column"], problem["code"], problem["source_field"]) == (
        3,
        "B",
        "email_invalid",
        "E-mail",
    )
    assert "row 3, column B" in problem["remedy"]
    assert failing.read_text(encoding="utf-8-sig").splitlines()[1].startswith("S2,bob at x,Bob")
    assert json.loads(rollbook("students", "--json").out)["total"] == 0
    done = rollbook("upload", "--run", run["id"], "--confirm", "--here", "--json")
    assert (done.code, done.json["run"]["state"]) == (0, "done")
    again = rollbook("upload", "--run", run["id"], "--confirm", "--here", "--json")
    assert (again.code, again.json["error"]["code"]) == (3, "not_a_preview")
    assert json.loads(rollbook("students", "--json").out)["total"] == 1
    failing.write_text(failing.read_text(encoding="utf-8-sig").replace("bob at x", "bob@x.example"))
    assert (
        rollbook("upload", str(failing), "--confirm", "--here", "--json").json["run"]["counts"][
            "new"
        ]
        == 1
    )


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        ("%PDF-1.7", (), "not_a_spreadsheet"),
        ("", (), "empty"),
        ("ada@x.example,1,2\nbob@x.example,3,4\n", (), "no_header"),
        (HEADER + ADA, ("--map", "Nickname=email"), "column_unknown"),
        (HEADER + ADA, ("--map", "E-mail=mailbox"), "field_unknown"),
        (HEADER + ADA, ("--map", "E-mail=ignore"), "columns_refused"),
        (HEADER.replace("SIS ID", "Email") + ADA, (), "columns_refused"),
        (HEADER.replace("SIS ID", "E-mail") + ADA, ("--map", "E-mail=email"), "column_repeated"),
        (HEADER + ADA.replace("2012-05-30", "03/04/2012"), ("--confirm",), "date_order_ambiguous"),
        (HEADER + ADA, ("--header-row", "9"), "header_row_refused"),
        (HEADER + ADA, ("--word", "gender=x"), "pair_unknown"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_with_a_code(
    inside: Command, students: Path, content: str, options: tuple[str, ...], code: str
) -> None:
    students.write_text(content)
    refused = inside("upload", str(students), "--here", "--json", *options)
    assert (refused.code, refused.json["error"]["code"]) == (3, code)
    assert refused.json["error"]["what"] and refused.json["error"]["remedy"]
    assert not StudentAccount.objects.exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_confirming_is_refused_where_several_encodings_are_plausible(
    inside: Command, students: Path
) -> None:
    students.write_bytes((HEADER + ADA.replace("Ada", "Győző")).encode("cp1250"))
    preview = inside("upload", str(students), "--here", "--json").json
    names = {each["encoding"]: each["samples"] for each in preview["encoding"]["candidates"]}
    assert {"cp1250": ["Győző"], "cp1252": ["Gyõzõ"]}.items() <= names.items()
    refused = inside("upload", str(students), "--here", "--json", "--confirm")
    assert (refused.code, refused.json["error"]["code"]) == (3, "encoding_ambiguous")
    assert "cp1250: Győző" in refused.json["error"]["what"]
    assert not StudentAccount.objects.exists()
    chosen = ("--encoding", "windows-1250", "--confirm")
    assert inside("upload", str(students), "--here", "--json", *chosen).code == 0
    assert StudentAccount.objects.get().first_name == "Győző"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_confirming_is_refused_until_hidden_rows_are_decided(
    inside: Command, tmp_path: Path, school: School
) -> None:
    def hide(_book: Any, sheet: Any) -> None:
        sheet.set_row(2, None, None, {"hidden": True})

    table = HEADER + ADA + "S2,bob@x.example,Bob,Noyce,2031,2011-01-31\n"
    file = tmp_path / "students.xlsx"
    file.write_bytes(xlsx([line.split(",") for line in table.splitlines()], hide))
    refused = inside("upload", str(file), "--here", "--json", "--confirm")
    assert (refused.code, refused.json["error"]["code"]) == (3, "hidden_rows_undecided")
    chosen = ("--hidden-rows", "leave-out", "--confirm")
    assert inside("upload", str(file), "--here", "--json", *chosen).code == 0
    assert StudentAccount.objects.get().email == "ada@x.example"


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_template_names_every_field_and_uploads_as_nothing(
    inside: Command, school: School, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / f"template.{kind}"
    assert inside("template", "-o", str(file), "--json").code == 0
    upload = drafts.start(school, None, file.name, file.read_bytes())
    assert all(column.field for column in inspection.inspect(upload).columns)
    run = previews.preview(upload, None)
    pipeline.run_sync(run.pk)
    assert list(Issue.objects.filter(run=run).values_list("code", "severity", "row_number")) == [
        ("example_row", "note", 2)
    ]


def a_dozen(file: Path, **but: str) -> str:
    """Write a file of twelve students, with other values in some columns."""
    rows = []
    for number in range(12):
        values = {
            "id": f"S{number + 500}",
            "email": f"s{number}@x.example",
            "first": "Ada",
            "last": f"Byron-{number}",
            "born": f"2012-05-{number + 10}",
        } | {name: text.format(number=number) for name, text in but.items()}
        columns = ("id", "email", "first", "last")
        rows.append(",".join([*(values[name] for name in columns), "2030", values["born"]]))
    file.write_text(HEADER + "\n".join(rows) + "\n")
    return str(file)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("but", "code", "words"),
    [
        ({"email": "n{number}@new.example"}, "emails", "sign-in e-mail of 12 of 12 students"),
        ({"first": "Byron"}, "names", "first or last name of 12 of 12 students"),
        ({"email": "nowhere"}, "row_errors", "Check which column fills E-mail"),
        (
            {"first": "Another", "last": "Person", "born": "2010-01-01"},
            "other_rows",
            "12 rows have the ID of an account",
        ),
    ],
)
def test_an_upload_that_trips_a_guard_is_refused_until_it_is_accepted(
    inside: Command, tmp_path: Path, school: School, but: dict[str, str], code: str, words: str
) -> None:
    first = a_dozen(tmp_path / "first.csv")
    assert inside("upload", first, "--confirm", "--here").code == 0
    before = list(StudentAccount.objects.order_by("pk").values())
    changed = a_dozen(tmp_path / "changed.csv", **but)
    shown = inside("upload", changed, "--here")
    assert "More than usual: " in shown.out and words in shown.out
    refused = inside("upload", "--run", "last", "--confirm", "--here", "--json")
    error = refused.json["error"]
    assert (refused.code, error["code"]) == (3, "alarms_unconfirmed")
    assert words in error["what"] and "--accept-alarms" in error["remedy"]
    assert list(StudentAccount.objects.order_by("pk").values()) == before
    again = ("upload", changed, "--confirm", "--accept-alarms", "--here", "--json")
    run = inside(*again).json["run"]
    assert (run["state"], [alarm["code"] for alarm in run["alarms"]]) == ("done", [code])
    assert run["approved_at"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_few_changes_in_an_upload_ask_nothing(
    inside: Command, tmp_path: Path, school: School
) -> None:
    assert inside("upload", a_dozen(tmp_path / "a.csv"), "--confirm", "--here").code == 0
    file = tmp_path / "b.csv"
    a_dozen(file)
    lines = file.read_text().replace("@x.example", "@new.example", 5).replace("Ada", "Eve", 5)
    file.write_text(lines)
    done = inside("upload", str(file), "--confirm", "--here", "--json").json["run"]
    assert (done["state"], done["alarms"], done["counts"]["updated"]) == ("done", [], 5)


@pytest.mark.parametrize(
    "arguments",
    [
        ("school", "add", "Lin\udcffcoln"),
        ("user", "add", "a@x.example", "--role", "owner", "--name", "A\0da"),
        ("students", "--search", "A\udcffda"),
        ("upload", "FILE", "--map", "E-mail=em\0ail"),
    ],
)
def test_a_text_that_no_database_stores_is_refused(
    inside: Command, students: Path, arguments: tuple[str, ...]
) -> None:
    given = [str(students) if each == "FILE" else each for each in arguments]
    refused = inside(*given, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "text_unreadable")


def test_a_name_with_control_characters_is_refused(inside: Command, school: School) -> None:
    for name in ("A\x1b[2Jda", "A\x07"):
        sent = ("user", "add", "a@x.example", "--role", "owner", "--name", name, "--json")
        refused = inside(*sent)
        assert refused.code != 0, name
