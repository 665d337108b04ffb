"""The checkpoint of a range, moved inside the transaction of its rows (I2).

It stores a position as text and never interprets it; "none yet" is not "could not read".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from cass_snapshot.errors import Fenced, StateError
from cass_snapshot.model import Batch, Checkpoint, Position, RangeState, Tally, TokenRange, Written
from cass_snapshot.mysql.control import ControlSql
from cass_snapshot.rejection import Problem
from cass_snapshot.validation import RangeTally

FAILED = "failed"
"""The state in ``snapshot_wal`` of a batch that MySQL refused."""
REJECTED, MENDED, REFUSED = "rejected", "written", "refused"
"""The states in ``snapshot_rejected``: the row is not in; is by now; was refused once more."""
_ROWS_AT_ONCE = 1000
"""How many rejected rows one statement inserts, so that it stays far below any packet's limit."""


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


def tally_text(tally: Tally, rejected: int = 0) -> str | None:
    """Return what a batch has besides its written rows, None where that is nothing."""
    found = {
        "static_only": tally.static_only,
        "refused": tally.refused,
        "nulls": dict(tally.nulls),
        "rejected": rejected,
    }
    present = {name: value for name, value in found.items() if value}
    return orjson.dumps(present).decode() if present else None


def range_tally(number: int, rejected: int, texts: Iterable[str]) -> RangeTally:
    """Return what a range has besides its written rows.

    Args:
        number: the range's.
        rejected: how many of its rows were set aside and are not in.
        texts: what ``tally_text`` wrote of its batches.
    """
    replaced: Counter[str] = Counter()
    static_only = 0
    for found in map(orjson.loads, texts):
        static_only += found.get("static_only", 0)
        replaced.update(found.get("nulls", {}))
    return RangeTally(
        range=number,
        rejected=rejected,
        static_only=static_only,
        replaced=tuple(sorted(replaced.items())),
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
        self.key = (run_id, source)
        self.worker = worker
        self.wal_state = wal_state
        self._epoch = epoch

    def read(self, cursor: Any, number: int) -> Checkpoint:  # noqa: ANN401 - see connection.connect
        """Return the checkpoint of a range.

        Raises:
            StateError: the range was never registered.
        """
        cursor.execute(self._sql.checkpoint, (*self.key, number))
        row = cursor.fetchone()
        if row is None:
            raise StateError(
                f"range {number} is not registered in snapshot_checkpoints",
                where=f"run {self.key[0]}, {self.key[1]}",
                why="the control tables were changed, or belong to another plan",
                fix="start afresh with --new",
            )
        return checkpoint_of(row)

    def advance(self, cursor: Any, batch: Batch) -> Written:  # noqa: ANN401 - see connection.connect
        """Move the checkpoint over a batch, in the open transaction; not if it is past it.

        The epoch is read under a shared lock, so a take-over waits for this transaction, and this
        process writes nothing after a take-over.

        Raises:
            Fenced: another process took the run over.
            StateError: the checkpoint is not where this batch begins.
        """
        self.guard(cursor, str(batch.range))
        rows = batch.lines.rows
        state = RangeState.DONE if batch.closing else RangeState.RUNNING
        cursor.execute(
            self._sql.advance,
            (
                *(position_text(batch.position), batch.seq),
                *(rows + batch.lines.tally.refused, rows, batch.checksum),
                *(state.value, self.worker, *self.key, batch.range.number, batch.seq - 1),
            ),
        )
        if cursor.rowcount == 1:
            return Written(fresh=True)
        return Written(fresh=False, rejected=self.prove_applied(cursor, batch))

    def record(
        self,
        cursor: Any,  # noqa: ANN401 - see connection.connect
        batch: Batch,
        rejected: Sequence[tuple[str, Problem]],
    ) -> None:
        """Write the batch's row of ``snapshot_wal`` and name the rows that it lacks.

        Args:
            cursor: of the batch's own transaction, which has moved the checkpoint.
            batch: it; what the encoder refused of it is named in its tally.
            rejected: id and problem of each row that the target refused; the checkpoint does not
                count them as written.
        """
        number, tally = batch.range.number, batch.lines.tally
        if rejected:
            cursor.execute(self._sql.count_out, (len(rejected), *self.key, number))
        rows: list[tuple[object, ...]] = [
            (*self.key, identity, number, REJECTED, None, None) for identity in tally.ids
        ]
        rows += [(*self.key, i, number, REJECTED, p.error, p.column) for i, p in rejected]
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            cursor.executemany(self._sql.insert_rejected, rows[start : start + _ROWS_AT_ONCE])
        self._insert(cursor, batch, self.wal_state, None, tally_text(tally, len(rejected)))

    def record_failure(self, cursor: Any, batch: Batch, error_code: int) -> None:  # noqa: ANN401 - see connection.connect
        """Write the row of ``snapshot_wal`` of a batch that was refused as a whole."""
        self._insert(cursor, batch, FAILED, error_code, None)

    def guard(self, cursor: Any, where: str) -> None:  # noqa: ANN401 - see connection.connect
        """Hold off a take-over until this transaction ends; ``where`` says what is written in it.

        Raises:
            Fenced: another process took the run over.
        """
        cursor.execute(self._sql.epoch, self.key)
        row = cursor.fetchone()
        if row is None or row[0] != self._epoch:
            raise Fenced(
                "another process has taken this run over",
                where=f"run {self.key[0]}, {self.key[1]}, {where}",
                why=f"this process has epoch {self._epoch}, the run {row[0] if row else 'is gone'}",
                fix="leave the copy to the other process",
            )

    def mended(self, cursor: Any, row_id: str) -> bool:  # noqa: ANN401 - see connection.connect
        """Tell whether a rejected row went in already.

        Raises:
            StateError: it is none of the rejected rows.
        """
        cursor.execute(self._sql.rejected_state, (*self.key, row_id))
        row = cursor.fetchone()
        if row is None:
            raise self._changed(f"row {row_id} is not in snapshot_rejected")
        return bool(row[0] == MENDED)

    def record_mend(
        self,
        cursor: Any,  # noqa: ANN401 - see connection.connect
        row_id: str,
        token_range: TokenRange,
        problem: Problem | None,
    ) -> None:
        """Write what became of a rejected row that was tried again; one that is in is counted in.

        Args:
            cursor: of the row's own transaction.
            row_id: names the row; not one that is in already.
            token_range: the range that it was read from.
            problem: why it was refused again, None if it is in.

        Raises:
            StateError: it is in, and row or range cannot be counted so; nothing may be committed.
        """
        state = MENDED if problem is None else REFUSED
        values = (state, problem and problem.error, problem and problem.column)
        cursor.execute(self._sql.mark_rejected, (*values, *self.key, row_id, MENDED))
        if problem is not None:
            return
        if cursor.rowcount != 1:
            raise self._changed(f"row {row_id} is not among the rejected rows any more")
        cursor.execute(self._sql.count_in, (*self.key, token_range.number))
        if cursor.rowcount != 1:
            raise self._changed(f"{token_range} lacks no row")

    def _changed(self, what: str) -> StateError:
        return StateError(
            what,
            where=f"run {self.key[0]}, {self.key[1]}; the row was not written",
            why="the control tables were changed, or belong to another plan",
            fix="start afresh with --new",
        )

    def _insert(
        self,
        cursor: Any,  # noqa: ANN401 - see connection.connect
        batch: Batch,
        state: str,
        error_code: int | None,
        tally: str | None,
    ) -> None:
        values = (
            *(batch.segment, batch.offset, batch.lines.rows, batch.size),
            *(batch.checksum, state, error_code, tally),
        )
        cursor.execute(
            self._sql.insert_wal, (*self.key, batch.range.number, batch.seq, *values, *values)
        )

    def prove_applied(self, cursor: Any, batch: Batch) -> int:  # noqa: ANN401 - see connection.connect
        """Refuse to skip a batch unless this very batch is in; return how many rows it rejected."""
        checkpoint = self.read(cursor, batch.range.number)
        cursor.execute(self._sql.wal_checksum, (*self.key, batch.range.number, batch.seq))
        row = cursor.fetchone()
        if checkpoint.batch_seq < batch.seq or row is None or row[0] != batch.checksum:
            raise StateError(
                "the checkpoint does not fit the WAL",
                where=f"{batch.range}, batch {batch.seq}, {batch.segment}:{batch.offset}",
                why=f"MySQL holds batch {checkpoint.batch_seq},"
                f" checksum {row[0] if row else 'none'} against {batch.checksum}",
                fix="start afresh with --new",
            )
        return int(orjson.loads(row[1] or "{}").get("rejected", 0))
