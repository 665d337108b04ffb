"""Changes the ranges of a plan whose run is continued with others."""

from __future__ import annotations

from typing import Any

from cass_snapshot.errors import StateError
from cass_snapshot.model import Recut, RunRecord
from cass_snapshot.mysql.control import CHECKPOINTS, OF_RUN
from cass_snapshot.mysql.statements import qualified


class RecutSql:
    """The statements; a range that is begun, or that somebody changed meanwhile, is not matched."""

    def __init__(self, database: str) -> None:
        # The driver's own formatting would take a % in the database's name for a parameter.
        checkpoints = qualified(database, CHECKPOINTS).replace("%", "%%")
        self.remove = (
            f"DELETE FROM {checkpoints} WHERE {OF_RUN} AND `range` = %s AND `range_start` = %s"
            " AND `range_end` = %s AND `batch_seq` = 0"
        )
        self.narrow = (
            f"UPDATE {checkpoints} SET `range_end` = %s, `updated_at` = UTC_TIMESTAMP(3)"
            f" WHERE {OF_RUN} AND `range` = %s AND `range_start` = %s AND `range_end` > %s"
            " AND `state` <> 'done'"
        )


def make_room(cursor: Any, sql: RecutSql, record: RunRecord, change: Recut) -> None:  # noqa: ANN401 - see connection.connect
    """Take away what a change takes away, before the caller adds what it adds.

    Raises:
        StateError: a range is no longer what it was; nothing may be committed.
    """
    key = (record.run_id, record.source)
    changed = 0
    for r in change.gone:
        cursor.execute(sql.remove, (*key, r.number, r.start, r.end))
        changed += cursor.rowcount
    for r in change.narrowed:
        cursor.execute(sql.narrow, (r.end, *key, r.number, r.start, r.end))
        changed += cursor.rowcount
    if changed != len(change.gone) + len(change.narrowed):
        raise StateError(
            "the ranges changed while they were cut anew",
            where=f"run {record.run_id}, {record.source}; nothing was changed",
            fix="see which process is at this run, and try again if it has ended",
        )
