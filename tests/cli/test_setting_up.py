"""Schools, people, integrations and keys from the command line."""

import base64
import json
import socket
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rollbook.cli import main
from rollbook.config import config
from rollbook.schools.models import AuditEntry, Membership, School, User
from rollbook.standins.standin import StandIn
from rollbook.sync.models import Credential, Integration
from rollbook.sync.setup import credentials
from tests.cli.conftest import Command

SECRET = "s3cret-never-printed"
ADDRESS = "client_url=https://ps.lincoln.example"
CREDENTIALS = ("--credential", "client_id=our-id", "--credential", ADDRESS)
CONNECT = ("integration", "set", "powerschool", *CREDENTIALS, "--grades", "9-12")


def test_a_school_is_added_once(inside: Command) -> None:
    added = inside(
        "school", "add", "Lincoln High School", "--timezone", "America/New_York", "--json"
    )
    assert added.code == 0
    assert added.json["school"]["timezone"] == "America/New_York"
    again = inside("school", "add", "lincoln high school", "--json")
    assert (again.code, again.json["error"]["code"]) == (3, "school_exists")
    assert [school["id"] for school in inside("school", "list", "--json").json["schools"]] == [
        added.json["school"]["id"]
    ]
    assert AuditEntry.objects.get(action="school.added").via == "command line"


@pytest.mark.parametrize(
    ("name", "zone"), [("", "UTC"), ("  ", "UTC"), ("Lincoln", "Mars/Base"), ("Lincoln", "")]
)
def test_a_school_needs_a_name_and_a_time_zone_that_exists(
    inside: Command, name: str, zone: str
) -> None:
    assert inside("school", "add", name, "--timezone", zone).code == 2
    assert not School.objects.exists()


def test_a_school_is_named_by_name_or_id_and_not_at_all_while_there_is_one(
    inside: Command, school: School
) -> None:
    for named in ([], ["--school", "LINCOLN high school"], ["--school", str(school.pk)]):
        assert inside("students", *named, "--json").code == 0
    assert inside("students", "--school", "Nowhere", "--json").code == 6
    School.objects.create(name="Other School")
    unnamed = inside("students", "--json")
    assert (unnamed.code, unnamed.json["error"]["code"]) == (2, "school_unnamed")
    assert "Other School" in unnamed.err


def test_without_a_school_the_remedy_is_a_command(inside: Command) -> None:
    ended = inside("students")
    assert ended.code == 6
    assert "rollbook school add" in ended.err
    assert not ended.out


def test_a_made_up_password_is_shown_once_and_works(inside: Command, school: School) -> None:
    added = inside("user", "add", "Ada@Lincoln.example", "--role", "administrator", "--json").json
    user = User.objects.get(email="ada@lincoln.example")
    assert user.check_password(added["password"])
    assert Membership.objects.get(user=user).role == "administrator"
    assert added["password"] not in inside("user", "list", "--json").out
    assert added["password"] not in json.dumps(
        list(AuditEntry.objects.values("detail", "subject")), default=str
    )


def test_a_password_comes_from_standard_input_and_is_not_repeated(
    inside: Command, school: School
) -> None:
    added = inside(
        "user",
        "add",
        "cora@lincoln.example",
        "--role",
        "counselor",
        "--password-stdin",
        stdin="plenty of letters\n",
    )
    assert added.code == 0
    assert "plenty" not in added.out + added.err
    assert User.objects.get().check_password("plenty of letters")


@pytest.mark.parametrize("weak", ["", "short", "password12345678", "Lincoln-High-School-1"])
def test_a_weak_password_is_refused_and_nobody_is_added(
    inside: Command, school: School, weak: str
) -> None:
    added = inside(
        "user",
        "add",
        "cora@lincoln.example",
        "--role",
        "counselor",
        "--password-stdin",
        "--json",
        stdin=f"{weak}\n",
    )
    assert (added.code, added.json["error"]["code"]) == (3, "password_refused")
    assert not User.objects.exists()


def test_somebody_who_is_there_gets_the_role_and_keeps_the_password(
    inside: Command, counselor: User, password: str
) -> None:
    added = inside("user", "add", counselor.email, "--role", "owner", "--json").json
    assert added["password"] is None
    counselor.refresh_from_db()
    assert counselor.check_password(password)
    assert counselor.memberships.get().role == "owner"


def test_a_password_is_set_anew(inside: Command, counselor: User, password: str) -> None:
    made_up = inside("user", "password", counselor.email, "--json").json["password"]
    counselor.refresh_from_db()
    assert counselor.check_password(made_up) and not counselor.check_password(password)
    assert inside("user", "password", "nobody@lincoln.example").code == 6


def test_an_integration_takes_its_secret_from_standard_input_and_never_shows_it(
    inside: Command, school: School
) -> None:
    saved = inside(*CONNECT, "--json", stdin=f"{SECRET}\n")
    assert saved.code == 0, saved.err
    shown = saved.json["integration"]
    assert shown["grades"] == [9, 10, 11, 12]
    assert (shown["active"], shown["test_run"]) == (True, True)
    [secret] = [field for field in shown["credentials"] if field["kind"] == "secret"]
    assert (secret["set"], secret["value"]) == (True, None)
    integration = Integration.objects.get()
    assert credentials.load(integration)["client_secret"] == SECRET
    assert all(SECRET.encode() not in bytes(row.ciphertext) for row in Credential.objects.all())
    everything = [
        inside("integration", *words)
        for words in (["show"], ["show", "--json"], ["list"], ["list", "--json"])
    ]
    everything += [saved, inside("audit", "--json")]
    assert all(SECRET not in ended.out + ended.err for ended in everything)


def test_a_secret_as_an_argument_is_refused_and_not_repeated(
    inside: Command, school: School
) -> None:
    refused = inside(*CONNECT, "--credential", f"client_secret={SECRET}", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "secret_as_argument")
    assert SECRET not in refused.out + refused.err
    assert not Integration.objects.exists()


def test_what_is_not_named_stays(inside: Command, school: School) -> None:
    inside(*CONNECT, "--no-notify", stdin=SECRET)
    inside(
        "integration", "set", "powerschool", "--live", "--without", "birth_date", "--keep-secrets"
    )
    integration = Integration.objects.get()
    assert integration.grades == [9, 10, 11, 12]
    assert not integration.test_run and integration.active and not integration.notify_on_errors
    assert ["birth_date", "birth_date"] not in integration.mapping
    assert credentials.load(integration)["client_secret"] == SECRET
    inside("integration", "set", "powerschool", "--all-fields")
    assert ["birth_date", "birth_date"] in Integration.objects.get().mapping


def test_an_unknown_choice_saves_nothing(inside: Command, school: School) -> None:
    names = ("user_name=id", "client=acs")
    pairs = [part for name in names for part in ("--credential", name)]
    connect = ("integration", "set", "veracross", "--variant", "v3", *pairs, "--grades", "9-12")
    refused = inside(*connect, "--choice", "future_students=maybe", "--json", stdin=SECRET)
    assert (refused.code, refused.json["error"]["code"]) == (2, "choice_unknown")
    assert not Integration.objects.exists()


def test_a_field_is_read_from_the_place_that_the_school_has(
    inside: Command, school: School
) -> None:
    inside(*CONNECT, stdin=SECRET)
    place = "email=student_username@lincoln.example"
    change = ("integration", "set", "powerschool", "--keep-secrets")
    inside(*change, "--place", place, "--without", "birth_date")
    mapping = Integration.objects.get().mapping
    assert ["student_username@lincoln.example", "email"] in mapping
    inside(*change, "--place", "graduation_year=studentcorefields.graduation_year")
    mapping = Integration.objects.get().mapping
    assert ["student_username@lincoln.example", "email"] in mapping
    assert ["studentcorefields.graduation_year", "graduation_year"] in mapping
    assert ["birth_date", "birth_date"] not in mapping
    refused = inside(*change, "--place", "email=gender", "--json")
    assert refused.code == 2
    assert Integration.objects.get().mapping == mapping


def test_the_plugin_reads_the_fields_of_the_mapping(
    inside: Command, school: School, tmp_path: Path
) -> None:
    inside(*CONNECT, "--place", "email=person_email", "--without", "gender", stdin=SECRET)
    for named, is_asked_for in (((), True), (("--school", school.name), False)):
        file = tmp_path / "plugin.zip"
        written = inside("plugin", "powerschool", *named, "-o", str(file), "--json")
        assert written.json["bytes"] == file.stat().st_size
        with zipfile.ZipFile(file) as archive:
            plugin = archive.read("plugin.xml").decode()
        assert "EmailAddress" in plugin and ('field="Gender"' in plugin) is is_asked_for
    assert inside("plugin", "veracross", "-o", str(file), "--json").code == 2


def test_another_address_needs_the_secret_again(inside: Command, school: School) -> None:
    inside(*CONNECT, stdin=SECRET)
    move = (
        "integration",
        "set",
        "powerschool",
        "--credential",
        "client_url=https://elsewhere.example",
        "--json",
    )
    refused = inside(*move)
    assert (refused.code, refused.json["error"]["code"]) == (3, "client_secret_refused")
    assert credentials.load(Integration.objects.get())["client_url"] == "https://ps.lincoln.example"
    assert inside(*move, stdin=SECRET).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("--grades", "9-nine"), 2, "grades_unreadable"),
        (("--place", "email=fax"), 2, "field_unknown"),
        (("--choice", "colour=red"), 2, "pair_unknown"),
        (("--credential", "user=me"), 2, "pair_unknown"),
        (("--credential", "client_id"), 2, "pair_unknown"),
        (("--without", "shoe_size"), 2, "field_unknown"),
        (("--without", "email"), 3, "mapping_refused"),
        (("--variant", "v9"), 2, "variant_unknown"),
    ],
)
def test_a_setting_that_can_not_be_saves_nothing(
    inside: Command, school: School, arguments: tuple[str, ...], code: int, error: str
) -> None:
    refused = inside(*CONNECT, *arguments, "--json", stdin=SECRET)
    assert (refused.code, refused.json["error"]["code"]) == (code, error)
    assert not Integration.objects.exists()


def test_an_unknown_sis_names_those_that_there_are(inside: Command, school: School) -> None:
    refused = inside("integration", "set", "abacus")
    assert refused.code == 6
    assert "powerschool" in refused.err


def test_keys_are_fresh_and_fit() -> None:
    first, second = (
        json.loads(CliRunner().invoke(main, ["keys", "--json"]).stdout)["keys"] for _ in range(2)
    )
    assert first["ROLLBOOK_SECRET_KEY"] != second["ROLLBOOK_SECRET_KEY"]
    name, _, key = first["ROLLBOOK_ENCRYPTION_KEYS"].partition(":")
    assert name and len(base64.b64decode(key)) == 32


def test_check_tells_what_is_missing(inside: Command) -> None:
    ended = inside("check", "--json")
    assert ended.code == 7
    assert {check["name"]: check["ok"] for check in ended.json["checks"]} == {
        "settings": True,
        "database": True,
        "migrations": True,
        "mail": True,
        "keys": True,
        "worker": False,
        "waiting": True,
        "schedules": True,
        "clock": True,
    }


def test_check_connects_to_the_mail_server_and_says_what_keeps_it(
    inside: Command, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setattr(config, "email_url", f"smtp://user:mail-secret@127.0.0.1:{port}")
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        port,
    )
    settings.EMAIL_HOST_PASSWORD = "mail-secret"
    ended = inside("check", "--json")
    mail = next(check for check in ended.json["checks"] if check["name"] == "mail")
    assert (
        not mail["ok"]
        and "ConnectionRefusedError" in mail["detail"]
        and "ROLLBOOK_EMAIL_URL" in mail["remedy"]
    )
    assert "mail-secret" not in ended.out + ended.err


def test_check_names_variables_that_are_no_settings(
    inside: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_WORKERS_CONCURRENCY", "8")
    ended = inside("check", "--json")
    settings_check = ended.json["checks"][0]
    assert not settings_check["ok"]
    assert "Did you mean ROLLBOOK_WORKER_CONCURRENCY?" in settings_check["detail"]


def test_a_school_is_renamed_and_moved(inside: Command) -> None:
    inside("school", "add", "Lincoln", "--timezone", "America/New_York")
    inside("school", "add", "Lakeside")
    saved = inside(
        *("school", "set", "Lincoln", "--name", "Lincoln High", "--timezone", "america/chicago"),
        "--json",
    )
    assert (saved.code, saved.json["school"]["timezone"]) == (0, "America/Chicago")
    for option, value, code in [
        ("--name", "lakeside", "name_refused"),
        ("--name", "Lin\x1bcoln", "name_refused"),
        ("--name", " ", "name_refused"),
        ("--timezone", "Mars/Base", "timezone_refused"),
    ]:
        refused = inside("school", "set", "Lincoln High", option, value, "--json")
        assert (refused.code, refused.json["error"]["code"]) == (3, code)
    assert inside("school", "list", "--json").json["schools"][1]["name"] == "Lincoln High"


def test_a_school_is_deleted_only_with_its_name_and_yes(inside: Command) -> None:
    inside("school", "add", "Lincoln")
    for options in ([], ["--yes"], ["--confirm", "Lincoln"]):
        asked = inside("school", "delete", "Lincoln", *options, "--json")
        assert (asked.code, asked.json["error"]["code"]) == (3, "deletion_unconfirmed")
    wrong = inside("school", "delete", "Lincoln", "--confirm", "Lakeside", "--yes", "--json")
    assert (wrong.code, wrong.json["error"]["code"]) == (3, "name_refused")
    done = inside("school", "delete", "Lincoln", "--confirm", "Lincoln", "--yes", "--json")
    assert (done.code, done.json["deleted"]["students"]) == (0, 0)
    assert inside("school", "list", "--json").json["schools"] == []
    assert inside("school", "add", "Lincoln").code == 0, "the name is free again"


def test_what_can_not_be_read_is_said_by_every_command(
    inside: Command, integration: Integration
) -> None:
    integration.credentials.filter(name="client_secret").update(ciphertext=b"\x00\x02\x03")
    shown = inside("integration", "show", "--json").json["integration"]
    assert "can't be read" in shown["credentials_problem"]
    assert shown["credentials_changed_at"] and shown["credentials_used_at"] is None
    assert "can't be read" in inside("integration", "show").out
    for words in (["integration", "check"], ["run", "--here"]):
        ended = inside(*words, "--json")
        assert ended.code == 3 and "can't be read" in ended.json["error"]["what"], ended


def test_all_is_disconnected_only_with_the_name(inside: Command, integration: Integration) -> None:
    name = integration.school.name
    for options in ([], ["--all"], ["--confirm", name]):
        asked = inside("integration", "disconnect", *options, "--json")
        assert (asked.code, asked.json["error"]["code"]) == (3, "disconnection_unconfirmed")
    wrong = inside("integration", "disconnect", "--all", "--confirm", "Lakeside", "--json")
    assert (wrong.code, wrong.json["error"]["code"]) == (3, "name_refused")
    assert integration.credentials.exists()
    done = inside("integration", "disconnect", "--all", "--confirm", name, "--json")
    assert (done.code, done.json["disconnected"]["sources"]) == (0, ["powerschool"])
    assert not integration.credentials.exists()
    again = inside("integration", "disconnect", "--all", "--confirm", name)
    assert "is disconnected from every SIS. 0 stored credentials were deleted." in again.out


def test_a_connection_is_tested_step_by_step(
    inside: Command, integration: Integration, standin: StandIn
) -> None:
    passed = inside("integration", "check", "--json")
    assert (passed.code, passed.json["check"]["state"]) == (0, "passed")
    needed = [step for step in passed.json["check"]["steps"] if step["needed"]]
    assert [step["state"] for step in needed] == ["passed"] * 4
    assert passed.json["check"]["grades"]
    assert "Sign-in accepted" in passed.err, "each step is printed as soon as it has ended"
    credentials.store(integration, "client_secret", SECRET)
    failed = inside("integration", "check", "--json")
    assert failed.code == 3
    steps = {step["step"]: step for step in failed.json["check"]["steps"]}
    assert steps["sign_in"]["slip"] == "credentials_refused"
    assert steps["sign_in"]["remedy"]
    assert SECRET not in failed.out + failed.err
    assert "The connection doesn't work yet." in inside("integration", "check").out
