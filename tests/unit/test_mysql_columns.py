"""What each CQL type becomes in MySQL, and which tables are refused."""

from __future__ import annotations

import pytest

from cass_snapshot.errors import PreflightError
from cass_snapshot.forms import READABLE_FORMS
from cass_snapshot.model import Column, ColumnKind
from cass_snapshot.mysql.columns import (
    Flavour,
    TargetColumn,
    key_names,
    plan_columns,
    target_columns,
)
from cass_snapshot.planned import PlannedTarget
from tests.support.typed_cells import clustering, column, key, table

ASCII = " CHARACTER SET ascii COLLATE ascii_bin"
UTF8 = " CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin"
REGULAR = {
    **dict.fromkeys(("ascii", "text", "varchar"), "LONGTEXT" + UTF8),
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
}
IN_KEY = {
    **{cql: sql for cql, sql in REGULAR.items() if cql != "counter"},
    **dict.fromkeys(("ascii", "text", "varchar"), "VARCHAR(768)" + UTF8),
    "blob": "VARBINARY(3072)",
    "decimal": "VARCHAR(80)" + ASCII,
}


def planned(*columns: Column) -> tuple[TargetColumn, ...]:
    """Return what the columns of a table become in MySQL."""
    return plan_columns(table(*columns), Flavour.MYSQL)


@pytest.mark.parametrize("cql", REGULAR)
def test_a_regular_column_has_the_type_of_the_readable_profile(cql: str) -> None:
    """Wide enough for every value that is not refused."""
    found = planned(key("k", "int"), column("v", cql))[1]
    assert (REGULAR[cql], READABLE_FORMS[cql]) == (found.definition, found.planned.form)
    assert (found.in_key, found.planned.limits.identity) == (False, False)


@pytest.mark.parametrize("cql", IN_KEY)
def test_a_key_column_has_a_type_that_tells_keys_apart(cql: str) -> None:
    """Texts by their bytes and without padding, decimals with their scale."""
    found = planned(key("v", cql))[0]
    assert IN_KEY[cql] == found.definition
    assert (found.in_key, found.planned.limits.identity) == (True, True)


def test_texts_of_a_key_share_what_fixed_columns_leave() -> None:
    """3,072 bytes less 8 for the bigint, by two, by four bytes a character."""
    found = planned(key("a", "text"), clustering("b", "bigint"), clustering("c", "text"))
    assert [c.definition.partition(" ")[0] for c in found] == [
        "VARCHAR(383)",
        "BIGINT",
        "VARCHAR(383)",
    ]
    assert [c.planned.limits.chars_max for c in found] == [383, None, 383]


def test_the_limits_of_numbers_are_those_of_their_columns() -> None:
    """DECIMAL clips and rounds silently, so the encoder must know."""
    varint, decimal = planned(key("k", "int"), column("a", "varint"), column("b", "decimal"))[1:]
    assert varint.planned.limits.integer_digits_max == 65
    limits = decimal.planned.limits
    assert (limits.integer_digits_max, limits.fraction_digits_max) == (35, 30)


@pytest.mark.parametrize(
    "cql", ["list<int>", "frozen<map<text, int>>", "set<text>", "address", "duration", "vector<f>"]
)
def test_a_type_that_is_not_mapped_is_refused_by_name(cql: str) -> None:
    """Nothing is half copied: the table is refused in preflight."""
    with pytest.raises(PreflightError, match=r"shop\.orders has columns") as refused:
        planned(key("k", "int"), column("fine", "text"), column("tags", cql))
    assert refused.value.why == f"type not supported: tags {cql}"
    assert "nothing was written" in refused.value.where


def test_static_columns_are_refused_by_name() -> None:
    """They belong to a partition, and a row has no room for that."""
    with pytest.raises(PreflightError) as refused:
        planned(
            key("k", "int"),
            clustering("c", "int"),
            column("s1", "int", ColumnKind.STATIC),
            column("s2", "text", ColumnKind.STATIC),
            column("l", "list<int>"),
        )
    assert refused.value.why == "type not supported: l list<int>; static columns: s1, s2"


def test_a_key_of_seventeen_parts_is_refused() -> None:
    """InnoDB takes sixteen."""
    assert planned(*(key(f"k{i}", "int") for i in range(16)))
    with pytest.raises(PreflightError, match="does not fit an InnoDB key"):
        planned(*(key(f"k{i}", "int") for i in range(17)))


def test_the_primary_key_has_the_order_of_the_source() -> None:
    """Partition key, then clustering columns."""
    source = table(key("b", "int"), key("a", "int"), clustering("c", "int"), column("d", "int"))
    assert key_names(plan_columns(source, Flavour.MYSQL), source) == ("b", "a", "c")


def test_columns_carried_to_a_worker_are_what_they_were() -> None:
    """A plan crosses the pipe as records and texts."""
    columns = planned(key("k", "text"), column("v", "decimal"))
    plan = PlannedTarget(
        name="shop.orders",
        table="orders",
        columns=tuple(c.planned for c in columns),
        definitions=tuple(c.definition for c in columns),
        dialect="mysql",
        ddl="",
        exists=False,
        key=("k",),
    )
    assert columns == target_columns(plan)
