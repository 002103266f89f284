"""Accounts that are older than a SIS: proposals, decisions, and what the next run does."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import AuditEntry
from rollbook.standins.standin import StandIn
from rollbook.students import merging
from rollbook.students.models import StudentAccount
from rollbook.sync.models import (
    Change,
    Integration,
    Issue,
    LinkDecision,
    LinkProposal,
    Mode,
    RunState,
    Trigger,
)
from rollbook.sync.refusals import RunRefused
from rollbook.sync.runs import requests
from rollbook.sync.setup import link_decisions
from tests.cli.conftest import Command, inside
from tests.sync.test_pipeline import sync
from tests.web.conftest import admin, elsewhere, static_root

__all__ = ["admin", "elsewhere", "inside", "static_root"]
pytestmark = pytest.mark.django_db


def students_of(standin: StandIn) -> list[Any]:
    chosen = (
        each
        for each in standin.roster()
        if each.enroll_status == 0 and each.grade_level in {9, 10, 11, 12}
    )
    return [each for each in chosen if each.email and each.graduation_year]


def account_of(integration: Integration, student: Any, **columns: Any) -> StudentAccount:
    """An account that an upload could have made for this student of the stand-in."""
    told = {
        "email": student.email,
        "first_name": student.first_name,
        "last_name": student.last_name,
        "birth_date": student.birth_date,
    }
    told |= columns
    return StudentAccount.objects.create(
        school=integration.school, email_key=told["email"].lower(), **told
    )


def test_a_school_without_earlier_accounts_has_nothing_to_decide(
    integration: Integration, admin: Client
) -> None:
    assert sync(integration).state == RunState.DONE
    assert not LinkProposal.objects.exists()
    assert (
        "Nothing to decide"
        in admin.get(reverse("links", args=[integration.school_id])).content.decode()
    )


def test_the_same_email_and_name_links_and_what_is_only_alike_waits_for_a_person(
    integration: Integration, standin: StandIn
) -> None:
    first, second = students_of(standin)[:2]
    exact = account_of(integration, first, first_name=first.first_name.upper())
    alike = account_of(
        integration, second, email="old@elsewhere.example", last_name=f" {second.last_name.upper()}"
    )
    run = sync(integration)
    assert run.state == RunState.DONE
    exact.refresh_from_db()
    alike.refresh_from_db()
    assert (exact.source, exact.sis_id) == ("powerschool", str(first.dcid))
    assert (alike.source, alike.email) == ("", "old@elsewhere.example")
    issue = Issue.objects.get(run=run, code="link_suggested")
    assert (
        issue.sis_id == str(second.dcid)
        and not Change.objects.filter(run=run, sis_id=issue.sis_id).exists()
    )
    proposal = link_decisions.undecided(integration.school).get()
    assert (proposal.account_id, proposal.clash, proposal.same_birth_date, proposal.same_email) == (
        alike.pk,
        "",
        True,
        False,
    )

    assert link_decisions.confirm(proposal, None) and not link_decisions.confirm(proposal, None)
    later = sync(integration)
    linked = Change.objects.get(run=later, kind="linked")
    assert (linked.account_id, linked.reason, linked.after["email"]) == (
        alike.pk,
        "confirmed_by_person",
        second.email,
    )
    alike.refresh_from_db()
    assert (alike.source, alike.sis_id, alike.email) == (
        "powerschool",
        str(second.dcid),
        second.email,
    )
    again = sync(integration)
    assert (
        not Issue.objects.filter(run=again).exists()
        and not Change.objects.filter(run=again, kind__in=("new", "linked")).exists()
    )
    assert not LinkProposal.objects.exists()


def test_what_is_not_the_same_person_stays_apart_for_good(
    integration: Integration, standin: StandIn
) -> None:
    student = students_of(standin)[0]
    other = account_of(integration, student, email="other@elsewhere.example")
    sync(integration, Mode.TEST)
    assert link_decisions.reject(link_decisions.undecided(integration.school).get(), None)
    for _ in range(2):
        run = sync(integration)
        assert not Issue.objects.filter(run=run).exists()
    other.refresh_from_db()
    assert other.source == ""
    assert StudentAccount.objects.get(sis_id=str(student.dcid)).email == student.email
    assert not LinkProposal.objects.exists()


def test_the_same_email_and_not_the_same_person_is_a_listed_problem(
    integration: Integration, standin: StandIn
) -> None:
    student = students_of(standin)[0]
    other = account_of(
        integration, student, first_name="Somebody", last_name="Else", birth_date=None
    )
    sync(integration, Mode.TEST)
    link_decisions.reject(link_decisions.undecided(integration.school).get(), None)
    run = sync(integration)
    assert run.state == RunState.DONE
    assert list(Issue.objects.filter(run=run).values_list("code", "sis_id")) == [
        ("email_taken", str(student.dcid))
    ]
    other.refresh_from_db()
    assert (other.source, other.first_name) == ("", "Somebody")


def test_clashes_keep_the_first_live_run_from_changing_anything(
    integration: Integration, standin: StandIn
) -> None:
    first, second, third = students_of(standin)[:3]
    account_of(integration, first, first_name="Somebody", last_name="Else")
    account_of(integration, second, email="one@elsewhere.example")
    account_of(integration, second, email="two@elsewhere.example")
    account_of(integration, third)
    run = sync(integration)
    assert (run.state, run.error_code) == (RunState.FAILED, "links_undecided")
    assert set(StudentAccount.objects.values_list("source", flat=True)) == {""}
    assert {each.clash for each in link_decisions.undecided(integration.school)} == {
        "",
        "names_differ",
        "two_accounts",
    }
    with pytest.raises(RunRefused) as refused:
        requests.request(integration, trigger=Trigger.PERSON)
    assert refused.value.code == "links_undecided"
    assert sync(integration, Mode.TEST).state == RunState.DONE

    namesake = link_decisions.undecided(integration.school).get(clash="names_differ")
    one, two = link_decisions.undecided(integration.school).filter(clash="two_accounts")
    link_decisions.confirm(namesake, None)
    link_decisions.confirm(one, None)  # settles the other one as well
    with pytest.raises(link_decisions.LinkRefused):
        link_decisions.confirm(two, None)
    assert sync(integration).state == RunState.DONE
    assert StudentAccount.objects.get(pk=namesake.account_id).last_name == first.last_name
    assert StudentAccount.objects.get(pk=one.account_id).sis_id == str(second.dcid)
    assert StudentAccount.objects.get(pk=two.account_id).source == ""
    assert StudentAccount.objects.filter(source="powerschool").count() == len(students_of(standin))


def test_a_clash_of_an_account_that_was_merged_since_stops_no_live_run(
    integration: Integration, standin: StandIn
) -> None:
    student, another = students_of(standin)[:2]
    namesake = account_of(integration, student, first_name="Somebody", last_name="Else")
    kept = account_of(integration, another)
    sync(integration, Mode.TEST)
    assert link_decisions.undecided(integration.school).filter(account=namesake).exists()
    merging.merge(kept, namesake, None)
    assert not link_decisions.proposals(integration.school).filter(account=namesake).exists()
    assert not link_decisions.undecided(integration.school).exclude(clash="").exists()
    assert requests.request(integration, trigger=Trigger.PERSON).created


def test_an_uploaded_sis_id_is_evidence(integration: Integration, standin: StandIn) -> None:
    student = students_of(standin)[0]
    account_of(
        integration,
        student,
        email="x@elsewhere.example",
        last_name="Married",
        birth_date=None,
        sis_id=str(student.dcid),
    )
    sync(integration, Mode.TEST)
    proposal = link_decisions.undecided(integration.school).get()
    assert (proposal.same_sis_id, proposal.same_name, proposal.same_birth_date) == (
        True,
        False,
        False,
    )


def test_the_page_shows_both_sides_and_takes_decisions(
    integration: Integration, standin: StandIn, admin: Client, elsewhere: Client
) -> None:
    first, second = students_of(standin)[:2]
    account_of(integration, first)
    account_of(integration, second, email="old@elsewhere.example")
    sync(integration, Mode.TEST)
    address = reverse("links", args=[integration.school_id])
    page = admin.get(address).content.decode()
    assert (
        "old@elsewhere.example" in page
        and second.email in page
        and "different" in page
        and "Confirm all of them" in page
    )
    assert (
        second.last_name
        in admin.get(address, {"q": second.last_name, "only": "suggested"}).content.decode()
    )
    assert "Nothing found" in admin.get(address, {"q": "nobody at all"}).content.decode()
    for name in ("upload", "configure-sis"):
        assert address in admin.get(reverse(name, args=[integration.school_id])).content.decode(), (
            name
        )
    assert elsewhere.get(address).status_code == 404
    proposal = link_decisions.undecided(integration.school).get(same_email=False)
    decide = reverse("links-decide", args=[integration.school_id, proposal.pk])
    assert elsewhere.post(decide, {"say": "confirm"}).status_code == 404
    for said, left in (("confirm", 1), ("confirm", 1), ("take_back", 2), ("reject", 1)):
        admin.post(decide, {"say": said})
        assert link_decisions.undecided(integration.school).count() == left, said
    assert "Not the same person" in admin.get(address, {"only": "decided"}).content.decode()
    for _ in range(2):
        admin.post(reverse("links-exact", args=[integration.school_id]))
    assert LinkDecision.objects.filter(verdict="confirmed").count() == 1
    assert list(
        AuditEntry.objects.filter(action__startswith="link.")
        .order_by("id")
        .values_list("action", flat=True)
    ) == [
        "link.confirmed",
        "link.taken_back",
        "link.not_same",
        "link.confirmed_exact",
    ]


def test_the_command_lists_and_decides(
    integration: Integration, standin: StandIn, inside: Command
) -> None:
    first, second = students_of(standin)[:2]
    account_of(integration, first)
    account_of(integration, second, email="old@elsewhere.example")
    sync(integration, Mode.TEST)
    listed = inside("links", "list", "--json").json
    assert listed["total"] == 2
    alike = next(each for each in listed["links"] if not each["exact"])
    assert alike["record"]["email"] == second.email and {"name", "birth_date"} <= set(alike["same"])
    assert inside("links", "confirm", alike["id"], "--json").json == {"decided": 1}
    assert inside("links", "take-back", alike["id"], "--json").json == {"decided": 1}
    assert inside("links", "reject", alike["id"], "--json").json == {"decided": 1}
    assert inside("links", "confirm", "--exact", "--json").json == {"decided": 1}
    assert inside("links", "list", "--json").json["total"] == 0
    assert {
        each["decision"]
        for each in inside("links", "list", "--state", "all", "--json").json["links"]
    } == {"confirmed", "not_same"}
    assert inside("links", "confirm").code == 2
    assert inside("links", "reject", str(integration.pk)).code == 6
