"""CQL text: quoted, with explicit columns, and one parameter for each value."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cass_snapshot.model import ColumnKind, Table, TableName
from cass_snapshot.planned import Reading
from cass_snapshot.reader import statements
from cass_snapshot.reader.statements import (
    Selected,
    select_counted,
    select_planned,
    select_values,
)
from tests.support.typed_cells import clustering, column, key, planned

TABLE = Table(
    name=TableName(keyspace="Shop", name='or"ders'),
    columns=(
        key("a", "int"),
        key("B b", "text"),
        clustering("c1", "int"),
        clustering("c2", "int", descending=True),
        clustering("c3", "int"),
        column("select", "text"),
    ),
    cluster="Test Cluster",
)
FROM = 'FROM "Shop"."or""ders" WHERE'
ONE = select_values(TABLE.columns[:1])
KEY = '"a" = ? AND "B b" = ?'


@pytest.mark.parametrize(
    ("name", "quoted"), [("a", '"a"'), ("Upper case", '"Upper case"'), ('a"b""', '"a""b"""""')]
)
def test_a_name_is_quoted_with_its_quotes_doubled(name: str, quoted: str) -> None:
    """So that case, spaces and keywords are what was meant."""
    assert quoted == statements.quote(name)


def test_a_range_is_above_its_start_and_up_to_its_end() -> None:
    """Start-exclusive, end-inclusive, over all columns of the partition key."""
    expected = (
        f'SELECT "a", "B b", "select" {FROM} token("a", "B b") > ? AND token("a", "B b") <= ?'
    )
    columns = select_values((*TABLE.partition_key, TABLE.columns[-1]))
    assert expected == statements.select_range(TABLE, columns)


def test_the_partitions_of_a_token_are_asked_for_once_each() -> None:
    """DISTINCT gives a row a partition, however wide it is."""
    expected = f'SELECT DISTINCT "a", "B b" {FROM} token("a", "B b") = ?'
    assert expected == statements.select_partitions_at_token(TABLE)


def test_a_partition_is_asked_for_by_its_whole_key() -> None:
    """Every column of the partition key is bound."""
    assert f'SELECT "a" {FROM} {KEY}' == statements.select_partition(TABLE, ONE)


@pytest.mark.parametrize(
    ("depth", "condition"),
    [
        (0, f'{KEY} AND "c1" > ?'),
        (1, f'{KEY} AND "c1" = ? AND "c2" < ?'),
        (2, f'{KEY} AND "c1" = ? AND "c2" = ? AND "c3" > ?'),
    ],
)
def test_the_rest_of_a_partition_follows_each_columns_direction(depth: int, condition: str) -> None:
    """A descending column goes on below the value, an ascending one above it."""
    expected = f'SELECT "a" {FROM} {condition}'
    assert expected == statements.select_rest_of_partition(TABLE, ONE, depth)


def narrowed(*, allow_filtering: bool) -> Table:
    """Return the table with a condition of the operator's."""
    return replace(TABLE, where="v = 'x'", allow_filtering=allow_filtering)


def test_the_operators_condition_is_in_every_read_of_rows() -> None:
    """Behind ours, with ALLOW FILTERING only where it was asked for."""
    for asked, ending in ((False, " AND v = 'x'"), (True, " AND v = 'x' ALLOW FILTERING")):
        table = narrowed(allow_filtering=asked)
        for made in (
            statements.select_range(table, ONE),
            statements.select_partition(table, ONE),
            statements.select_rest_of_partition(table, ONE, 1),
        ):
            assert made.endswith("?" + ending)
        limited = statements.select_first(table, ONE)
        assert limited.endswith(ending.replace("'x'", "'x' LIMIT ?"))


def test_the_partitions_of_a_token_are_found_whatever_the_condition_says() -> None:
    """They are keys to read at; the condition is in the reads themselves."""
    table = narrowed(allow_filtering=True)
    assert statements.select_partitions_at_token(table) == statements.select_partitions_at_token(
        TABLE
    )
    assert "LIMIT ?" in statements.select_first(TABLE, ONE)


def test_filtering_is_allowed_for_a_condition_alone() -> None:
    """Without one there is nothing to filter by."""
    assert "ALLOW" not in statements.select_range(replace(TABLE, allow_filtering=True), ONE)


def test_one_row_a_partition_is_read_distinct() -> None:
    """Ranges and partitions alike."""
    table = replace(TABLE, columns=TABLE.partition_key, partitions=True)
    columns = select_values(table.columns)
    assert statements.select_range(table, columns).startswith('SELECT DISTINCT "a", "B b" FROM')
    assert statements.select_partition(table, columns).startswith('SELECT DISTINCT "a", "B b" FROM')


@pytest.mark.parametrize(
    ("cql", "reading", "term"),
    [
        ("text", Reading.VALUE, '"v"'),
        ("text", Reading.WRITETIME, 'WRITETIME("v")'),
        ("frozen<list<int>>", Reading.WRITETIME, 'WRITETIME("v")'),
        ("list<int>", Reading.WRITETIME, 'MAXWRITETIME("v")'),
        ("u{a int}", Reading.WRITETIME, 'MAXWRITETIME("v")'),
        ("text", Reading.TTL, 'TTL("v")'),
    ],
)
def test_write_time_and_ttl_are_asked_of_the_column(cql: str, reading: Reading, term: str) -> None:
    """The elements of a collection have a write time each; the newest of them counts."""
    selected = Selected(column=column("v", cql), reading=reading)
    assert statements.select_range(TABLE, [selected]).startswith(f"SELECT {term} FROM ")


def test_what_is_made_from_the_row_is_not_asked_for() -> None:
    """The rest is, in the order of the plan."""
    columns = [planned("text"), planned("blob")]
    made = [
        replace(columns[0], reading=Reading.WRITETIME),
        columns[1],
        replace(columns[0], reading=Reading.DIGEST),
        replace(columns[0], reading=Reading.TOKEN),
    ]
    found = select_planned(made)
    assert [s.reading for s in found] == [Reading.WRITETIME, Reading.VALUE]
    assert [columns[0].column, columns[1].column] == [s.column for s in found]


def test_rows_are_counted_by_the_least_that_tells_them() -> None:
    """With static columns a clustering column too; a partition by its whole key."""
    static = column("s", "int", ColumnKind.STATIC)
    names = {
        "plain": ["a"],
        "static": ["a", "c1"],
        "partitions": ["a", "B b"],
    }
    tables = {
        "plain": TABLE,
        "static": replace(TABLE, columns=(*TABLE.columns, static)),
        "partitions": replace(TABLE, columns=(*TABLE.partition_key, static), partitions=True),
    }
    assert names == {
        kind: [s.column.name for s in select_counted(table)] for kind, table in tables.items()
    }
