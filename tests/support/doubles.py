"""Stand-ins for what a worker opens, kept in memory, that hold the contracts of protocols.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cass_snapshot.errors import SnapshotError
from cass_snapshot.model import (
    Batch,
    Cells,
    Checkpoint,
    Lines,
    Position,
    RangeState,
    TableName,
    Tally,
    TokenRange,
    Written,
)
from cass_snapshot.rejection import Encoded, Problem, Rejected, Stretch, Unwritten
from cass_snapshot.snapshot.status import Event, RunStatus

RANGE = TokenRange(number=3, start=-100, end=100)
ORDERS = TableName(keyspace="shop", name="orders")


class MemoryWal:
    """A range's log; what it returns is durable."""

    def __init__(self, token_range: TokenRange = RANGE) -> None:
        self._range = token_range
        self.batches: list[Batch] = []
        self.fails: OSError | None = None

    @property
    def last_seq(self) -> int:
        """Return the number of the newest batch."""
        return len(self.batches)

    def append(self, lines: Lines, position: Position | None, *, closing: bool) -> Batch:
        """Keep a batch."""
        if self.fails is not None:
            raise self.fails
        assert not (self.batches and self.batches[-1].closing), "the range was closed already"
        batch = Batch(
            table=ORDERS,
            range=self._range,
            seq=len(self.batches) + 1,
            lines=lines,
            position=position,
            closing=closing,
            checksum=str(hash(lines.data)),
            segment="1",
            offset=0,
            size=len(lines.data),
        )
        self.batches.append(batch)
        return batch

    def replay(self, after: int) -> Iterator[Batch]:
        """Yield what is behind a checkpoint."""
        return iter(self.batches[after:])

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class MemoryTarget:
    """Takes the batches of one range, each once, and only those that the WAL holds.

    ``meets`` are the errors that the next calls of ``write`` meet, None for none; with ``commits``
    the batch is in although the call failed, as after a connection lost during COMMIT. ``refuses``
    is how many rows of the next batches are set aside, which needs a ``disk`` without error.
    """

    wal: MemoryWal
    meets: list[SnapshotError | None] = field(default_factory=list)
    commits: bool = False
    refuses: list[int] = field(default_factory=list)
    disk: OSError | None = None
    taken: list[Batch] = field(default_factory=list)
    tries: int = 0
    how: str = "memory"
    mended: list[str] = field(default_factory=list)
    again: list[int] = field(default_factory=list)

    def checkpoint(self, token_range: TokenRange) -> Checkpoint:
        """Return what was taken."""
        last = self.taken[-1] if self.taken else None
        return Checkpoint(
            range=token_range,
            batch_seq=last.seq if last else 0,
            position=last.position if last else None,
            state=RangeState.DONE if last and last.closing else RangeState.RUNNING,
        )

    def write(self, batch: Batch) -> Written:
        """Take a batch unless it is in."""
        self.tries += 1
        assert batch in self.wal.batches, "I1: not durable yet"
        if self.disk is not None:
            raise self.disk
        error = self.meets.pop(0) if self.meets else None
        fresh = batch not in self.taken
        if fresh and (error is None or self.commits):
            assert batch.seq == len(self.taken) + 1
            self.taken.append(batch)
        if error is not None:
            raise error
        return Written(fresh=fresh, rejected=self.refuses.pop(0) if self.refuses else 0)

    def rewrite(self, batch: Batch) -> Written:
        """Note a batch that is in, again."""
        assert batch in self.taken
        self.again.append(batch.seq)
        return Written(fresh=True)

    def load(self, _lines: Lines, _where: str) -> tuple[Unwritten, ...]:
        """Not for this double: batches alone."""
        raise NotImplementedError

    def advance(self, _stretches: Sequence[Stretch]) -> bool:
        """Not for this double: batches alone."""
        raise NotImplementedError

    def mend(self, row_id: str, _range: TokenRange, _line: bytes) -> tuple[Problem, ...]:
        """Take every row."""
        self.mended.append(row_id)
        return ()

    def close(self) -> None:
        """Do nothing."""


class LineEncoder:
    """Writes each row as a line of its first cell; rows of the cells in ``bad`` have none."""

    def __init__(self, *bad: bytes) -> None:
        self._bad = bad

    def encode(self, rows: Sequence[Cells]) -> Encoded:
        """Return a line a row."""
        bad = [row for row in rows if row[0] in self._bad]
        data = b"".join(b'["%b"]\n' % (row[0] or b"") for row in rows if row not in bad)
        return Encoded(
            lines=Lines(
                data=data, rows=len(rows) - len(bad), words=0, tally=Tally(refused=len(bad))
            ),
            rejected=tuple(map(rejected, bad)),
        )


def rejected(row: Cells) -> Rejected:
    """Return a row that an encoder set aside."""
    problem = Problem(column="v", what="too long", fix="widen it", error=1406, code="CS-D02")
    return Rejected(token=position(row).token, key=row, problems=(problem,), cells=row)


@dataclass(slots=True)
class MemoryRejects:
    """Keeps rows that were set aside, before the log they are missing from has their batch."""

    wal: MemoryWal | None = None
    rows: list[Rejected] = field(default_factory=list)
    batches_before: list[int] = field(default_factory=list)
    fails: OSError | None = None

    def add(self, rows: Sequence[Rejected]) -> tuple[str, ...]:
        """Keep rows; what they are called is made of their key."""
        if self.fails is not None and rows:
            raise self.fails
        self.rows += rows
        if rows and self.wal is not None:
            self.batches_before.append(len(self.wal.batches))
        return tuple(name_of(row) for row in rows)

    def name(self, key: Cells) -> str:
        """Return what the row with this key is called."""
        return b"".join(cell or b"" for cell in key).hex().zfill(32)


def name_of(row: Rejected) -> str:
    """Return an id as ``Rejects`` gives it."""
    return MemoryRejects().name(row.key)


def position(row: Cells) -> Position:
    """Return where a row whose first cell is a number stands."""
    return Position(token=int(row[0] or b"0"), partition_key=(row[0] or b"",))


@dataclass(slots=True)
class ListView:
    """Keeps what it is shown."""

    statuses: list[RunStatus] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def status(self, status: RunStatus) -> None:
        """Keep a record."""
        self.statuses.append(status)

    def event(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)

    def close(self) -> None:
        """Do nothing."""
