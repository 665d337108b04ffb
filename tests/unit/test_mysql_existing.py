"""What is advised for the columns of a table that is there, and may hold rows."""

from __future__ import annotations

from typing import Any

import pytest

from cass_snapshot.model import Column, ColumnKind, Table, TableName
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.plan import plan
from cass_snapshot.mysql.planning.tablefacts import ColumnFacts, KeyFacts, TableFacts
from cass_snapshot.planned import ColumnMapping, Level, PlannedTarget, TableMapping

ID = ColumnFacts(name="id", type="int", nullable=False)


def planned_for(
    cql: str,
    *columns: ColumnFacts,
    said: ColumnMapping | None = None,
    first: ColumnFacts = ID,
    unseen: str = "",
    **mapping: Any,  # noqa: ANN401 - the fields of TableMapping
) -> PlannedTarget:
    """Return the plan of ``id`` and ``c`` into a table that is there."""
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
        unseen=unseen,
        columns=(first, *columns),
        keys=(KeyFacts(name="PRIMARY", columns=(first.name,)),),
    )
    wanted = TableMapping(target="orders", columns=(said,) if said else (), **mapping)
    return plan(source, wanted, database="shop", flavour=Flavour.MYSQL, there=there)


def fix_for(cql: str, column: ColumnFacts) -> str:
    """Return what would let a column take more than it does."""
    return planned_for(cql, column).columns[1].limits.fix


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


@pytest.mark.parametrize(
    ("asked", "level"),
    [("LONGBLOB", Level.FAIL), ("FLOAT", Level.WARN), ("DOUBLE", None), ("REAL", None)],
)
def test_a_type_that_is_asked_for_a_column_that_is_there_is_not_ignored(
    asked: str, level: Level | None
) -> None:
    """Another form would be written otherwise than the operator thinks; another width is told."""
    said = ColumnMapping(source="c", type=asked)
    found = planned_for("double", ColumnFacts(name="c", type="double"), said=said).findings
    assert [f.level for f in found] == ([level] if level else [])
    if level:
        assert found[0].text.startswith("c is DOUBLE in orders already; type = ")
        assert found[0].fix.startswith("DROP TABLE orders, or another target, or remove ")


@pytest.mark.parametrize(
    ("sql", "failed"),
    [("varchar(40)", True), ("decimal(20,0)", True), ("int", True), ("bigint", False)],
)
def test_a_write_time_goes_into_whole_numbers_alone(sql: str, failed: bool) -> None:
    """Texts would be compared letter by letter."""
    said = ColumnMapping(source="c", writetime="w")
    when = ColumnFacts(name="w", type=sql, charset="ascii", collation="ascii_bin")
    found = planned_for("int", ColumnFacts(name="c", type="int"), when, said=said)
    assert any(f.level is Level.FAIL for f in found.findings) is failed


@pytest.mark.parametrize(
    ("sql", "failed"),
    [("varchar(64)", True), ("binary(16)", True), ("binary(32)", False), ("varbinary(40)", False)],
)
def test_a_digest_goes_into_bytes_alone(sql: str, failed: bool) -> None:
    """All 32 of them."""
    first = ColumnFacts(name="d", type=sql, charset="ascii", collation="ascii_bin", nullable=False)
    columns = (ColumnFacts(name="id", type="int"), ColumnFacts(name="c", type="int"))
    found = planned_for("int", *columns, first=first, digest_key=True, match=("d",))
    assert any(f.level is Level.FAIL for f in found.findings) is failed


def test_a_write_time_that_may_be_null_is_let_be_null() -> None:
    """No constant can replace one."""
    said = ColumnMapping(source="c", writetime="w")
    when = ColumnFacts(name="w", type="bigint", nullable=False)
    (found,) = planned_for("int", ColumnFacts(name="c", type="int"), when, said=said).findings
    assert found.text == "w is NOT NULL: a NULL writetime of c is refused"
    assert found.fix == "let w be NULL: ALTER TABLE ... MODIFY w BIGINT NULL"


def test_rows_are_not_replaced_where_something_may_hang_on_them_unseen() -> None:
    """REPLACE would fire a trigger, or delete the rows of a child table, of which nobody told."""
    number = ColumnFacts(name="c", type="int")
    assert planned_for("int", number).owned
    limited = planned_for("int", number, unseen="GRANT TRIGGER ON `shop`.* TO me")
    assert not limited.owned
    (told,) = [f for f in limited.findings if "hidden" in f.text]
    assert (told.level, told.fix) == (Level.WARN, "GRANT TRIGGER ON `shop`.* TO me")
