"""What crosses the pipe between the parent and a worker. Frozen records only, and no row ever.

Positions are the exception: a batch of a window crosses without its rows, but with where it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cass_snapshot.errors import SnapshotError
from cass_snapshot.model import Batch, Cells, Checkpoint, Tally, TokenRange
from cass_snapshot.rejection import Stretch, Unwritten

_NOTHING = Tally()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something that one worker does with one table; ``id`` is unique within a pool.

    ``writes`` tells that it keeps the target busy and not the source, ``ahead`` that its first page
    is asked for while the task before it ends, ``speaks`` that the worker tells of every batch.
    """

    id: int
    table: int
    writes: ClassVar[bool] = False
    ahead: ClassVar[bool] = False
    speaks: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRange(Task):
    """Capture and apply what is left of a token range."""

    ahead: ClassVar[bool] = True
    speaks: ClassVar[bool] = True
    range: TokenRange


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherRange(Task):
    """Capture what is left of a token range; ``index`` is where to note its batches.

    ``checkpoint`` is what the target has of it, or will have when the window before is in: nobody
    else moves it, so it need not be asked for. Without ``index`` nobody applies the batches yet;
    ``arranged`` then tells whether they are sorted for a window nevertheless.
    """

    ahead: ClassVar[bool] = True
    speaks: ClassVar[bool] = True
    checkpoint: Checkpoint
    index: Path | None
    arranged: bool = True

    @property
    def range(self) -> TokenRange:
        """Return the range."""
        return self.checkpoint.range


@dataclass(frozen=True, slots=True, kw_only=True)
class CutWindow(Task):
    """Cut the key's space of a window, of the ranges with these numbers, into slices."""

    writes: ClassVar[bool] = True
    window: Path
    ranges: tuple[int, ...]
    slice_bytes: int
    slices_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSlice(Task):
    """Write the rows of a slice of a window."""

    writes: ClassVar[bool] = True
    speaks: ClassVar[bool] = True
    window: Path
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceWindow(Task):
    """Move the checkpoints of a window whose rows are all in.

    ``remove`` lets the segments go that hold nothing else any more (I4).
    """

    writes: ClassVar[bool] = True
    stretches: tuple[Stretch, ...]
    remove: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSource(Task):
    """Count the source's rows in a token range."""

    range: TokenRange


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTarget(Task):
    """Count the target's rows by token range, in one pass."""

    ranges: tuple[TokenRange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindMissing(Task):
    """Look for the source's keys of a token range that the target lacks."""

    range: TokenRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Ask a worker to leave off after the batches that it has in hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Ask a worker to leave off a range that it gathers; what it has of it is durable."""

    task: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A batch is durable in the WAL; ``seconds`` is how long its page took to come.

    ``rows`` are those that were read, with those that the encoder refused.
    """

    task: int
    rows: int
    bytes: int
    seconds: float
    segment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A batch is in the target; ``fresh`` tells whether it was written just now.

    ``rows`` are those that are in, ``rejected`` those that the target or the encoder refused, and
    ``tally`` is what the batch has besides its rows.
    """

    task: int
    rows: int
    fresh: bool
    seconds: float
    how: str
    rejected: int = 0
    tally: Tally = _NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A batch belongs to the window; without its rows. ``fresh`` if it was read just now.

    Where nothing is applied, there is no window, and the batch is in the WAL.
    """

    task: int
    batch: Batch
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Rows of a slice are in the target, but for ``unwritten``; their checkpoints are not moved."""

    task: int
    rows: int
    seconds: float
    how: str
    unwritten: tuple[Unwritten, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A worker waits because of an error, or (with ``pause_s`` None) goes on after it."""

    error: SnapshotError
    pause_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingFound:
    """Keys that the target lacks, with their tokens."""

    task: int
    keys: tuple[tuple[int, Cells], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A task is over.

    ``closed`` tells that the range's closing batch is in the target; ``stopped`` that the worker
    left off early; ``bug`` is a traceback; ``result`` is what a count came to. Of a range that is
    gathered, ``closed`` tells that its closing batch is in the WAL, and ``unsorted`` that the WAL
    has batches of it that were captured as they were read, so that it can only be applied so.
    """

    task: int
    error: SnapshotError | None = None
    bug: str | None = None
    closed: bool = False
    stopped: bool = False
    unsorted: bool = False
    result: tuple[int, ...] = ()


RangeTask = CopyRange | GatherRange
"""What is done with a token range that is not done."""
FromWorker = Captured | Applied | Gathered | Loaded | Waiting | MissingFound | Ended
