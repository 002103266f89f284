"""The figures and the picture of the side-by-side measurement, without measuring anything."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.side_by_side.__main__ import _arguments, _Diary, _turns
from bench.side_by_side.bars import picture
from bench.side_by_side.cases import FEW_PEERS
from bench.side_by_side.results import figures, goals, table
from bench.side_by_side.students import SECOND_DAY, has_email, is_changed, student
from bench.side_by_side.turns import PEERS, Row


def a_sync(who: str, seconds: float, phase: str = "none", **other: object) -> Row:
    row = {"who": who, "phase": phase, "inside_s": seconds, "whole_s": seconds + 1, "ok": True}
    return {**row, "peak_mb": 100.0, "load": 0.1, "other_cores": 0.0, "repetition": 0, **other}


def some_syncs() -> list[Row]:
    times = {"limit": 0.5, "rollbook": 1.0, "dlt tuned": 12.0}
    return [a_sync(who, seconds) for who, seconds in times.items()]


def test_ratios_are_of_medians_and_failed_syncs_are_left_out() -> None:
    rows = [*some_syncs(), a_sync("rollbook", 1.4), a_sync("rollbook", 1.2)]
    rows.append(a_sync("rollbook", 0.01, ok=False))
    limit, rollbook, dlt = figures(rows)
    assert (limit["who"], rollbook["who"], dlt["who"]) == ("limit", "rollbook", "dlt tuned")
    assert (rollbook["seconds"], rollbook["least"], rollbook["most"]) == (1.2, 1.0, 1.4)
    assert (rollbook["times_limit"], rollbook["times_as_fast_as_dlt"]) == (2.4, 10.0)


def test_the_table_and_the_goals_say_what_was_measured() -> None:
    measured = figures(some_syncs())
    assert "| none | **rollbook** | 1.00 (1.00–1.00) | 2.00 | 100 | 2.0 | 12.0 |" in table(measured)
    verdicts = list(goals(measured))
    assert len(verdicts) == 3
    assert all(verdict.startswith("* reached") for verdict in verdicts)


def test_everybody_begins_once() -> None:
    turns = list(_turns(["limit", "dlt tuned"], ["rollbook"], 3))
    assert [who for _repetition, who in turns[::3]] == ["limit", "dlt tuned", "rollbook"]
    assert len(set(turns)) == 9


def test_a_stopped_measurement_goes_on_after_the_last_complete_turn(tmp_path: Path) -> None:
    path = tmp_path / "turns.jsonl"
    _Diary(path).add(0, "limit", iter(some_syncs()[:1]))

    def stopped() -> Iterator[Row]:
        yield a_sync("rollbook", 1.0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _Diary(path).add(0, "rollbook", stopped())
    again = _Diary(path)
    assert (again.has(0, "limit"), again.has(0, "rollbook"), again.has(1, "limit")) == (
        True,
        False,
        False,
    )


def test_the_picture_has_a_bar_for_each_participant_and_a_look_for_the_dark() -> None:
    svg = picture({"students": 100_000, "figures": figures(some_syncs())})
    root = ElementTree.fromstring(svg)
    bars = [each for each in root.iter() if each.tag.endswith("rect")]
    widths = [int(each.get("width", "0")) for each in bars]
    assert widths == sorted(widths)
    assert len(widths) == 3
    assert "prefers-color-scheme: dark" in svg
    assert "12.0 × dlt" in svg


def test_one_student_in_a_hundred_changes_and_one_in_twenty_has_no_email() -> None:
    numbers = range(1, 10_001)
    assert sum(is_changed(number, SECOND_DAY) for number in numbers) == 100
    without = sum(not has_email(number, "v0") for number in numbers)
    assert 400 < without < 600
    assert student(37, SECOND_DAY, 1)["contact_info"]["email"].endswith(".new@students.example.org")


def test_a_case_gives_what_the_options_leave_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--case", "limited", "--students", "700"])
    chosen = _arguments()
    assert (chosen.students, chosen.rate, chosen.repetitions) == (700, 300, 1)
    assert chosen.peers == FEW_PEERS
    monkeypatch.setattr("sys.argv", ["bench"])
    assert (_arguments().students, _arguments().latency_ms) == (100_000, 0.0)
    assert set(_arguments().peers) == set(PEERS)
