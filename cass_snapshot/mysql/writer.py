"""Writes batches into one table: rows, checkpoint and audit row in one transaction (I2).

A lost connection leaves open whether COMMIT went through. The next call opens another connection
and begins, as every call does, by moving the checkpoint: if that finds the checkpoint past this
batch, the batch was in, and nothing is written again (I3).

A batch that MySQL refuses for its data is rolled back and written once more, row by row where need
be. The rows that are left out are durable in the rejects before the others are committed: a crash
between the two repeats both. Which rows of a batch are left out, its own transaction tells.

A batch that is too large for one transaction of the server's is written in several, each half of
one that was refused; the checkpoint moves in one more, when every row is in. Whoever dies between
them has the batch written again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mysql.connector import Error

from cass_snapshot.errors import RangeFailed, SnapshotError, TargetUnavailable
from cass_snapshot.model import Batch, Cells, Checkpoint, Lines, TokenRange, Written
from cass_snapshot.mysql import statements
from cass_snapshot.mysql.again import AgainKeeper
from cass_snapshot.mysql.bulk import StretchSql
from cass_snapshot.mysql.checkpoint import CheckpointKeeper
from cass_snapshot.mysql.columns import target_columns
from cass_snapshot.mysql.connection import connect_to_write
from cass_snapshot.mysql.faults import translate
from cass_snapshot.mysql.refusals import Refused
from cass_snapshot.mysql.sift import sift
from cass_snapshot.mysql.stretches import StretchKeeper
from cass_snapshot.mysql.transactions import TransactionSize
from cass_snapshot.mysql.ways import Ways
from cass_snapshot.planned import PlannedTarget
from cass_snapshot.protocols import Rejects
from cass_snapshot.rejection import Problem, Rejected, Stretch, Unwritten
from cass_snapshot.retry import Tell, unheard
from cass_snapshot.settings import MysqlSettings

Result = TypeVar("Result")
Locate = Callable[[bytes], tuple[int, Cells]]
Put = Callable[[Any, Lines], Sequence[Rejected]]
Fill = Callable[[Any], tuple[Unwritten, ...]]
log = logging.getLogger(__name__)


class MysqlTarget:
    """Takes the batches of one table, as protocols.Target promises.

    Args:
        settings: where to connect.
        target: the table, its columns, and who wins where it has a row already.
        keeper: moves the checkpoints of this run and table.
        directory: a private directory for the one file that LOAD DATA sends; made and emptied by
            the caller.
        rejects: keeps rows that are refused.
        locate: tells token and primary key of the row in a WAL line.
        tell: is told of a batch that goes in parts, as ``Patience.tell`` of what is tried again.
    """

    def __init__(
        self,
        settings: MysqlSettings,
        target: PlannedTarget,
        *,
        keeper: CheckpointKeeper,
        directory: Path,
        rejects: Rejects,
        locate: Locate,
        tell: Tell = unheard,
    ) -> None:
        self._settings = settings
        self._table = statements.qualified(settings.database, target.table)
        self._names = [c.name for c in target_columns(target)]
        self._keeper = keeper
        self._again = AgainKeeper(settings.control, keeper, lambda x: rejects.name(locate(x)[1]))
        self._stretches = StretchKeeper(StretchSql(settings.control), keeper)
        self._directory = directory
        self._rejects = rejects
        self._locate = locate
        self._ways = Ways(self._table, target, directory)
        self._size = TransactionSize(tell, settings.batch_rows_max)
        self._connection: Any = None

    @property
    def how(self) -> str:
        """Return how rows are written, and why if not the fastest way; empty before the first."""
        return self._ways.name

    def checkpoint(self, token_range: TokenRange) -> Checkpoint:
        """Return what MySQL durably holds of a range."""

        def read(connection: Any) -> Checkpoint:  # noqa: ANN401 - see connection.connect
            with connection.cursor() as cursor:
                found = self._keeper.read(cursor, token_range.number)
            connection.rollback()
            return found

        return self._in_connection(read, f"{self._table}, {token_range}")

    def write(self, batch: Batch) -> Written:
        """Write a batch and its checkpoint in one transaction, unless it was in already."""
        where = f"{self._table}, {batch.range}, batch {batch.seq}"
        try:
            return self._in_connection(partial(self._transact, batch, where), where)
        except RangeFailed as error:
            self._note_refusal(batch, error)
            raise

    def rewrite(self, batch: Batch) -> Written:
        """Write the rows of a batch again that is in; its checkpoint stays where it is."""
        where = f"{self._table}, {batch.range}, batch {batch.seq}, once more"
        load = partial(self._load, batch.lines, where)
        return self._in_connection(partial(self._again.rewrite, batch, load), where)

    def load(self, lines: Lines, where: str) -> tuple[Unwritten, ...]:
        """Write rows in a transaction of their own, without a checkpoint; return the refused."""
        where = f"{self._table}, {where}"
        return self._in_connection(partial(self._load, lines, where), where)

    def advance(self, stretches: Sequence[Stretch]) -> bool:
        """Move the checkpoints over batches whose rows are in; False if they were moved before."""
        if not stretches:
            return True
        where = f"{self._table}, {len(stretches)} ranges from {stretches[0].batches[0].range} on"

        def move(connection: Any) -> bool:  # noqa: ANN401 - see connection.connect
            with connection.cursor() as cursor:
                moved = self._stretches.advance(cursor, stretches, where)
            connection.commit()
            return moved

        return self._in_connection(move, where)

    def mend(self, row_id: str, token_range: TokenRange, line: bytes) -> tuple[Problem, ...]:
        """Try a rejected row again, in a transaction of its own; return why it is refused."""
        where = f"{self._table}, {token_range}, rejected row {row_id}"

        def put(cursor: Any) -> tuple[Problem, ...]:  # noqa: ANN401 - see connection.connect
            refused = sift(cursor, [line], partial(self._ways.put_lines, cursor))
            return tuple(refusal.problem(self._names) for _, refusal in refused)

        return self._in_connection(partial(self._again.mend, row_id, token_range, put), where)

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Error):  # it may be lost already; nothing was left uncommitted
                connection.close()

    def _transact(self, batch: Batch, where: str, connection: Any) -> Written:  # noqa: ANN401 - see connection.connect
        def attempt(put: Put) -> Written:
            return self._attempt(connection, batch, partial(self._put, batch.lines, put))

        written = self._size.whole(batch.lines, where, lambda: self._or_sifted(connection, attempt))
        if written is None:
            connection.rollback()
            unwritten = self._in_parts(batch.lines, where, connection)
            written = self._attempt(connection, batch, lambda _cursor: unwritten)
        return written

    def _attempt(self, connection: Any, batch: Batch, fill: Fill) -> Written:  # noqa: ANN401 - see connection.connect
        with connection.cursor() as cursor:
            written = self._keeper.advance(cursor, batch)
            if not written.fresh:
                connection.rollback()
                return written
            unwritten = fill(cursor)
            self._keeper.record(cursor, batch, [(row.id, row.problem) for row in unwritten])
        connection.commit()
        return Written(fresh=True, rejected=len(unwritten))

    def _load(self, lines: Lines, where: str, connection: Any) -> tuple[Unwritten, ...]:  # noqa: ANN401 - see connection.connect
        unwritten = self._size.whole(
            lines, where, lambda: self._load_whole(where, connection, lines)
        )
        if unwritten is None:
            connection.rollback()
            unwritten = self._in_parts(lines, where, connection)
        return unwritten

    def _in_parts(self, lines: Lines, where: str, connection: Any) -> tuple[Unwritten, ...]:  # noqa: ANN401 - see connection.connect
        """Write rows without a checkpoint, in transactions that are not too large."""

        def load(some: Lines) -> tuple[Unwritten, ...]:
            try:
                return self._load_whole(where, connection, some)
            except Error:
                connection.rollback()
                raise

        return self._size.in_parts(
            lines, where, load, lambda line, refusal: self._kept([self._rejected(line, refusal)])
        )

    def _load_whole(self, where: str, connection: Any, lines: Lines) -> tuple[Unwritten, ...]:  # noqa: ANN401 - see connection.connect
        def attempt(put: Put) -> tuple[Unwritten, ...]:
            with connection.cursor() as cursor:
                self._keeper.guard(cursor, where)
                unwritten = self._put(lines, put, cursor)
            connection.commit()
            return unwritten

        return self._or_sifted(connection, attempt)

    def _or_sifted(self, connection: Any, attempt: Callable[[Put], Result]) -> Result:  # noqa: ANN401 - see connection.connect
        """Return what a transaction came to; one that is refused for its data is sifted."""
        try:
            return attempt(self._put_whole)
        except Refused:
            connection.rollback()
        return attempt(self._put_sifted)

    def _put(self, lines: Lines, put: Put, cursor: Any) -> tuple[Unwritten, ...]:  # noqa: ANN401 - see connection.connect
        """Write rows, and keep those that are left out before the others can be committed."""
        return self._kept(put(cursor, lines) if lines.rows else ())

    def _kept(self, rejected: Sequence[Rejected]) -> tuple[Unwritten, ...]:
        """Make rows that are left out durable among the rejected ones."""
        ids = self._rejects.add(rejected) if rejected else ()
        return tuple(
            Unwritten(id=identity, token=row.token, problem=row.problems[0])
            for identity, row in zip(ids, rejected, strict=True)
        )

    def _put_whole(self, cursor: Any, lines: Lines) -> Sequence[Rejected]:  # noqa: ANN401 - see connection.connect
        self._ways.put(cursor, lines)
        return ()

    def _put_sifted(self, cursor: Any, lines: Lines) -> Sequence[Rejected]:  # noqa: ANN401 - see connection.connect
        rows = [line for line in lines.data.split(b"\n") if line]
        refused = sift(cursor, rows, partial(self._ways.put_lines, cursor))
        return [self._rejected(line, refusal) for line, refusal in refused]

    def _rejected(self, line: bytes, refusal: Refused) -> Rejected:
        token, key = self._locate(line)
        problem = refusal.problem(self._names)
        return Rejected(token=token, key=key, problems=(problem,), line=line)

    def _in_connection(self, work: Callable[[Any], Result], where: str) -> Result:
        """Do something with the connection; whatever fails leaves no open transaction behind."""
        try:
            return work(self._connected())
        except (Error, SnapshotError) as error:
            raise self._failed(error, where) from error
        except BaseException:
            # Whatever else went wrong, the checkpoint may have moved in a transaction without its
            # rows: with the connection that transaction goes, or the next batch would commit it.
            self.close()
            raise

    def _connected(self) -> Any:  # noqa: ANN401 - see connection.connect
        """Return the open connection, or open one and find out how rows may be written."""
        if self._connection is None:
            connection, facts = connect_to_write(self._settings, self._directory)
            try:
                self._ways.find(connection, facts)
            except BaseException:
                with suppress(Error):
                    connection.close()
                raise
            self._connection = connection
        return self._connection

    def _note_refusal(self, batch: Batch, error: RangeFailed) -> None:
        """Record in ``snapshot_wal`` that MySQL refused a batch, in a transaction of its own."""
        cause = error.__cause__
        code = cause.errno if isinstance(cause, Error) else 0
        try:
            connection = self._connected()
            with connection.cursor() as cursor:
                self._keeper.record_failure(cursor, batch, code)
            connection.commit()
        except (Error, SnapshotError) as failed:  # the refusal itself is what the caller must see
            log.warning("the refusal of a batch could not be recorded: %s", failed)
            self.close()

    def _failed(self, error: Error | SnapshotError, where: str) -> SnapshotError:
        """Roll back, drop a connection that is of no more use, and return the error to raise."""
        ours = translate(error, where=where) if isinstance(error, Error) else error
        if isinstance(ours, TargetUnavailable):
            self.close()
        elif self._connection is not None:
            try:
                self._connection.rollback()
            except Error:  # a connection that cannot roll back is lost, and its work with it
                self.close()
        if not ours.where:
            ours.where = where
        return ours
