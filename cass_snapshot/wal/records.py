"""What the control lines of a segment say. Frozen records; ``format.py`` writes and reads them."""

from __future__ import annotations

from dataclasses import dataclass

from cass_snapshot.blocks import Block
from cass_snapshot.model import Position, Tally, WalIdentity

VERSION = 2
"""What new segments have; those of version 1 are read, and have no blocks."""
_NOTHING = Tally()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line of a segment."""

    identity: WalIdentity
    first_seq: int
    prev: str
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The line that ends a batch; ``size`` is the byte length of its rows.

    The offsets of ``blocks`` count from where the batch begins.
    """

    seq: int
    rows: int
    words: int
    size: int
    position: Position | None
    closing: bool
    synced: int
    prev: str
    tally: Tally = _NOTHING
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """The line that ends a sealed segment: its totals."""

    batches: int
    rows: int
    size: int
    last_seq: int
    synced: int
    prev: str


Control = Header | Commit | Footer
