"""Events as JSON lines, to a file or to standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TextIO

from cass_snapshot.errors import UsageError
from cass_snapshot.snapshot.status import Event, RunStatus

STANDARD_OUTPUT = "-"


def event_line(event: Event) -> str:
    """Return an event as one JSON object with a newline."""
    record = {
        "v": 1,
        "seq": event.seq,
        "run_id": event.run_id,
        "ts": event.ts,
        "event": event.event,
        "status": event.status,
        **event.fields,
        "message": event.message,
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=str) + "\n"


class EventsView:
    """Writes each event as it comes; a line is complete before the next step of the run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def status(self, status: RunStatus) -> None:
        """Events say it all."""

    def event(self, event: Event) -> None:
        """Write one line."""
        self._stream.write(event_line(event))
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
