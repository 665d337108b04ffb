"""Sizes in bytes, as people write them: ``64 MiB``, ``20 GiB``, or a number."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {"": 1, "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?([a-z]*)", re.ASCII | re.IGNORECASE)


def parse_size(value: object) -> int:
    """Return a number of bytes.

    Raises:
        ValueError: it is none; units are binary, because a file system counts so.
    """
    found = None if isinstance(value, bool) else _SIZE.fullmatch(str(value).strip())
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise ValueError("a size such as 64 MiB or 20 GiB (KiB, MiB, GiB, TiB, or bytes)")
    return int(float(found[1]) * unit) if "." in found[1] else int(found[1]) * unit


Size = Annotated[int, BeforeValidator(parse_size)]
"""A setting in bytes."""


def size_text(count: int) -> str:
    """Return a number of bytes as people read it, in the largest unit that leaves one or more."""
    power, unit = (30, "GiB") if count >= 2**30 else (20, "MiB") if count >= 2**20 else (10, "KiB")
    return f"{count / 2**power:,.1f} {unit}"
