"""SQL text: quoted here, assembled here, nowhere else. Pure.

Values are bound by the driver (``%s``) except in the two statements that carry rows. Statements
with identifiers of the operator's are executed without parameters: a ``%`` in a name stays one.
"""

from __future__ import annotations

from collections.abc import Sequence

from cass_snapshot.errors import PreflightError
from cass_snapshot.mysql.columns import TargetColumn

NAME_MAX = 64


def quote(name: str) -> str:
    """Return an identifier in backticks, with backticks inside it doubled.

    Raises:
        PreflightError: MySQL has no such names: empty, over-long, with NUL or a trailing space.
    """
    if not name or len(name) > NAME_MAX or "\0" in name or name.endswith(" "):
        raise PreflightError(
            f"{name!r} cannot be a name in MySQL",
            why=f"names have 1 to {NAME_MAX} characters, no NUL and no space at the end",
            fix="choose another target name",
        )
    return "`" + name.replace("`", "``") + "`"


def qualified(database: str, table: str) -> str:
    """Return a table's name with its database's."""
    return f"{quote(database)}.{quote(table)}"


def names(columns: Sequence[str]) -> str:
    """Return a list of identifiers."""
    return ", ".join(quote(c) for c in columns)


def create_target(
    table: str, columns: Sequence[TargetColumn], key: Sequence[str], *, indexed: Sequence[str] = ()
) -> str:
    """Return the DDL of a target; ``table`` is already qualified.

    ROW_FORMAT is named because a key of 3,072 bytes needs DYNAMIC.
    """
    lines = [
        f"  {quote(c.name)} {c.definition}{' NOT NULL' if c.required else ' NULL'}" for c in columns
    ]
    lines.append(f"  PRIMARY KEY ({names(key)})")
    lines += [f"  KEY ({quote(name)})" for name in indexed]
    body = ",\n".join(lines)
    tail = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4"
    return f"CREATE TABLE {table} (\n{body}\n) {tail}"


def select_columns(table: str, columns: Sequence[str]) -> str:
    """Return the read of some columns of every row."""
    return f"SELECT {names(columns)} FROM {table}"


def select_any(table: str) -> str:
    """Return the question whether there is a row."""
    return f"SELECT 1 FROM {table} LIMIT 1"


def select_keys_among(table: str, key: Sequence[str], literals: Sequence[str]) -> str:
    """Return the read of those keys that are among the given row literals."""
    columns = names(key) if len(key) == 1 else f"({names(key)})"
    return f"SELECT {names(key)} FROM {table} WHERE {columns} IN ({', '.join(literals)})"


TABLE_FACTS = (
    "SELECT table_type, engine FROM information_schema.tables"
    " WHERE table_schema = %s AND table_name = %s"
)
COLUMN_FACTS = (
    "SELECT column_name, column_type, character_set_name, collation_name, is_nullable,"
    " column_default, extra"
    " FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
    " ORDER BY ordinal_position"
)
JSON_FACTS = (
    "SELECT column_name FROM information_schema.columns AS c"
    " JOIN information_schema.check_constraints AS k"
    " ON k.constraint_schema = c.table_schema AND k.table_name = c.table_name"
    " AND k.check_clause = CONCAT('json_valid(`', c.column_name, '`)')"
    " WHERE c.table_schema = %s AND c.table_name = %s"
)
PRIMARY_KEY_FACTS = (
    "SELECT index_name, column_name FROM information_schema.statistics"
    " WHERE table_schema = %s AND table_name = %s AND index_name = 'PRIMARY'"
    " ORDER BY seq_in_index"
)
UNIQUE_KEY_FACTS = (
    "SELECT index_name, column_name, sub_part, {expression} FROM information_schema.statistics"
    " WHERE table_schema = %s AND table_name = %s AND non_unique = 0"
    " ORDER BY index_name, seq_in_index"
)
TRIGGER_FACTS = (
    "SELECT event_manipulation, trigger_name FROM information_schema.triggers"
    " WHERE event_object_schema = %s AND event_object_table = %s ORDER BY trigger_name"
)
PARENT_FACTS = (
    "SELECT constraint_name FROM information_schema.referential_constraints"
    " WHERE constraint_schema = %s AND table_name = %s ORDER BY constraint_name"
)
CHILD_FACTS = (
    "SELECT constraint_name FROM information_schema.referential_constraints"
    " WHERE unique_constraint_schema = %s AND referenced_table_name = %s"
    " ORDER BY constraint_name"
)
DATABASE_EXISTS = "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s"
SERVER_FACTS = (
    "SELECT VERSION(), @@max_allowed_packet, @@innodb_flush_log_at_trx_commit,"
    " @@sync_binlog, @@read_only, @@local_infile,"
    " @@innodb_buffer_pool_size"
)
MODE_FACTS = tuple(
    "SHOW GLOBAL VARIABLES WHERE variable_name IN ('read_only', 'innodb_read_only'" + more + ")"
    for more in (", 'super_read_only', 'sql_require_primary_key'", "")
)
"""For MySQL, and for MariaDB, which has fewer of them."""
SQL_MODES = (
    *("STRICT_ALL_TABLES", "STRICT_TRANS_TABLES", "NO_ZERO_DATE", "NO_ZERO_IN_DATE"),
    *("ERROR_FOR_DIVISION_BY_ZERO", "NO_ENGINE_SUBSTITUTION", "NO_AUTO_VALUE_ON_ZERO"),
)
"""No NO_BACKSLASH_ESCAPES, which the literals and the loader rely on; a zero stays a zero where the
target counts its rows by itself."""
SESSION = (
    f"SET SESSION sql_mode = '{','.join(SQL_MODES)}', time_zone = '+00:00', sql_notes = 1,"
    " collation_connection = 'utf8mb4_bin'"
    " /*!50708 , max_execution_time = 0 */ /*M!100101 , max_statement_time = 0 */"
)
"""Notes count as warnings. No statement of ours is too slow for a server's own limit (3024, 1969),
which is called otherwise by MySQL and by MariaDB; each reads the other's name as a comment."""
SESSION_ISOLATION = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
PROBE_PATIENCE = "SET SESSION lock_wait_timeout = 2"
"""Seconds for a table that somebody else has locked, where nothing depends on the answer."""
SESSION_FACTS = (
    "SELECT @@sql_mode, @@time_zone, @@character_set_client, @@character_set_connection,"
    " @@collation_connection, @@sql_notes"
)
ISOLATION_FACTS = (
    "SHOW SESSION VARIABLES WHERE variable_name IN ('transaction_isolation', 'tx_isolation')"
)
"""MySQL has the first, MariaDB before 11.1 the second, later ones both."""
LIMIT_FACTS = (
    "SHOW SESSION VARIABLES WHERE variable_name IN ('max_execution_time', 'max_statement_time')"
)
"""MySQL has the first, MariaDB the second."""
