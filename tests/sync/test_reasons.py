"""Every row of a plan says why it is there, with the values that decided."""

import ast
from pathlib import Path

import pytest

from rollbook.roster.planning import ChangeKind
from rollbook.schools.models import School
from rollbook.sync.models import Change
from rollbook.sync.report import rows as report
from rollbook.sync.words.labels import REASONS
from rollbook.sync.words.reasons import SENTENCES
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
        report.row_of(run, change).reason
        for change in Change.objects.filter(run=run).order_by("pk")
    ]
    assert said == [
        "PowerSchool has a student with the SIS ID 0001. No account is linked to it, and none without a link has the e-mail "
        "100%d@lincoln.example.",
        "The account is linked by the SIS ID 0007, and PowerSchool says something else for: Last name.",
        "PowerSchool has Alan Turing under the SIS ID 0008 with the e-mail alan@lincoln.example; an account without a link has the same "
        "two.",
        "The account of the SIS ID 0009 had left, and PowerSchool has this ID again.",
        "All 321 records were read (4 pages, July 4, 2026), and the SIS ID 0010 was not among them. The account was left alone.",
        "a_reason_of_tomorrow",
    ]
    told = inside("changes", str(run.pk), "--json").json
    assert [each["why"] for each in told["changes"]] == said and told["total"] == 6
    only = inside("changes", str(run.pk), "--kind", "updated", "--json").json["changes"]
    assert [(each["before"], each["after"], each["reason"]) for each in only] == [
        ({"last_name": "Murray"}, {"last_name": "Hopper"}, "fields_differ"),
    ]


def test_every_sentence_belongs_to_a_reason_that_has_short_words_too() -> None:
    assert SENTENCES.keys() <= REASONS.keys()


def test_every_reason_that_planning_gives_has_words() -> None:
    rules = Path(report.__file__).parent.parent / "roster"
    texts = {
        node.value
        for file in ("planning.py", "sheet_planning.py")
        for node in ast.walk(ast.parse((rules / file).read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {
        "sis_id_unknown",
        "same_email_and_name",
        "fields_differ",
        "row_is_new",
    } <= texts & REASONS.keys()
