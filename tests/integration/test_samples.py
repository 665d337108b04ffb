"""A sample of a real table tells how many rows there may be; a small table is counted."""

from __future__ import annotations

from struct import unpack

import pytest

from cass_snapshot.protocols import SourceAdmin
from cass_snapshot.reader.session import Connection
from cass_snapshot.ring.tokens import token
from cass_snapshot.wiring.admins import open_source_admin
from tests.support.reading import (
    admin,
    connection,
    make_shelves,
    named,
    planned,
    read,
    settings_of,
    source,
)
from tests.support.servers import Place
from tests.support.source_tables import FILES_ROWS, WIDE_ROWS

pytestmark = pytest.mark.servers
__all__ = ["admin", "connection"]


def test_a_sample_tells_how_many_rows_there_may_be(place: Place, admin: SourceAdmin) -> None:
    """Within a factor of two: rows by themselves, in partitions, and in a few wide ones."""
    place.cql("CREATE TABLE {ks}.single (k int PRIMARY KEY, v text)")
    place.insert(
        "INSERT INTO {ks}.single (k, v) VALUES (?, ?)", [(n, f"v{n}") for n in range(20_000)]
    )
    for made, clustered in (("some", 100), ("few", 5_000)):
        place.cql(f"CREATE TABLE {{ks}}.{made} (k int, c int, v text, PRIMARY KEY (k, c))")
        place.insert(
            f"INSERT INTO {{ks}}.{made} (k, c, v) VALUES (?, ?, ?)",
            [(n // clustered, n % clustered, f"v{n}") for n in range(20_000)],
        )
    for name in ("single", "some", "few"):
        table = admin.table(named(place, name))
        found = admin.sample(table, planned(table.columns), rows_max=1_000)
        assert found.rows_estimated is not None
        assert 10_000 < found.rows_estimated < 40_000, name
        assert not found.whole
        assert 0 < len(found.rows) <= 1_000
        assert all(unpack(">i", row[0] or b"")[0] < 20_000 for row in found.rows)


def test_a_small_table_is_counted(place: Place, admin: SourceAdmin) -> None:
    """Rows and not what stands for partitions without one; an empty table has none."""
    make_shelves(place)
    table = admin.table(named(place, "shelves"))
    found = admin.sample(table, planned(table.columns), rows_max=1_000)
    assert (found.rows_estimated, found.whole, len(found.rows)) == (32, True, 32)
    narrowed = admin.table(named(place, "shelves"), where="v = 2", allow_filtering=True)
    assert admin.sample(narrowed, planned(narrowed.columns), rows_max=1_000).rows_estimated == 16
    partitions = admin.table(named(place, "shelves"), partitions=True)
    found = admin.sample(partitions, planned(partitions.columns), rows_max=1_000)
    assert (found.rows_estimated, found.whole) == (16, True)
    place.cql("CREATE TABLE {ks}.nothing (k int PRIMARY KEY)")
    empty = admin.table(named(place, "nothing"))
    found = admin.sample(empty, planned(empty.columns), rows_max=100)
    assert (found.rows_estimated, found.whole, found.rows) == (0, True, ())


def test_shared_tables_are_estimated_too(shared: Place, connection: Connection) -> None:
    """One partition of many rows, and rows of many types."""
    examined = open_source_admin(settings_of(shared))
    try:
        for name, rows in (("wide", WIDE_ROWS), ("files", FILES_ROWS)):
            table = examined.table(named(shared, name))
            found = examined.sample(table, planned(table.columns), rows_max=800)
            assert found.rows_estimated is not None
            assert rows / 2 < found.rows_estimated < rows * 2
        wide = examined.table(named(shared, "wide"))
    finally:
        examined.close()
    reader = source(connection, wide, page_rows_max=5_000)
    rows_read, _ = read(reader)
    assert len(rows_read) == WIDE_ROWS
    for at in (0, 29, 30, 899, 15_000, WIDE_ROWS - 1):
        assert rows_read[at + 1 :] == read(reader, reader.position(rows_read[at]))[0]
    assert {token((row[0] or b"",)) for row in rows_read} == {reader.position(rows_read[0]).token}
