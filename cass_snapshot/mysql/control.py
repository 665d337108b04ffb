"""The control tables: their shape, and the SQL that reads and writes them. Pure.

Keyed by run and source (cluster, keyspace, table), so that tables and runs never collide; never
truncated. The names of tables and columns are interface.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cass_snapshot.mysql.statements import qualified

RUNS = "snapshot_runs"
CHECKPOINTS = "snapshot_checkpoints"
WAL = "snapshot_wal"
VALIDATION = "snapshot_validation"
REJECTED = "snapshot_rejected"

_ID = "VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL"
_SOURCE = "VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
_WORD = "VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL"

SHAPES: dict[str, tuple[tuple[str, str], ...]] = {
    RUNS: (
        ("run_id", _ID),
        ("source", _SOURCE),
        ("target", _SOURCE),
        ("fingerprint", "CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL"),
        ("definition", "LONGTEXT NOT NULL"),
        ("target_created", "TINYINT(1) NOT NULL DEFAULT 0"),
        ("state", _WORD),
        ("epoch", "INT NOT NULL"),
        ("started_at", "DATETIME(3) NOT NULL"),
        ("ended_at", "DATETIME(3) NULL"),
        ("exit_code", "INT NULL"),
        ("version", "VARCHAR(32) NOT NULL"),
        ("holder", "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT ''"),
        ("lease_until", "DATETIME(3) NULL"),
        ("state_before", "VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL"),
    ),
    CHECKPOINTS: (
        ("run_id", _ID),
        ("source", _SOURCE),
        ("range", "INT NOT NULL"),
        ("range_start", "BIGINT NOT NULL"),
        ("range_end", "BIGINT NOT NULL"),
        ("position", "LONGTEXT NULL"),
        ("batch_seq", "BIGINT NOT NULL DEFAULT 0"),
        ("rows_read", "BIGINT NOT NULL DEFAULT 0"),
        ("rows_written", "BIGINT NOT NULL DEFAULT 0"),
        ("row_digest", "VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''"),
        ("state", _WORD),
        ("attempts", "INT NOT NULL DEFAULT 0"),
        ("worker", "VARCHAR(128) NOT NULL DEFAULT ''"),
        ("updated_at", "DATETIME(3) NOT NULL"),
    ),
    WAL: (
        ("run_id", _ID),
        ("source", _SOURCE),
        ("range", "INT NOT NULL"),
        ("batch_seq", "BIGINT NOT NULL"),
        ("segment", "VARCHAR(512) NOT NULL"),
        ("offset", "BIGINT NOT NULL"),
        ("rows", "BIGINT NOT NULL"),
        ("bytes", "BIGINT NOT NULL"),
        ("checksum", "VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL"),
        ("state", _WORD),
        ("error_code", "INT NULL"),
        ("created_at", "DATETIME(3) NOT NULL"),
        ("tally", "LONGTEXT NULL"),
    ),
    VALIDATION: (
        ("id", "BIGINT NOT NULL AUTO_INCREMENT"),
        ("table_name", "VARCHAR(512) NOT NULL"),
        ("cassandra_count", "BIGINT NOT NULL"),
        ("mysql_count", "BIGINT NOT NULL"),
        ("diff", "BIGINT NOT NULL"),
        ("status", _WORD),
        ("created_at", "DATETIME(3) NOT NULL"),
        ("run_id", _ID),
        ("missing", "BIGINT NOT NULL"),
        ("mismatched", "BIGINT NULL"),
        ("extra", "BIGINT NOT NULL"),
        ("ranges_equal", "INT NOT NULL"),
        ("ranges_total", "INT NOT NULL"),
        ("rejected", "BIGINT NOT NULL DEFAULT 0"),
        ("static_only", "BIGINT NOT NULL DEFAULT 0"),
        ("replaced", "LONGTEXT NULL"),
    ),
    REJECTED: (
        ("run_id", _ID),
        ("source", _SOURCE),
        ("row_id", _ID),
        ("range", "INT NOT NULL"),
        ("state", _WORD),
        ("error_code", "INT NULL"),
        ("column_name", "VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL"),
        ("updated_at", "DATETIME(3) NOT NULL"),
    ),
}
"""Each control table's columns and their definitions. ``mismatched`` is NULL where only counts were
compared, which cannot see it. ``tally`` is JSON of what a batch has besides its rows, NULL where
that is nothing; ``replaced`` JSON of the NULLs that were replaced, by source column;
``state_before`` the state of a run before it was ``refilling``."""
ADDED = {
    RUNS: ("holder", "lease_until", "state_before"),
    WAL: ("tally",),
    VALIDATION: ("rejected", "static_only", "replaced"),
}
"""Columns that tables of the first version lack; ``add_columns`` adds them."""
_KEYS = {
    RUNS: "PRIMARY KEY (`run_id`, `source`), KEY `by_source` (`source`, `started_at`)",
    CHECKPOINTS: "PRIMARY KEY (`run_id`, `source`, `range`)",
    WAL: "PRIMARY KEY (`run_id`, `source`, `range`, `batch_seq`)",
    VALIDATION: "PRIMARY KEY (`id`), KEY `by_run` (`run_id`)",
    REJECTED: "PRIMARY KEY (`run_id`, `source`, `row_id`)",
}


def foreign(
    table: str,
    engine: object,
    columns: Sequence[Sequence[object]],
    keys: Sequence[Sequence[object]],
) -> str:
    """Return in what a table that is there differs from ours, an empty text where it is ours.

    Args:
        table: the name of a control table.
        engine: its engine.
        columns: rows of statements.COLUMN_FACTS.
        keys: rows of statements.PRIMARY_KEY_FACTS.
    """
    if engine != "InnoDB":
        return f"its engine is {engine}"
    there = {str(name): str(sql).partition("(")[0].lower() for name, sql, *_ in columns}
    wanted = {name: _type_of(definition) for name, definition in SHAPES[table]}
    later = ADDED.get(table, ())
    if missing := [name for name in wanted if name not in there and name not in later]:
        return f"it lacks {', '.join(missing)}"
    if other := [name for name, kind in wanted.items() if there.get(name, kind) != kind]:
        return f"columns of another type: {', '.join(other)}"
    if more := [str(c[0]) for c in columns if str(c[0]) not in wanted and c[4] == "NO"]:
        return f"it has {', '.join(more)}, which this tool does not fill"
    primary = [str(column) for _, column in keys]
    listed = ", ".join(f"`{column}`" for column in primary)
    return "" if f"PRIMARY KEY ({listed})" in _KEYS[table] else "its primary key is another"


def _type_of(definition: str) -> str:
    return definition.partition(" ")[0].partition("(")[0].lower()


def create(database: str, table: str) -> str:
    """Return the DDL of a control table."""
    columns = ", ".join(f"`{name}` {definition}" for name, definition in SHAPES[table])
    return (
        f"CREATE TABLE IF NOT EXISTS {qualified(database, table)} ({columns}, {_KEYS[table]})"
        " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4"
    )


def add_columns(database: str, table: str, there: Collection[str]) -> str:
    """Return the DDL that adds what a table of an earlier version lacks, or an empty text."""
    missing = [name for name in ADDED.get(table, ()) if name not in there]
    definitions = dict(SHAPES[table])
    added = ", ".join(f"ADD COLUMN `{name}` {definitions[name]}" for name in missing)
    return f"ALTER TABLE {qualified(database, table)} {added}" if added else ""


OF_RUN = "`run_id` = %s AND `source` = %s"
LEASE_END = "UTC_TIMESTAMP(3) + INTERVAL %s SECOND"
CHECKPOINT_COLUMNS = (
    "`range`, `range_start`, `range_end`, `batch_seq`, `position`, `rows_read`,"
    " `rows_written`, `row_digest`, `state`, `attempts`"
)


class ControlSql:
    """The statements on the control tables of one database; values are bound by the driver."""

    def __init__(self, database: str) -> None:
        # The driver's own formatting would take a % in the database's name for a parameter.
        runs, checkpoints, wal, validation, rejected = (
            qualified(database, table).replace("%", "%%") for table in SHAPES
        )
        self._write_runs(runs)
        self._write_checkpoints(checkpoints, runs)
        self._write_batches(wal)
        self._write_rejected(rejected)
        self.insert_validation = (
            f"INSERT INTO {validation} (`table_name`, `cassandra_count`, `mysql_count`, `diff`,"
            " `status`, `created_at`, `run_id`, `missing`, `mismatched`, `extra`,"
            " `ranges_equal`, `ranges_total`, `rejected`, `static_only`, `replaced`)"
            " VALUES (%s, %s, %s, %s, %s, UTC_TIMESTAMP(3), %s, %s, NULL, %s, %s, %s, %s, %s, %s)"
        )

    def _write_runs(self, runs: str) -> None:
        run_columns = (
            "`run_id`, `source`, `target`, `fingerprint`, `definition`, `state`, `epoch`,"
            " `target_created`"
        )
        self.unfinished = (
            f"SELECT {run_columns} FROM {runs} WHERE `source` = %s AND `target` = %s"
            " ORDER BY `started_at` DESC, `run_id` DESC LIMIT 1"
        )
        self.run = f"SELECT {run_columns} FROM {runs} WHERE `run_id` = %s ORDER BY `source`"
        self.created_by_us = (
            f"SELECT 1 FROM {runs} WHERE `target` = %s AND `target_created` = 1 LIMIT 1"
        )
        self.insert_run = (
            f"INSERT INTO {runs} ({run_columns}, `started_at`, `version`, `holder`, `lease_until`)"
            f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, UTC_TIMESTAMP(3), %s, %s, {LEASE_END})"
        )
        self.finish = (
            f"UPDATE {runs} SET `state` = %s, `exit_code` = %s, `ended_at` = UTC_TIMESTAMP(3),"
            f" `lease_until` = NULL WHERE {OF_RUN} AND `epoch` = %s"
        )
        # What is assigned stands in the order in which the servers assign it, one by one.
        self.refill = (
            f"UPDATE {runs} SET"
            " `state_before` = IF(`state` = 'refilling', `state_before`, `state`),"
            f" `state` = 'refilling', `epoch` = `epoch` + 1 WHERE {OF_RUN}"
        )
        self.refilled = (
            f"UPDATE {runs} SET `state` = `state_before`, `state_before` = NULL WHERE {OF_RUN}"
            " AND `epoch` = %s AND `state` = 'refilling'"
        )
        self.epoch = f"SELECT `epoch` FROM {runs} WHERE {OF_RUN} LOCK IN SHARE MODE"

    def _write_checkpoints(self, checkpoints: str, runs: str) -> None:
        self.insert_range = (
            f"INSERT INTO {checkpoints} (`run_id`, `source`, `range`, `range_start`,"
            " `range_end`, `state`, `updated_at`) VALUES (%s, %s, %s, %s, %s, %s, UTC_TIMESTAMP(3))"
        )
        self.checkpoints = (
            f"SELECT {CHECKPOINT_COLUMNS} FROM {checkpoints} WHERE {OF_RUN} ORDER BY `range_start`"
        )
        self.checkpoint = (
            f"SELECT {CHECKPOINT_COLUMNS} FROM {checkpoints} WHERE {OF_RUN} AND `range` = %s"
        )
        self.advance = (
            f"UPDATE {checkpoints} SET `position` = %s, `batch_seq` = %s,"
            " `rows_read` = `rows_read` + %s, `rows_written` = `rows_written` + %s,"
            " `row_digest` = %s, `state` = %s, `worker` = %s, `updated_at` = UTC_TIMESTAMP(3)"
            f" WHERE {OF_RUN} AND `range` = %s AND `batch_seq` = %s"
        )
        self.count_out = (
            f"UPDATE {checkpoints} SET `rows_written` = `rows_written` - %s"
            f" WHERE {OF_RUN} AND `range` = %s"
        )
        self.count_in = (
            f"UPDATE {checkpoints} SET `rows_written` = `rows_written` + 1"
            f" WHERE {OF_RUN} AND `range` = %s AND `rows_written` < `rows_read`"
        )
        self.mark_range = (
            f"UPDATE {checkpoints} SET `state` = %s, `attempts` = %s,"
            f" `updated_at` = UTC_TIMESTAMP(3) WHERE {OF_RUN}"
            " AND `range` = %s AND `state` <> 'done'"
            f" AND EXISTS (SELECT 1 FROM {runs} WHERE {OF_RUN} AND `epoch` = %s)"
        )

    def _write_batches(self, wal: str) -> None:
        self.insert_wal = (
            f"INSERT INTO {wal} (`run_id`, `source`, `range`, `batch_seq`, `segment`, `offset`,"
            " `rows`, `bytes`, `checksum`, `state`, `error_code`, `tally`, `created_at`)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, UTC_TIMESTAMP(3))"
            # A batch that was refused has a row already; the later attempt takes its place.
            " ON DUPLICATE KEY UPDATE `segment` = %s, `offset` = %s, `rows` = %s, `bytes` = %s,"
            " `checksum` = %s, `state` = %s, `error_code` = %s, `tally` = %s,"
            " `created_at` = UTC_TIMESTAMP(3)"
        )
        self.wal_checksum = (
            f"SELECT `checksum`, `tally` FROM {wal} WHERE {OF_RUN} AND `range` = %s"
            " AND `batch_seq` = %s"
        )
        self.tallies = f"SELECT `range`, `tally` FROM {wal} WHERE {OF_RUN} AND `tally` IS NOT NULL"

    def _write_rejected(self, rejected: str) -> None:
        self.lacking = f"SELECT `row_id`, `range` FROM {rejected} WHERE {OF_RUN} AND `state` <> %s"
        self.rejected_state = (
            f"SELECT `state` FROM {rejected} WHERE {OF_RUN} AND `row_id` = %s FOR UPDATE"
        )
        self.insert_rejected = (
            f"INSERT INTO {rejected} (`run_id`, `source`, `row_id`, `range`, `state`,"
            " `error_code`, `column_name`, `updated_at`)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, UTC_TIMESTAMP(3))"
        )
        self.mark_rejected = (
            f"UPDATE {rejected} SET `state` = %s, `error_code` = %s, `column_name` = %s,"
            f" `updated_at` = UTC_TIMESTAMP(3) WHERE {OF_RUN} AND `row_id` = %s AND `state` <> %s"
        )
