"""The table of the measurements: ten columns, 159 bytes a row on the wire, awkward texts."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

KEYSPACE = "bench"
TABLE = "wide"
COLUMNS = ("id", "name", "qty", "big", "val", "ts", "flag", "amount", "payload", "note")

CREATE_KEYSPACE = (
    f"CREATE KEYSPACE IF NOT EXISTS {KEYSPACE}"
    " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
)
CREATE_TABLE = f"""
CREATE TABLE IF NOT EXISTS {KEYSPACE}.{TABLE} (
    id uuid PRIMARY KEY, name text, qty int, big bigint, val double, ts timestamp,
    flag boolean, amount decimal, payload blob, note text
)"""
INSERT = (
    f"INSERT INTO {KEYSPACE}.{TABLE} ({', '.join(COLUMNS)})"
    f" VALUES ({', '.join('?' for _ in COLUMNS)})"
)
TARGET_DDL = """
CREATE TABLE {name} (
    id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, name VARCHAR(64), qty INT,
    big BIGINT, val DOUBLE, ts DATETIME(3), flag TINYINT, amount DECIMAL(38,4),
    payload VARBINARY(255), note TEXT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""

_WORDS = ("alpha", 'be"ta', "gam\tma", "del\\ta", "épsilon", "zêta", "日本", "eta", "theta", "iota")
_NOTES = ("a short note", "another, with a comma", 'she said "yes"', "naïve café", "tab\there")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def make_row(number: int) -> tuple[Any, ...]:
    """Return row ``number``; the same one every time."""
    dice = random.Random(number)
    return (
        UUID(int=dice.getrandbits(128), version=4),
        " ".join(dice.choices(_WORDS, k=3)),
        dice.randrange(-(2**31), 2**31),
        dice.randrange(-(2**63), 2**63),
        dice.uniform(-1e9, 1e9),
        _EPOCH + timedelta(milliseconds=dice.randrange(2_000_000_000_000)),
        dice.random() < 0.5,
        Decimal(dice.randrange(-(10**12), 10**12)).scaleb(-4),
        dice.randbytes(24),
        None if dice.random() < 0.5 else dice.choice(_NOTES),
    )
