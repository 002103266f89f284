"""What the demo remembers from one start to the next."""

import json
from pathlib import Path
from typing import Any

from rollbook.cli.output import Document


class State:
    """The file `demo.json`: addresses, passwords, the week and the ids of the processes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder.resolve() / "demo.json"
        self.values: Document = {}
        self.read()

    def read(self) -> Document:
        """Read the file again and return its values."""
        self.values = json.loads(self.file.read_text()) if self.file.exists() else {}
        return self.values

    def save(self, **values: Any) -> None:
        """Change some values in the file, which only its owner can read."""
        self.read()  # `next-week` writes it as well, from another process
        self.values |= values
        scratch = self.file.with_suffix(".new")
        scratch.touch(mode=0o600)
        scratch.write_text(json.dumps(self.values, indent=2))
        scratch.replace(self.file)
