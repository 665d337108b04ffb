"""The rows of the table of the measurements: ten values, 159 bytes a row, awkward texts."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

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
