"""The e-mail of a closed account is freed for another student, and comes back if nobody has it."""

import pytest

from rollbook.schools.models import AuditEntry, School
from rollbook.standins.standin import StandIn
from rollbook.students import accounts, freeing, merging, protection
from rollbook.students.models import EmailAlias, StudentAccount
from rollbook.students.refused import Refused
from rollbook.sync import undoing
from rollbook.sync.models import Change, Integration, Issue, Run
from rollbook.sync.report import student_history
from tests.students.conftest import MakeStudent
from tests.sync.rule_runs import send_away, set_leavers, some, sync
from tests.sync.test_uploads import brought_in, csv_of, previewed

pytestmark = pytest.mark.django_db


def fresh(account: StudentAccount) -> StudentAccount:
    return StudentAccount.objects.get(pk=account.pk)


def test_a_closed_account_gives_up_its_email_once_and_still_shows_it(
    make_student: MakeStudent,
) -> None:
    jon = make_student("Jon", "Smithson", status="graduated")
    address = jon.email
    freeing.free_email(jon, None)
    freed = fresh(jon)
    assert (freed.email, freed.email_key, freed.status) == (address, f"freed:{jon.pk}", "graduated")
    assert EmailAlias.objects.get(account=jon).email == address
    assert [entry.kind for entry in student_history.history(freed)] == ["email_freed"]
    assert AuditEntry.objects.get(action="student.email_freed").subject == str(jon.pk)
    with pytest.raises(Refused, match="free already"):
        freeing.free_email(jon, None)


@pytest.mark.parametrize("status", ["active", "merged"])
def test_an_open_or_merged_account_keeps_it(make_student: MakeStudent, status: str) -> None:
    one = make_student(status=status)
    with pytest.raises(Refused, match="only a closed account"):
        freeing.free_email(one, None)
    assert fresh(one).email_key == one.email_key


def test_reactivating_takes_it_back_unless_somebody_else_has_it(
    make_student: MakeStudent, school: School
) -> None:
    jon, eve = (make_student(name, status="left") for name in ("Jon", "Eve"))
    for one in (jon, eve):
        freeing.free_email(one, None)
    jane = make_student("Jane")
    StudentAccount.objects.filter(pk=jane.pk).update(email=eve.email, email_key=eve.email_key)
    assert accounts.reactivate(school, [jon.pk, eve.pk], None) == 1
    assert (fresh(jon).status, fresh(jon).email_key) == ("active", jon.email)
    assert (fresh(eve).status, fresh(eve).email_key) == ("left", f"freed:{eve.pk}")


def test_a_freed_email_is_not_taken_by_a_merge(make_student: MakeStudent) -> None:
    jon, kept = make_student("Jon", status="left"), make_student("Jon", "Byron")
    freeing.free_email(jon, None)
    with pytest.raises(Refused, match="was freed"):
        merging.merge(kept, fresh(jon), None, ["email"])
    merging.merge(kept, fresh(jon), None)
    assert fresh(kept).email_key == kept.email


def closed_by_a_run(integration: Integration, standin: StandIn) -> tuple[StudentAccount, Run]:
    sync(integration)
    set_leavers(integration)
    (gone,) = some()
    send_away(standin, gone)
    sync(integration)
    return fresh(gone), sync(integration)


@pytest.mark.parametrize("kept", [True, False])
def test_a_student_who_returns_gets_it_back_also_where_the_email_is_kept_by_hand(
    integration: Integration, standin: StandIn, kept: bool
) -> None:
    gone, _run = closed_by_a_run(integration, standin)
    key = gone.email_key
    if kept:
        protection.lock(gone, None, ["email"])
    freeing.free_email(gone, None)
    send_away(standin, gone, status=0)
    back = sync(integration)
    assert back.counts["returning"] == 1
    assert (fresh(gone).status, fresh(gone).email_key) == ("active", key)


def test_undoing_the_run_that_closed_it_does_not_open_it_without_an_email(
    integration: Integration, standin: StandIn
) -> None:
    gone, run = closed_by_a_run(integration, standin)
    freeing.free_email(gone, None)
    undo = undoing.preview(run, None)
    assert not Change.objects.filter(run=undo).exists()
    assert list(Issue.objects.filter(run=undo).values_list("field", flat=True)) == ["status"]


@pytest.mark.slow
def test_an_upload_gives_a_freed_email_to_a_new_student_or_back_to_who_is_opened(
    school: School,
) -> None:
    header = "SIS ID,E-mail,First name,Last name,Graduation year,Active"
    jon = "90,jsmithson@x.example,Jon,Smithson,2025"
    jane = "91,jsmithson@x.example,Jane,Smithson,2031"
    brought_in(school, f"{jon},TRUE", header=header)
    account = StudentAccount.objects.get()
    accounts.deactivate(school, [account.pk], None)
    freeing.free_email(account, None)
    brought_in(school, f"{jon},", header=header)  # says nothing about being open
    assert fresh(account).email_is_free
    brought_in(school, f"{jon},TRUE", header=header)
    assert (fresh(account).status, fresh(account).email_key) == ("active", account.email)
    accounts.deactivate(school, [account.pk], None)
    freeing.free_email(account, None)
    brought_in(school, f"{jane},TRUE", header=header)
    assert StudentAccount.objects.get(email_key=account.email).first_name == "Jane"
    _upload, run = previewed(school, None, csv_of(f"{jon},TRUE", header=header))
    (issue,) = Issue.objects.filter(run=run)
    assert (issue.code, issue.other) == ("email_taken", "Jane Smithson (SIS ID 91)")
