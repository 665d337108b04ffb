"""What is advised for the columns of a table that is there, and may hold rows."""

from __future__ import annotations

import pytest

from cass_snapshot.model import Column, ColumnKind, Table, TableName
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.plan import plan
from cass_snapshot.mysql.planning.tablefacts import ColumnFacts, KeyFacts, TableFacts
from cass_snapshot.planned import TableMapping


def fix_for(cql: str, column: ColumnFacts) -> str:
    """Return what would let a column take more than it does."""
    source = Table(
        name=TableName(keyspace="shop", name="orders"),
        columns=(
            Column(name="id", type="int", kind=ColumnKind.PARTITION_KEY),
            Column(name="c", type=cql, kind=ColumnKind.REGULAR),
        ),
        cluster="Test Cluster",
    )
    there = TableFacts(
        kind="BASE TABLE",
        engine="InnoDB",
        unseen="",
        columns=(ColumnFacts(name="id", type="int", nullable=False), column),
        keys=(KeyFacts(name="PRIMARY", columns=("id",)),),
    )
    planned = plan(
        source,
        TableMapping(target="orders"),
        database="shop",
        flavour=Flavour.MYSQL,
        there=there,
    )
    return planned.columns[1].limits.fix


def test_a_column_that_may_grow_is_altered() -> None:
    """The values that are there stay what they are."""
    text = ColumnFacts(
        name="c", type="varchar(10)", charset="utf8mb4", collation="utf8mb4_0900_ai_ci"
    )
    assert fix_for("text", text).startswith("ALTER TABLE `orders` MODIFY `c` ")
    number = ColumnFacts(name="c", type="int")
    assert fix_for("bigint", number) == "ALTER TABLE `orders` MODIFY `c` BIGINT"


@pytest.mark.parametrize(
    ("cql", "sql", "other"),
    [("double", "double", "VARBINARY(8)"), ("timestamp", "datetime(3)", "VARBINARY(8)")],
)
def test_a_column_is_not_altered_where_that_would_change_its_values(
    cql: str, sql: str, other: str
) -> None:
    """MySQL would turn a number into its text, an instant into digits."""
    fix = fix_for(cql, ColumnFacts(name="c", type=sql))
    assert fix == f"a target of its own in which c is {other} (MODIFY would change values)"


def test_what_else_a_column_is_stays_in_the_advice() -> None:
    """A bare MODIFY would lose NOT NULL and the default."""
    text = ColumnFacts(
        name="c",
        type="varchar(3)",
        charset="utf8mb4",
        collation="utf8mb4_0900_bin",
        nullable=False,
        default="x",
    )
    assert fix_for("text", text).endswith(" NOT NULL DEFAULT ...")


def test_a_text_in_another_character_set_is_converted() -> None:
    """MODIFY changes the bytes and keeps the characters."""
    text = ColumnFacts(
        name="c", type="varchar(20)", charset="latin1", collation="latin1_swedish_ci"
    )
    assert fix_for("text", text) == (
        "ALTER TABLE `orders` MODIFY `c` VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin"
    )


def test_a_column_that_is_something_else_is_not_altered() -> None:
    """Another column is mapped instead."""
    number = ColumnFacts(name="c", type="int", nullable=False, auto_increment=True)
    assert fix_for("text", number).startswith('[tables.columns.c] name = "another column", or')


def test_an_empty_uuid_is_offered_a_type_that_takes_it() -> None:
    """BINARY(16) pads it, CHAR(36) has no text for it."""
    assert "VARBINARY(16)" in fix_for("uuid", ColumnFacts(name="c", type="binary(16)"))
