"""What happened, in order: each event goes to ``events.jsonl``, to the view and to the log."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from cass_snapshot.snapshot.progress import iso
from cass_snapshot.snapshot.rundir import RunDirectory
from cass_snapshot.snapshot.status import Event, View

log = logging.getLogger(__name__)


class Journal:
    """Numbers events and hands them on. ``seq`` goes on where an earlier process left off."""

    def __init__(self, run_id: str, directory: RunDirectory, view: View) -> None:
        self._run_id = run_id
        self._directory = directory
        self._view = view
        self._seq = directory.count_events()

    def emit(self, event: str, status: str, message: str, **fields: object) -> None:
        """Record an event.

        Args:
            event: its kind, one of those that ``status.Event`` lists.
            status: started, progress, applied, finished, failed or warning.
            message: for people.
            fields: what belongs to this kind: table, range, rows, reason and the like.
        """
        self._seq += 1
        record = Event(
            seq=self._seq,
            run_id=self._run_id,
            ts=iso(datetime.now(UTC)),
            event=event,
            status=status,
            message=message,
            fields=fields,
        )
        try:
            self._directory.append_event(record)
        except OSError as error:  # rows are what a full disk must stop, and the workers see to that
            log.warning("an event could not be written: %s", error)
        level = logging.WARNING if status in ("failed", "warning") else logging.INFO
        log.log(level, "%s", message)
        self._view.event(record)
