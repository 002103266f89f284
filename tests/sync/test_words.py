"""Each kind, reason, state, severity, mode, trigger, alarm and problem has every word it needs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rollbook
from rollbook.roster.planning.changes import WRITING_KINDS, ChangeKind
from rollbook.roster.problems.catalogue import PROBLEMS, IssueDetails, explain
from rollbook.roster.problems.expected_values import EXPECTED_VALUES
from rollbook.roster.records import Completeness, Severity
from rollbook.sync.models import Mode, NoticeEvent, Run, RunState, Trigger
from rollbook.sync.words import kinds, states
from rollbook.sync.words.alarms import ALARMS, alarm_words
from rollbook.sync.words.decisions import outlook_words
from rollbook.sync.words.findings import FINDINGS
from rollbook.sync.words.notices import COUNTED, HEADLINES
from rollbook.sync.words.proofs import COMPLETENESS_LABELS
from rollbook.sync.words.reasons import REASONS, SENTENCES
from rollbook.sync.words.results import what_was_changed
from rollbook.sync.words.severities import (
    SEVERITY_EFFECTS,
    SEVERITY_LABELS,
    SEVERITY_PLURALS,
    WHO_LABELS,
)
from rollbook.sync.words.sources import sis_label, source_label, uploader_type
from rollbook.sync.words.text import number

PRODUCT = Path(rollbook.__file__).parent
# Functions of roster that take a reason as an argument.
TAKE_A_REASON = {"_row_change", "Change", "_change", "_linked", "list_account"}


def a_run(state: str = RunState.DONE, trigger: str = Trigger.PERSON, mode: str = Mode.LIVE) -> Run:
    return Run(source="powerschool", state=state, trigger=trigger, mode=mode)


def texts_in(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can be: itself, or either side of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts_in(node.body)
        yield from texts_in(node.orelse)


def reasons_in(file: Path) -> Iterator[str]:
    """The reason codes that a module gives to changes."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            values = node.args if called in TAKE_A_REASON else []
            values = values + [each.value for each in node.keywords if each.arg == "reason"]
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "reason":
            values = [node.value]
        else:
            continue
        for value in values:
            yield from texts_in(value)


def files_of(folder: str, *suffixes: str) -> str:
    """The text of every file in a folder of the product."""
    files = (file for file in (PRODUCT / folder).rglob("*") if file.suffix in suffixes)
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_each_kind_has_its_words() -> None:
    assert kinds.KIND_LABELS.keys() == set(ChangeKind)
    assert kinds.APPLIED.keys() == kinds.PLANNED.keys() == set(WRITING_KINDS)
    assert {*kinds.TILE_HINTS} - {kinds.EMAIL_CHANGED, "overtaken", *Severity} == set(ChangeKind)
    assert kinds.TILE_HINTS.keys() <= kinds.TILE_LABELS.keys()
    shown = {ChangeKind.NEW, ChangeKind.UNCHANGED, *kinds.UPDATED_KINDS, *kinds.LISTED_KINDS}
    assert shown == set(ChangeKind)
    assert set(COUNTED) <= kinds.COUNT_LABELS.keys()


@pytest.mark.parametrize("kind", WRITING_KINDS)
def test_each_kind_that_writes_is_said_before_and_after_applying(kind: ChangeKind) -> None:
    one, many = {kind: 1}, {kind: 2_345}
    assert kinds.applied_words(one).startswith("1 account was ")
    assert kinds.applied_words(many).startswith("2,345 accounts were ")
    both = kinds.applied_words(dict.fromkeys(WRITING_KINDS, 2))
    assert both.count("accounts") == 1 and both.endswith(".")
    outlook = outlook_words(many, one, missing=3)
    assert "2,345" in outlook.approve and "3 missing students" in outlook.approve
    assert "2,344 accounts are left out" in outlook.additions
    assert "2,345 planned changes" in outlook.discard


def test_the_counts_of_a_run_are_listed_without_the_zeros() -> None:
    counts = {"new": 3, "updated": 0, "unchanged": 1_120, "error": 1, "read": 1_124}
    assert kinds.count_words(counts) == "New: 3, Unchanged: 1,120, Errors: 1"


def test_each_reason_that_a_plan_can_give_has_words_and_no_other_one() -> None:
    files = [*(PRODUCT / "roster").rglob("*.py"), *(PRODUCT / "sync").rglob("*.py")]
    given = {reason for file in files for reason in reasons_in(file)}
    given |= set(re.findall(r"'(undo_\w+)'", files_of("sync/store", ".sql", ".py")))
    assert given == REASONS.keys()
    assert SENTENCES.keys() <= REASONS.keys()


def test_each_outcome_of_a_row_has_words() -> None:
    written = files_of("sync", ".sql", ".py")
    codes = set(re.findall(r"outcome\s*=\s*['\"](\w+)['\"]", written))
    assert {"overtaken", "left_out"} <= codes <= states.ROW_OUTCOMES.keys()


@pytest.mark.parametrize("state", RunState)
def test_each_state_has_its_words(state: RunState) -> None:
    for mode in Mode:
        run = a_run(state, mode=mode)
        assert states.state_words(run) and states.stage_words(run)
        assert what_was_changed(run, {})
    assert state in states.OUTCOMES
    assert (state in states.UNFINISHED) == (state != RunState.DONE)
    assert (state in states.STAGES) != (state in states.RESTS)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("trigger", Trigger)
def test_each_mode_and_trigger_has_its_words(mode: Mode, trigger: Trigger) -> None:
    run = a_run(trigger=trigger, mode=mode)
    assert mode.label and states.started_by(run) not in {"", trigger.value}
    assert uploader_type(run) and sis_label(run) == "PowerSchool"


def test_each_severity_has_its_words() -> None:
    for words in (SEVERITY_LABELS, SEVERITY_PLURALS, SEVERITY_EFFECTS):
        assert list(words) == list(Severity)


def test_each_alarm_of_a_guard_has_a_sentence_and_no_other_one() -> None:
    guards = ast.parse((PRODUCT / "roster" / "planning" / "guards.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(guards) if isinstance(node, ast.Call)]
    named = [call for call in calls if getattr(call.func, "id", "") == "Alarm"]
    codes = {code for call in named for code in texts_in(call.args[0])}
    assert codes == ALARMS.keys()
    assert alarm_words([{"code": "tomorrow"}], "PowerSchool") == ["tomorrow"]


@pytest.mark.parametrize("code", PROBLEMS)
def test_each_problem_has_its_words(code: str) -> None:
    details = IssueDetails(code, "PowerSchool", "email", "Contact Information", "E-mail", "ada@")
    words = explain(details)
    assert "{" not in words.cause + words.remedy
    assert words.fixed_by in WHO_LABELS and words.severity in SEVERITY_LABELS


def test_each_short_expectation_belongs_to_a_problem() -> None:
    assert EXPECTED_VALUES.keys() <= PROBLEMS.keys()


def test_each_completeness_and_each_notice_has_its_words() -> None:
    assert COMPLETENESS_LABELS.keys() == set(Completeness)
    assert HEADLINES.keys() == set(NoticeEvent)


def test_numbers_and_sources_read_as_people_write_them() -> None:
    assert [number(value) for value in (0, 1_240, 5.0, 11.129, 2_000_000)] == [
        "0",
        "1,240",
        "5",
        "11.1",
        "2,000,000",
    ]
    assert [source_label(code) for code in ("powerschool", "", "gone")] == [
        "PowerSchool",
        "By hand",
        "gone",
    ]


def test_each_finding_about_a_missing_student_has_a_text_and_no_other_one() -> None:
    tree = ast.parse((PRODUCT / "sync/report/why_missing.py").read_text(encoding="utf-8"))
    codes: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.endswith("_code"):
            returns = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
            codes.update(text for value in returns if value for text in texts_in(value))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_finding":
            codes.update(texts_in(node.args[0]))
    assert codes - {""} == FINDINGS.keys()
    for text in FINDINGS.values():
        assert text.what and text.remedy
