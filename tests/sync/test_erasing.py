"""Erasing a student: nothing is left in the database, and nothing brings the student back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.schools import clock
from rollbook.schools.models import AuditEntry, School, User
from rollbook.standins.standin import StandIn
from rollbook.students import aliases, editing, never_import_list, protection
from rollbook.students.models import Erasure, StudentAccount, Tombstone
from rollbook.students.refused import Refused
from rollbook.sync import erasing, pipeline
from rollbook.sync.mail import invitations
from rollbook.sync.models import Change, Integration, Issue, Run, RunState, Trigger
from rollbook.sync.planning import batch, from_roster
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.report import files
from rollbook.sync.runs import claims, requests
from rollbook.sync.runs.lease import Lease
from tests.sync.test_undo import sync, undone
from tests.sync.test_uploads import HEADER, brought_in, csv_of, previewed

pytestmark = pytest.mark.django_db

FIRST, LAST, EMAIL = "Zebulonia", "Quartermaine", "zebulonia.q@lincoln.example"
OLD_EMAIL, PERSONAL = "zeb.old@lincoln.example", "zebby@private.example"
BIRTH = "2010-03-04"


def places_of(*texts: str) -> dict[str, list[str]]:
    """Return the tables that hold one of these texts anywhere, also in binary columns."""
    places: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            for text in texts:
                like = [f"%{text.lower()}%", f"%{text.encode().hex()}%"]
                statement = f'SELECT t::text FROM "{table}" t WHERE lower(t::text) LIKE ANY (%s)'
                cursor.execute(statement, [like])
                if row := cursor.fetchone():
                    places.setdefault(table, []).append(row[0][:300])
    return places


def is_imported(student: Any) -> bool:
    return bool(student.enroll_status == 0 and student.grade_level == 10 and student.email)


@pytest.fixture
def zebulonia(integration: Integration, standin: StandIn, administrator: User) -> StudentAccount:
    """A student with rows in as many tables as possible."""
    school = integration.school
    dcid = next(each.dcid for each in standin.roster() if is_imported(each))
    standin.edit(dcid, first_name=FIRST, last_name=LAST, birth_date=BIRTH, email=OLD_EMAIL)
    sync(integration)
    standin.edit(dcid, email=EMAIL)
    sync(integration)
    account = StudentAccount.objects.get(school=school, sis_id=str(dcid))
    assert (account.first_name, account.email) == (FIRST, EMAIL)
    editing.edit(account, administrator, {"personal_email": PERSONAL}, keep=["personal_email"])
    accounts = StudentAccount.objects.filter(pk=account.pk)
    invitations.invite(school, accounts, administrator)
    line = f",{EMAIL},{FIRST},{LAST},2030,X,"
    brought_in(school, line, f",{EMAIL},Someone,Else,2030,F,")
    protection.protect(account, administrator, reason=f"{FIRST} asked for it")
    previewed(school, administrator, csv_of(line))
    standin.edit(dcid, email="not an address")
    files.request_report(sync(integration), administrator, "web")
    never_import_list.add(school, administrator, email=OLD_EMAIL, reason=f"{LAST} twice")
    account.refresh_from_db()
    assert aliases.aliases_of(account)
    return account


def scanned(account: StudentAccount) -> dict[str, list[str]]:
    return places_of(FIRST, LAST, EMAIL, OLD_EMAIL, PERSONAL)


def test_nothing_is_left_and_nobody_comes_back(
    zebulonia: StudentAccount, integration: Integration, standin: StandIn, administrator: User
) -> None:
    school, sis_id = integration.school, str(zebulonia.sis_id)
    number = StudentAccount.objects.count()
    assert len(scanned(zebulonia)) > 8
    with pytest.raises(Refused):
        erasing.erase(zebulonia, administrator, "Zebulonia")
    erasure = erasing.erase(zebulonia, administrator, f" {FIRST}  {LAST} ")
    assert scanned(zebulonia) == {}
    assert not Change.objects.filter(sis_id=sis_id).exists()
    assert not Issue.objects.filter(sis_id=sis_id).exists()
    assert StudentAccount.objects.count() == number - 1
    entry = AuditEntry.objects.get(action="student.erased")
    assert (entry.actor, entry.subject) == (administrator, str(zebulonia.pk))
    assert (erasure.by, Tombstone.objects.filter(erasure=erasure).exists()) == (administrator, True)

    run = sync(integration)  # with an e-mail that can't be read: her SIS ID tells her
    assert (run.state, run.counts["erased"]) == (RunState.DONE, 1)
    standin.edit(int(sis_id), email=EMAIL)
    assert sync(integration).counts["erased"] == 1
    # The same person under another SIS ID: by name and date of birth, e-mail or old e-mail.
    for values in (
        {"email": "new@lincoln.example"},
        {"email": OLD_EMAIL, "first_name": "Other"},
        {"email": EMAIL, "birth_date": "2011-01-01"},
        {"email": "broken", "graduation_year": None},
    ):
        other = next(each for each in standin.roster() if str(each.dcid) != sis_id)
        before = {
            key: getattr(other, key) for key in ("email", "first_name", "last_name", "birth_date")
        }
        StudentAccount.objects.filter(sis_id=str(other.dcid)).delete()
        Change.objects.filter(sis_id=str(other.dcid)).delete()
        same: dict[str, Any] = {"first_name": FIRST, "last_name": LAST, "birth_date": BIRTH}
        standin.edit(other.dcid, **(same | values))
        run = sync(integration)
        assert (run.state, run.counts["erased"]) == (RunState.DONE, 2), values
        assert scanned(zebulonia) == {}, values
        standin.edit(other.dcid, **before)
    erasing.sweep()
    assert Erasure.objects.get().settled_at is not None
    run = brought_in(
        school,
        f"{sis_id},some@lincoln.example,Some,Body,2030,F,",
        f",{EMAIL.upper()},Some,Body,2030,F,",
        f",x@lincoln.example,{FIRST},{LAST.upper()},2030,F,,{BIRTH}",
        "X77,bob@lincoln.example,Bob,Noyce,2030,M,,2010-01-01",
        header=f"{HEADER},Birth date",
    )
    assert (run.counts["new"], run.counts["read"], run.counts["erased"]) == (1, 1, 3)
    assert scanned(zebulonia) == {}


def _erase(account: StudentAccount) -> None:
    erasing.erase(account, None, account.name)


@pytest.mark.parametrize("moment", ["while it reads", "before it is applied"])
def test_a_run_under_way_stores_nothing_more(
    moment: str,
    zebulonia: StudentAccount,
    integration: Integration,
    standin: StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    standin.edit(int(zebulonia.sis_id or 0), email=EMAIL, first_name="Zebuloniah")
    protection.unprotect(zebulonia, None)
    run = requests.request(integration, trigger=Trigger.PERSON).run
    if moment == "while it reads":

        def prepared_and_erased(run: Run) -> Any:
            prepared = batch.prepare(run)
            _erase(zebulonia)
            return prepared

        with monkeypatch.context() as patch:
            patch.setattr(from_roster, "prepare", prepared_and_erased)
            pipeline.run_sync(run.pk)
    else:
        claimed = claims.claim(run.pk)
        assert claimed is not None
        with Lease(claimed) as lease:
            from_roster.plan(claimed, lease)
            _erase(zebulonia)
            pipeline.apply(claimed)
    run.refresh_from_db()
    assert run.state == RunState.DONE
    erasing.sweep()
    assert scanned(zebulonia) | places_of("Zebuloniah") == {}
    assert not StudentAccount.objects.filter(sis_id=zebulonia.sis_id).exists()
    assert sync(integration).counts["erased"] == 1


def test_undoing_an_old_run_brings_nobody_back(
    zebulonia: StudentAccount, integration: Integration
) -> None:
    first = Change.objects.get(account_id=zebulonia.pk, kind="new").run
    _erase(zebulonia)
    undo = undone(first)
    assert not Change.objects.filter(run=undo, account_id=zebulonia.pk).exists()
    assert scanned(zebulonia) == {}


def test_somebody_else_may_have_the_email_or_the_name(
    zebulonia: StudentAccount, integration: Integration, make_other: Callable[..., StudentAccount]
) -> None:
    namesake = make_other(email=OLD_EMAIL, first_name=FIRST, last_name=LAST)
    _erase(zebulonia)
    assert StudentAccount.objects.filter(pk=namesake.pk).exists()
    standing = sync(integration)
    assert standing.state == RunState.DONE
    assert StudentAccount.objects.get(pk=namesake.pk).email == OLD_EMAIL


@pytest.fixture
def make_other(school: School) -> Callable[..., StudentAccount]:
    def make(email: str, **values: Any) -> StudentAccount:
        assert set(values) <= set(STUDENT_FIELDS)
        return StudentAccount.objects.create(
            school=school, email=email, email_key=email, graduation_year=2030, **values
        )

    return make


def test_students_who_left_long_ago_are_erased_and_may_return(
    school: School, make_other: Callable[..., StudentAccount]
) -> None:
    def leaver(name: str, status: str, days: int) -> StudentAccount:
        account = make_other(email=f"{name}@x.example", first_name=name, last_name="Leaver")
        closed_at = clock.now() - timedelta(days=days)
        StudentAccount.objects.filter(pk=account.pk).update(status=status, closed_at=closed_at)
        return account

    old = leaver("oldest", "left", 401)
    graduate = leaver("graduate", "graduated", 500)
    protection.protect(leaver("protected", "left", 401), None)
    stay = [leaver("young", "left", 399), leaver("away", "deactivated", 900)]
    assert set(erasing.due(school)) == {old, graduate}
    assert erasing.purge(school) == 2
    assert not StudentAccount.objects.filter(pk__in=(old.pk, graduate.pk)).exists()
    assert StudentAccount.objects.filter(pk__in=[each.pk for each in stay]).count() == 2
    purged = AuditEntry.objects.filter(action="student.purged").values_list("subject", flat=True)
    assert set(purged) == {str(old.pk), str(graduate.pk)}
    assert not Tombstone.objects.exists()
    erasing.save_rule(school, None, None)
    assert not erasing.due(school).exists()
    with pytest.raises(SettingRefused):
        erasing.save_rule(school, None, 3)
