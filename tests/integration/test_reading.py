"""Reading from a real Cassandra: what a table is, and which rows of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cass_snapshot import cql
from cass_snapshot.errors import PreflightError
from cass_snapshot.planned import Level, Reading
from cass_snapshot.protocols import SourceAdmin
from cass_snapshot.reader.session import Connection
from cass_snapshot.reader.statements import select_counted, select_planned, select_values
from tests.support.reading import (
    RING,
    admin,
    connection,
    make_shelves,
    named,
    planned,
    read,
    source,
)
from tests.support.servers import Place

pytestmark = pytest.mark.servers
__all__ = ["admin", "connection"]


def number(cell: bytes | None) -> int:
    """Return the value of an int or bigint."""
    return int.from_bytes(cell or b"", "big", signed=True)


def test_user_types_carry_their_fields(place: Place, admin: SourceAdmin) -> None:
    """Nested, quoted, frozen or not, in collections, tuples and vectors; custom classes by name."""
    place.cql('CREATE TYPE {ks}.inner (a int, "B b" text)')
    place.cql('CREATE TYPE {ks}."Out er" (x frozen<inner>, l frozen<list<frozen<inner>>>)')
    place.cql(
        'CREATE TABLE {ks}.typed (k frozen<inner>, c duration, u "Out er", f frozen<"Out er">,'
        " m map<text, frozen<tuple<int, frozen<inner>>>>, v vector<float, 3>,"
        " vu vector<frozen<inner>, 2>, x 'org.apache.cassandra.db.marshal.LexicalUUIDType',"
        " n set<frozen<map<int, text>>>, PRIMARY KEY (k))"
    )
    inner = 'inner{a int, "B b" text}'
    outer = f'"Out er"{{x frozen<{inner}>, l frozen<list<frozen<{inner}>>>}}'
    found = admin.table(named(place, "typed"))
    assert {c.name: c.type for c in found.columns} == {
        "k": f"frozen<{inner}>",
        "c": "duration",
        "u": outer,
        "f": f"frozen<{outer}>",
        "m": f"map<text, frozen<tuple<int, frozen<{inner}>>>>",
        "v": "vector<float, 3>",
        "vu": f"vector<frozen<{inner}>, 2>",
        "x": "'org.apache.cassandra.db.marshal.LexicalUUIDType'",
        "n": "set<frozen<map<int, text>>>",
    }
    assert all(c.type == cql.render(cql.parse(c.type)) for c in found.columns)


def test_cells_of_every_shape_come_as_bytes(
    place: Place, admin: SourceAdmin, connection: Connection
) -> None:
    """A user type, a collection, a vector, a custom class: the driver interprets none of them."""
    place.cql("CREATE TYPE {ks}.pair (a int, b text)")
    place.cql(
        "CREATE TABLE {ks}.shapes (k int PRIMARY KEY, u pair, l list<int>, v vector<float, 2>,"
        " x 'org.apache.cassandra.db.marshal.LexicalUUIDType', d duration)"
    )
    place.cql(
        "INSERT INTO {ks}.shapes (k, u, l, v, x, d) VALUES (1, {a: 2, b: 'x'}, [3], [1, 2],"
        " 00000000-0000-0000-0000-000000000001, 1mo2d3ns)"
    )
    table = admin.table(named(place, "shapes"))
    ((row,), _) = read(source(connection, table))
    cells = dict(zip((c.name for c in table.columns), row, strict=True))
    assert cells == {
        "k": b"\0\0\0\1",
        "u": b"\0\0\0\4\0\0\0\2\0\0\0\1x",
        "l": b"\0\0\0\1\0\0\0\4\0\0\0\3",
        "v": b"\x3f\x80\0\0\x40\0\0\0",
        "x": b"\0" * 15 + b"\1",
        "d": b"\x02\x04\x06",
    }


def test_write_time_and_ttl_are_read_in_the_order_of_the_plan(
    place: Place, admin: SourceAdmin, connection: Connection
) -> None:
    """Of a collection the newest of its elements' write times; NULL where there is no value."""
    place.cql("CREATE TABLE {ks}.times (k int PRIMARY KEY, v text, l set<int>, f frozen<set<int>>)")
    place.cql(
        "INSERT INTO {ks}.times (k, v, l, f) VALUES (1, 'x', {1}, {1})"
        " USING TIMESTAMP 1700000000000001 AND TTL 86400"
    )
    place.cql("UPDATE {ks}.times USING TIMESTAMP 1700000000000005 SET l = l + {2} WHERE k = 1")
    place.cql("INSERT INTO {ks}.times (k) VALUES (2)")
    table = admin.table(named(place, "times"))
    k, f, s, v = table.columns
    wanted = [
        (k, Reading.VALUE),
        (f, Reading.WRITETIME),
        (s, Reading.WRITETIME),
        (v, Reading.VALUE),
        (v, Reading.WRITETIME),
        (v, Reading.TTL),
        (k, Reading.DIGEST),
        (k, Reading.TOKEN),
    ]
    columns = [replace(planned([c])[0], reading=reading) for c, reading in wanted]
    admin.prove(table, columns)
    with pytest.raises(PreflightError, match="does not tell"):
        admin.prove(table, [replace(columns[0], reading=Reading.WRITETIME)])  # of a key column
    rows, _ = read(source(connection, table, select_planned(columns)))
    first, second = sorted(rows)
    *cells, ttl = first
    assert [number(c) for c in cells if c != b"x"] == [
        1,
        1700000000000001,
        1700000000000005,
        1700000000000001,
    ]
    assert 0 < number(ttl) <= 86400
    assert second == (b"\0\0\0\2", None, None, None, None, None)


def test_reading_goes_on_at_every_position_of_partitions_without_rows(
    place: Place, admin: SourceAdmin, connection: Connection
) -> None:
    """None is counted twice, no row is lost, at the end of any page of any size."""
    make_shelves(place)
    table = admin.table(named(place, "shelves"))
    rows, alone = read(source(connection, table))
    assert (len(rows), alone) == (32, 8)
    for size in (1, 2, 3, 50):
        reader = source(connection, table, page_rows_max=size)
        seen = counted = 0
        for page in reader.pages(RING, None):
            seen += len(page.rows)
            counted += page.static_only
            end = page.end or (reader.position(page.rows[-1]) if page.rows else None)
            if end is not None:
                assert (rows[seen:], alone - counted) == read(reader, end)
        assert (len(rows), alone) == (seen, counted)


def test_verification_counts_rows_alone(
    place: Place, admin: SourceAdmin, connection: Connection
) -> None:
    """By whole keys, and by the least that tells rows."""
    make_shelves(place)
    table = admin.table(named(place, "shelves"))
    for columns in (select_values(table.primary_key), select_counted(table)):
        keys = source(connection, table, columns).keys(RING)
        assert sum(map(len, keys)) == 32


def test_one_row_a_partition_holds_key_and_static_columns(
    place: Place, admin: SourceAdmin, connection: Connection
) -> None:
    """Of partitions with and without rows, from any position on."""
    make_shelves(place)
    table = admin.table(named(place, "shelves"), partitions=True)
    assert [c.name for c in table.columns] == ["k", "s"]
    reader = source(connection, table, page_rows_max=3)
    rows, alone = read(reader)
    assert alone == 0
    assert {number(k): s for k, s in rows} == {
        k: f"s{k}".encode() if k % 2 == 0 else None for k in range(24) if k % 2 == 0 or k % 3 == 0
    }
    for place_, row in enumerate(rows):
        assert (rows[place_ + 1 :], 0) == read(reader, reader.position(row))
    counted = source(connection, table, select_counted(table)).keys(RING)
    assert sum(map(len, counted)) == len(rows)


def test_a_table_of_single_rows_has_no_partitions_to_copy(place: Place, admin: SourceAdmin) -> None:
    """They are its rows."""
    place.cql("CREATE TABLE {ks}.single (k int PRIMARY KEY, v int)")
    with pytest.raises(PreflightError, match="has one row already"):
        admin.table(named(place, "single"), partitions=True)


def test_a_condition_narrows_what_is_read_from_any_position(
    place: Place, admin: SourceAdmin, connection: Connection
) -> None:
    """Partitions without a row have none that it holds for."""
    make_shelves(place)
    table = admin.table(named(place, "shelves"), where="v = 2", allow_filtering=True)
    reader = source(connection, table)
    rows, alone = read(reader)
    assert (len(rows), alone) == (16, 0)
    assert {number(row[1]) for row in rows} == {2}
    for at, row in enumerate(rows):
        assert (rows[at + 1 :], 0) == read(reader, reader.position(row))


@pytest.mark.parametrize(
    ("where", "why", "fix"),
    [
        ("v = 2", "ALLOW FILTERING", "allow_filtering = true"),
        ("nothing = 2", "nothing", "correct it"),
        ("v = 'x'", "Invalid STRING constant", "correct it"),
        ("v = 2 OR v = 3", "OR", "correct it"),
        ("v = 2 LIMIT 3", "LIMIT", "relations"),
        ("k = ?", "parameter", "write the value"),
    ],
)
def test_a_wrong_condition_is_refused_before_anything_is_written(
    place: Place, admin: SourceAdmin, where: str, why: str, fix: str
) -> None:
    """With Cassandra's own words and what to change."""
    make_shelves(place)
    with pytest.raises(PreflightError, match="condition") as refused:
        admin.table(named(place, "shelves"), where=where)
    assert "[[tables]] where" in refused.value.where
    assert why in refused.value.why
    assert fix in refused.value.fix


def test_findings_name_what_is_odd_and_what_to_do(place: Place, admin: SourceAdmin) -> None:
    """Counters, a default TTL, static columns; the cluster, the driver, and a read of each."""
    place.cql("CREATE TABLE {ks}.clicks (k int PRIMARY KEY, n counter)")
    place.cql("CREATE TABLE {ks}.brief (k int PRIMARY KEY) WITH default_time_to_live = 60")
    make_shelves(place)
    names = ("clicks", "brief", "shelves")
    tables = [admin.table(named(place, name)) for name in names]
    found = admin.findings(tables)
    assert not [f for f in found if f.level is Level.FAIL]
    assert all(bool(f.fix) == (f.level is not Level.OK) for f in found)
    warned = [f.text for f in found if f.level is Level.WARN]
    assert len(warned) == 2
    assert "counters" in warned[0]
    assert "expire by default after 60 s" in warned[1]
    for said in ("agree on the schema", "LOCAL_ONE asks 1 of 1", "can be read", "static columns"):
        assert any(said in f.text for f in found), said


def test_a_table_that_went_away_cannot_be_read(place: Place, admin: SourceAdmin) -> None:
    """The finding has Cassandra's words."""
    place.cql("CREATE TABLE {ks}.gone (k int PRIMARY KEY)")
    table = admin.table(named(place, "gone"))
    place.cql("DROP TABLE {ks}.gone")
    (found,) = (f for f in admin.findings([table]) if f.level is Level.FAIL)
    assert "cannot be read" in found.text
    assert "gone" in found.text
