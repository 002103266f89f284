"""Draws a table in the terminal."""

import re
import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of texts below the names of their columns.

    The texts come from students' records, so they are never read as rich's markup.
    """
    printed = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for name, *values in zip(columns, *rows, strict=True):
        # A part of an id is of no use: the other columns get narrower instead.
        printed.add_column(name, no_wrap=any(map(ID.fullmatch, values)))
    for texts in rows:
        printed.add_row(*map(Text, texts))
    Console(width=None if sys.stdout.isatty() else 240).print(printed)
