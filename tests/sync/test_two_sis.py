"""A school with two active SISs: one account for a student whom both have, one owner a field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import Value
from django.db.models.functions import Concat

from rollbook.schools.models import School, User
from rollbook.standins.standin import StandIn
from rollbook.students.models import Absence, FurtherLink, StudentAccount
from rollbook.sync.models import Change, Integration, Issue, LinkDecision, LinkProposal, Run
from rollbook.sync.setup import field_owners, link_decisions
from tests.sync.rule_runs import send_away, set_leavers
from tests.sync.test_undo import held, sync, undone
from tests.sync.two_sis import counts, student_of_both

pytestmark = pytest.mark.django_db


def test_the_students_of_both_are_proposed_then_linked_at_once(
    school: School, administrator: User, integration: Integration, second: Integration
) -> None:
    before, mapped = held(), {field for _source_field, field in integration.mapping}
    number = StudentAccount.objects.count()
    first = sync(second)
    assert counts(first) == {"error": number}
    assert set(Issue.objects.filter(run=first).values_list("code", flat=True)) == {"also_elsewhere"}
    proposals = LinkProposal.objects.filter(run=first)
    assert proposals.count() == number and not proposals.exclude(clash="").exists()
    assert held() == before, "nobody is linked unasked"

    assert link_decisions.confirm_exact(school, "veracross", administrator) == number
    run = sync(second)
    assert counts(run) == {"linked": number} and not run.alarms
    for account_id, values in held().items():
        written = {field for field, value in values.items() if value != before[account_id][field]}
        assert not written & mapped, "PowerSchool owns every field that it maps"
    links = FurtherLink.objects.filter(source="veracross", confirmed_by=administrator)
    assert links.count() == number
    assert not link_decisions.proposals(school).exists()


def test_two_sis_with_other_values_never_play_ping_pong(
    integration: Integration, both: Integration, standin: StandIn, other_sis: StandIn
) -> None:
    student = student_of_both()
    dcid = int(student.sis_id or 0)
    other_sis.edit(dcid, last_name="Elsewhere", email="elsewhere@school.example")
    standin.edit(dcid, last_name="Owner")
    runs = [sync(each) for each in (integration, both, integration, both)]
    assert [counts(run) for run in runs] == [{"updated": 1}, {}, {}, {}]
    student.refresh_from_db()
    assert (student.last_name, student.source) == ("Owner", "powerschool")
    assert [run.counts["unchanged"] for run in runs[1:]] == [runs[0].counts["unchanged"] + 1] * 3


def test_the_other_sis_fills_what_the_owner_does_not_map(
    school: School, administrator: User, integration: Integration, both: Integration
) -> None:
    student = student_of_both()
    StudentAccount.objects.update(birth_date=None)
    rows = [row for row in integration.mapping if row[1] != "birth_date"]
    Integration.objects.filter(pk=integration.pk).update(mapping=rows)
    filled = sync(both)
    student.refresh_from_db()
    assert student.birth_date is not None and filled.counts["updated"] > 1
    rows_of_run = Change.objects.filter(run=filled, kind="updated")
    assert {key for row in rows_of_run for key in row.after} == {"birth_date"}


def test_a_school_chooses_the_owner_of_a_field(
    school: School,
    administrator: User,
    integration: Integration,
    both: Integration,
    other_sis: StandIn,
) -> None:
    student = student_of_both()
    other_sis.edit(int(student.sis_id or 0), last_name="Elsewhere", email="new@school.example")
    field_owners.save_owners(
        school, administrator, {"last_name": "veracross", "email": "veracross"}
    )
    runs = [sync(each) for each in (integration, both, integration, both)]
    assert [counts(run) for run in runs] == [{}, {"updated": 1}, {}, {}]
    student.refresh_from_db()
    assert (student.last_name, student.email) == ("Elsewhere", "new@school.example")
    field_owners.save_owners(school, administrator, {"last_name": field_owners.FIRST})
    assert counts(sync(integration)) == {"updated": 1}
    assert counts(sync(both)) == {}


def test_a_student_who_leaves_one_stays_open_while_the_other_has_her(
    integration: Integration, both: Integration, standin: StandIn, other_sis: StandIn
) -> None:
    for each in (integration, both):
        set_leavers(each, runs=2, days=0)
    student = student_of_both()
    send_away(standin, student)
    for _run in range(3):
        run = sync(integration)
        row = Change.objects.get(run=run, kind="not_in_roster")
        assert (row.account_id, row.reason) == (student.pk, "still_in:veracross")
        assert not run.counts.get("left") and run.counts["missing"] == 0
    assert not sync(both).counts.get("not_in_roster")
    link = FurtherLink.objects.get(account=student)
    other_sis.edit(int(link.sis_id), enroll_status=2)
    runs = [sync(both), sync(both)]
    assert [counts(run) for run in runs] == [{"not_in_roster": 1}, {"left": 1}]
    student.refresh_from_db()
    assert student.status == "left"
    other_sis.edit(int(link.sis_id), enroll_status=0)
    sync(both)
    student.refresh_from_db()
    assert student.status == "active", "she came back in the other SIS"


def test_leaving_both_takes_the_grace_of_both(
    integration: Integration, both: Integration, standin: StandIn, other_sis: StandIn
) -> None:
    for each in (integration, both):
        set_leavers(each, runs=2, days=0)
    student = student_of_both()
    send_away(standin, student)
    sync(integration)
    sync(integration)
    other_sis.edit(int(FurtherLink.objects.get(account=student).sis_id), enroll_status=2)
    assert counts(sync(both)) == {"not_in_roster": 1}
    row = sync(integration)
    assert counts(row) == {"not_in_roster": 1}, "Veracross has lacked her only once"
    assert counts(sync(both)) == {"left": 1}


def test_who_has_left_the_owner_for_good_is_filled_by_the_other(
    integration: Integration, both: Integration, standin: StandIn, other_sis: StandIn
) -> None:
    set_leavers(both, runs=2, days=0)
    student = student_of_both()
    other_sis.edit(int(student.sis_id or 0), last_name="Elsewhere")
    send_away(standin, student)
    sync(integration)
    assert counts(sync(both)) == {}
    sync(integration)
    assert counts(sync(both)) == {"updated": 1}
    student.refresh_from_db()
    assert student.last_name == "Elsewhere"
    send_away(standin, student, status=0)
    assert counts(sync(integration)) == {"updated": 1}, "and back"
    assert counts(sync(both)) == counts(sync(integration)) == {}
    assert not Absence.objects.exists()


def test_many_who_are_still_elsewhere_are_no_leavers_but_another_school_is_seen(
    integration: Integration, both: Integration, standin: StandIn
) -> None:
    accounts = list(StudentAccount.objects.filter(further_links__isnull=False).order_by("sis_id"))
    for student in accounts[:8]:
        send_away(standin, student)
    run = sync(integration)
    assert (run.counts["missing"], run.counts["elsewhere"]) == (0, 8)
    again = sync(integration)
    assert again.counts["expected"] == run.counts["expected"] - 8
    assert not run.alarms and not again.alarms


def test_linking_a_second_sis_can_be_undone(
    school: School, administrator: User, second: Integration
) -> None:
    sync(second)
    before = held()
    link_decisions.confirm_exact(school, "veracross", administrator)
    linking = sync(second)
    number = FurtherLink.objects.count()
    assert number
    undo = undone(linking)
    assert not FurtherLink.objects.exists() and held() == before
    undone(undo)
    assert FurtherLink.objects.count() == number


def test_a_new_sis_id_in_one_leaves_the_other_link(
    school: School, administrator: User, both: Integration, integration: Integration
) -> None:
    student = student_of_both()
    link = FurtherLink.objects.get(account=student)
    FurtherLink.objects.filter(pk=link.pk).update(sis_id="old-one", fingerprint=None)
    LinkDecision.objects.all().delete()
    run = sync(both)
    proposal = LinkProposal.objects.get(run=run)
    assert (proposal.account_id, proposal.sis_id) == (student.pk, link.sis_id)
    link_decisions.confirm(proposal, administrator)
    change = Change.objects.get(run=sync(both), kind="linked")
    assert change.before == {"link:veracross": "old-one"}
    assert change.after == {"link:veracross": link.sis_id}
    student.refresh_from_db()
    assert (student.source, student.further_links.get().sis_id) == ("powerschool", link.sis_id)
    assert counts(sync(integration)) == {}


def test_new_sis_ids_of_many_are_one_decision_and_leave_the_other_links(
    both: Integration, integration: Integration
) -> None:
    first_links = dict(StudentAccount.objects.values_list("pk", "sis_id"))
    LinkDecision.objects.all().delete()
    FurtherLink.objects.update(sis_id=Concat(Value("old-"), "sis_id"), fingerprint=None)
    run = sync(both)
    assert [alarm["code"] for alarm in run.alarms][:1] == ["re_keyed"]
    assert not FurtherLink.objects.filter(sis_id__startswith="old-").exists()
    assert dict(StudentAccount.objects.values_list("pk", "sis_id")) == first_links
    assert counts(sync(both)) == counts(sync(integration)) == {}


def test_an_inactive_sis_owns_nothing(
    integration: Integration, both: Integration, other_sis: StandIn
) -> None:
    student = student_of_both()
    other_sis.edit(int(student.sis_id or 0), last_name="Elsewhere")
    assert counts(sync(both)) == {}
    Integration.objects.filter(pk=integration.pk).update(active=False)
    sync(both)
    student.refresh_from_db()
    assert student.last_name == "Elsewhere"


@pytest.mark.parametrize(
    ("edited", "clash", "code"),
    [
        ({"last_name": "Somebody-Else"}, "names_differ", "link_names_differ"),
        ({"birth_date": "2001-01-01"}, "other_birth", "link_persons_differ"),
        ({"email": "other@school.example"}, "", "link_suggested"),
    ],
)
def test_who_is_not_an_exact_match_is_a_question(
    second: Integration, other_sis: StandIn, edited: dict[str, Any], clash: str, code: str
) -> None:
    student = StudentAccount.objects.filter(birth_date__isnull=False).earliest("sis_id")
    other_sis.edit(int(student.sis_id or 0), **edited)
    run = sync_test(second)
    issue = Issue.objects.get(run=run, sis_id=student.sis_id)
    assert issue.code == code
    assert LinkProposal.objects.get(run=run, account=student).clash == clash
    assert not StudentAccount.objects.filter(source="veracross").exists()


def sync_test(integration: Integration) -> Run:
    return sync(integration, mode="test")  # type: ignore[arg-type]


def test_who_is_not_the_same_person_has_a_taken_email(
    school: School, second: Integration, administrator: User
) -> None:
    sync(second)
    proposal = LinkProposal.objects.earliest("sis_id")
    link_decisions.reject(proposal, administrator)
    run = sync(second)
    assert Issue.objects.get(run=run, sis_id=proposal.sis_id).code == "email_taken"


def test_absences_are_counted_for_each_sis(
    integration: Integration, both: Integration, standin: StandIn
) -> None:
    student = student_of_both()
    send_away(standin, student)
    sync(integration)
    sync(both)
    Absence.objects.update(since=datetime.now(UTC).date() - timedelta(days=5))
    assert list(Absence.objects.values_list("source", "runs")) == [("powerschool", 1)]
