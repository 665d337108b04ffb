"""How many rows a run may set aside before it ends."""

from __future__ import annotations

from cass_snapshot.errors import LimitReached, SnapshotError
from cass_snapshot.settings import LimitsSettings
from cass_snapshot.snapshot.progress import Progress

SHARE_FROM_ROWS = 100_000
"""A share of fewer rows is not judged before the end: the first rejected row would be all of it."""


EXCEEDED = "more rows were rejected than may be"


class Budget:
    """Judges the rejected rows of all tables of a run, those of earlier processes included."""

    def __init__(self, limits: LimitsSettings, progress: Progress) -> None:
        self._limits = limits
        self._progress = progress

    @property
    def rejected(self) -> int:
        """Return how many rows are set aside."""
        return sum(t.rows_rejected for t in self._progress.tables)

    def exceeded(self, *, copying: bool) -> LimitReached | None:
        """Return the error that ends the run, None where so many rows may be rejected.

        Args:
            copying: more rows are coming, so that a share may still change.
        """
        read = sum(t.rows_read for t in self._progress.tables)
        share = self._limits.rejected_max.endswith("%")
        if copying and share and read <= SHARE_FROM_ROWS:
            return None
        if not self.rejected or not self._limits.exceeded(self.rejected, read):
            return None
        return LimitReached(
            EXCEEDED,
            where="[limits] rejected_max, or --rejected-max",
            why=f"{self.rejected:,} of {read:,} rows, and the limit is {self._limits.rejected_max}",
            fix="mend the target and cass-snapshot replay-wal --rejected, or raise the limit;"
            " the same command goes on with the other rows",
        )

    def at_the_end(self, halted: SnapshotError) -> SnapshotError:
        """Return why a run was halted; where it was for rejected rows, with those of the end."""
        if not isinstance(halted, LimitReached) or halted.what != EXCEEDED:
            return halted
        return self.exceeded(copying=False) or halted
