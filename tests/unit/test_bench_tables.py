"""The tables of bin/bench: rows by number, as bytes for Cassandra and as lines for MySQL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from cassandra.cqltypes import lookup_casstype

from tests.bench.prepared import _cuts, _gather, _scatter, sort_value
from tests.bench.shapes import SHAPES, Shape
from tests.bench.target import digest_statement
from tests.bench.values import to_line, to_wire

ROWS = 500
EVERY = pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
DRIVER = {
    "uuid": "UUIDType",
    "text": "UTF8Type",
    "int": "Int32Type",
    "bigint": "LongType",
    "double": "DoubleType",
    "timestamp": "DateType",
    "date": "SimpleDateType",
    "boolean": "BooleanType",
    "decimal": "DecimalType",
    "blob": "BytesType",
}


@EVERY
def test_a_row_is_a_function_of_its_number(shape: Shape) -> None:
    """So a table can be filled by many, and known without reading it."""
    assert [shape.make_row(n) for n in range(20)] == [shape.make_row(n) for n in range(20)]
    assert all(len(shape.make_row(n)) == len(shape.columns) for n in range(20))


@EVERY
def test_no_two_rows_have_the_same_key(shape: Shape) -> None:
    """Or the table would have fewer rows than it says."""
    assert len({shape.key_of(shape.make_row(n)) for n in range(ROWS)}) == ROWS


@EVERY
def test_cells_are_the_bytes_that_the_driver_would_send(shape: Shape) -> None:
    """The filling does without the driver's own, for speed alone."""
    types = [column.cql for column in shape.columns]
    for number in range(50):
        row = shape.make_row(number)
        expected = [
            None if value is None else lookup_casstype(DRIVER[cql]).serialize(value, 5)
            for cql, value in zip(types, row, strict=True)
        ]
        assert expected == to_wire(types)(row)


def test_a_line_escapes_what_load_data_would_take_for_its_own() -> None:
    """Tabs, newlines, backslashes and zero bytes; NULL is no text."""
    line = to_line(["text", "blob", "text"])
    assert line(("a\tb\\c\nd", b"\0\t\xff", None)) == b"a\\tb\\\\c\\nd\t\\0\\t\xff\t\\N\n"


def test_a_line_writes_values_as_mysql_reads_them() -> None:
    """In UTC, to the millisecond, without an exponent where MySQL knows none."""
    row = (
        UUID(int=1),
        datetime(2001, 2, 3, 4, 5, 6, 78_000, UTC),
        date(2020, 1, 2),
        True,
        Decimal("-0.0001"),
        1.5,
        -7,
    )
    types = ["uuid", "timestamp", "date", "boolean", "decimal", "double", "int"]
    assert to_line(types)(row) == (
        b"00000000-0000-0000-0000-000000000001\t2001-02-03 04:05:06.078\t2020-01-02\t1\t"
        b"-0.0001\t1.5\t-7\n"
    )


@EVERY
@pytest.mark.parametrize("order", ["key", "token"])
def test_prepared_files_hold_every_row_in_order(shape: Shape, order: str, tmp_path: Path) -> None:
    """Through as many buckets as a large table has."""
    rows, buckets = 300, 3
    (tmp_path / "key").mkdir()
    (tmp_path / "token").mkdir()
    cuts = {name: _cuts(shape, name, rows, buckets) for name in ("key", "token")}
    for numbers in (range(120), range(120, rows)):
        _scatter(tmp_path, shape.name, cuts, numbers)
    written = sum(_gather(tmp_path, order, bucket, rows_max=40) for bucket in range(buckets))
    value = sort_value(shape, order)
    expected = sorted((shape.make_row(n) for n in range(rows)), key=value)
    line = to_line([column.cql for column in shape.columns])
    files = sorted((tmp_path / order).glob("*.tsv"))
    assert written == rows
    assert b"".join(map(line, expected)) == b"".join(path.read_bytes() for path in files)
    assert all(path.read_bytes().count(b"\n") <= 40 for path in files)


@EVERY
def test_a_digest_sees_every_column(shape: Shape) -> None:
    """And tells NULL from any text."""
    statement = digest_statement(shape, "t")
    assert all(f"{name})" in statement or f"({name}," in statement for name in shape.names)
    assert statement.count("IFNULL") == len(shape.names)
