"""``key = "digest"``: keys that a natural key would merge or cannot hold are rows of their own."""

from __future__ import annotations

import csv
import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import pytest

from tests.support import wire
from tests.support.cql_tree import tree
from tests.support.mapped import Cells, Mapped, number, wire_rows
from tests.support.raw_cells import RawCells, raw_cells
from tests.support.readback import READABLE, cell_of, told
from tests.support.servers import Place, Servers, new_keyspace

pytestmark = pytest.mark.servers

Key = tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """A table: its key columns with their types, those of the partition key first, and its keys."""

    partition: dict[str, str]
    clustering: dict[str, str]
    keys: tuple[Key, ...]
    raw: tuple[str, ...] = ()
    """The columns that are copied as bytes."""

    @property
    def columns(self) -> dict[str, str]:
        """Return the columns of the primary key."""
        return self.partition | self.clustering


def _whole(number: int) -> bytes:
    return struct.pack(">i", number)


LONG = b"x" * 2_990
TABLES = {
    "numbers": Keys(
        partition={"amount": "decimal", "big": "varint"},
        clustering={"ratio": "double", "at": "date"},
        keys=tuple(
            product(
                (wire.decimal(1, 0), wire.decimal(10, 1), wire.decimal(100, 2)),
                (b"\x01", b"\x00\x01", b"\x00\x00\x01"),
                (struct.pack(">d", 0.0), struct.pack(">d", -0.0)),
                (struct.pack(">I", 2**31),),
            )
        ),
        raw=("ratio",),  # MariaDB's DOUBLE makes 0 of -0.0
    ),
    "texts": Keys(
        partition={"a": "text"},
        clustering={"b": "text", "c": "blob"},
        keys=(
            (LONG + b"1", LONG + b"1", b""),
            (LONG + b"1", LONG + b"2", b""),
            (LONG + b"1", LONG + b"2", bytes(60_000)),
            (LONG + b"1 ", LONG + b"1", b"\0"),
            (b"\xed\xa0\x80", b"ab", b"c"),
            (b"\xc0\x80", b"a", b"bc"),
            (b"\xc0\x80", b"A", b"bc"),
            (b"ab", b"", b"c"),
            (b"a", b"b", b"c"),
        ),
        raw=("a",),
    ),
    "parts": Keys(
        partition={"p0": "int", "p1": "int"},
        clustering={f"c{n}": "int" for n in range(15)},
        keys=tuple(
            tuple(_whole(int(place == n) * (-1) ** n) for place in range(17)) for n in range(17)
        ),
    ),
}


@pytest.fixture(scope="module")
def keyspace(servers: Servers) -> Iterator[str]:
    """Hold the tables, and in each row the place of its key in ``keys``."""
    with new_keyspace(servers) as name:
        with raw_cells(servers) as raw:
            for table, made in TABLES.items():
                _fill(raw, f"{name}.{table}", made)
        yield name


def _fill(raw: RawCells, table: str, made: Keys) -> None:
    listed = ", ".join(f"{name} {cql}" for name, cql in made.columns.items())
    partition, clustering = ", ".join(made.partition), ", ".join(made.clustering)
    raw.session.execute(
        f"CREATE TABLE {table} ({listed}, place int, PRIMARY KEY (({partition}), {clustering}))"
    )
    marks = ", ".join("?" * len(made.columns))
    statement = raw.prepare(
        f"INSERT INTO {table} ({partition}, {clustering}, place) VALUES ({marks}, ?)"
    )
    for place, key in enumerate(made.keys):
        raw.session.execute(statement, (*key, _whole(place)))


def _section(table: str, key: str) -> str:
    raw = "".join(f'[tables.columns.{name}]\ntype = "LONGBLOB"\n' for name in TABLES[table].raw)
    return f'[[tables]]\nsource = "{{ks}}.{table}"\nkey = "{key}"\n{raw}'


def _digest(key: Key) -> bytes:
    return hashlib.sha256(b"".join(struct.pack(">I", len(cell)) + cell for cell in key)).digest()


def _tokens(place: Place, table: str) -> dict[int, int]:
    names = ", ".join(TABLES[table].partition)
    found = place.cql(f"SELECT place, token({names}) FROM {{ks}}.{table}")
    return dict(found)


def test_a_digest_keeps_every_key_apart(keyspace: str, flavour_place: Place) -> None:
    """Digests as computed here, tokens as Cassandra tells them, counts equal, cells beside them.

    A key that is then taken out of MySQL is the one that find-missing names.
    """
    place = replace(flavour_place, keyspace=keyspace)
    copy = Mapped(place=place, sections="".join(_section(table, "digest") for table in TABLES))
    ended = copy.call("run")

    assert ended.code == 0, str(ended)
    for table, made in TABLES.items():
        rows = wire_rows(place, f"SELECT * FROM {{db}}.{table}")
        held = {number(row["place"]): row for row in rows}
        assert len(rows) == len(made.keys)
        assert {n: row["cassandra_key"] for n, row in held.items()} == {
            n: _digest(key) for n, key in enumerate(made.keys)
        }
        tokens = _tokens(place, table)
        assert {n: number(row["cassandra_token"]) for n, row in held.items()} == tokens
        for n, key in enumerate(made.keys):
            _compare(made, held[n], key)

    gone = _digest(TABLES["numbers"].keys[4])
    place.sql("DELETE FROM {db}.numbers WHERE cassandra_key = %s", (gone,))
    listed = place.folder / "missing.csv"
    checked = copy.call("find-missing", "--write-csv", str(listed))
    assert checked.code == 5, str(checked)
    missing = list(csv.DictReader(listed.read_text(encoding="utf-8").splitlines()))
    token = _tokens(place, "numbers")[4]
    assert [(row["table"], int(row["token"])) for row in missing] == [
        (f"{keyspace}.numbers", token)
    ]


def _compare(made: Keys, row: Cells, key: Key) -> None:
    for (name, cql), cell in zip(made.columns.items(), key, strict=True):
        raw = name in made.raw
        wanted = cell if raw else told(tree(cql), READABLE, cell)
        got = row[name] if raw else cell_of(tree(cql), READABLE, row[name])
        assert got == wanted, name


def test_a_key_of_seventeen_parts_is_refused_without_a_digest(keyspace: str, place: Place) -> None:
    """Before anything is written, with the setting that would take it."""
    place = replace(place, keyspace=keyspace)
    ended = Mapped(place=place, sections=_section("parts", "natural")).call("run")

    assert ended.code == 3, str(ended)
    assert "17 parts" in ended.err
    assert 'key = "digest"' in ended.err
    assert place.tables() == set()
