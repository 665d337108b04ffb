"""Writes again what was offered before: a batch that is in, or a row that was rejected.

Of a batch the rows come first, then what that changes of the ledger's counts. Its checkpoint stays
where it is. Who dies between the two writes the batch once more, which changes nothing else (I3).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from cass_snapshot.model import Batch, TokenRange, Written
from cass_snapshot.mysql.checkpoint import MENDED, REJECTED, CheckpointKeeper
from cass_snapshot.mysql.control import ControlSql
from cass_snapshot.rejection import Problem, Unwritten

Load = Callable[[Any], Sequence[Unwritten]]


class AgainKeeper:
    """Keeps the ledger true to what is written again.

    Args:
        database: of the control tables.
        keeper: of the checkpoints of the run and table.
        identify: tells the id of the row in a WAL line.
    """

    def __init__(
        self, database: str, keeper: CheckpointKeeper, identify: Callable[[bytes], str]
    ) -> None:
        self._sql = ControlSql(database)
        self._keeper = keeper
        self._identify = identify

    def rewrite(self, batch: Batch, load: Load, connection: Any) -> Written:  # noqa: ANN401 - see connection.connect
        """Write the rows of a batch, and count what changes by it.

        Args:
            batch: one that is in.
            load: writes its rows under the run's epoch, without a checkpoint, and returns those
                that the target refuses.
            connection: to the target.

        Raises:
            Fenced: another process took the run over.
            StateError: the target has another batch of this number, or none.
        """
        with connection.cursor() as cursor:
            self._prove(cursor, batch)
        connection.rollback()
        unwritten = load(connection)
        with connection.cursor() as cursor:
            self._prove(cursor, batch)
            self._count_in(cursor, batch, {row.id for row in unwritten})
            self._count_out(cursor, batch, unwritten)
        connection.commit()
        return Written(fresh=True, rejected=len(unwritten))

    def mend(
        self,
        row_id: str,
        token_range: TokenRange,
        put: Callable[[Any], tuple[Problem, ...]],
        connection: Any,  # noqa: ANN401 - see connection.connect
    ) -> tuple[Problem, ...]:
        """Write a rejected row and what became of it; return why it is refused, or nothing.

        Args:
            row_id: names the row.
            token_range: the range that it was read from.
            put: writes it on a cursor, and returns why it is refused.
            connection: to the target.
        """
        with connection.cursor() as cursor:
            self._keeper.guard(cursor, str(token_range))
            if self._keeper.mended(cursor, row_id):
                connection.rollback()
                return ()
            problems = put(cursor)
            self._keeper.record_mend(cursor, row_id, token_range, *problems or (None,))
        connection.commit()
        return problems

    def _prove(self, cursor: Any, batch: Batch) -> None:  # noqa: ANN401 - see connection.connect
        """Hold off a take-over until this transaction ends, and prove that the batch is in."""
        self._keeper.guard(cursor, str(batch.range))
        self._keeper.prove_applied(cursor, batch)

    def _count_in(self, cursor: Any, batch: Batch, refused: Collection[str]) -> None:  # noqa: ANN401 - see connection.connect
        """Count rows in that were rejected before, and went in with their batch now."""
        number = batch.range.number
        checkpoint = self._keeper.read(cursor, number)
        if checkpoint.rows_read == checkpoint.rows_written:
            return
        cursor.execute(self._sql.lacking, (*self._keeper.key, MENDED))
        lacking = {str(identity) for identity, of in cursor.fetchall() if of == number}
        ids = {self._identify(line) for line in batch.lines.data.split(b"\n") if line}
        for identity in sorted(lacking & ids - set(refused)):
            self._keeper.record_mend(cursor, identity, batch.range, None)

    def _count_out(self, cursor: Any, batch: Batch, unwritten: Sequence[Unwritten]) -> None:  # noqa: ANN401 - see connection.connect
        """Name the rows that went in before and are refused now."""
        key, number = self._keeper.key, batch.range.number
        for row in unwritten:
            cursor.execute(self._sql.rejected_state, (*key, row.id))
            before = cursor.fetchone()
            values = (REJECTED, row.problem.error, row.problem.column)
            if before is None:
                cursor.execute(self._sql.insert_rejected, (*key, row.id, number, *values))
            elif before[0] == MENDED:
                cursor.execute(self._sql.mark_rejected, (*values, *key, row.id, REJECTED))
            else:
                continue  # the checkpoint counts it out already
            cursor.execute(self._sql.count_out, (1, *key, number))
