"""The record of runs, ranges and verifications in MySQL, as protocols.Ledger promises."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import orjson
from mysql.connector import Error

from cass_snapshot import __version__
from cass_snapshot.errors import PreflightError, SnapshotError
from cass_snapshot.model import (
    Checkpoint,
    Hold,
    RangeState,
    Recut,
    RunRecord,
    RunState,
    TokenRange,
)
from cass_snapshot.mysql import control
from cass_snapshot.mysql.checkpoint import MENDED, checkpoint_of, range_tally
from cass_snapshot.mysql.connection import ANSWER_TIMEOUT_S, address, connect
from cass_snapshot.mysql.faults import translate
from cass_snapshot.mysql.leases import LeaseKeeper
from cass_snapshot.mysql.recutting import RecutSql, make_room
from cass_snapshot.mysql.runs import run_record, run_values
from cass_snapshot.mysql.statements import COLUMN_FACTS, PRIMARY_KEY_FACTS, TABLE_FACTS
from cass_snapshot.protocols.targets import LEASE_S
from cass_snapshot.settings import MysqlSettings
from cass_snapshot.validation import RangeTally, Validation

Result = TypeVar("Result")
_ROWS_AT_ONCE = 1000
"""How many ranges one statement inserts, so that it stays far below any packet's limit."""


class MysqlLedger:
    """Reads and writes the control tables through a connection of its own, opened when needed.

    Args:
        settings: where to connect.
        answer_s: how long an answer is waited for before the connection is taken for lost.
    """

    def __init__(self, settings: MysqlSettings, *, answer_s: int = ANSWER_TIMEOUT_S) -> None:
        self._settings = settings
        self._answer_s = answer_s
        self._database = settings.control
        self._sql = control.ControlSql(self._database)
        self._recut = RecutSql(self._database)
        self._leases = LeaseKeeper(self._database)
        self._connection: Any = None

    def check_shapes(self) -> None:
        """Refuse control tables that somebody else made.

        Raises:
            PreflightError: a table of one of their names has other columns or another engine.
        """
        for table in control.SHAPES:
            facts = self._query(TABLE_FACTS, (self._database, table))
            if not facts:
                continue
            columns = self._query(COLUMN_FACTS, (self._database, table))
            keys = self._query(PRIMARY_KEY_FACTS, (self._database, table))
            why = control.foreign(table, facts[0][1], columns, keys)
            if why:
                raise PreflightError(
                    f"{self._database}.{table} is there already and is not ours",
                    where=f"[mysql] control_database, {address(self._settings)}",
                    why=why,
                    fix="set control_database to another database, which may be empty",
                )

    def create_tables(self) -> None:
        """Create the control tables that are missing, and add what an earlier version's lack."""
        for table in control.SHAPES:
            at = (self._database, table)
            if not self._query(TABLE_FACTS, at):
                self._query(control.create(*at))
                continue
            there = {str(column) for column, *_ in self._query(COLUMN_FACTS, at)}
            if added := control.add_columns(*at, there):
                self._query(added)

    def exists(self) -> bool:
        """Tell whether there is a table of runs to read."""
        return bool(self._query(TABLE_FACTS, (self._database, control.RUNS)))

    def newest(self, source: str, target: str) -> RunRecord | None:
        """Return the newest run of a source into a target, however it ended."""
        rows = self._query(self._sql.unfinished, (source, target))
        return run_record(rows[0]) if rows else None

    def runs(self, run_id: str) -> list[RunRecord]:
        """Return the tables of a run."""
        return [run_record(row) for row in self._query(self._sql.run, (run_id,))]

    def created_by_us(self, target: str) -> bool:
        """Tell whether some run of ours created a target."""
        return bool(self._query(self._sql.created_by_us, (target,)))

    def holds(self, source: str, target: str) -> list[Hold]:
        """Return who holds runs of a source into a target at this moment."""
        return self._within(lambda cursor: self._leases.holds(cursor, source, target))

    def register(
        self,
        records: Sequence[tuple[RunRecord, Sequence[TokenRange]]],
        *,
        holder: str = "",
        dead: Collection[str] = (),
    ) -> None:
        """Store runs and their whole plans in one transaction, before any copying (I7)."""

        def store(cursor: Any) -> None:  # noqa: ANN401 - see connection.connect
            for record, ranges in records:
                if self._leases.is_ours(cursor, record, holder, epoch=record.epoch):
                    self._leases.renew(cursor, record)
                    continue
                values = (*run_values(record), __version__, holder, LEASE_S)
                cursor.execute(self._sql.insert_run, values)
                self._leases.refuse_held(cursor, record, dead)
                self._leases.fence_others(cursor, record)
                self._insert_ranges(cursor, record, ranges)

        self._within(store)

    def recut(self, record: RunRecord, change: Recut) -> None:
        """Cut what remains of a plan anew, in one transaction; the ring stays covered once (I7)."""

        def cut(cursor: Any) -> None:  # noqa: ANN401 - see connection.connect
            self._leases.guard(cursor, record)
            make_room(cursor, self._recut, record, change)
            self._insert_ranges(cursor, record, change.added)

        self._within(cut)

    def take_over(self, record: RunRecord, *, holder: str = "", dead: str = "") -> int:
        """Raise the epoch, so that writers of an earlier one are fenced; return the new one."""
        self._within(
            lambda cursor: self._leases.take_over(cursor, record, holder=holder, dead=dead)
        )
        return record.epoch + 1

    def renew(self, records: Sequence[RunRecord]) -> None:
        """Hold runs for LEASE_S from now on."""
        for record in records:  # each by itself: it waits for the batches of its table alone
            self._within(partial(self._renew, record))

    def checkpoints(self, record: RunRecord) -> list[Checkpoint]:
        """Return the checkpoint of every range, in order of their tokens."""
        rows = self._query(self._sql.checkpoints, (record.run_id, record.source))
        return [checkpoint_of(row) for row in rows]

    def tallies(self, record: RunRecord) -> list[RangeTally]:
        """Return what every range has besides its written rows, in order of their tokens."""
        texts: dict[int, list[str]] = {}
        for number, text in self._query(self._sql.tallies, (record.run_id, record.source)):
            texts.setdefault(number, []).append(text)
        return [
            range_tally(c.range.number, c.rows_read - c.rows_written, texts.get(c.range.number, ()))
            for c in self.checkpoints(record)
        ]

    def lacking(self, record: RunRecord) -> dict[str, int]:
        """Return the ids of the rejected rows that are not in, each with its range's number."""
        if not self._query(TABLE_FACTS, (self._database, control.REJECTED)):
            return {}  # the tables of an earlier version, not yet brought up to date
        rows = self._query(self._sql.lacking, (record.run_id, record.source, MENDED))
        return {str(identity): int(number) for identity, number in rows}

    def mark_range(self, record: RunRecord, number: int, state: RangeState, attempts: int) -> None:
        """Record the state of a range that is not done."""
        key = (record.run_id, record.source)
        self._change(
            self._sql.mark_range, (state.value, attempts, *key, number, *key, record.epoch)
        )

    def finish(self, record: RunRecord, state: RunState, exit_code: int) -> None:
        """Record how the copy of a table ended, unless a newer process has taken it over."""
        key = (record.run_id, record.source)
        self._change(self._sql.finish, (state.value, exit_code, *key, record.epoch))

    def refill(self, record: RunRecord) -> RunRecord:
        """Note that a target gets its rows back, and fence whoever wrote the run before."""

        def note(cursor: Any) -> None:  # noqa: ANN401 - see connection.connect
            self._leases.guard(cursor, record)
            cursor.execute(self._sql.refill, (record.run_id, record.source))

        self._within(note)
        return replace(record, state=RunState.REFILLING, epoch=record.epoch + 1)

    def refilled(self, record: RunRecord) -> None:
        """Note that a target has its rows again; the run's state is what it was before."""
        self._change(self._sql.refilled, (record.run_id, record.source, record.epoch))

    def record_validation(self, validation: Validation) -> None:
        """Store the outcome of a verification."""
        self._change(
            self._sql.insert_validation,
            (
                *(str(validation.table), validation.source_rows, validation.target_rows),
                *(validation.source_rows - validation.target_rows, validation.status),
                *(validation.run_id, validation.missing, validation.extra),
                *(validation.ranges_equal, len(validation.ranges)),
                *(validation.rejected, validation.static_only),
                orjson.dumps(validation.replaced).decode() if validation.replaced else None,
            ),
        )

    def hurry(self, answer_s: int) -> None:
        """Wait for each answer no longer than so many whole seconds, on another connection."""
        self._answer_s = answer_s
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> Any:  # noqa: ANN401 - see connection.connect
        if self._connection is None or not self._connection.is_connected():
            self._connection = connect(self._settings, answer_s=self._answer_s)
        return self._connection

    def _query(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            connection = self._connected()
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                rows = cursor.fetchall() if cursor.with_rows else []
            connection.rollback()
        except Error as error:
            raise self._failed(error) from error
        return list(rows)

    def _change(self, sql: str, values: tuple[object, ...]) -> int:
        """Execute one statement in a transaction of its own; return the rows it changed."""
        try:
            connection = self._connected()
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                changed = int(cursor.rowcount)
            connection.commit()
        except Error as error:
            raise self._failed(error) from error
        return changed

    def _within(self, work: Callable[[Any], Result]) -> Result:
        """Do something in a transaction of its own; whatever fails leaves nothing of it."""
        try:
            connection = self._connected()
            try:
                with connection.cursor() as cursor:
                    made = work(cursor)
                connection.commit()
            except SnapshotError:
                connection.rollback()
                raise
        except Error as error:
            raise self._failed(error) from error
        return made

    def _renew(self, record: RunRecord, cursor: Any) -> None:  # noqa: ANN401 - see connection.connect
        self._leases.renew(cursor, record)

    def _insert_ranges(
        self,
        cursor: Any,  # noqa: ANN401 - see connection.connect
        record: RunRecord,
        ranges: Sequence[TokenRange],
    ) -> None:
        key = (record.run_id, record.source)
        rows = [(*key, r.number, r.start, r.end, RangeState.PENDING.value) for r in ranges]
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            cursor.executemany(self._sql.insert_range, rows[start : start + _ROWS_AT_ONCE])

    def _failed(self, error: Error) -> Exception:
        with suppress(Error):  # it may be lost; what it left open must not hold locks
            self.close()
        return translate(error, where=f"{address(self._settings)}, control tables")
