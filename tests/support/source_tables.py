"""Tables that several tests read: how they are made, and rows for them that a seed determines."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from tests.support.murmur import key_with_token
from tests.support.servers import Servers

FILES_ROWS = 4_000
WIDE_ROWS = 30_000
CROWD = 40
"""Partitions that share one token in ``crowd``; each has CROWD_ROWS rows."""
CROWD_ROWS = 60
_BATCH_ROWS = 100
_BEGAN = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)


def make_files(servers: Servers, keyspace: str, rows: int = FILES_ROWS) -> None:
    """Make ``files``: one row a partition, many types, some NULLs, some non-ASCII."""
    servers.cql(
        f"CREATE TABLE {keyspace}.files (id uuid PRIMARY KEY, owner text, name text, size bigint,"
        " content_type text, checksum blob, price decimal, created timestamp, modified timestamp,"
        " tags text)"
    )
    servers.insert(
        f"INSERT INTO {keyspace}.files (id, owner, name, size, content_type, checksum, price,"
        " created, modified, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        _files(rows),
    )


def _files(rows: int) -> Iterator[tuple[object, ...]]:
    draw = random.Random(20261120)
    for number in range(rows):
        created = _BEGAN + timedelta(milliseconds=draw.randrange(10**11))
        yield (
            UUID(int=draw.getrandbits(128)),
            draw.choice(["Zoë", "李雷", "o'brien", "ann", None]),
            f'Größe "{number}"\\{number}\t🗂.txt',
            draw.randrange(2**40),
            draw.choice(["text/plain", "image/png", None]),
            hashlib.sha256(str(number).encode()).digest(),
            Decimal(draw.randrange(10**9)).scaleb(-2),
            created,
            None if number % 7 == 0 else created + timedelta(days=1),
            draw.choice(["a,null", "[true", "x\ny", None]),
        )


def make_wide(servers: Servers, keyspace: str, rows: int = WIDE_ROWS) -> None:
    """Make ``wide``: one partition of many rows, whose clustering columns sort in both directions.

    Each ``day`` holds several ``at``, and each of those several ``part``, so that a position stops
    within every depth of the key.
    """
    servers.cql(
        f"CREATE TABLE {keyspace}.wide (device text, day int, at int, part int, note text,"
        " PRIMARY KEY ((device), day, at, part))"
        " WITH CLUSTERING ORDER BY (day DESC, at ASC, part DESC)"
    )
    values = [("pump", n // 900, n // 30 % 30, n % 30, f"note {n}") for n in range(rows)]
    _insert_together(
        servers,
        f"INSERT INTO {keyspace}.wide (device, day, at, part, note) VALUES (?, ?, ?, ?, ?)",
        values,
    )


def make_crowd(servers: Servers, keyspace: str, token: int) -> None:
    """Make ``crowd``: partitions that all have one token, and one on each side of it."""
    servers.cql(
        f"CREATE TABLE {keyspace}.crowd (id blob, seq int, note text, PRIMARY KEY (id, seq))"
        " WITH CLUSTERING ORDER BY (seq DESC)"
    )
    statement = f"INSERT INTO {keyspace}.crowd (id, seq, note) VALUES (?, ?, ?)"
    keys = [key_with_token(token, choice) for choice in range(CROWD)]
    for key in [*keys, key_with_token(token - 1), key_with_token(token + 1)]:
        _insert_together(
            servers, statement, [(key, seq, f"note {seq}") for seq in range(CROWD_ROWS)]
        )


def _insert_together(servers: Servers, statement: str, values: Sequence[Sequence[object]]) -> None:
    """Insert rows of one partition, many in one request."""
    body = f"BEGIN UNLOGGED BATCH {'; '.join([statement] * _BATCH_ROWS)}; APPLY BATCH"
    whole = len(values) - len(values) % _BATCH_ROWS
    servers.insert(
        body,
        [
            [cell for row in values[first : first + _BATCH_ROWS] for cell in row]
            for first in range(0, whole, _BATCH_ROWS)
        ],
    )
    servers.insert(statement, values[whole:])
