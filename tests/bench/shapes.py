"""The tables of the measurements: what they are called, made of, and filled with.

A row depends on its number alone, so a table can be filled by many and its cells be known without
reading it. Keys that are texts are ASCII: MySQL then sorts them as Python does.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tests.bench import wide_table

Row = tuple[Any, ...]

KEYSPACE = "bench"
PARTITION_ROWS = 100_000
_FIRST_DAY = date(2020, 1, 1)
_DAYS = 1000
_TENANTS = 97
_FAT_HALF = 10_000
_WORDS = ("alpha", "be,ta", "gamma", "del ta", "epsilon", "zeta", "eta", "theta")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its CQL type, its SQL type."""

    name: str
    cql: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind of table. ``parameters`` gives a row of the driver's as executemany takes it."""

    name: str
    columns: tuple[Column, ...]
    partition_key: tuple[str, ...]
    clustering: tuple[str, ...] = ()
    make_row: Callable[[int], Row]
    parameters: Callable[[Row], Row]
    rows: int = 2_000_000
    row_bytes: int
    """Of the values of a row, about; on the wire."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns' names."""
        return tuple(column.name for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """Return the primary key's columns, in its order."""
        return self.partition_key + self.clustering

    def table(self, rows: int) -> str:
        """Return the name of this kind of table with so many rows, on both sides."""
        return f"{self.name}_{rows}"

    def create_cql(self, table: str) -> str:
        """Return the statement that makes it in Cassandra."""
        columns = ", ".join(f"{c.name} {c.cql}" for c in self.columns)
        partition = ", ".join(self.partition_key)
        key = ", ".join((f"({partition})", *self.clustering))
        return f"CREATE TABLE IF NOT EXISTS {KEYSPACE}.{table} ({columns}, PRIMARY KEY ({key}))"

    def insert_cql(self, table: str) -> str:
        """Return the statement that inserts a row in Cassandra."""
        places = ", ".join("?" for _ in self.columns)
        return f"INSERT INTO {KEYSPACE}.{table} ({', '.join(self.names)}) VALUES ({places})"

    def create_sql(self, table: str) -> str:
        """Return the statement that makes it in MySQL, the same one for every peer."""
        columns = ", ".join(f"{c.name} {c.sql}" for c in self.columns)
        return (
            f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({', '.join(self.key)}))"
            " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
        )

    def key_of(self, row: Row) -> tuple[Any, ...]:
        """Return what MySQL sorts a row by."""
        places = [self.names.index(name) for name in self.key]
        return tuple(str(v) if isinstance(v := row[i], UUID) else v for i in places)


def _narrow_row(number: int) -> Row:
    dice = random.Random(number)
    # Odd, so a bijection of 64 bits: keys are spread and never meet.
    spread = (number * 0x9E3779B97F4A7C15) & (2**64 - 1)
    return spread - 2**63, dice.randrange(-(2**31), 2**31), " ".join(dice.choices(_WORDS, k=2))


def _composite_row(number: int) -> Row:
    dice = random.Random(number)
    return (
        f"tenant-{number % _TENANTS:04d}",
        _FIRST_DAY + timedelta(days=number // _TENANTS % _DAYS),
        number,
        dice.choice(("order", "refund", "credit")),
        dice.uniform(-1e9, 1e9),
        " ".join(dice.choices(_WORDS, k=4)),
    )


def _partitions_row(number: int) -> Row:
    dice = random.Random(number)
    place = number % PARTITION_ROWS
    return number // PARTITION_ROWS, place, dice.uniform(-1e9, 1e9), dice.randbytes(24).hex()


def _fat_row(number: int) -> Row:
    dice = random.Random(number)
    key = UUID(int=dice.getrandbits(128), version=4)
    return key, dice.randbytes(_FAT_HALF // 2).hex(), dice.randbytes(_FAT_HALF)


def _key_as_text(row: Row) -> Row:
    return (str(row[0]), *row[1:])


def _day_as_text(row: Row) -> Row:
    return (row[0], str(row[1]), *row[2:])


_UUID = "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL"

_ALL = (
    Shape(
        name="wide",
        columns=(
            Column("id", "uuid", _UUID),
            Column("name", "text", "VARCHAR(64)"),
            Column("qty", "int", "INT"),
            Column("big", "bigint", "BIGINT"),
            Column("val", "double", "DOUBLE"),
            Column("ts", "timestamp", "DATETIME(3)"),
            Column("flag", "boolean", "TINYINT"),
            Column("amount", "decimal", "DECIMAL(38,4)"),
            Column("payload", "blob", "VARBINARY(255)"),
            Column("note", "text", "TEXT"),
        ),
        partition_key=("id",),
        make_row=wide_table.make_row,
        parameters=_key_as_text,
        row_bytes=159,
    ),
    Shape(
        name="narrow",
        columns=(
            Column("id", "bigint", "BIGINT NOT NULL"),
            Column("qty", "int", "INT"),
            Column("name", "text", "VARCHAR(64)"),
        ),
        partition_key=("id",),
        make_row=_narrow_row,
        parameters=tuple,
        row_bytes=36,
    ),
    Shape(
        name="composite",
        columns=(
            Column("tenant", "text", "VARCHAR(32) COLLATE utf8mb4_bin NOT NULL"),
            Column("day", "date", "DATE NOT NULL"),
            Column("seq", "bigint", "BIGINT NOT NULL"),
            Column("kind", "text", "VARCHAR(16)"),
            Column("val", "double", "DOUBLE"),
            Column("note", "text", "VARCHAR(255)"),
        ),
        partition_key=("tenant", "day"),
        clustering=("seq",),
        make_row=_composite_row,
        parameters=_day_as_text,
        row_bytes=90,
    ),
    Shape(
        name="partitions",
        columns=(
            Column("bucket", "int", "INT NOT NULL"),
            Column("place", "int", "INT NOT NULL"),
            Column("val", "double", "DOUBLE"),
            Column("note", "text", "VARCHAR(64)"),
        ),
        partition_key=("bucket",),
        clustering=("place",),
        make_row=_partitions_row,
        parameters=tuple,
        row_bytes=80,
    ),
    Shape(
        name="fat",
        columns=(
            Column("id", "uuid", _UUID),
            Column("body", "text", "MEDIUMTEXT"),
            Column("payload", "blob", "MEDIUMBLOB"),
        ),
        partition_key=("id",),
        make_row=_fat_row,
        parameters=_key_as_text,
        rows=50_000,
        row_bytes=20_036,
    ),
)
SHAPES: Mapping[str, Shape] = {shape.name: shape for shape in _ALL}
