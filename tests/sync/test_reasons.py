"""Every row of a plan says why it is there, with the values that decided."""

import pytest

from rollbook.roster.planning.changes import ChangeKind
from rollbook.schools.models import School
from rollbook.sync.models import Change
from rollbook.sync.report import change_rows
from tests.cli.conftest import Command, inside
from tests.sync.report_runs import a_run, linked, listed, new, returning, updated

__all__ = ["inside"]
pytestmark = pytest.mark.django_db


def test_the_sentence_names_the_rule_and_its_values(school: School, inside: Command) -> None:
    rows = [
        new(email="100%d@lincoln.example"),
        updated({"last_name": "Murray"}, {"last_name": "Hopper"}),
        linked(),
        returning(),
        listed(ChangeKind.NOT_IN_ROSTER, "not_sent"),
        listed(ChangeKind.OUTSIDE_SELECTION, "a_reason_of_tomorrow"),
    ]
    run = a_run(school, rows)
    said = [
        change_rows.updated_row(run, change).reason
        for change in Change.objects.filter(run=run).order_by("pk")
    ]
    assert said == [
        "PowerSchool has a student with the SIS ID 0001. No account is linked to it, and no "
        "account without a link has the e-mail 100%d@lincoln.example.",
        "The account is linked by the SIS ID 0007, and PowerSchool has other values for: "
        "Last name.",
        "PowerSchool has Alan Turing under the SIS ID 0008 with the e-mail alan@lincoln.example. "
        "An account without a link has the same name and e-mail.",
        "The account of the SIS ID 0009 was closed, and PowerSchool has this ID again.",
        "All 321 records were read (4 pages, July 4, 2026), and none has the SIS ID 0010. "
        "The account was left as it is.",
        "a_reason_of_tomorrow",
    ]
    told = inside("changes", str(run.pk), "--json").json
    assert [each["why"] for each in told["changes"]] == said and told["total"] == 6
    only = inside("changes", str(run.pk), "--kind", "updated", "--json").json["changes"]
    assert [(each["before"], each["after"], each["reason"]) for each in only] == [
        ({"last_name": "Murray"}, {"last_name": "Hopper"}, "fields_differ"),
    ]
