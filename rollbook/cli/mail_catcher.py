"""The demo's mail server: takes every mail, sends none on, and keeps the last ones as files."""

import time
from itertools import count
from pathlib import Path
from typing import Any

KEPT = 200


class MailFolder:
    """What aiosmtpd calls for each mail."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{next(self._numbers):04}.eml"
        (self._folder / name).write_bytes(envelope.content)
        for old in sorted(self._folder.glob("*.eml"))[:-KEPT]:
            old.unlink(missing_ok=True)
        return "250 kept"


def start(folder: Path, port: int) -> Any | None:
    """A running catcher with a `stop()`; None where the demo's requirements aren't installed."""
    try:
        from aiosmtpd.controller import Controller
    except ImportError:
        return None
    catcher = Controller(MailFolder(folder), hostname="127.0.0.1", port=port)
    catcher.start()
    return catcher
