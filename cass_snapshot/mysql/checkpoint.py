"""The checkpoint of a range, moved inside the transaction of its rows (I2).

It stores a position as text and never interprets it; "none yet" is not "could not read".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from cass_snapshot.errors import Fenced, StateError
from cass_snapshot.model import Batch, Checkpoint, Position, RangeState, TokenRange
from cass_snapshot.mysql.control import ControlSql

FAILED = "failed"
"""The state in ``snapshot_wal`` of a batch that MySQL refused."""


def position_text(position: Position | None) -> str | None:
    """Return a position as the checkpoint's column holds it."""
    if position is None:
        return None
    return orjson.dumps(
        {
            "token": position.token,
            "pk": [cell.hex() for cell in position.partition_key],
            "ck": [cell.hex() for cell in position.clustering],
        }
    ).decode()


def parse_position(text: str | None) -> Position | None:
    """Return the position that ``position_text`` wrote."""
    if text is None:
        return None
    parts = orjson.loads(text)
    return Position(
        token=parts["token"],
        partition_key=tuple(map(bytes.fromhex, parts["pk"])),
        clustering=tuple(map(bytes.fromhex, parts["ck"])),
    )


def checkpoint_of(row: Sequence[Any]) -> Checkpoint:
    """Return a row of ``snapshot_checkpoints`` as a record."""
    number, start, end, seq, position, read, written, digest, state, attempts = row
    return Checkpoint(
        range=TokenRange(number=number, start=start, end=end),
        batch_seq=seq,
        position=parse_position(position),
        rows_read=read,
        rows_written=written,
        row_digest=digest,
        state=RangeState(state),
        attempts=attempts,
    )


class CheckpointKeeper:
    """Reads and advances the checkpoints of one table of one run, on a cursor it is given."""

    def __init__(
        self, sql: ControlSql, *, run_id: str, source: str, epoch: int, worker: str, wal_state: str
    ) -> None:
        self._sql = sql
        self._key = (run_id, source)
        self._epoch = epoch
        self._worker = worker
        self._wal_state = wal_state

    def read(self, cursor: Any, number: int) -> Checkpoint:  # noqa: ANN401 - see connection.connect
        """Return the checkpoint of a range.

        Raises:
            StateError: the range was never registered.
        """
        cursor.execute(self._sql.checkpoint, (*self._key, number))
        row = cursor.fetchone()
        if row is None:
            raise StateError(
                f"range {number} is not registered in snapshot_checkpoints",
                where=f"run {self._key[0]}, {self._key[1]}",
                why="the control tables were changed, or belong to another plan",
                fix="start afresh with --new",
            )
        return checkpoint_of(row)

    def advance(self, cursor: Any, batch: Batch) -> bool:  # noqa: ANN401 - see connection.connect
        """Move the checkpoint over a batch, in the open transaction; False if it is past it.

        The epoch is read under a shared lock, so a take-over waits for this transaction, and this
        process writes nothing after a take-over.

        Raises:
            Fenced: another process took the run over.
            StateError: the checkpoint is not where this batch begins.
        """
        cursor.execute(self._sql.epoch, self._key)
        row = cursor.fetchone()
        if row is None or row[0] != self._epoch:
            raise Fenced(
                "another process has taken this run over",
                where=f"run {self._key[0]}, {self._key[1]}, {batch.range}",
                why=f"this process has epoch {self._epoch}, the run {row[0] if row else 'is gone'}",
                fix="leave the copy to the other process",
            )
        rows = batch.lines.rows
        state = RangeState.DONE if batch.closing else RangeState.RUNNING
        cursor.execute(
            self._sql.advance,
            (
                *(position_text(batch.position), batch.seq, rows, rows, batch.checksum),
                *(state.value, self._worker, *self._key, batch.range.number, batch.seq - 1),
            ),
        )
        if cursor.rowcount == 1:
            return True
        self._prove_applied(cursor, batch)
        return False

    def record(self, cursor: Any, batch: Batch, error_code: int | None = None) -> None:  # noqa: ANN401 - see connection.connect
        """Write the batch's row of ``snapshot_wal``; with an error code, as failed."""
        state = self._wal_state if error_code is None else FAILED
        values = (
            *(batch.segment, batch.offset, batch.lines.rows, batch.size),
            *(batch.checksum, state, error_code),
        )
        cursor.execute(
            self._sql.insert_wal, (*self._key, batch.range.number, batch.seq, *values, *values)
        )

    def _prove_applied(self, cursor: Any, batch: Batch) -> None:  # noqa: ANN401 - see connection.connect
        """Refuse to skip a batch unless this very batch is in already."""
        checkpoint = self.read(cursor, batch.range.number)
        cursor.execute(self._sql.wal_checksum, (*self._key, batch.range.number, batch.seq))
        row = cursor.fetchone()
        if checkpoint.batch_seq < batch.seq or row is None or row[0] != batch.checksum:
            raise StateError(
                "the checkpoint does not fit the WAL",
                where=f"{batch.range}, batch {batch.seq}, {batch.segment}:{batch.offset}",
                why=f"MySQL holds batch {checkpoint.batch_seq},"
                f" checksum {row[0] if row else 'none'} against {batch.checksum}",
                fix="start afresh with --new",
            )
