"""The lines on stderr that say what is going on, and the word that it shall stop.

Both servers start at the same time in two threads: lines are written whole, and a thread that
waits does so on ``Progress.wait``, which ends at once when the work is cancelled.
"""

import sys
import threading
import time

from tests.support.stack.errors import CancelledError


class Progress:
    """Says lines with the seconds since the beginning; carries the cancellation."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._cancelled = threading.Event()

    def say(self, line: str) -> None:
        """Write one line at once."""
        sys.stderr.write(f"[{time.monotonic() - self._began:5.1f} s] {line}\n")
        sys.stderr.flush()

    def cancel(self) -> None:
        """Make every ``wait`` and ``check``, now and later, raise."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise if the work was cancelled."""
        if self._cancelled.is_set():
            raise CancelledError("cancelled")

    def wait(self, seconds: float) -> None:
        """Let that much time pass; raise as soon as the work is cancelled."""
        self._cancelled.wait(seconds)
        self.check()
