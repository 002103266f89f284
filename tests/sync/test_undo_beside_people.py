"""Undoing a run after people merged or edited the same accounts: theirs stays, and is listed."""

from typing import Any

import pytest

from rollbook.schools.models import School, User
from rollbook.standins.standin import StandIn
from rollbook.students import accounts, editing, merging, protection, unmerging
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Integration, Run, RunState, Trigger
from rollbook.sync.report import problem_rows
from rollbook.sync.runs import decisions, requests
from tests.sync.test_undo import held, sync, undone

pytestmark = pytest.mark.django_db


def listed(undoing: Run) -> dict[tuple[str | None, str], str]:
    """What an undo leaves alone: SIS ID and field → the sentence that says why."""
    return {
        (row.sis_id or None, row.field_label): f"{row.name}: {row.cause}"
        for row in problem_rows.problem_rows(undoing)
    }


def of(sis_ids: list[str | None]) -> list[StudentAccount]:
    found = {each.sis_id: each for each in StudentAccount.objects.filter(sis_id__in=sis_ids)}
    return [found[sis_id] for sis_id in sis_ids]


def but(
    accounts_held: dict[str, dict[str, Any]], *left_out: StudentAccount
) -> dict[str, dict[str, Any]]:
    return {
        pk: row
        for pk, row in accounts_held.items()
        if pk not in {str(each.pk) for each in left_out}
    }


def test_after_merges_the_kept_ones_get_back_what_they_had_and_the_merges_stand(
    integration: Integration, standin: StandIn, administrator: User
) -> None:
    sync(integration)
    ids = [each.sis_id for each in StudentAccount.objects.order_by("sis_id")[:5]]
    before = held()
    for sis_id in ids:
        standin.edit(int(sis_id or 0), last_name="Written")
    standin.edit(int(ids[1] or 0), email="moved@lincoln.example")
    run = sync(integration)
    kept, away, has_all, gave_nothing, alone = of(ids)
    merging.merge(
        kept, away, administrator, ["email"]
    )  # the kept one signs in with the address that the run had given to the other
    merging.merge(has_all, gave_nothing, administrator)
    merged = held()
    undoing = undone(run)
    now = held()
    assert but(now, kept, away, has_all, gave_nothing, alone) == but(
        before, kept, away, has_all, gave_nothing, alone
    )
    was = before[str(kept.pk)]["last_name"]
    assert now[str(kept.pk)] == merged[str(kept.pk)] | {
        "last_name": was,
        "search_text": now[str(kept.pk)]["search_text"],
    }
    assert now[str(has_all.pk)]["last_name"] == before[str(has_all.pk)]["last_name"]
    assert {pk: now[pk] for pk in (str(away.pk), str(gave_nothing.pk))} == {
        pk: merged[pk] for pk in (str(away.pk), str(gave_nothing.pk))
    }
    assert now[str(alone.pk)] == before[str(alone.pk)]
    told = listed(undoing)
    assert set(told) == {(ids[1], ""), (ids[3], "")}
    assert told[ids[1], ""].startswith(
        f"{away.name}: This account was merged with another one after the run"
    )
    assert "by Ada Admin, 2" in told[ids[1], ""]
    away.refresh_from_db()
    assert unmerging.take_back(away, administrator) == []
    away.refresh_from_db()
    assert (away.email, away.sis_id, away.status) == ("moved@lincoln.example", ids[1], "active")


def test_an_account_that_a_run_made_stays_open_where_an_older_one_was_merged_into_it(
    integration: Integration, school: School, administrator: User
) -> None:
    told = {
        "school": school,
        "email": "ada@elsewhere.example",
        "email_key": "ada@elsewhere.example",
    }
    there_before = StudentAccount.objects.create(**told, first_name="Ada", last_name="Before")
    run = sync(integration)
    kept, one, twin, link_goes, *_ = StudentAccount.objects.exclude(sis_id=None).order_by("sis_id")
    also_before = StudentAccount.objects.create(
        school=school,
        email="b@elsewhere.example",
        email_key="b@elsewhere.example",
        first_name="Bo",
        last_name="Before",
    )
    merging.merge(kept, there_before, administrator)
    merging.merge(
        one, twin, administrator
    )  # the run had made both of these: nobody had an account before
    merging.merge(also_before, link_goes, administrator)
    undoing = undone(run)
    status = dict(StudentAccount.objects.values_list("pk", "status"))
    assert status.pop(kept.pk) == status.pop(also_before.pk) == AccountStatus.ACTIVE
    assert {status.pop(each.pk) for each in (there_before, twin, link_goes)} == {
        AccountStatus.MERGED
    }
    assert set(status.values()) == {AccountStatus.DEACTIVATED}
    assert one.pk in status
    assert set(listed(undoing)) == {(each.sis_id, "") for each in (kept, twin, link_goes)}
    assert undoing.counts["undone_deactivated"] == run.counts["new"] - 3
    after = held()
    undone(undoing)
    assert {pk for pk, row in held().items() if row["status"] == "active"} - {
        pk for pk, row in after.items() if row["status"] == "active"
    } == {str(pk) for pk in status}


def test_approved_and_undone_every_account_is_as_before_field_for_field_but_those_edited_in_between(
    integration: Integration, standin: StandIn, school: School, administrator: User
) -> None:
    sync(integration)
    students = list(StudentAccount.objects.order_by("sis_id"))
    before = held()
    for number, each in enumerate(students):
        standin.edit(
            int(each.sis_id or 0), email=f"new{number}@lincoln.example", last_name="Written"
        )
    run = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.ON_HOLD
    assert decisions.approve(run, administrator)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    renamed, moved, same, closed, kept, *_ = of([each.sis_id for each in students])
    editing.edit(renamed, administrator, {"last_name": "By Hand"})
    editing.edit(
        moved, None, {"email": "hand@lincoln.example", "first_name": "Also"}, via="command line"
    )
    editing.edit(same, administrator, {"last_name": "Other"})
    editing.edit(
        same, administrator, {"last_name": "Written"}, version=None
    )  # holds again what the run wrote
    accounts.deactivate(school, [closed.pk], administrator)
    protection.lock(kept, administrator, ["last_name"])
    edited = held()
    undoing = undone(run)
    now = held()
    search = ("search_text",)
    others = (renamed, moved, closed)
    assert but(now, *others) == but(before, *others)
    fields = {
        renamed: ("last_name",),
        moved: ("email", "email_key", "first_name"),
        closed: ("status",),
    }
    for each, by_hand in fields.items():
        pk = str(each.pk)
        expected = before[pk] | {name: edited[pk][name] for name in by_hand}
        assert {k: v for k, v in now[pk].items() if k not in search} == {
            k: v for k, v in expected.items() if k not in search
        }
    told = listed(undoing)
    again = told.pop((same.sis_id, "Last name"))
    assert "The undo still restores the value" in again
    assert set(told) == {(renamed.sis_id, "Last name"), (moved.sis_id, "E-mail")}
    assert (
        f"{renamed.first_name} By Hand: Last name was changed after the run that is undone, "
        "by Ada Admin, 2" in told[renamed.sis_id, "Last name"]
    )
    assert "by Command line, 2" in told[moved.sis_id, "E-mail"]
    assert (
        "It is “hand@lincoln.example” now, and was left as it is." in told[moved.sis_id, "E-mail"]
    )
    undone(undoing)
    assert held() == edited
