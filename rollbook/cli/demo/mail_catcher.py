"""The demo's mail server: it takes every mail, sends none on, and keeps the last ones as files.

Only requirements/demo.txt and dev.txt have aiosmtpd.
"""

import time
from itertools import count
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

MOST_MAILS = 200


class MailFolder:
    """The folder of caught mails; aiosmtpd calls it for each mail."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{next(self._numbers):04}.eml"
        (self._folder / name).write_bytes(envelope.content)
        for old in sorted(self._folder.glob("*.eml"))[:-MOST_MAILS]:
            old.unlink(missing_ok=True)
        return "250 kept"


def start(folder: Path, port: int) -> Controller:
    """Start a mail server on this port and return it; it ends by `stop()`."""
    catcher = Controller(MailFolder(folder), hostname="127.0.0.1", port=port)
    catcher.start()
    return catcher
