"""Key order on the real servers: every cell, and the ledger as token order leaves it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.support.cells import TEXTS
from tests.support.command import Command
from tests.support.compare import differences
from tests.support.key_order import assert_ledger_whole, assert_nothing_left, in_key_order
from tests.support.servers import Place
from tests.support.source_tables import CROWD, CROWD_ROWS, FILES_ROWS, WIDE_ROWS

pytestmark = pytest.mark.servers

WRITER = "t_key_writer"
ROWS = 2_000
SHARED_ROWS = {"files": FILES_ROWS, "wide": WIDE_ROWS, "crowd": (CROWD + 2) * CROWD_ROWS}


@pytest.mark.parametrize(
    ("table", "workers", "compression"),
    [
        ("files", 1, "none"),
        ("files", 3, "zstd"),
        ("wide", 3, "none"),
        ("wide", 1, "zstd"),
        ("crowd", 2, "none"),
    ],
)
def test_a_table_arrives_in_windows_and_slices(
    shared: Place, table: str, workers: int, compression: str
) -> None:
    """Random keys, wide partitions, many partitions of one token; the ledger has no gap."""
    command = in_key_order(shared, workers=workers)
    ended = command.run(table, "--range-count", "6", "--compression", compression)
    assert ended.code == 0, str(ended)
    (found,) = command.status()["tables"]
    rows = SHARED_ROWS[table]
    assert (found["order"], found["how"], found["window"]) == ("key", "LOAD DATA", None)
    assert (found["rows_read"], found["rows_applied"], found["rows_rejected"]) == (rows, rows, 0)
    assert differences(shared, table) == []
    assert_ledger_whole(shared, rows)
    assert_nothing_left(command, table)
    assert not list(command.folders()[0].glob("window*"))
    assert not command.scratch().exists()


KEYED = {
    "ids": ("id uuid PRIMARY KEY", ("id",)),
    "numbers": ("id bigint PRIMARY KEY", ("id",)),
    "texts": ("id text PRIMARY KEY", ("id",)),
    "composed": (
        "name text, part int, at timestamp, PRIMARY KEY ((name, part), at)",
        ("name", "part", "at"),
    ),
    "blobs": ("id blob PRIMARY KEY", ("id",)),
    "digests": ("id text, part blob, PRIMARY KEY (id, part)", ("id", "part")),
}
"""Tables by name: their keys in CQL, and the names of the key's columns."""
AT = datetime(1999, 12, 31, 23, 59, tzinfo=UTC)


def keys_of(name: str) -> Iterator[tuple[object, ...]]:
    """Yield keys, all different: the awkward ones of the type, and others by the hundred."""
    draw = random.Random(f"key order, {name}")
    awkward = [text for text in TEXTS if text]
    match name:
        case "ids":
            yield from ((UUID(int=draw.getrandbits(128)),) for _ in range(ROWS))
        case "numbers":
            yield from ((n,) for n in {0, -1, 9, 10, -(2**63), 2**63 - 1})
            yield from ((n**3,) for n in range(-ROWS // 2, ROWS // 2) if n**3 not in {0, -1})
        case "texts":
            yield from ((text,) for text in awkward)
            yield from ((f"{draw.choice(awkward)}{n}",) for n in range(ROWS))
        case "composed":
            yield from (
                (draw.choice(awkward), n % 12 - 2, AT + timedelta(milliseconds=n**2))
                for n in range(ROWS)
            )
        case "blobs":
            yield from ((draw.randbytes(1 + n % 40) + n.to_bytes(2, "big"),) for n in range(ROWS))
        case _:
            yield from ((draw.choice(awkward), n.to_bytes(2, "big")) for n in range(ROWS))


@pytest.fixture
def keyed(place: Place) -> Place:
    """Make the tables of every kind of key; values with NULLs, booleans and awkward texts."""
    for name, (key, columns) in KEYED.items():
        first, comma, rest = key.partition(", PRIMARY")
        place.cql(
            f"CREATE TABLE {{ks}}.{name} ({first}, yes boolean, note text, size int, again text"
            f"{comma and comma + rest})"
        )
        listed = ", ".join(columns)
        rows = [
            (*k, (None, True, False)[n % 3], TEXTS[n % len(TEXTS)], n - 5, TEXTS[n % 7] * (n % 2))
            for n, k in enumerate(keys_of(name))
        ]
        marks = ", ".join("?" * len(rows[0]))
        place.insert(
            f"INSERT INTO {{ks}}.{name} ({listed}, yes, note, size, again) VALUES ({marks})", rows
        )
    return place


def test_every_kind_of_key(keyed: Place) -> None:
    """In one run of several tables, each in windows; texts that no simple parser may read too."""
    sections = "".join(
        f'[[tables]]\nsource = "{keyed.keyspace}.{name}"\n'
        + ('key = "digest"\n' if name == "digests" else "")
        for name in KEYED
    )
    config = keyed.folder / "keyed.toml"
    config.write_text(f"[run]\nranges = 5\n{sections}", encoding="utf-8")
    command = in_key_order(keyed, RUN__WINDOW_BYTES="96 KiB")
    ended = command.call("run", "-c", str(config), *command.both())
    assert ended.code == 0, str(ended)
    assert {t["order"] for t in command.status()["tables"]} == {"key"}
    for name in KEYED:
        assert differences(keyed, name) == [], name
        assert keyed.count(name) >= ROWS
    assert keyed.sql("SELECT DISTINCT status FROM {db}.snapshot_validation") == [("OK",)]


@pytest.fixture
def writer(keyed: Place) -> Iterator[str]:
    """Make a login that may insert and update, and not delete: LOAD DATA is not for it."""
    keyed.sql(f"CREATE USER '{WRITER}'@'%'")
    keyed.sql(f"GRANT SELECT, INSERT, UPDATE, CREATE ON {{db}}.* TO '{WRITER}'@'%'")
    yield WRITER
    keyed.sql(f"DROP USER '{WRITER}'@'%'")


def test_rows_are_inserted_where_they_cannot_be_loaded(keyed: Place, writer: str) -> None:
    """The upsert takes the rows of a slice as LOAD DATA does, into an empty and a full table."""
    for _ in range(2):
        command = in_key_order(keyed)
        ended = command.run("texts", "--range-count", "3", user=writer)
        assert ended.code == 0, str(ended)
        (found,) = command.status()["tables"]
        assert (found["order"], found["how"][:6]) == ("key", "INSERT")
        assert differences(keyed, "texts") == []


def test_a_table_that_is_empty_is_whole(place: Place) -> None:
    """Its ranges close without a slice (I8)."""
    place.cql("CREATE TABLE {ks}.nothing (id int PRIMARY KEY, note text)")
    command = in_key_order(place)
    assert command.run("nothing", "--range-count", "4").code == 0
    assert place.sql("SELECT state, COUNT(*) FROM {db}.snapshot_checkpoints GROUP BY state") == [
        ("done", 4)
    ]
    assert place.count("nothing") == 0


def test_both_flavours_hold_the_same(flavour_place: Place) -> None:
    """MySQL and MariaDB, whose keys are of different types."""
    place = flavour_place
    place.cql("CREATE TABLE {ks}.mixed (id uuid, name text, note text, PRIMARY KEY (id, name))")
    draw = random.Random(7)
    rows = [
        (UUID(int=draw.getrandbits(128)), TEXTS[1 + n % 40] + str(n), TEXTS[n % len(TEXTS)])
        for n in range(1500)
    ]
    place.insert("INSERT INTO {ks}.mixed (id, name, note) VALUES (?, ?, ?)", rows)
    command: Command = in_key_order(place, RUN__WINDOW_BYTES="64 KiB")
    ended = command.run("mixed", "--range-count", "4")
    assert ended.code == 0, str(ended)
    assert differences(place, "mixed") == []
    assert_ledger_whole(place, len(rows))
    assert_nothing_left(command, "mixed")
