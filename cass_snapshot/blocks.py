"""Stretches of a batch whose rows are sorted by the target's key. Frozen records.

Rows arrive in the source's order. To apply them in the target's, each batch is sorted before it is
logged and cut into blocks; later a slice of the key's space is read from every batch at once. A
batch without blocks is not sorted and is applied as it was read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    r"""A block before it is written: ``size`` bytes of whole lines.

    ``plain`` tells that each ``null``, ``true`` and ``false`` behind a comma or a bracket in these
    lines is a bare word and none stands inside a string, and that no string has an escape of
    JSON's that only JSON knows (``\u``, ``\f``): such lines may be read by a simpler parser.
    """

    size: int
    plain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block in its segment file.

    ``stored`` bytes from ``offset`` on are ``size`` bytes of lines, whose CRC-32 is ``check``; the
    two sizes differ where the segment is compressed.
    """

    offset: int
    stored: int
    size: int
    check: int
    plain: bool
