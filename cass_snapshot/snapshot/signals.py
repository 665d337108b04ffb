"""The operator's wish to stop: SIGINT or SIGTERM once in good order, a second time at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from threading import Event, Lock
from types import FrameType, TracebackType
from typing import Self

SIGNAL_BASE = 128
"""A process that a signal ended reports this plus the signal's number."""


class Requested(Event):
    """An event that a signal's handler may set, and that stays set.

    The handler runs in the middle of whatever the main thread does, also in an event's own code:
    it may take no lock that is held there. This one is set by giving a lock back.
    """

    def __init__(self) -> None:
        super().__init__()
        self._requested = False
        self._closed = Lock()
        self._closed.acquire()

    def is_set(self) -> bool:
        """Tell whether it was set."""
        return self._requested

    def set(self) -> None:
        """Set it, for good."""
        if not self._requested:
            self._requested = True
            self._closed.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or for so many seconds; tell whether it is."""
        if self._closed.acquire(timeout=-1 if timeout is None else timeout):
            self._closed.release()
        return self._requested


class StopRequest:
    """Catches SIGINT and SIGTERM while it is entered.

    Args:
        at_once: called before the process ends at the second signal; must be quick.
    """

    def __init__(self, at_once: Callable[[], None] = lambda: None) -> None:
        self.at_once = at_once
        self._before: dict[int, object] = {}
        self.signal: int | None = None
        """The first signal that came, None while there was none."""
        self.event = Requested()
        """Set with it, for whoever waits meanwhile."""

    @property
    def requested(self) -> bool:
        """Tell whether a signal came."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """Return 130 for SIGINT, 143 for SIGTERM."""
        return SIGNAL_BASE + (self.signal or 0)

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # it came from signal.signal

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is not None:
            self.at_once()
            os._exit(SIGNAL_BASE + number)
        self.signal = number
        self.event.set()
