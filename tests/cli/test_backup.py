"""Backup, wipe, restore: all of it comes back, and runs go on."""

import base64
import json
import os
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from rollbook.cli.operate import migrate
from rollbook.schools.models import AuditEntry
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Integration, Run, RunState, Schedule, Trigger
from rollbook.sync.runs import claims, requests
from rollbook.sync.setup import credentials, schedules
from rollbook.sync.worker.due import run_due
from tests import database
from tests.cli.conftest import Command

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
QUEUE = "procrastinate_"


def checksums() -> dict[str, str]:
    """Of every table but the queue's and what migrating makes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [
            name
            for (name,) in cursor.fetchall()
            if not name.startswith(QUEUE) and name not in database.KEPT_TABLES
        ]
        told = {}
        for table in tables:
            cursor.execute(
                "SELECT count(*) || ' ' || "
                "md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) "
                f'FROM "{table}" t'
            )
            told[table] = cursor.fetchone()[0]
        return told


def wipe() -> None:
    connection.close()
    database.clean(os.environ["DATABASE_OWNER_URL"])


def test_backup_wipe_and_restore_bring_everything_back_and_one_due_run(
    rollbook: Command, integration: Integration, standin: StandIn, tmp_path: Path
) -> None:
    first = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(first.pk)
    standin.edit(
        int(StudentAccount.objects.order_by("sis_id").values_list("sis_id", flat=True)[0] or 0),
        first_name="tab\tand\\back",
    )
    second = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(second.pk)
    third = claims.claim(
        requests.request(integration, trigger=Trigger.PERSON).run.pk
    )  # its worker is in the middle of it
    assert third
    schedules.ensure(integration)
    Schedule.objects.update(enabled=True, next_due_at=timezone.now() - timedelta(days=20))
    before, secrets, file = checksums(), credentials.load(integration), tmp_path / "backup.zip"

    made = rollbook("backup", str(file), "--json")
    assert made.code == 0, made.err
    assert file.stat().st_mode & 0o777 == 0o600
    assert any("ROLLBOOK_ENCRYPTION_KEYS" in each for each in made.json["backup"]["not_included"])
    assert secrets["client_secret"] not in file.read_bytes().decode("latin-1")
    refused = rollbook("restore", str(file), "--json")
    assert (refused.code, refused.json["error"]["code"]) == (3, "database_not_empty")
    assert rollbook("backup", str(file), "--json").json["error"]["code"] == "file_exists"

    wipe()
    other = f"other:{base64.b64encode(os.urandom(32)).decode()}"
    back = rollbook("restore", str(file), "--json", ROLLBOOK_ENCRYPTION_KEYS=other)
    assert back.code == 0, back.err
    assert back.json["restored"]["credentials_unreadable"] == len(secrets) + 1, "the token as well"
    audited = {name: told for name, told in checksums().items() if name != "schools_auditentry"}
    assert audited == {name: told for name, told in before.items() if name != "schools_auditentry"}
    assert AuditEntry.objects.filter(action="backup.restored").exists()
    check = rollbook("check", "--json", ROLLBOOK_ENCRYPTION_KEYS=other)
    keys = next(each for each in check.json["checks"] if each["name"] == "keys")
    assert not keys["ok"] and "ROLLBOOK_ENCRYPTION_KEYS" in keys["remedy"]
    assert credentials.load(integration) == secrets, "usable with the key"

    Run.objects.filter(pk=third.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )  # time goes by
    assert third in claims.waiting()
    pipeline.run_sync(third.pk)
    third.refresh_from_db()
    assert (third.state, third.counts["unchanged"]) == (
        RunState.DONE,
        StudentAccount.objects.count(),
    )
    assert [run_due() for _ in range(3)] == [1, 0, 0]
    assert Run.objects.filter(trigger=Trigger.SCHEDULE).count() == 1


def test_a_file_that_is_none_or_is_damaged_is_refused_and_nothing_is_loaded(
    rollbook: Command, tmp_path: Path
) -> None:
    whole, damaged, odd = tmp_path / "whole.zip", tmp_path / "damaged.zip", tmp_path / "odd.zip"
    AuditEntry.objects.create(action="school.added", subject="x")
    assert rollbook("backup", str(whole)).code == 0
    wipe()
    odd.write_text("not a zip")
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(
                name,
                content.replace(b"school.added", b"school.taken")
                if name == "schools_auditentry.copy"
                else content,
            )
    codes = [
        rollbook("restore", str(file), "--json").json["error"]["code"] for file in (odd, damaged)
    ]
    assert codes == ["not_a_backup", "backup_damaged"]
    with (
        zipfile.ZipFile(whole) as source,
        zipfile.ZipFile(older := tmp_path / "older.zip", "w") as target,
    ):
        manifest = json.loads(source.read("manifest.json"))
        for name in source.namelist():
            changed = json.dumps(manifest | {"migrations": manifest["migrations"][:-1]}).encode()
            target.writestr(name, changed if name == "manifest.json" else source.read(name))
    assert (
        rollbook("restore", str(older), "--json").json["error"]["code"]
        == "backup_of_another_version"
    )
    assert not AuditEntry.objects.exists()


def test_no_backup_is_written_of_a_database_that_is_not_set_up(
    inside: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "unapplied", lambda _alias: ["schools.0001_roles"])
    refused = inside("backup", str(tmp_path / "backup.zip"), "--json")
    assert (refused.code, refused.json["error"]["code"]) == (7, "not_migrated")
    assert not list(tmp_path.iterdir())
