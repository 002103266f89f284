"""What the measured syncs come to: medians, ratios, the table, the goals that are reached."""

import statistics
from collections.abc import Iterable, Iterator
from typing import Any, Final

from bench.side_by_side.turns import PHASES, ROLLBOOK, Row

DLT, LIMIT = "dlt tuned", "limit"
# At 100,000 students, without latency: times as fast as dlt, and of the limit's seconds.
AT_LEAST: Final = {"first": 6, "1 %": 12, "none": 12}
AT_MOST: Final = 2.5
MOST_MB: Final = 150

Figures = dict[str, Any]


def figures(rows: Iterable[Row]) -> list[Figures]:
    """Return the figures of each phase and each participant, the fastest first."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["ok"]:
            groups.setdefault((row["phase"], row["who"]), []).append(row)
    medians = {key: _median(group, "inside_s") for key, group in groups.items()}
    result = []
    for (phase, who), group in groups.items():
        seconds = medians[phase, who]
        times = [row["inside_s"] for row in group]
        limit, dlt = medians.get((phase, LIMIT)), medians.get((phase, DLT))
        result.append(
            {
                "phase": phase,
                "who": who,
                "seconds": seconds,
                "least": min(times),
                "most": max(times),
                "whole_command": _median(group, "whole_s"),
                "peak_mb": max(row["peak_mb"] for row in group),
                "times_limit": round(seconds / limit, 2) if limit else None,
                "times_as_fast_as_dlt": round(dlt / seconds, 2) if dlt else None,
                "load": _median(group, "load"),
                "other_cores": _median(group, "other_cores"),
            }
        )
    phases = list(PHASES)
    return sorted(result, key=lambda each: (phases.index(each["phase"]), each["seconds"]))


def table(measured: list[Figures]) -> Iterator[str]:
    """Yield the lines of the figures as a table in Markdown."""
    yield "| phase | who | seconds (least–most) | whole command | peak MB | × limit | dlt / this |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    for each in measured:
        name = f"**{each['who']}**" if each["who"] == ROLLBOOK else each["who"]
        cells = [
            each["phase"],
            name,
            f"{each['seconds']:.2f} ({each['least']:.2f}–{each['most']:.2f})",
            f"{each['whole_command']:.2f}",
            f"{each['peak_mb']:.0f}",
            _number(each["times_limit"]),
            _number(each["times_as_fast_as_dlt"]),
        ]
        yield f"| {' | '.join(cells)} |"


def goals(measured: list[Figures]) -> Iterator[str]:
    """Yield which goals are reached."""
    for each in measured:
        if each["who"] != ROLLBOOK:
            continue
        phase = each["phase"]
        if each["times_as_fast_as_dlt"] is not None:
            ratio, goal = each["times_as_fast_as_dlt"], AT_LEAST[phase]
            yield _verdict(f"{phase}: {ratio:.1f} times as fast as dlt", f"{goal}", ratio >= goal)
        if each["times_limit"] is not None:
            ratio = each["times_limit"]
            text = f"{phase}: {ratio:.1f} times the limit's seconds"
            yield _verdict(text, f"at most {AT_MOST}", ratio <= AT_MOST)
        peak = each["peak_mb"]
        yield _verdict(f"{phase}: {peak:.0f} MB", f"at most {MOST_MB}", peak <= MOST_MB)


def _verdict(text: str, goal: str, reached: bool) -> str:
    return f"* {'reached    ' if reached else 'NOT reached'}  {text} (goal: {goal})"


def _median(rows: list[Row], name: str) -> float:
    return round(float(statistics.median(row[name] for row in rows)), 3)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
