"""Events as JSON lines, as ``events.jsonl`` has them, to a file or to standard output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

from cass_snapshot.errors import UsageError
from cass_snapshot.snapshot.rundir import event_line
from cass_snapshot.snapshot.status import Event, RunStatus

STANDARD_OUTPUT = "-"


class EventsView:
    """Writes each event as it comes; a line is complete before the next step of the run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def status(self, status: RunStatus) -> None:
        """Events say it all."""

    def event(self, event: Event) -> None:
        """Write one line."""
        self._stream.write(event_line(event).decode())
        self._stream.flush()

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._stream is not sys.stdout:
            self._stream.close()


def open_events(target: str) -> EventsView:
    """Return a view that appends to a file, a pipe or, for ``-``, standard output.

    Raises:
        UsageError: the file cannot be opened.
    """
    if target == STANDARD_OUTPUT:
        return EventsView(sys.stdout)
    try:
        return EventsView(Path(target).open("a", encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"cannot write events to {target}",
            where="--events",
            why=error.strerror or str(error),
            fix="name a file in a folder that exists, or - for standard output",
        ) from error
