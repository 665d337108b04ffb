"""CQL text: quoted, with explicit columns, and one parameter for each value."""

from __future__ import annotations

import pytest

from cass_snapshot.model import Table, TableName
from cass_snapshot.reader import statements
from cass_snapshot.reader.statements import select_values
from tests.support.typed_cells import clustering, column, key

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
