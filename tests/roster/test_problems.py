"""Every issue code has texts for what happened, what was not touched and what to do next."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.problems.catalogue import PROBLEMS, IssueDetails, explain
from rollbook.roster.problems.problem_texts import (
    ADMINISTRATOR,
    MAKERS,
    PLACEHOLDERS,
    REGISTRAR,
    Problem,
)
from rollbook.roster.records import Severity

ROSTER = Path(__file__).parents[2] / "rollbook" / "roster"
RAISED = re.compile(
    r'(?:Unreadable|[Ii]ssue|_without_id|_row_without_values)\((?:\s*[\w.]+,)?\s*"([a-z_]+)"'
    r"|_ISSUE_OF_DROPPED.* = (\{[^}]*\})"
)


USUAL = IssueDetails(
    code="required_empty",
    sis="PowerSchool",
    source_field="first_name",
    where="Students > Name",
    field_label="First name",
    value="x",
    sis_id="4711",
)


def sentences(code: str, **details: str) -> str:
    explanation = explain(USUAL._replace(code=code, **details))
    return f"{explanation.cause} {explanation.remedy}"


def codes_in_the_rules() -> set[str]:
    codes: set[str] = set()
    for module in ROSTER.rglob("*.py"):
        for code, renamed in RAISED.findall(module.read_text()):
            codes |= {code} if code else set(re.findall(r"[a-z_]+", renamed))
    return codes


def test_every_code_that_the_rules_produce_has_sentences() -> None:
    some = {"required_empty", "id_missing", "email_shared", "date_invalid", "row_empty"}
    assert codes_in_the_rules() >= some | {"personal_email_invalid"}
    assert codes_in_the_rules() <= PROBLEMS.keys()


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=str)
def test_a_problem_has_whole_sentences_with_nothing_left_to_fill_in(
    problem: Problem,
) -> None:
    text = sentences(problem.code)
    assert not re.search(r"[{}]", text)
    assert re.match(r"[A-Z“]", text)
    for part in (problem.cause, problem.remedy):
        assert part.endswith(".")
        assert set(re.findall(r"\{(\w+)\}", part)) <= set(PLACEHOLDERS)
    assert problem.fixed_by in {REGISTRAR, ADMINISTRATOR, MAKERS}


@pytest.mark.parametrize(
    "problem", [p for p in PROBLEMS.values() if p.severity is Severity.ERROR], ids=str
)
def test_an_error_says_that_the_account_was_not_touched(problem: Problem) -> None:
    assert re.search(r"left as it is|touched|no new account", problem.cause)


@pytest.mark.parametrize(
    "problem", [p for p in PROBLEMS.values() if p.severity is Severity.WARNING], ids=str
)
def test_a_warning_says_what_was_left_out_or_left_alone(problem: Problem) -> None:
    assert re.search(r"left out|left as it is", problem.cause)


def test_the_remedy_names_the_place_that_the_source_knows() -> None:
    assert "In PowerSchool, fill it in here: Students > Name." in sentences("required_empty")


def test_without_a_place_the_remedy_names_the_field_of_the_sis_or_else_ours() -> None:
    assert "here: the field first_name." in sentences("required_empty", where="")
    assert "here: the field that gives First name." in sentences(
        "required_empty", where="", source_field=""
    )
    assert "here: the student's page." in sentences(
        "required_empty", where="", source_field="", field_label=""
    )


def test_an_empty_value_is_called_nothing_and_another_is_quoted() -> None:
    assert "PowerSchool sent nothing." in sentences("grade_unknown", value="")
    assert "PowerSchool sent “XX”." in sentences("grade_unknown", value="XX")


def test_a_code_from_a_later_version_gets_a_general_text() -> None:
    explanation = explain(IssueDetails("from_the_future"))
    assert explanation.severity is Severity.ERROR
    assert "the SIS" in explanation.remedy


def test_the_texts_are_translated_before_they_are_filled() -> None:
    explanation = explain(
        IssueDetails("email_taken", "PowerSchool", "email", value="a@b.example"),
        lambda text: f"[{text[:20]}] {{value}} {{odd}}",
    )
    assert explanation.cause.startswith("[The e-mail")
    assert "a@b.example" in explanation.cause
    assert "{odd}" in explanation.cause


ANY_ISSUE = st.builds(
    IssueDetails,
    code=st.sampled_from([*PROBLEMS, "unknown", ""]),
    sis=st.text(),
    source_field=st.text(),
    where=st.text(),
    field_label=st.text(),
    value=st.text(),
    sis_id=st.text(),
)


@given(ANY_ISSUE)
def test_explaining_never_raises_and_never_fills_names_inside_values(issue: IssueDetails) -> None:
    explanation = explain(issue)
    assert explanation.cause
    assert explanation.remedy
    assert "{value}" not in explain(IssueDetails(issue.code, "S", "f", "w", "l", "v")).cause
