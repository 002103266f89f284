"""The picture of a measurement: a bar for each participant in each phase, as SVG.

It has a light and a dark look, which the reader's settings choose.
"""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

from bench.side_by_side.results import Figures
from bench.side_by_side.turns import BEFORE, PHASES, ROLLBOOK

WIDTH, LEFT, RIGHT = 760, 150, 130
BAR, GAP, HEADING = 20, 8, 44
TITLES: Final = {
    "first": "First run: all students are new",
    "1 %": "One student in a hundred changed",
    "none": "Nothing changed",
}
STYLE: Final = """
    text { font: 13px system-ui, sans-serif; fill: #1f2933; }
    .heading { font-weight: 600; font-size: 14px; }
    .quiet { fill: #52606d; }
    .bar { fill: #9aa5b1; }
    .own { fill: #2f6fde; }
    .before { fill: #a9c4f2; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e4e7eb; }
      .quiet { fill: #9aa5b1; }
      .bar { fill: #616e7c; }
      .own { fill: #6ea0f5; }
      .before { fill: #34548c; }
    }
"""


def picture(measurement: dict[str, Any]) -> str:
    """Return the bars of a measurement. Each phase has its own scale."""
    lines: list[str] = []
    top = 10
    for phase in PHASES:
        bars = [each for each in measurement["figures"] if each["phase"] == phase]
        if bars:
            lines += _phase(phase, bars, top)
            top += HEADING + len(bars) * (BAR + GAP)
    title = f"Seconds of a sync of {measurement['students']:,} students, median"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 10}" '
        f'width="{WIDTH}" height="{top + 10}" role="img" aria-label="{title}">\n'
        f"  <style>{STYLE}  </style>\n  " + "\n  ".join(lines) + "\n</svg>\n"
    )


def _phase(phase: str, bars: list[Figures], top: int) -> Iterator[str]:
    longest = max(each["seconds"] for each in bars)
    yield f'<text class="heading" x="0" y="{top + 24}">{TITLES[phase]}</text>'
    for place, each in enumerate(bars):
        y = top + HEADING - 8 + place * (BAR + GAP)
        length = max(2, round(each["seconds"] / longest * (WIDTH - LEFT - RIGHT)))
        look = {ROLLBOOK: "bar own", BEFORE: "bar before"}.get(each["who"], "bar")
        middle = y + BAR - 5
        yield (f'<text x="{LEFT - 10}" y="{middle}" text-anchor="end">{escape(each["who"])}</text>')
        yield f'<rect class="{look}" x="{LEFT}" y="{y}" width="{length}" height="{BAR}" rx="3"/>'
        text = f"{each['seconds']:.2f} s"
        if each["times_as_fast_as_dlt"] is not None and each["who"] in (ROLLBOOK, BEFORE):
            text += f", {each['times_as_fast_as_dlt']:.1f} × dlt"
        yield f'<text class="quiet" x="{LEFT + length + 8}" y="{middle}">{text}</text>'
