"""Sudden changes of a whole school in the SIS: held, explained, applied as a person decides."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

from rollbook.schools.clock import local_day
from rollbook.schools.models import AuditEntry, School
from rollbook.standins import powerschool
from rollbook.standins.roster import Known
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Change, Integration, Mode, Run, RunState, Trigger
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.runs import decisions, outlook, requests
from rollbook.sync.setup import limits
from tests.sync.test_pipeline import sync

pytestmark = pytest.mark.django_db

Deed = Callable[[StandIn, list[Known]], None]


def chosen(standin: StandIn) -> list[Known]:
    """The active students of the grades that are pulled in, with an e-mail."""
    return [
        one
        for one in standin.roster()
        if one.enroll_status == 0 and one.grade_level in {9, 10, 11, 12} and one.email
    ]


def leave(share: float) -> Deed:
    def deed(standin: StandIn, people: list[Known]) -> None:
        for one in people[: round(len(people) * share)]:
            standin.edit(one.dcid, enroll_status=2)

    return deed


def new_domain(standin: StandIn, people: list[Known]) -> None:
    for one in people:
        standin.edit(one.dcid, email=f"{one.email.partition('@')[0]}@new.example")


@pytest.fixture
def standin() -> Any:
    """A clean PowerSchool with 300 students, some hundred of them in grades 9 to 12."""
    with powerschool.serve(students=300, seed=7, clean=True) as running:
        yield running


def test_a_test_run_tells_what_would_have_held_a_live_one(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    leave(0.3)(standin, chosen(standin))
    run = sync(integration, Mode.TEST)
    assert (run.state, run.alarms[0]["code"]) == (RunState.DONE, "leavers")


def test_a_held_run_keeps_the_next_one_from_passing_and_a_second_approval_is_refused(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    new_domain(standin, chosen(standin))
    held = sync(integration)
    assert requests.request(integration, trigger=Trigger.SCHEDULE).created is False
    assert decisions.approve(held, None)
    assert not decisions.approve(held, None)
    pipeline.run_sync(held.pk)
    held.refresh_from_db()
    assert (held.state, held.approved_additions_only) == (RunState.DONE, False)
    assert held.approved_at is not None
    assert [alarm["code"] for alarm in held.alarms] == ["emails"]  # why it was held is still told
    assert not StudentAccount.objects.exclude(email__endswith="@new.example").exists()
    assert sync(integration).counts.get("updated", 0) == 0


def test_additions_and_updates_alone_leave_addresses_as_they_are(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    people = chosen(standin)
    new_domain(standin, people[1:])
    standin.edit(people[0].dcid, first_name="Renamed")
    held = sync(integration)
    addresses = set(StudentAccount.objects.values_list("email", flat=True))
    assert decisions.approve(held, None, additions_only=True)
    pipeline.run_sync(held.pk)
    held.refresh_from_db()
    assert held.state == RunState.DONE
    assert set(StudentAccount.objects.values_list("email", flat=True)) == addresses
    assert StudentAccount.objects.get(sis_id=str(people[0].dcid)).first_name == "Renamed"
    assert AuditEntry.objects.get(action="run.approved").detail["left_out"] == len(people) - 1
    again = sync(integration)
    assert (again.state, again.counts["email_changed"]) == (RunState.ON_HOLD, len(people) - 1)


def test_a_rename_is_no_reason_to_wait_because_the_address_changed_with_it(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    people = chosen(standin)
    new_domain(standin, people)
    renamed, back = people[0], people[1]
    standin.edit(renamed.dcid, last_name="Renamed")
    gone = StudentAccount.objects.get(sis_id=str(back.dcid))
    StudentAccount.objects.filter(pk=gone.pk).update(status="left", source_fingerprint=None)
    held = sync(integration)
    before = dict(StudentAccount.objects.values_list("sis_id", "email"))
    words = outlook.outlook(held).additions
    assert "Of 2 accounts only the new sign-in e-mail is left out." in words
    assert decisions.approve(held, None, additions_only=True)
    pipeline.run_sync(held.pk)
    assert dict(StudentAccount.objects.values_list("sis_id", "email")) == before
    assert StudentAccount.objects.get(sis_id=str(renamed.dcid)).last_name == "Renamed"
    gone.refresh_from_db()
    assert gone.status == "active"
    rows = Change.objects.filter(run=held, sis_id=str(renamed.dcid)).order_by("outcome")
    assert [(row.outcome, set(row.after)) for row in rows] == [
        ("", {"last_name"}),
        ("left_out", {"email", "email_key"}),
    ]
    again = sync(integration)  # the e-mails are still undecided
    assert (again.state, again.counts["email_changed"]) == (RunState.ON_HOLD, len(people))
    assert again.counts["updated"] == len(people)


def test_a_roster_under_new_ids_is_one_decision_and_everybody_keeps_their_account(
    integration: Integration, standin: StandIn
) -> None:
    first = sync(integration)
    StudentAccount.objects.update(sis_id=_other_id(), source_fingerprint=None)
    ids = dict(StudentAccount.objects.values_list("email", "pk"))
    held = sync(integration)
    assert [alarm["code"] for alarm in held.alarms] == ["re_keyed"]
    assert (
        held.counts["re_keyed"],
        held.counts.get("new", 0),
        held.counts["missing"],
        held.counts.get("error", 0),
    ) == (len(ids), 0, 0, 0)
    assert decisions.approve(held, None)
    pipeline.run_sync(held.pk)
    assert dict(StudentAccount.objects.values_list("email", "pk")) == ids
    again = sync(integration)
    assert (again.state, again.counts["unchanged"]) == (RunState.DONE, first.counts["new"])


def _other_id() -> Any:
    return Concat(Value("old-"), F("sis_id"))


def test_limits_are_the_schools_own_wider_for_days_or_for_one_run(
    integration: Integration, standin: StandIn, school: School
) -> None:
    sync(integration)
    leave(0.08)(standin, [one for one in chosen(standin) if one.grade_level != 12])
    held = sync(integration)
    assert held.state == RunState.ON_HOLD
    decisions.discard(held, None)
    once = requests.request(
        integration,
        trigger=Trigger.PERSON,
        options=requests.RunOptions(wider={"leavers_percent": 30.0}),
    ).run
    pipeline.run_sync(once.pk)
    once.refresh_from_db()
    assert once.state == RunState.DONE and once.settings["limits"]["leavers_percent"] == 30
    today = local_day(timezone.now(), school)
    row = limits.widen(school, None, today, today, {"leavers_percent": 30.0})
    assert sync(integration).state == RunState.DONE
    assert limits.end_widening(school, None, row.pk)
    again = sync(integration)
    assert again.state == RunState.ON_HOLD
    decisions.discard(again, None)
    with pytest.raises(SettingRefused):
        limits.save(school, None, {"leavers_percent": None})
    limits.save(school, None, {"leavers_percent": None}, confirmed=True)
    assert AuditEntry.objects.filter(action="limits.switched_off").count() == 1
    assert sync(integration).state == RunState.DONE
    assert Run.objects.filter(state=RunState.ON_HOLD).count() == 0
