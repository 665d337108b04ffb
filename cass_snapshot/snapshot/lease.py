"""Says again and again that this process holds its runs, so that nobody takes them over.

The target counts a lease by its own clock, from when it takes a renewal. Here it is counted from
before the renewal was sent, so that it is over here no later than there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from cass_snapshot.errors import Fenced, SnapshotError, TargetUnavailable
from cass_snapshot.model import RunRecord
from cass_snapshot.protocols import Ledger
from cass_snapshot.protocols.targets import LEASE_S
from cass_snapshot.retry import PAUSE_MAX_S
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.progress import Progress

RENEW_EVERY_S = LEASE_S / 3
"""Rarely, because it waits for the batches in hand, and those that follow wait for it."""
ANSWER_S = max(1, LEASE_S // 3)
"""How long an answer is waited for, in whole seconds: a connection that hangs costs one renewal,
and the next is in time."""
Clock = Callable[[], float]
log = logging.getLogger(__name__)


class Lease:
    """Renews what a run was registered with, in a thread, until it is ended.

    A target that is away is asked again: whoever holds the run then, the epoch decides.

    Args:
        open_ledger: returns a record of runs with a connection of its own, whose calls end after a
            few times ANSWER_S.
        records: the tables of the run.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        open_ledger: Callable[[], Ledger],
        records: Sequence[RunRecord],
        clock: Clock = monotonic,
    ) -> None:
        self._open_ledger = open_ledger
        self._records = records
        self._clock = clock
        self._done = Event()
        self._thread = Thread(target=self._renew, name="lease", daemon=True)
        self._fenced: Fenced | None = None
        self._failed: SnapshotError | None = None
        self._held_at = clock()
        self._ran_out = False
        self._rows = 0
        self._rows_since: float | None = None

    def begin(self) -> None:
        """Renew it from now on."""
        self._thread.start()

    def end(self) -> None:
        """Renew it no more; before the ledger is told how the run ended.

        A target that hangs is not waited for: what it still takes of a renewal comes to nothing,
        once it knows that the run has ended.
        """
        self._done.set()
        self._thread.join(ANSWER_S)
        if self._thread.is_alive():
            log.info("a renewal of the run's lease has no answer yet, and is left behind")

    def look(self, progress: Progress, journal: Journal) -> SnapshotError | None:
        """Return why this process must write no more; None as long as it may.

        A lease that has run out is told. The epoch that each batch proves in its transaction holds
        then instead; but a target that takes rows for as long as a lease lasts, and no renewal, is
        not written to any more. One that is away takes neither, and is waited for.
        """
        if self._fenced is not None:
            return self._fenced
        now, rows = self._clock(), sum(t.rows_applied for t in progress.tables)
        if now - self._held_at < LEASE_S:
            if self._ran_out:
                journal.emit("run", "warning", "the run's lease is renewed; nobody else had it")
            self._ran_out, self._rows, self._rows_since = False, rows, None
            return None
        if not self._ran_out:
            self._ran_out = True
            text = (
                f"the run's lease ran out: MySQL took no renewal for {LEASE_S} s, and another"
                " process may take the run over, which would end this one"
            )
            journal.emit("run", "warning", text)
        if self._rows_since is None and rows > self._rows:
            self._rows_since = now
        gone_in_s = 0.0 if self._rows_since is None else now - self._rows_since
        return self._refused(now) if gone_in_s >= LEASE_S else None

    def _refused(self, now: float) -> TargetUnavailable:
        known = self._failed or "nothing came back"
        return TargetUnavailable(
            "MySQL takes rows, but does not renew the run's lease",
            where=f"run {self._records[0].run_id}, in snapshot_runs",
            why=f"since {now - self._held_at:.0f} s; the last try: {known}",
            fix="mend what is said there, then run the same command again",
        )

    def _renew(self) -> None:
        ledger: Ledger | None = None
        pause = RENEW_EVERY_S
        while not self._done.wait(pause):
            asked_at = self._clock()
            try:
                ledger = ledger or self._open_ledger()
                ledger.renew(self._records)
            except Fenced as error:
                self._fenced = error
                break
            except SnapshotError as error:
                self._failed, pause = error, min(RENEW_EVERY_S, PAUSE_MAX_S)
                log.info("the run's lease could not be renewed: %s", error)
            else:
                self._held_at, pause = asked_at, RENEW_EVERY_S
        if ledger is not None:
            ledger.close()


@contextmanager
def renewing(
    open_ledger: Callable[[], Ledger], records: Sequence[RunRecord], clock: Clock = monotonic
) -> Iterator[Lease]:
    """Give a lease that is renewed; as ``Lease``."""
    lease = Lease(open_ledger, records, clock)
    lease.begin()
    try:
        yield lease
    finally:
        lease.end()
