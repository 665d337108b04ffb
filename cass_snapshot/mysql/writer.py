"""Writes batches into one table: rows, checkpoint and audit row in one transaction (I2).

A lost connection leaves open whether COMMIT went through. The next call opens another connection
and begins, as every call does, by moving the checkpoint: if that finds the checkpoint past this
batch, the batch was in, and nothing is written again (I3).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mysql.connector import Error

from cass_snapshot.errors import RangeFailed, SnapshotError, TargetUnavailable
from cass_snapshot.model import Batch, Checkpoint, TokenRange, Written
from cass_snapshot.mysql import statements
from cass_snapshot.mysql.checkpoint import CheckpointKeeper
from cass_snapshot.mysql.columns import TargetColumn
from cass_snapshot.mysql.connection import connect, server_facts
from cass_snapshot.mysql.faults import DENIED_CODES, translate
from cass_snapshot.mysql.insert import Inserter
from cass_snapshot.mysql.load import Loader
from cass_snapshot.settings import MysqlSettings

WARNED = 0
"""The error code of a batch that was taken back because of a warning."""
log = logging.getLogger(__name__)
LOCAL_INFILE_CODES = frozenset({1148, 2000, 2068, 3948, 4166})
"""The server, its settings or the connector do not allow LOAD DATA LOCAL."""


class MysqlTarget:
    """Takes the batches of one table, as protocols.Target promises.

    Args:
        settings: where to connect.
        table: the target's name in the settings' database.
        columns: the columns of a WAL line.
        keeper: moves the checkpoints of this run and table.
        directory: a private directory for the one file that LOAD DATA sends; made and emptied by
            the caller.
    """

    def __init__(
        self,
        settings: MysqlSettings,
        *,
        table: str,
        columns: Sequence[TargetColumn],
        keeper: CheckpointKeeper,
        directory: Path,
    ) -> None:
        self._settings = settings
        self._table = statements.qualified(settings.database, table)
        self._columns = tuple(columns)
        self._keeper = keeper
        self._directory = directory
        self._connection: Any = None
        self._loader: Loader | None = None
        self._inserter: Inserter | None = None

    @property
    def how(self) -> str:
        """Return the name of the way in which rows are written; empty before the first one."""
        if self._loader is not None:
            return self._loader.name
        return self._inserter.name if self._inserter is not None else ""

    def checkpoint(self, token_range: TokenRange) -> Checkpoint:
        """Return what MySQL durably holds of a range."""
        where = f"{self._table}, {token_range}"
        try:
            connection = self._connected()
            with connection.cursor() as cursor:
                found = self._keeper.read(cursor, token_range.number)
            connection.rollback()
        except (Error, SnapshotError) as error:
            raise self._failed(error, where) from error
        except BaseException:
            self.close()
            raise
        return found

    def write(self, batch: Batch) -> Written:
        """Write a batch and its checkpoint in one transaction, unless it was in already."""
        where = f"{self._table}, {batch.range}, batch {batch.seq}"
        try:
            connection = self._connected()
            with connection.cursor() as cursor:
                fresh = self._keeper.advance(cursor, batch)
                if fresh:
                    self._put(cursor, batch)
                    self._keeper.record(cursor, batch)
            if not fresh:
                connection.rollback()
                return Written(fresh=False)
            connection.commit()
        except (Error, SnapshotError) as error:
            ours = self._failed(error, where)
            if isinstance(ours, RangeFailed):
                self._note_refusal(batch, error)
            raise ours from error
        except BaseException:
            # Whatever else went wrong, the checkpoint may have moved in a transaction without its
            # rows: with the connection that transaction goes, or the next batch would commit it.
            self.close()
            raise
        return Written(fresh=True)

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Error):  # it may be lost already; nothing was left uncommitted
                connection.close()

    def _put(self, cursor: Any, batch: Batch) -> None:  # noqa: ANN401 - see connection.connect
        if not batch.lines.rows:
            return
        if self._loader is not None and self._staged(self._loader, batch):
            self._loader.put(cursor, batch.lines.rows)
        elif self._inserter is not None:
            self._inserter.put(cursor, batch.lines)

    def _staged(self, loader: Loader, batch: Batch) -> bool:
        """Tell whether the batch lies ready for LOAD DATA; if not, the other way is open."""
        data = loader.dialect(batch.lines)
        if data is None:
            return False
        try:
            loader.stage(data)
        except OSError as error:  # a small or full memory file system
            log.warning("%s is inserted, not loaded: %s", batch.range, error)
            return False
        return True

    def _connected(self) -> Any:  # noqa: ANN401 - see connection.connect
        """Return the open connection, or open one and find out how rows may be written."""
        if self._connection is None:
            connection = connect(self._settings, infile_directory=self._directory)
            facts = server_facts(connection)
            self._inserter = Inserter(
                self._table,
                self._columns,
                flavour=facts.flavour,
                max_allowed_packet=facts.max_allowed_packet,
            )
            loader = Loader(self._table, self._columns, self._directory)
            self._loader = loader if loader_allowed(connection, loader) else None
            self._connection = connection
        return self._connection

    def _note_refusal(self, batch: Batch, error: Error | SnapshotError) -> None:
        """Record in ``snapshot_wal`` that MySQL refused a batch, in a transaction of its own."""
        code = error.errno if isinstance(error, Error) else WARNED
        try:
            connection = self._connected()
            with connection.cursor() as cursor:
                self._keeper.record(cursor, batch, code)
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


def loader_allowed(connection: Any, loader: Loader) -> bool:  # noqa: ANN401 - see connection.connect
    """Tell whether LOAD DATA LOCAL may be used, by loading no rows.

    Raises:
        mysql.connector.Error: the server refuses for another reason than permission.
    """
    try:
        with connection.cursor() as cursor:
            loader.probe(cursor)
    except Error as error:
        connection.rollback()
        if error.errno in LOCAL_INFILE_CODES | DENIED_CODES:
            return False
        raise
    connection.rollback()
    return True
