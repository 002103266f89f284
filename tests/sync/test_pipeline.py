"""A run from end to end against the stand-in, over a real socket and a real database."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rollbook.roster.records import Severity
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline, store
from rollbook.sync.models import Change, Integration, Issue, Mode, Run, RunState, Trigger
from rollbook.sync.planning import from_roster
from rollbook.sync.refusals import RunRefused
from rollbook.sync.runs import claims, decisions, requests, states
from rollbook.sync.runs.lease import Lease
from rollbook.sync.setup.integrations import save_mapping
from rollbook.sync.words.sources import uploader_type

pytestmark = pytest.mark.django_db


def sync(integration: Integration, mode: Mode | None = None) -> Run:
    run = requests.request(integration, trigger=Trigger.PERSON, mode=mode).run
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    return run


def accounts_checksum() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT md5(coalesce(string_agg(a::text, ',' ORDER BY id), '')) "
            "FROM students_studentaccount a"
        )
        return str(cursor.fetchone()[0])


def complete(standin: StandIn, grades: set[int]) -> dict[str, tuple[str, str, str, int]]:
    """The stand-in's active students in these grades with all required fields."""
    return {
        str(each.dcid): (each.email, each.first_name, each.last_name, each.graduation_year)
        for each in standin.roster()
        if each.enroll_status == 0
        and each.grade_level in grades
        and each.email
        and each.graduation_year
    }


def held() -> dict[str, tuple[str, str, str, int]]:
    rows = StudentAccount.objects.values_list(
        "sis_id", "email", "first_name", "last_name", "graduation_year"
    )
    return {
        sis_id or "": (email, first, last, year or 0) for sis_id, email, first, last, year in rows
    }


def test_first_run_makes_the_students_of_the_chosen_grades(
    integration: Integration, standin: StandIn
) -> None:
    run = sync(integration)
    assert (run.state, run.error_what) == (RunState.DONE, "")
    assert held() == complete(standin, {9, 10, 11, 12})
    assert run.counts["new"] == len(held()) > 0
    assert uploader_type(run) == "PowerSchool Student"


def test_second_run_changes_nothing(integration: Integration) -> None:
    first = sync(integration)
    before = accounts_checksum()
    second = sync(integration)
    assert second.state == RunState.DONE
    assert (second.counts.get("new", 0), second.counts.get("updated", 0)) == (0, 0)
    assert second.counts["unchanged"] == first.counts["new"]
    assert accounts_checksum() == before


def test_fingerprints_of_an_earlier_version_are_compared_once_without_a_change(
    integration: Integration,
) -> None:
    first = sync(integration)
    before = accounts_checksum()
    StudentAccount.objects.update(source_fingerprint=b"of another version")
    second, third = sync(integration), sync(integration)
    for run in (second, third):
        assert run.counts["unchanged"] == first.counts["new"]
        assert not run.counts.get("updated", 0) and not run.alarms
    assert set(Change.objects.filter(run=second).values_list("kind", flat=True)) == {"unchanged"}
    assert not Change.objects.filter(run=third).exists()
    assert accounts_checksum() == before


def test_next_week_brings_joiners_and_renames(integration: Integration, standin: StandIn) -> None:
    sync(integration)
    before = held()
    standin.week = 2
    run = sync(integration)
    now = complete(standin, {9, 10, 11, 12})
    assert run.counts.get("new", 0) == len(now.keys() - before.keys())
    renamed = {sis_id for sis_id in now.keys() & before.keys() if now[sis_id] != before[sis_id]}
    assert run.counts.get("updated", 0) == len(renamed)
    assert {sis_id: held()[sis_id] for sis_id in now} == now
    for change in Change.objects.filter(run=run, kind="updated"):
        assert change.before.keys() == change.after.keys()
        assert change.before != change.after


def test_a_test_run_reports_and_changes_no_account(integration: Integration) -> None:
    before = accounts_checksum()
    run = sync(integration, Mode.TEST)
    assert run.state == RunState.DONE
    assert run.counts["new"] == Change.objects.filter(run=run, kind="new").count() > 0
    assert uploader_type(run) == "Test PowerSchool Student"
    assert accounts_checksum() == before


def test_inactive_integration_refuses_and_says_why(integration: Integration) -> None:
    integration.active = False
    integration.save()
    with pytest.raises(RunRefused) as refused:
        requests.request(integration, trigger=Trigger.PERSON)
    assert refused.value.code == "inactive"
    assert "Active" in refused.value.what
    assert not Run.objects.exists()


def test_an_empty_required_field_is_an_error_with_its_id_and_the_others_go_in(
    integration: Integration, standin: StandIn
) -> None:
    victim = next(
        each
        for each in standin.roster()
        if each.enroll_status == 0 and each.grade_level == 10 and each.email
    )
    standin.edit(victim.dcid, email="")
    run = sync(integration)
    issue = Issue.objects.get(run=run, sis_id=str(victim.dcid))
    assert (issue.code, issue.field, issue.source_field, issue.severity) == (
        "required_empty",
        "email",
        "email",
        Severity.ERROR,
    )
    assert held() == complete(standin, {9, 10, 11, 12})


def test_an_optional_row_that_was_removed_is_not_stored(integration: Integration) -> None:
    rows = [(source, field) for source, field in integration.mapping if field != "birth_date"]
    save_mapping(integration, None, rows)
    sync(integration)
    assert not StudentAccount.objects.exclude(birth_date=None).exists()
    assert StudentAccount.objects.exclude(gender=None).exists()


def test_two_who_swap_addresses_come_out_right(integration: Integration, standin: StandIn) -> None:
    sync(integration)
    one, other = StudentAccount.objects.order_by("sis_id")[:2]
    assert one.sis_id and other.sis_id
    standin.edit(int(one.sis_id), email=other.email)
    standin.edit(int(other.sis_id), email=one.email)
    run = sync(integration)
    assert (run.state, run.counts["updated"]) == (RunState.DONE, 2)
    assert (held()[one.sis_id][0], held()[other.sis_id][0]) == (other.email, one.email)


def test_two_with_one_address_are_listed_and_not_touched(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    one, other = StudentAccount.objects.order_by("sis_id")[:2]
    before = held()
    assert one.sis_id and other.sis_id
    standin.edit(int(one.sis_id), email=other.email.upper(), first_name="Changed")
    run = sync(integration)
    assert run.state == RunState.DONE
    assert held() == before
    issues = Issue.objects.filter(run=run, code="email_shared")
    assert {issue.sis_id for issue in issues} == {one.sis_id, other.sis_id}
    assert all(issue.name for issue in issues)
    assert run.counts["unchanged"] == len(before) - 2


def test_a_second_request_is_answered_with_the_first_run(integration: Integration) -> None:
    first = requests.request(integration, trigger=Trigger.PERSON)
    second = requests.request(integration, trigger=Trigger.PERSON)
    assert first.created and not second.created
    assert first.run.pk == second.run.pk


def test_an_empty_roster_holds_the_run_until_a_person_decides(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    before = accounts_checksum()
    standin.faults = [Fault("empty")]
    run = sync(integration)
    assert run.state == RunState.ON_HOLD
    assert [alarm["code"] for alarm in run.alarms] == ["roster_empty"]
    assert requests.request(integration, trigger=Trigger.PERSON).run.pk == run.pk
    assert decisions.discard(run, None)
    assert not decisions.approve(run, None)
    run.refresh_from_db()
    assert run.state == RunState.DISCARDED
    assert accounts_checksum() == before


def test_a_row_whose_account_was_edited_meanwhile_is_overtaken(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    account = StudentAccount.objects.order_by("sis_id")[0]
    assert account.sis_id
    standin.edit(int(account.sis_id), first_name="Fromthesis")
    run = requests.request(integration, trigger=Trigger.PERSON).run
    claimed = claims.claim(run.pk)
    assert claimed is not None
    with Lease(claimed) as lease:
        from_roster.plan(claimed, lease)
    StudentAccount.objects.filter(pk=account.pk).update(
        first_name="Byhand", version=account.version + 1
    )
    pipeline.apply(claimed)
    account.refresh_from_db()
    claimed.refresh_from_db()
    assert (account.first_name, claimed.counts["overtaken"]) == ("Byhand", 1)
    assert Change.objects.get(run=run, account_id=account.pk).outcome == "overtaken"


def test_an_address_given_away_meanwhile_is_overtaken_and_the_rest_goes_in(
    integration: Integration, standin: StandIn
) -> None:
    run = requests.request(integration, trigger=Trigger.PERSON).run
    claimed = claims.claim(run.pk)
    assert claimed is not None
    with Lease(claimed) as lease:
        from_roster.plan(claimed, lease)
    planned = Change.objects.filter(run=run, kind="new")
    first = planned.order_by("id")[0]
    StudentAccount.objects.create(
        school=integration.school,
        email=first.email,
        email_key=first.email.lower(),
        first_name="Some",
        last_name="Body",
    )
    pipeline.apply(claimed)
    claimed.refresh_from_db()
    assert (claimed.state, claimed.counts["overtaken"]) == (RunState.DONE, 1)
    assert StudentAccount.objects.filter(sis_id__isnull=False).count() == planned.count() - 1


def test_a_worker_taken_for_dead_can_write_nothing(integration: Integration) -> None:
    run = requests.request(integration, trigger=Trigger.PERSON).run
    zombie = claims.claim(run.pk)
    assert zombie is not None
    Run.objects.filter(pk=run.pk).update(lease_until=None)
    heir = claims.claim(run.pk)
    assert heir is not None and heir.fence == zombie.fence + 1
    before = accounts_checksum()
    with pytest.raises(states.LeaseLost), Lease(zombie) as lease:
        from_roster.plan(zombie, lease)
    assert accounts_checksum() == before
    assert not Change.objects.filter(run=run).exists()
    with Lease(heir) as lease:
        from_roster.plan(heir, lease)
    with pytest.raises(states.LeaseLost):
        pipeline.apply(zombie)
    assert accounts_checksum() == before


def test_a_week_without_changes_sends_no_rows_and_clears_no_earlier_plan(
    integration: Integration,
) -> None:
    """A round trip for nothing, in each run of each school, is time that web doesn't get."""
    sync(integration)
    run = requests.request(integration, trigger=Trigger.PERSON).run
    with CaptureQueriesContext(connection) as sent:
        pipeline.run_sync(run.pk)
    statements = [each["sql"] for each in sent.captured_queries]
    assert not [each for each in statements if "COPY sync_" in each]
    assert not [each for each in statements if "DELETE FROM sync_issue" in each]


def test_one_who_had_left_and_is_back_with_the_same_values_is_active_again(
    integration: Integration,
) -> None:
    sync(integration)
    account = StudentAccount.objects.order_by("sis_id")[0]
    StudentAccount.objects.filter(pk=account.pk).update(status="left")
    run = sync(integration)
    account.refresh_from_db()
    assert (account.status, run.counts["returning"]) == ("active", 1)
    change = Change.objects.get(run=run, kind="returning")
    assert (change.before, change.after) == ({"status": "left"}, {"status": "active"})


def test_a_sis_id_that_comes_twice_with_other_values_is_left_alone_and_counted_once(
    integration: Integration, standin: StandIn
) -> None:
    integration.grades = list(range(-3, 13))
    integration.save()
    first = sync(integration)
    before = accounts_checksum()
    standin.faults = [Fault("duplicate", differs=True), Fault("small_pages", size=40)]
    run = sync(integration)
    assert run.state == RunState.DONE, run.error_what
    repeated = set(
        Issue.objects.filter(run=run, code="id_repeated").values_list("sis_id", flat=True)
    )
    in_selection = StudentAccount.objects.filter(sis_id__in=repeated).count()
    assert repeated
    assert run.counts["unchanged"] == first.counts["new"] - in_selection
    assert accounts_checksum() == before


def test_everything_before_the_commit_is_time_of_the_run(
    integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = []

    def keep_problems(run: Run) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT statement_timestamp()")
            moments.append(cursor.fetchone()[0])

    monkeypatch.setattr(store, "keep_problems", keep_problems)
    run = sync(integration)
    assert run.finished_at is not None
    assert run.finished_at > moments[0]
