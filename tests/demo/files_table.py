"""The demo's table: files, as an application would keep them in Cassandra."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

KEYSPACE = "files"
TABLE = "files"
ROWS = 200_000

CREATE_KEYSPACE = (
    f"CREATE KEYSPACE IF NOT EXISTS {KEYSPACE}"
    " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
)
CREATE_TABLE = f"""
CREATE TABLE IF NOT EXISTS {KEYSPACE}.{TABLE} (
    id uuid PRIMARY KEY, owner text, name text, size bigint, content_type text,
    checksum blob, price decimal, created timestamp, modified timestamp, tags text
)"""
INSERT = f"INSERT INTO {KEYSPACE}.{TABLE} (id, owner, name, size, content_type, checksum, price, created, modified, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: E501 - one statement of constants

_OWNERS = ("amélie", "bjørn", "chloë", "dmitri", "山田", "fatima", "O'Neil", 'ana "nana" m.')
_WORDS = ("report", "résumé", "写真", "invoice", "naïve plan", "draft\tv2", "budget", "C:\\temp")
_TYPES = (
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("txt", "text/plain"),
    ("mp4", "video/mp4"),
)
_TAGS = ("work", "private", "été", "to do", "2026", "🏷", "archive")
_FIRST = datetime(2019, 1, 1, tzinfo=UTC)


def make_row(number: int) -> tuple[Any, ...]:
    """Return file number ``number``; the same one every time."""
    dice = random.Random(number)
    ending, content_type = dice.choice(_TYPES)
    created = _FIRST + timedelta(milliseconds=dice.randrange(7 * 365 * 86_400_000))
    modified = created + timedelta(milliseconds=dice.randrange(90 * 86_400_000))
    return (
        UUID(int=dice.getrandbits(128), version=4),
        dice.choice(_OWNERS),
        f"{dice.choice(_WORDS)} {number}.{ending}",
        dice.randrange(1, 5_000_000_000),
        content_type if dice.random() < 0.9 else None,
        sha256(str(number).encode()).digest(),
        Decimal(dice.randrange(1, 1_000_000)).scaleb(-2) if dice.random() < 0.3 else None,
        created,
        modified if dice.random() < 0.5 else None,
        ", ".join(dice.sample(_TAGS, dice.randrange(4))) or None,
    )
