"""Writes the table in docs/settings.md from the settings class: `make settings`."""

import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parent / "settings.md"

before, _, rest = PAGE.read_text().partition("| variable |")
after = rest.partition("\n\n")[2]
table = subprocess.run(
    [sys.executable, "-m", "rollbook", "settings", "--markdown"],
    capture_output=True,
    text=True,
    check=True,
).stdout
PAGE.write_text(f"{before}{table}\n{after}")
