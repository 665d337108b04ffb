"""Tables that are to be created in MySQL: their plans, and the SQL type of each CQL type there."""

from __future__ import annotations

from cass_snapshot.model import Column
from cass_snapshot.mysql.columns import Flavour, TargetColumn
from cass_snapshot.mysql.planning.plan import plan
from cass_snapshot.planned import ColumnMapping, Level, PlannedTarget, TableMapping
from tests.support.typed_cells import plan_columns, table

ASCII = " CHARACTER SET ascii COLLATE ascii_bin"
UTF8 = " CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin"
COMPOUND = (
    "list<int>",
    "set<text>",
    "map<text, int>",
    "frozen<list<int>>",
    "frozen<tuple<int, text>>",
    "frozen<address{street text}>",
    "address{street text}",
)
REGULAR = {
    **dict.fromkeys(("ascii", "text", "varchar"), "LONGTEXT" + UTF8),
    **dict.fromkeys((*COMPOUND, "vector<float, 3>"), "LONGTEXT" + UTF8),
    "blob": "LONGBLOB",
    "boolean": "TINYINT(1)",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INT",
    "bigint": "BIGINT",
    "counter": "BIGINT",
    "varint": "DECIMAL(65,0)",
    "decimal": "DECIMAL(65,30)",
    "float": "DOUBLE",
    "double": "DOUBLE",
    "date": "DATE",
    "time": "TIME(6)",
    "timestamp": "DATETIME(3)",
    "uuid": "CHAR(36)" + ASCII,
    "timeuuid": "CHAR(36)" + ASCII,
    "inet": "VARCHAR(45)" + ASCII,
    "duration": "VARCHAR(64)" + ASCII,
}
EXACT = REGULAR | {
    **dict.fromkeys(("text", "varchar", "varint", "vector<float, 3>"), "LONGBLOB"),
    "boolean": "TINYINT",
    "decimal": "LONGTEXT" + ASCII,
    "float": "VARBINARY(4)",
    "double": "VARBINARY(8)",
    "date": "INT",
    "time": "BIGINT",
    "timestamp": "BIGINT",
    "uuid": "BINARY(16)",
    "timeuuid": "BINARY(16)",
    "inet": "VARBINARY(16)",
}
NO_KEYS = ("counter", "duration", *(c for c in COMPOUND if not c.startswith("frozen")))


def made(
    *columns: Column, said: tuple[ColumnMapping, ...] = (), **mapping: object
) -> PlannedTarget:
    """Return the plan of a table that is to be created."""
    wanted = TableMapping(target="orders", columns=said, **mapping)  # type: ignore[arg-type]  # by name
    return plan(table(*columns), wanted, database="shop", flavour=Flavour.MYSQL)


def failures(found: PlannedTarget) -> list[str]:
    """Return what keeps a table from being copied."""
    return [f.text for f in found.findings if f.level is Level.FAIL]


def planned(*columns: Column) -> tuple[TargetColumn, ...]:
    """Return what the columns of a table become in MySQL."""
    return plan_columns(table(*columns), Flavour.MYSQL)
