"""Static columns: on every row of their partition, and in a table of their own where wanted."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support import wire
from tests.support.cql_tree import tree
from tests.support.mapped import Cells, Mapped, number, wire_rows
from tests.support.raw_cells import raw_cells
from tests.support.readback import cell_of, told
from tests.support.servers import Place, Servers, new_keyspace

pytestmark = pytest.mark.servers

STATICS = {
    "s_text": "text",
    "s_int": "int",
    "s_decimal": "decimal",
    "s_time": "timestamp",
    "s_blob": "blob",
    "s_list": "list<int>",
    "s_map": "frozen<map<text, bigint>>",
}
FULL = (
    "Größe \\ \t'".encode(),
    struct.pack(">i", -(2**31)),
    wire.decimal(-150, 2),
    struct.pack(">q", -1),
    bytes(range(256)),
    wire.elements([struct.pack(">i", 1), struct.pack(">i", 1)]),
    wire.pairs([(b"a", struct.pack(">q", 2**63 - 1)), (b"b", struct.pack(">q", -1))]),
)
EMPTY = (b"", *(None,) * 6)
NOTHING = (None,) * 7
PARTITIONS: dict[int, tuple[tuple[bytes | None, ...], int]] = {
    1: (FULL, 3),
    2: (FULL, 0),
    3: (EMPTY, 2),
    4: (EMPTY, 0),
    5: (NOTHING, 1),
    6: (FULL, 1),
    7: ((None, struct.pack(">i", 0), *(None,) * 5), 0),
}
"""The static cells of each partition, and how many rows it has."""
ALONE = sum(not rows for _, rows in PARTITIONS.values())
ROWS = sum(rows for _, rows in PARTITIONS.values())
TABLE = '[[tables]]\nsource = "{ks}.shelves"\n'
HEADS = TABLE + 'target = "heads"\npartitions = true\n'
PROFILES = {"mysql": ("readable", "exact"), "mariadb": ("exact", "readable")}
"""Those of the rows and of the partitions: each is tried for both."""


@pytest.fixture(scope="module")
def keyspace(servers: Servers) -> Iterator[str]:
    """Hold partitions with rows, with static cells, and with both."""
    with new_keyspace(servers) as name:
        listed = ", ".join(f"{column} {cql} static" for column, cql in STATICS.items())
        servers.cql(
            f"CREATE TABLE {name}.shelves (id int, n int, body text, {listed}, PRIMARY KEY (id, n))"
        )
        with raw_cells(servers) as raw:
            names, marks = ", ".join(STATICS), ", ".join("?" * len(STATICS))
            head = raw.prepare(f"INSERT INTO {name}.shelves (id, {names}) VALUES (?, {marks})")
            row = raw.prepare(f"INSERT INTO {name}.shelves (id, n, body) VALUES (?, ?, ?)")
            for id_, (cells, rows) in PARTITIONS.items():
                key = struct.pack(">i", id_)
                raw.session.execute(head, (key, *cells))
                for n in range(rows):
                    raw.session.execute(row, (key, struct.pack(">i", n), b"body"))
        yield name


def test_static_columns_arrive_on_every_row_and_once_a_partition(
    keyspace: str, flavour: str, flavour_place: Place
) -> None:
    """Partitions without a row are counted, and only ``partitions = true`` copies them."""
    place = replace(flavour_place, keyspace=keyspace)
    profiles = PROFILES[flavour]
    ended, more = (
        Mapped(place=place, sections=sections, profile=profile).call("run")
        for sections, profile in zip((TABLE, HEADS), profiles, strict=True)
    )

    assert (ended.code, more.code) == (0, 0), f"{ended}\n{more}"
    rows = wire_rows(place, "SELECT * FROM {db}.shelves")
    heads = wire_rows(place, "SELECT * FROM {db}.heads")
    assert {(number(r["id"]), number(r["n"])) for r in rows} == {
        (id_, n) for id_, (_, rows) in PARTITIONS.items() for n in range(rows)
    }
    assert len(rows) == ROWS
    assert sorted(number(r["id"]) for r in heads) == sorted(PARTITIONS)
    assert heads[0].keys() == {"id", *STATICS}
    for copied, profile in zip((rows, heads), profiles, strict=True):
        for row in copied:
            _compare(row, profile)

    said = [t["static_only"] for each in (ended, more) for t in each.record["tables"]]
    assert said == [ALONE, 0]
    assert sorted(place.sql("SELECT static_only FROM {db}.snapshot_validation")) == [(0,), (ALONE,)]


def _compare(row: Cells, profile: str) -> None:
    cells, _ = PARTITIONS[number(row["id"])]
    for (column, cql), cell in zip(STATICS.items(), cells, strict=True):
        wanted = told(tree(cql), profile, cell)
        assert cell_of(tree(cql), profile, row[column]) == wanted, (row["id"], column)
