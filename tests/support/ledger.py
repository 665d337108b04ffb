"""What the control tables prove of a run: each row in one batch, no batch twice, no gap."""

from __future__ import annotations

from tests.support.servers import Place


def assert_read_once(place: Place, rows: int) -> None:
    """Prove that every row was read into exactly one batch, and that checkpoints agree."""
    ((total, batches, distinct),) = place.sql(
        "SELECT SUM(`rows`), COUNT(*), COUNT(DISTINCT run_id, source, `range`, batch_seq)"
        " FROM {db}.snapshot_wal"
    )
    assert (rows, batches) == (total, distinct)
    assert rows == place.rows_checkpointed()
    gaps = place.sql(
        "SELECT run_id, source, `range` FROM {db}.snapshot_wal"
        " GROUP BY run_id, source, `range` HAVING MAX(batch_seq) <> COUNT(*)"
    )
    assert gaps == []


def last_validation(place: Place) -> tuple[object, ...]:
    """Return the newest verification: table, both counts, difference, status."""
    (found,) = place.sql(
        "SELECT table_name, cassandra_count, mysql_count, diff, status"
        " FROM {db}.snapshot_validation ORDER BY id DESC LIMIT 1"
    )
    return found
