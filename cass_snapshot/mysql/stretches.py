"""Moves many checkpoints over many batches whose rows are in, in one transaction (I2).

Rows go in here by the thousand, so each statement carries many. Values are computed from what is
read under a lock; a row that the statements meet gets them whole, never by an increment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cass_snapshot.errors import StateError
from cass_snapshot.model import Checkpoint, RangeState
from cass_snapshot.mysql.bulk import Bulk, StretchSql
from cass_snapshot.mysql.checkpoint import (
    REJECTED,
    CheckpointKeeper,
    checkpoint_of,
    position_text,
    tally_text,
)
from cass_snapshot.rejection import Stretch

ROWS_AT_ONCE = 500
BYTES_AT_ONCE = 2**19
"""A position holds a key in hexadecimal, so a row may be large; packets of 1 MiB are the least that
servers are set up with."""
Row = tuple[object, ...]


class StretchKeeper:
    """Advances the checkpoints of one table of one run over stretches, on a cursor it is given."""

    def __init__(self, sql: StretchSql, keeper: CheckpointKeeper) -> None:
        self._sql = sql
        self._keeper = keeper

    def advance(self, cursor: Any, stretches: Sequence[Stretch], where: str) -> bool:  # noqa: ANN401 - see connection.connect
        """Move all checkpoints in the open transaction; False if all stand past their batches.

        Raises:
            Fenced: another process took the run over.
            StateError: a checkpoint is not where its batches begin; nothing may be committed.
        """
        self._keeper.guard(cursor, where)
        held = self._held(cursor, [s.batches[0].range.number for s in stretches])
        in_already = [s for s in stretches if _is_in(s, held)]
        for stretch in in_already:
            self._keeper.prove_applied(cursor, stretch.batches[-1])
        if in_already and len(in_already) == len(stretches):
            return False
        for stretch in stretches:
            _require_start(stretch, held)
        self._put(cursor, self._sql.move, self._checkpoints(stretches, held))
        self._put(cursor, self._sql.insert_wal, self._batches(stretches))
        self._put(cursor, self._sql.insert_rejected, self._rejected(stretches))
        return True

    def _held(self, cursor: Any, numbers: Sequence[int]) -> dict[int, Checkpoint]:  # noqa: ANN401 - see connection.connect
        """Return the checkpoints of some ranges, which nobody else moves until the end.

        An earlier transaction of ours whose connection was lost may still be open at the server:
        the lock waits for it.
        """
        held: dict[int, Checkpoint] = {}
        for start in range(0, len(numbers), ROWS_AT_ONCE):
            some = numbers[start : start + ROWS_AT_ONCE]
            cursor.execute(self._sql.held(len(some)), (*self._keeper.key, *some))
            held |= {c.range.number: c for c in map(checkpoint_of, cursor.fetchall())}
        return held

    def _checkpoints(
        self, stretches: Sequence[Stretch], held: dict[int, Checkpoint]
    ) -> Iterator[Row]:
        for stretch in stretches:
            last = stretch.batches[-1]
            before = held[last.range.number]
            rows = sum(b.lines.rows for b in stretch.batches)
            refused = sum(b.lines.tally.refused for b in stretch.batches)
            yield (
                *(*self._keeper.key, last.range.number, last.range.start, last.range.end),
                *(position_text(last.position), last.seq, before.rows_read + rows + refused),
                *(before.rows_written + rows - len(stretch.rejected), last.checksum),
                (RangeState.DONE if last.closing else RangeState.RUNNING).value,
                self._keeper.worker,
            )

    def _batches(self, stretches: Sequence[Stretch]) -> Iterator[Row]:
        """Yield a row a batch; which of them a rejected row came from is not known, so the last."""
        for stretch in stretches:
            last = stretch.batches[-1]
            for batch in stretch.batches:
                rejected = len(stretch.rejected) if batch is last else 0
                yield (
                    *(*self._keeper.key, batch.range.number, batch.seq, batch.segment),
                    *(batch.offset, batch.lines.rows, batch.size, batch.checksum),
                    *(self._keeper.wal_state, None, tally_text(batch.lines.tally, rejected)),
                )

    def _rejected(self, stretches: Sequence[Stretch]) -> Iterator[Row]:
        for stretch in stretches:
            number = stretch.batches[0].range.number
            for batch in stretch.batches:
                for identity in batch.lines.tally.ids:
                    yield (*self._keeper.key, identity, number, REJECTED, None, None)
            for row in stretch.rejected:
                problem = row.problem
                named = (REJECTED, problem.error, problem.column)
                yield (*self._keeper.key, row.id, number, *named)

    def _put(self, cursor: Any, many: Bulk, rows: Iterator[Row]) -> None:  # noqa: ANN401 - see connection.connect
        waiting: list[Row] = []
        size = 0
        for row in rows:
            width = sum(len(value) for value in row if isinstance(value, str))
            if waiting and (len(waiting) == ROWS_AT_ONCE or size + width > BYTES_AT_ONCE):
                _execute(cursor, many, waiting)
                waiting, size = [], 0
            waiting.append(row)
            size += width
        if waiting:
            _execute(cursor, many, waiting)


def _execute(cursor: Any, many: Bulk, rows: Sequence[Row]) -> None:  # noqa: ANN401 - see connection.connect
    cursor.execute(many.statement(len(rows)), tuple(value for row in rows for value in row))


def _is_in(stretch: Stretch, held: dict[int, Checkpoint]) -> bool:
    last = stretch.batches[-1]
    found = held.get(last.range.number)
    return found is not None and found.batch_seq >= last.seq


def _require_start(stretch: Stretch, held: dict[int, Checkpoint]) -> None:
    """Refuse a stretch that does not begin where its checkpoint stands, or that has a gap.

    Some checkpoints moved and others not is refused here too: they move together.
    """
    first = stretch.batches[0]
    found = held.get(first.range.number)
    seqs = [b.seq for b in stretch.batches]
    expected = list(range(found.batch_seq + 1, found.batch_seq + 1 + len(seqs))) if found else []
    if seqs == expected and all(b.range == first.range for b in stretch.batches):
        return
    raise StateError(
        "the checkpoint does not fit the WAL",
        where=f"{first.range}, batches {seqs[0]} to {seqs[-1]}, {first.segment}:{first.offset}",
        why=f"MySQL holds batch {found.batch_seq}" if found else "the range is not registered",
        fix="start afresh with --new",
    )
