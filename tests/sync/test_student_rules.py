"""Rules for fields and single students, from the stand-in to the accounts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from rollbook.schools.models import User
from rollbook.standins.standin import StandIn
from rollbook.students import accounts, editing, never_import_list, protection
from rollbook.students.models import (
    AccountEvent,
    EmailAlias,
    FieldLock,
    NeverImport,
    Protection,
    StudentAccount,
)
from rollbook.students.refused import Refused
from rollbook.sync import pipeline
from rollbook.sync.models import Change, Integration, Issue, RunState, Trigger
from rollbook.sync.planning import from_roster
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.report import change_rows, summary
from rollbook.sync.runs import claims, decisions, requests
from rollbook.sync.runs.lease import Lease
from rollbook.sync.setup import field_rules
from tests.sync.rule_runs import send_away, set_leavers, some, sync

pytestmark = pytest.mark.django_db


def test_an_edit_is_put_back_by_the_next_run_unless_it_is_kept(
    integration: Integration, administrator: User
) -> None:
    sync(integration)
    one, other = some(2)
    first = one.first_name
    assert editing.edit(
        one, administrator, {"first_name": " Édith ", "gender": one.gender or ""}
    ) == ["first_name"]
    assert editing.edit(other, administrator, {"first_name": "Kept"}, keep=["first_name"]) == [
        "first_name"
    ]
    run = sync(integration)
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.first_name, other.first_name) == (first, "Kept")
    assert (run.counts["updated"], run.counts["protected"]) == (1, 1)
    row = Change.objects.get(run=run, kind="protected")
    assert (row.before["first_name"], row.reason) == ("Kept", "fields_locked")
    assert sync(integration).counts["protected"] == 1  # it is shown until it is decided
    assert protection.unlock(other, administrator, ["first_name"]) == ["first_name"]
    assert sync(integration).counts["updated"] == 1
    assert [
        event.action for event in AccountEvent.objects.filter(account=other).order_by("pk")
    ] == ["edited", "locked", "unlocked"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"last_name": " "}, "last_name"),
        ({"graduation_year": "soon"}, "graduation_year"),
        ({"birth_date": "yesterday"}, "birth_date"),
        ({"sis_id": ""}, "sis_id"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused_at_its_field(
    integration: Integration, said: dict[str, str], field: str
) -> None:
    sync(integration)
    (one,) = some()
    with pytest.raises(Refused) as refused:
        editing.edit(one, None, {"first_name": "Other"} | said)
    assert set(refused.value.errors) == {field}
    assert not AccountEvent.objects.exists()


def test_an_address_that_somebody_has_is_refused_with_their_name(integration: Integration) -> None:
    sync(integration)
    one, other = some(2)
    with pytest.raises(Refused) as refused:
        editing.edit(one, None, {"email": other.email.upper()})
    assert other.name in refused.value.errors["email"]
    before = one.email_key
    editing.edit(one, None, {"email": "Quite.New@x.example"})
    one.refresh_from_db()
    assert (one.email, one.email_key, EmailAlias.objects.get().email_key) == (
        "Quite.New@x.example",
        "quite.new@x.example",
        before,
    )


def test_a_protected_account_is_left_alone_and_listed_until_its_day(
    integration: Integration, standin: StandIn, administrator: User
) -> None:
    sync(integration)
    set_leavers(integration, runs=1)
    one, other = some(2)
    assert protection.protect(one, administrator, reason="parents' wish")
    assert not protection.protect(one, administrator, reason="parents' wish")
    assert protection.protect(other, administrator, until=timezone.now().date() + timedelta(days=3))
    assert one.sis_id
    standin.edit(int(one.sis_id), last_name="Changed")
    send_away(standin, other)
    run = sync(integration)
    assert (run.counts["protected"], run.counts.get("updated", 0), run.counts.get("left", 0)) == (
        2,
        0,
        0,
    )
    assert {tuple(row.after) for row in Change.objects.filter(run=run, kind="protected")} == {
        ("last_name",),
        ("status",),
    }
    assert protection.unprotect(one, administrator)
    Protection.objects.update(until=timezone.now() - timedelta(days=1))
    ended = sync(integration)
    assert (ended.counts["updated"], ended.counts["left"]) == (1, 1)


def test_a_protection_overtakes_a_plan_that_was_made_before(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    (one,) = some()
    assert one.sis_id
    standin.edit(int(one.sis_id), last_name="Changed")
    run = claims.claim(requests.request(integration, trigger=Trigger.PERSON).run.pk)
    assert run is not None
    with Lease(run) as lease:
        from_roster.plan(run, lease)
    protection.protect(one, None)
    pipeline.apply(run)
    assert run.counts["overtaken"] == 1
    one.refresh_from_db()
    assert one.last_name != "Changed"


def test_nobody_on_the_never_import_list_gets_an_account(
    integration: Integration, standin: StandIn, administrator: User
) -> None:
    by_id, by_mail = [
        each
        for each in standin.roster()
        if each.enroll_status == 0 and each.grade_level == 10 and each.email
    ][:2]
    assert never_import_list.add(
        integration.school, administrator, sis_id=str(by_id.dcid), reason="a test record"
    )
    assert never_import_list.add(
        integration.school, administrator, email=f" {by_mail.email.upper()}"
    )
    assert not never_import_list.add(integration.school, administrator, email=by_mail.email)
    run = sync(integration)
    ids = {str(by_id.dcid), str(by_mail.dcid)}
    assert (
        set(Change.objects.filter(run=run, kind="never_imported").values_list("sis_id", flat=True))
        == ids
    )
    assert not StudentAccount.objects.filter(sis_id__in=ids).exists()
    for entry in NeverImport.objects.all():
        assert never_import_list.remove(entry, administrator)
    assert sync(integration).counts["new"] == 2


def test_where_the_app_wins_the_sis_fills_a_field_once(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    field_rules.save_field_rules(
        integration, None, app_wins={"last_name", "email"}, blank_clears={"gender"}
    )
    one, other = some(2)
    assert one.sis_id and other.sis_id
    standin.edit(int(one.sis_id), last_name="Changed", email="changed@x.example")
    standin.edit(int(other.sis_id), gender="")
    run = sync(integration)
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.last_name != "Changed", one.email != "changed@x.example", other.gender) == (
        True,
        True,
        None,
    )
    assert run.counts["updated"] == 1
    assert sync(integration).counts.get("updated", 0) == 0
    field_rules.save_field_rules(integration, None, app_wins=set(), blank_clears=set())
    assert sync(integration).counts["updated"] == 1


def test_rules_that_make_no_sense_are_refused(integration: Integration) -> None:
    for wrong in (
        {"policy": "erase"},
        {"runs": 0},
        {"days": 999},
        {"rollover": "02-30"},
        {"rollover": "summer"},
    ):
        with pytest.raises(SettingRefused):
            set_leavers(integration, **wrong)
    for app, blank in (({"sis_id"}, set()), (set(), {"email"}), ({"nonsense"}, set())):
        with pytest.raises(SettingRefused):
            field_rules.save_field_rules(integration, None, app_wins=app, blank_clears=blank)


def test_an_account_closed_by_hand_stays_closed(integration: Integration) -> None:
    sync(integration)
    set_leavers(integration, runs=1)
    (one,) = some()
    accounts.deactivate(one.school, [one.pk], None)
    sync(integration)
    one.refresh_from_db()
    assert (one.status, FieldLock.objects.count()) == ("deactivated", 0)


def test_a_change_of_domain_is_one_decision_and_the_old_addresses_are_kept(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    before = dict(StudentAccount.objects.values_list("sis_id", "email_key"))
    for sis_id, address in before.items():
        standin.edit(int(sis_id or 0), email=address.partition("@")[0] + "@new.example")
    run = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.ON_HOLD
    assert run.counts["email_changed"] == run.counts["updated"] == len(before)
    (sentence,) = summary.moved_domains(run)
    assert decisions.approve(run, None)
    pipeline.run_sync(run.pk)
    assert (
        sentence.startswith(f"{len(before)} addresses move from @"),
        sentence.endswith("to @new.example"),
    ) == (True, True)
    assert change_rows.updated_rows(run, kind="email_changed").count() == len(before)
    assert set(EmailAlias.objects.values_list("email_key", flat=True)) == set(before.values())


def test_who_gets_anothers_earlier_address_gets_it_with_a_note(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    one, other = some(2)
    assert one.sis_id and other.sis_id
    standin.edit(int(one.sis_id), email="fresh@x.example")
    assert "email_changed" in sync(integration).counts
    standin.edit(int(other.sis_id), email=one.email)
    run = sync(integration)
    other.refresh_from_db()
    issue = Issue.objects.get(run=run, code="email_recycled")
    assert (other.email, issue.sis_id, issue.severity) == (one.email, other.sis_id, "note")
    EmailAlias.objects.update(kept_until=timezone.now() - timedelta(days=1))
    standin.edit(int(other.sis_id), email=other.email.replace("@", "2@"))
    assert not Issue.objects.filter(run=sync(integration), code="email_recycled").exists()
