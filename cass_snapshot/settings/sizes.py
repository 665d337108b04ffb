"""Sizes in bytes, as people write them: ``64 MiB``, ``20 GiB``, or a number."""

from __future__ import annotations

import re

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


def sized(least: int, most: int | None = None, *, auto: bool = False) -> BeforeValidator:
    """Return what reads a setting in bytes, within its bounds; with ``auto`` that word as well."""
    example = "auto, or " if auto else ""

    def read(value: object) -> int | str:
        if auto and value == "auto":
            return "auto"
        try:
            size = parse_size(value)
        except ValueError as error:
            raise ValueError(f"{example}{error}") from None
        if size < least:
            raise ValueError(f"{example}at least {size_text(least)}")
        if most is not None and size > most:
            raise ValueError(f"{example}at most {size_text(most)}")
        return size

    return BeforeValidator(read)


def size_text(count: int) -> str:
    """Return a number of bytes as people read it, in the largest unit that leaves one or more."""
    power, unit = (30, "GiB") if count >= 2**30 else (20, "MiB") if count >= 2**20 else (10, "KiB")
    return f"{count / 2**power:,.1f} {unit}"
