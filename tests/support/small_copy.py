"""A whole small copy of one range, on a disk that forgets, into a target that does not."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cass_snapshot.model import Batch, Cells, Page, Position
from cass_snapshot.snapshot.capture import capture
from cass_snapshot.wal.disk import Files
from cass_snapshot.wal.kept import read_rows
from cass_snapshot.wal.log import RangeWal
from cass_snapshot.wal.rejects import RejectFile
from cass_snapshot.wal.removal import remove_applied
from tests.support.doubles import LineEncoder, position
from tests.support.forgetful_disk import ForgetfulDisk
from tests.support.wal_samples import RANGE, TABLE, WAL, identity, read_back

REJECTED = Path("/rejected")
ROWS, PAGE_ROWS = 22, 3


def key(number: int) -> bytes:
    """Return a number as a key, so long that half a batch is more than a footer."""
    return b"%0120d" % number


BAD = (key(4), key(5), key(13))
"""Rows that are set aside."""
SEGMENT_BYTES = 1_500
"""Two or three batches."""
AHEAD = 2
"""Batches that are captured and not yet applied."""


@dataclass(slots=True)
class DurableTarget:
    """A database: what it took stays, whatever becomes of the process and its disk."""

    rows: list[bytes] = field(default_factory=list)
    seq: int = 0
    position: Position | None = None
    closed: bool = False

    def write(self, batch: Batch) -> None:
        """Take a batch, or leave it alone where it is in (I3)."""
        if batch.seq <= self.seq:
            return
        assert batch.seq == self.seq + 1, f"batch {batch.seq} after {self.seq}"
        self.rows += batch.lines.data.splitlines()
        self.seq, self.position, self.closed = batch.seq, batch.position, batch.closing


def pages(after: Position | None) -> Iterator[Page]:
    """Yield the rows of the source that come after a position."""
    left = [n for n in range(ROWS) if after is None or n > after.token]
    cut = [left[i : i + PAGE_ROWS] for i in range(0, len(left), PAGE_ROWS)] or [[]]
    for place, some in enumerate(cut, start=1):
        rows: list[Cells] = [(key(n),) for n in some]
        yield Page(rows=rows, last=place == len(cut))


def live(files: Files, target: DurableTarget, compression: str, *, removes: bool) -> None:
    """Do what a worker does of a range, until it is done or something fails."""
    if target.closed:
        return
    wal = RangeWal.open(
        WAL,
        identity(compression),
        checkpoint_seq=target.seq,
        segment_bytes_max=SEGMENT_BYTES,
        files=files,
    )
    waiting: deque[Batch] = deque()

    def apply(left: int) -> None:
        while len(waiting) > left:
            batch = waiting.popleft()
            target.write(batch)
            if removes:
                remove_applied(
                    WAL,
                    TABLE,
                    RANGE.number,
                    checkpoint_seq=batch.seq,
                    closed=batch.closing,
                    files=files,
                )

    try:
        after = target.position
        for batch in wal.replay(target.seq):
            after = batch.position
            waiting.append(batch)
            apply(AHEAD)
        if not wal.closed:
            for batch in capture(
                pages(after),
                position=position,
                encoder=LineEncoder(*BAD),
                rejects=RejectFile(REJECTED, "orders", TABLE, ("id",), files=files),
                wal=wal,
                after=after,
            ):
                waiting.append(batch)
                apply(AHEAD)
    finally:
        wal.close()
    apply(0)


def assert_whole(disk: ForgetfulDisk, target: DurableTarget, *, removes: bool) -> None:
    """Prove that every row is in once or was set aside, and that the WAL is a full copy."""
    good = [b'["%b"]' % key(n) for n in range(ROWS) if key(n) not in BAD]
    assert target.closed
    assert target.rows == good
    kept = {one.row.key[0] for one in read_rows(REJECTED, TABLE, ("id",), files=disk)}
    assert kept == set(BAD)
    if not removes:
        there = [line for one in read_back(disk) for line in one.lines.data.splitlines()]
        assert there == good
