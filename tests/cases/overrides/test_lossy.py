"""Types that the operator asks for and that are not the same everywhere: VECTOR, JSON, FLOAT."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support import wire
from tests.support.canonical_json import cell_of_json
from tests.support.cql_tree import tree
from tests.support.mapped import Cells, Mapped, number, wire_rows
from tests.support.raw_cells import raw_cells
from tests.support.servers import Place, Servers, new_keyspace

pytestmark = pytest.mark.servers

MAP = "map<text, int>"
FLOATS = (0.0, 1.5, -0.1, 3.4028234663852886e38, 1e-45, -16_777_217.0)
THIRD = 1 / 3


def _float(value: float) -> bytes:
    return struct.pack(">f", value)


ROWS: dict[int, tuple[bytes | None, ...]] = {
    n: (
        b"".join(_float(part) for part in (value, THIRD, -value)),
        wire.pairs([(' é\\"'.encode(), struct.pack(">i", -1)), (b"b", struct.pack(">i", n))]),
        _float(value),
        struct.pack(">d", value * THIRD),
    )
    for n, value in enumerate(FLOATS)
} | {len(FLOATS): (None, None, None, None)}
"""The cells of each row: a vector, a map, a float and a double."""
JSON = '[tables.columns.m]\ntype = "JSON"\n'
VECTOR = '[tables.columns.v]\ntype = "VECTOR(3)"\n'
FLOAT = '[tables.columns.f]\ntype = "FLOAT"\n{}[tables.columns.d]\ntype = "FLOAT"\n{}'
LOSSY = "lossy = true\n"
TABLE = '[[tables]]\nsource = "{ks}.readings"\n'
COLUMN_TYPES = (
    "SELECT column_name, column_type FROM information_schema.columns"
    " WHERE table_schema = %s AND table_name = 'readings'"
)
REFUSED = {
    "mysql": (JSON, "m map<text, int> -> m JSON: JSON puts keys in its own order"),
    "mariadb": (VECTOR, "[tables.columns.v] type: this server has no type VECTOR"),
}
"""What is asked for, and what is said to it, beside FLOAT."""


@pytest.fixture(scope="module")
def keyspace(servers: Servers) -> Iterator[str]:
    """Hold a table with a vector, a map, a float and a double."""
    with new_keyspace(servers) as name:
        servers.cql(
            f"CREATE TABLE {name}.readings (id int PRIMARY KEY, v vector<float, 3>, m {MAP},"
            " f float, d double)"
        )
        with raw_cells(servers) as raw:
            insert = raw.prepare(
                f"INSERT INTO {name}.readings (id, v, m, f, d) VALUES (?, ?, ?, ?, ?)"
            )
            for n, cells in ROWS.items():
                raw.session.execute(insert, (struct.pack(">i", n), *cells))
        yield name


def test_asked_for_types_hold_what_they_promise(
    keyspace: str, flavour: str, flavour_place: Place
) -> None:
    """FLOAT: a float, and the float nearest to a double. JSON: the text, or on MySQL its values.

    MySQL's VECTOR(3) holds the floats bit for bit.
    """
    place = replace(flavour_place, keyspace=keyspace)
    of_mysql = flavour == "mysql"
    json_and_vector = JSON + LOSSY + VECTOR if of_mysql else JSON
    ended = Mapped(place=place, sections=TABLE + json_and_vector + FLOAT.format(LOSSY, LOSSY)).call(
        "run"
    )

    assert ended.code == 0, str(ended)
    asked = "SELECT id, v, m, CAST(f AS DOUBLE) AS f, CAST(d AS DOUBLE) AS d FROM {db}.readings"
    rows = {number(row["id"]): row for row in wire_rows(place, asked)}
    assert rows.keys() == ROWS.keys()
    for n, cells in ROWS.items():
        assert _told(rows[n], of_mysql=of_mysql) == _wanted(cells), n
    types: dict[str, str] = dict(place.sql(COLUMN_TYPES, (place.database,)))
    assert types["v"] == ("vector(3)" if of_mysql else "longtext")
    assert types["m"] == ("json" if of_mysql else "longtext")
    assert (types["f"], types["d"]) == ("float", "float")


def _wanted(cells: tuple[bytes | None, ...]) -> tuple[object, ...]:
    """Return vector and map as cells, the float as it is and the double made one."""
    vector, pairs, single, double = cells
    if single is None or double is None:
        return cells
    (value,) = struct.unpack(">d", double)
    return vector, pairs, *struct.unpack(">f", single), *struct.unpack(">f", _float(value))


def _told(row: Cells, *, of_mysql: bool) -> tuple[object, ...]:
    """Return the same of what came from the target; MySQL's vector is little-endian."""
    vector, pairs, single, double = (row[name] for name in ("v", "m", "f", "d"))
    if vector is None or pairs is None or single is None or double is None:
        return vector, pairs, single, double
    cell = (
        struct.pack(">3f", *struct.unpack("<3f", vector))
        if of_mysql
        else cell_of_json(tree("vector<float, 3>"), vector.decode())
    )
    return cell, cell_of_json(tree(MAP), pairs.decode()), float(single), float(double)


def test_types_that_would_change_values_are_refused_without_a_word(
    keyspace: str, flavour: str, flavour_place: Place
) -> None:
    """FLOAT everywhere, JSON on MySQL; MariaDB 10.11 has no VECTOR. Nothing is written."""
    place = replace(flavour_place, keyspace=keyspace)
    asked, sentence = REFUSED[flavour]
    ended = Mapped(place=place, sections=TABLE + asked + FLOAT.format("", "")).call("run")

    assert ended.code == 3, str(ended)
    said = " ".join(ended.err.split())
    assert sentence in said, said
    for column in ("f float -> f", "d double -> d"):
        assert f"{column} FLOAT: FLOAT reads back rounded" in said, said
    assert "[tables.columns.f] lossy = true" in said, said
    assert place.tables() == set()
