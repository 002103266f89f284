"""What people and files do to a student whom two SISs have: unlink, merge, edit, upload."""

import pytest

from rollbook.schools.models import School, User
from rollbook.standins.standin import StandIn
from rollbook.students import editing, merging, unmerging
from rollbook.students import links as account_links
from rollbook.students.models import FurtherLink, NeverImport, StudentAccount
from rollbook.students.refused import Refused
from rollbook.sync.models import Integration, Issue
from rollbook.sync.report import work_list
from rollbook.sync.setup import link_decisions
from tests.sync.test_undo import sync
from tests.sync.test_uploads import brought_in
from tests.sync.two_sis import counts, student_of_both

pytestmark = pytest.mark.django_db


def test_unlinking_one_by_hand_keeps_the_other_and_proposes_it_again(
    school: School, administrator: User, integration: Integration, both: Integration
) -> None:
    student, other = StudentAccount.objects.filter(further_links__isnull=False)[:2]
    link_decisions.unlink(student, "veracross", administrator)
    link_decisions.unlink(other, "powerschool", administrator)
    for account, source in ((student, "powerschool"), (other, "veracross")):
        account.refresh_from_db()
        assert (account.source, account.further_links.count()) == (source, 0)
        with pytest.raises(Refused):
            link_decisions.unlink(account, source, administrator)
    assert [link_decisions.undecided(school).count()] == [0]
    runs = [sync(both), sync(integration)]
    assert [counts(run, "error") for run in runs] == [{"error": 1}, {"error": 1}]
    assert [each.account_id for each in link_decisions.undecided(school).order_by("source")] == [
        other.pk,
        student.pk,
    ]
    assert link_decisions.confirm_exact(school, None, administrator) == 2
    assert counts(sync(integration)) == counts(sync(both)) == {"linked": 1}
    other.refresh_from_db()
    assert (other.source, other.further_links.get().source) == ("veracross", "powerschool")


@pytest.fixture
def two_accounts(
    school: School, integration: Integration, second: Integration
) -> tuple[StudentAccount, StudentAccount]:
    """One student with an account of each SIS, because the e-mails differ."""
    student = StudentAccount.objects.earliest("sis_id")
    twin = StudentAccount.objects.create(
        school=school,
        source="veracross",
        sis_id=student.sis_id,
        email="second@school.example",
        email_key="second@school.example",
        first_name=student.first_name,
        last_name=student.last_name,
    )
    return student, twin


def test_merging_the_accounts_of_two_sis_keeps_both_links(
    administrator: User,
    two_accounts: tuple[StudentAccount, StudentAccount],
    integration: Integration,
    second: Integration,
) -> None:
    kept, other = two_accounts
    merging.merge(kept, other, administrator)
    kept.refresh_from_db()
    assert account_links.further_links(kept) == {"veracross": kept.sis_id}
    assert not NeverImport.objects.exists()
    run = sync(second)
    assert not Issue.objects.filter(run=run, sis_id=kept.sis_id).exists()
    assert counts(sync(integration)) == {}
    other.refresh_from_db()
    assert unmerging.take_back(other, administrator) == []
    kept.refresh_from_db()
    other.refresh_from_db()
    assert (kept.source, other.source, other.sis_id) == ("powerschool", "veracross", kept.sis_id)
    assert not FurtherLink.objects.filter(account=kept).exists()


def test_merging_an_account_of_both_keeps_what_is_free(
    administrator: User, school: School, both: Integration
) -> None:
    kept, other = StudentAccount.objects.filter(further_links__isnull=False)[:2]
    before = account_links.links_of(other)
    merging.merge(kept, other, administrator)
    keys = set(NeverImport.objects.values_list("key", flat=True))
    assert keys == {link.sis_id for link in before}
    other.refresh_from_db()
    assert account_links.links_of(other) == []
    unmerging.take_back(other, administrator)
    other.refresh_from_db()
    assert [link[:2] for link in account_links.links_of(other)] == [link[:2] for link in before]
    assert not NeverImport.objects.exists()


def test_a_sis_id_that_is_another_accounts_further_link_is_refused(
    administrator: User, both: Integration
) -> None:
    student, other = StudentAccount.objects.filter(further_links__isnull=False)[:2]
    link_decisions.unlink(student, "powerschool", administrator)
    student.refresh_from_db()
    taken = account_links.further_links(other)["veracross"]
    with pytest.raises(Refused):
        editing.edit(student, administrator, {"sis_id": taken})


def test_an_upload_knows_the_sis_ids_of_both(school: School, both: Integration) -> None:
    student = student_of_both()
    FurtherLink.objects.filter(account=student).update(sis_id="V-77")
    first_id, number = student.sis_id, StudentAccount.objects.count()
    line = f"V-77,{student.email},{student.first_name},Uploaded,2030,,"
    run = brought_in(school, line)
    student.refresh_from_db()
    assert (run.counts["updated"], student.last_name) == (1, "Uploaded")
    assert (student.sis_id, StudentAccount.objects.count()) == (first_id, number)
    assert FurtherLink.objects.get(account=student).fingerprint is None, "Veracross looks again"


def test_a_problem_of_the_second_sis_is_the_students(both: Integration, other_sis: StandIn) -> None:
    student = student_of_both()
    other_sis.edit(int(student.sis_id or 0), last_name="")
    sync(both)
    [listed] = work_list.problems_of(student)
    assert (listed.problem.source, listed.account_id) == ("veracross", student.pk)
    accounts = StudentAccount.objects.filter(work_list.has_open_problem())
    assert [account.pk for account in accounts] == [student.pk]
