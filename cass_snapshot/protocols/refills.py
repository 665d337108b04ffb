"""What the record of runs promises of a target that lost its rows and gets them back."""

from __future__ import annotations

from typing import Protocol

from cass_snapshot.model import RunRecord


class Refills(Protocol):
    """The part of the ledger that keeps others from trusting checkpoints whose rows are gone."""

    def refill(self, record: RunRecord) -> RunRecord:
        """Note that a target gets its rows back, and return the record with its new epoch.

        Called before the first of them is in, and again where an earlier refill broke off. The
        state that the run had before is kept; whoever wrote it before is fenced.

        Raises:
            Fenced: another process took the run over.
        """
        ...

    def refilled(self, record: RunRecord) -> None:
        """Note that all rows are in again; the run's state is what it was before.

        Unless a newer process has taken the run over; a second time changes nothing.
        """
        ...
