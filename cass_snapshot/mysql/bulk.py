"""The statements that write many rows of the control tables at once. Pure.

Where a row is there already it takes some of the new values, which are named by VALUES(): MySQL
calls that deprecated, in a warning that nobody counts here, and MariaDB has no other way.
"""

from __future__ import annotations

from collections.abc import Sequence

from cass_snapshot.mysql.control import (
    CHECKPOINT_COLUMNS,
    CHECKPOINTS,
    OF_RUN,
    REJECTED,
    WAL,
)
from cass_snapshot.mysql.statements import qualified


class Bulk:
    """An insert of any number of rows, stamped with the time; values are bound by the driver.

    Args:
        table: qualified, and safe for the driver's formatting.
        key: columns that are never changed in a row that is there.
        values: columns that are, if ``replacing``.
        stamp: the column of the time.
        replacing: rows may be there already.
    """

    def __init__(
        self,
        table: str,
        key: Sequence[str],
        values: Sequence[str],
        *,
        stamp: str,
        replacing: bool,
    ) -> None:
        columns = ", ".join(f"`{name}`" for name in (*key, *values, stamp))
        self._before = f"INSERT INTO {table} ({columns}) VALUES "
        self._row = f"({'%s, ' * len((*key, *values))}UTC_TIMESTAMP(3))"
        taken = ", ".join(f"`{name}` = VALUES(`{name}`)" for name in (*values, stamp))
        self._after = f" ON DUPLICATE KEY UPDATE {taken}" if replacing else ""

    def statement(self, rows: int) -> str:
        """Return the statement for some rows, whose values are bound one row after the other."""
        return self._before + ", ".join([self._row] * rows) + self._after


class StretchSql:
    """The statements that move checkpoints over stretches of batches."""

    def __init__(self, database: str) -> None:
        # The driver's own formatting would take a % in the database's name for a parameter.
        checkpoints, wal, rejected = (
            qualified(database, table).replace("%", "%%") for table in (CHECKPOINTS, WAL, REJECTED)
        )
        self._checkpoints = checkpoints
        # Every row is there and held by now; the range's ends are named because they have no
        # default.
        self.move = Bulk(
            checkpoints,
            ("run_id", "source", "range", "range_start", "range_end"),
            (
                *("position", "batch_seq", "rows_read", "rows_written", "row_digest"),
                *("state", "worker"),
            ),
            stamp="updated_at",
            replacing=True,
        )
        # A batch that was refused has a row already; the later attempt takes its place.
        self.insert_wal = Bulk(
            wal,
            ("run_id", "source", "range", "batch_seq"),
            (
                *("segment", "offset", "rows", "bytes", "checksum", "state", "error_code"),
                "tally",
            ),
            stamp="created_at",
            replacing=True,
        )
        self.insert_rejected = Bulk(
            rejected,
            ("run_id", "source", "row_id", "range"),
            ("state", "error_code", "column_name"),
            stamp="updated_at",
            replacing=False,
        )

    def held(self, ranges: int) -> str:
        """Return the read, under a lock, of the checkpoints of so many ranges.

        The index is named because a small table might be scanned: that locks other workers' rows.
        """
        places = ", ".join(["%s"] * ranges)
        return (
            f"SELECT {CHECKPOINT_COLUMNS} FROM {self._checkpoints} FORCE INDEX (PRIMARY)"
            f" WHERE {OF_RUN} AND `range` IN ({places}) FOR UPDATE"
        )
