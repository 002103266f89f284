"""Ends a conversation with a SIS from another thread: its waits and its open requests."""

import threading
from collections.abc import Callable


class Interruption:
    """Closes what is open in one conversation. Once interrupted, it closes at once what is added.

    The reader's thread then gets a SourceError, at the latest after `Bounds.connect_seconds`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._interrupted = False
        self._closings: list[Callable[[], object]] = []

    def add(self, close: Callable[[], object]) -> None:
        """Call `close` when the conversation is interrupted."""
        with self._lock:
            interrupted = self._interrupted
            self._closings.append(close)
        if interrupted:
            close()

    def interrupt(self) -> None:
        """End the conversation. Calling it again does nothing."""
        with self._lock:
            closings = [] if self._interrupted else list(self._closings)
            self._interrupted = True
        for close in closings:
            close()
