"""Says again and again that this process holds its runs, so that nobody takes them over."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Event, Thread
from types import TracebackType
from typing import Self

from cass_snapshot.errors import Fenced, SnapshotError
from cass_snapshot.model import RunRecord
from cass_snapshot.protocols import TargetAdmin
from cass_snapshot.protocols.targets import LEASE_S

RENEW_EVERY_S = LEASE_S / 3
"""Rarely, because it waits for the batches in hand, and those that follow wait for it."""
log = logging.getLogger(__name__)


class Lease:
    """Renews what a run was registered with, in a thread, until it is left.

    A target that is away is asked again: whoever holds the run then, the epoch decides.

    Args:
        open_admin: opens a connection of its own.
        records: the tables of the run.
    """

    def __init__(self, open_admin: Callable[[], TargetAdmin], records: Sequence[RunRecord]) -> None:
        self._open_admin = open_admin
        self._records = records
        self._done = Event()
        self._thread = Thread(target=self._renew, name="lease", daemon=True)
        self.lost: Fenced | None = None
        """Why this process must write no more."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Renew it no more; before the ledger is told how the run ended."""
        self._done.set()
        self._thread.join()

    def _renew(self) -> None:
        admin: TargetAdmin | None = None
        while not self._done.wait(RENEW_EVERY_S):
            try:
                admin = admin or self._open_admin()
                admin.ledger.renew(self._records)
            except Fenced as error:
                self.lost = error
                break
            except SnapshotError as error:
                log.info("the run's lease could not be renewed: %s", error)
        if admin is not None:
            admin.close()
