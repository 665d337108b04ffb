"""A target in memory that keeps the contract of ``protocols.Target``; for tests without a server.

The store is what outlives a process: rows, checkpoints, the log of batches and the run's epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import orjson

from cass_snapshot.errors import Fenced, RangeFailed, StateError
from cass_snapshot.model import Batch, Checkpoint, RangeState, TokenRange, Written

INT_MAX = 2**31 - 1


@dataclass(slots=True)
class FakeStore:
    """What a server would hold of one table of one run; the first column is the key, an int."""

    epoch: int = 1
    rows: dict[int, list[object]] = field(default_factory=dict)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    batches: dict[tuple[int, int], str] = field(default_factory=dict)

    def register(self, ranges: Iterable[TokenRange]) -> None:
        """Store a plan."""
        self.checkpoints = {r.number: Checkpoint(range=r) for r in ranges}


class FakeTarget:
    """Writes batches into a store, as protocols.Target promises."""

    how = "memory"

    def __init__(self, store: FakeStore, epoch: int) -> None:
        self._store = store
        self._epoch = epoch

    def checkpoint(self, token_range: TokenRange) -> Checkpoint:
        """Return what the store holds of a range."""
        if token_range.number not in self._store.checkpoints:
            raise StateError(f"{token_range} is not registered")
        return self._store.checkpoints[token_range.number]

    def write(self, batch: Batch) -> Written:
        """Write rows and checkpoint together, unless they were already there."""
        if self._epoch != self._store.epoch:
            raise Fenced("another process has taken this run over")
        at = (batch.range.number, batch.seq)
        before = self.checkpoint(batch.range)
        if before.batch_seq >= batch.seq and self._store.batches.get(at) == batch.checksum:
            return Written(fresh=False)
        if before.batch_seq != batch.seq - 1:
            raise StateError("the checkpoint does not fit the WAL")
        rows = [orjson.loads(line) for line in batch.lines.data.splitlines()]
        if any(abs(row[0]) > INT_MAX for row in rows):
            raise RangeFailed("a value that no row holds")
        self._store.rows |= {row[0]: row for row in rows}
        self._store.batches[at] = batch.checksum
        self._store.checkpoints[batch.range.number] = replace(
            before,
            batch_seq=batch.seq,
            position=batch.position,
            rows_read=before.rows_read + len(rows),
            rows_written=before.rows_written + len(rows),
            row_digest=batch.checksum,
            state=RangeState.DONE if batch.closing else RangeState.RUNNING,
        )
        return Written(fresh=True)

    def close(self) -> None:
        """Give nothing back."""
