"""The contracts between the rooms: who gives what to whom, and what each method promises.

    source ── pages ──> encoder ── lines ──> WAL ── batches ──> target

Nothing here knows which database stands on either side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from cass_snapshot.blocks import Block
from cass_snapshot.model import Batch, Cells, Lines, Position
from cass_snapshot.protocols.sources import Following as Following
from cass_snapshot.protocols.sources import Source as Source
from cass_snapshot.protocols.sources import SourceAdmin as SourceAdmin
from cass_snapshot.protocols.sources import SourceKeys as SourceKeys
from cass_snapshot.protocols.targets import Ledger as Ledger
from cass_snapshot.protocols.targets import Target as Target
from cass_snapshot.protocols.targets import TargetAdmin as TargetAdmin
from cass_snapshot.protocols.targets import TargetKeys as TargetKeys
from cass_snapshot.rejection import Encoded, Rejected

SortKey = tuple[int | float | str, ...]
"""What a line is sorted by; all keys of a table have the same types in the same places."""


class Encoder(Protocol):
    """Turns rows into WAL lines."""

    def encode(self, rows: Sequence[Cells]) -> Encoded:
        """Return one line a row, in the same order.

        A row with a value that its planned target column cannot hold unchanged has no line; it is
        returned with all its problems, and counted in the tally of the lines.
        """
        ...


class Order(Protocol):
    """Compares WAL lines of one table as the target's key does.

    Right for every pair of rows that the target tells apart; where the target's own comparison is
    not known to the last detail (a collation), the order is near it, and speed is all that depends
    on that.
    """

    def arrange(self, lines: Lines) -> Lines:
        """Return the same lines sorted and cut into blocks; no line is lost or changed."""
        ...

    def key(self, line: bytes) -> SortKey:
        """Return what a line is sorted by; the line may end in a newline or not."""
        ...

    def merge(
        self,
        pieces: Iterable[bytes],
        *,
        low: SortKey | None,
        high: SortKey | None,
        rows_max: int,
        bytes_max: int,
    ) -> Iterator[tuple[bytes, int]]:
        """Yield lines of pieces, each sorted, in order, a stretch at a time with its rows.

        They are those whose key is at least ``low`` and below ``high``, where these are given. Of
        equal keys the later one comes later. A stretch ends with the line that brings it to
        ``bytes_max`` bytes or ``rows_max`` lines.
        """
        ...

    def plain(self, line: bytes) -> bool:
        """Tell whether a line by itself is plain, as ``blocks.Cut`` says it."""
        ...

    def words(self, line: bytes) -> int:
        """Return how many bare words a line holds."""
        ...


class Blocks(Protocol):
    """Reads blocks of sorted lines out of the WAL of one table."""

    def read(self, segment: str, blocks: Sequence[Block]) -> bytes:
        """Return the lines of blocks of one segment, proven to be as written.

        Raises:
            WalCorrupt: they are not.
        """
        ...

    def close(self) -> None:
        """Give the files back."""
        ...


class Wal(Protocol):
    """The durable log of one token range; one writer (I5)."""

    @property
    def last_seq(self) -> int:
        """Return the sequence number of the newest batch, 0 before the first."""
        ...

    def append(self, lines: Lines, position: Position | None, *, closing: bool) -> Batch:
        """Write a batch and return it when it is durable (I1).

        A failed write or sync ends this object: every later call raises.

        Raises:
            OSError: the disk refused; nothing of this batch may reach the target.
        """
        ...

    def replay(self, after: int) -> Iterator[Batch]:
        """Yield the durable batches whose sequence number is above ``after``, oldest first.

        Raises:
            WalCorrupt: bytes that no crash explains, or a gap.
        """
        ...

    def close(self) -> None:
        """Seal the open segment, if there is one."""
        ...


class Rejects(Protocol):
    """Keeps the rows of one table that were set aside, beside the WAL."""

    def add(self, rows: Sequence[Rejected]) -> tuple[str, ...]:
        """Keep rows durably and return the id of each; OSError where it cannot.

        One that is given again is kept once. Which of them are set aside, the ledger knows.
        """
        ...

    def name(self, key: Cells) -> str:
        """Return the id that the row with this primary key has."""
        ...
