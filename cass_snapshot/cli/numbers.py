"""Numbers of token ranges as operators type them: ``17,40-63``."""

from __future__ import annotations

import re

from cass_snapshot.errors import UsageError

_PART = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def parse_numbers(text: str, option: str) -> frozenset[int]:
    """Return the numbers that a list of numbers and spans names.

    Raises:
        UsageError: it is no such list.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        found = _PART.fullmatch(part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            raise UsageError(
                f"{part.strip()!r} names no token ranges", where=option, fix="as in 17,40-63"
            )
        numbers |= set(range(first, last + 1))
    return frozenset(numbers)
