"""One worker, its two halves in their threads, on a range kept in memory."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, cast

import pytest

from cass_snapshot.errors import (
    LimitReached,
    RangeFailed,
    SnapshotError,
    StateError,
    TargetUnavailable,
)
from cass_snapshot.model import Cells, Page, Position, TokenRange
from cass_snapshot.protocols import Following
from cass_snapshot.rejection import Encoded
from cass_snapshot.ring.split import split_ring
from cass_snapshot.ring.tokens import token
from cass_snapshot.settings import MysqlSettings
from cass_snapshot.snapshot.disk import disk_error
from cass_snapshot.snapshot.messages import (
    Applied,
    Captured,
    CopyRange,
    CountSource,
    CountTarget,
    Ended,
    FindMissing,
    MissingFound,
    Stop,
    Waiting,
)
from cass_snapshot.snapshot.worker import Worker
from cass_snapshot.verify.missing import partition_cells
from cass_snapshot.wiring import Job
from tests.support.doubles import (
    RANGE,
    LineEncoder,
    MemoryRejects,
    MemoryTarget,
    MemoryWal,
    position,
)
from tests.support.plans import plan, settings

COPY = CopyRange(id=7, table=0, range=RANGE)


class Wire:
    """The worker's end of a pipe: gives it orders, then nothing for ever, and keeps its words."""

    def __init__(self, *orders: object) -> None:
        self._orders: SimpleQueue[object] = SimpleQueue()
        for order in (*orders, None):
            self._orders.put(order)
        self.sent: list[object] = []

    def recv(self) -> object:
        """Return the next order."""
        return self._orders.get()

    def send(self, message: object) -> None:
        """Keep a message."""
        self.sent.append(message)


@dataclass(slots=True)
class Rows:
    """A source of numbered rows, two to a page; notes from where it was read."""

    numbers: Sequence[int] = ()
    read_after: list[Position | None] = field(default_factory=list)
    followed_by: list[TokenRange | None] = field(default_factory=list)

    def pages(
        self, _range: TokenRange, after: Position | None, following: Following | None = None
    ) -> Iterator[Page]:
        """Yield what comes after a position; note what would be read next."""
        self.read_after.append(after)
        left = [n for n in self.numbers if after is None or n > after.token]
        cut = [left[i : i + 2] for i in range(0, len(left), 2)] or [[]]
        for place, some in enumerate(cut, start=1):
            rows: list[Cells] = [(b"%d" % n,) for n in some]
            if following is not None and place == len(cut):
                self.followed_by.append(following())
            yield Page(rows=rows, last=place == len(cut))

    def keys(self, token_range: TokenRange) -> Iterator[Sequence[Cells]]:
        """Yield the keys of the range."""
        return (page.rows for page in self.pages(token_range, None))

    def position(self, row: Cells) -> Position:
        """Return where a row stands."""
        return position(row)


@dataclass(slots=True)
class Keys:
    """The keys of a target."""

    there: list[Cells]

    def tokens(self) -> Iterator[list[int]]:
        """Yield their tokens."""
        yield [token(partition_cells(key, 1)) for key in self.there]

    def absent(self, keys: Sequence[Cells]) -> list[Cells]:
        """Return those that are not there."""
        return [key for key in keys if key not in self.there]


@dataclass(slots=True)
class Parts:
    """What the worker would open, in memory."""

    log: MemoryWal
    rows: Rows
    into: MemoryTarget
    keys: Keys = field(default_factory=lambda: Keys([]))
    encodes: Callable[[Sequence[Cells]], Encoded] = LineEncoder().encode
    aside: MemoryRejects = field(default_factory=MemoryRejects)
    closed: bool = False

    def table(self, _index: int) -> object:
        """Return the job of the table."""
        return plan("orders").tables[0].job

    def source(self, _index: int) -> Rows:
        """Return the source."""
        return self.rows

    def source_keys(self, _index: int, *, whole: bool) -> Rows:
        """Return the source of keys."""
        assert whole in (True, False)
        return self.rows

    def target_keys(self, _index: int) -> Keys:
        """Return the target's keys."""
        return self.keys

    def encoder(self, _index: int) -> Parts:
        """Return the encoder."""
        return self

    def encode(self, rows: Sequence[Cells]) -> Encoded:
        """Encode, or fail."""
        return self.encodes(rows)

    def rejects(self, _index: int) -> MemoryRejects:
        """Return what keeps rows that are set aside."""
        return self.aside

    def wal(self, _index: int, _range: TokenRange, _seq: int) -> MemoryWal:
        """Return the log."""
        return self.log

    def target(self, _index: int) -> MemoryTarget:
        """Return the target."""
        return self.into

    reader = target

    def close(self) -> None:
        """Note that the worker gave everything back."""
        self.closed = True

    remove_scratch = close


def parts(numbers: Sequence[int] = (), *, there: Sequence[int] = ()) -> Parts:
    """Return the parts of a worker, with some rows in the source and some keys in the target."""
    log = MemoryWal()
    keys: list[Cells] = [(b"%d" % n,) for n in there]
    return Parts(log=log, rows=Rows(numbers), into=MemoryTarget(log), keys=Keys(keys))


def serve(folder: Path, made: Parts, *orders: object) -> list[Any]:
    """Let a worker do what it is asked, and return what it said."""
    wire = Wire(*orders)
    opened(folder, made, wire).serve()
    assert made.closed
    return wire.sent


def opened(folder: Path, made: Parts, wire: Wire) -> Worker:
    """Return a worker at one end of a wire."""
    patient = settings().model_copy(update={"mysql": MysqlSettings(unavailable_timeout_s=60)})
    job = Job(settings=patient, tables=(), wal_directory=folder, rejected=folder, scratch=folder)
    worker = Worker(cast("Any", wire), job, "worker-1")
    worker._parts = cast("Any", made)
    return worker


def ended(said: list[Any]) -> Ended:
    """Return the one end of the one task."""
    ends = [m for m in said if isinstance(m, Ended)]
    assert said[-1:] == ends
    return ends[0]


def test_a_range_is_captured_applied_and_closed(tmp_path: Path) -> None:
    """Every batch is told twice: when it is durable, and when the target holds it."""
    made = parts([1, 2, 3])
    said = serve(tmp_path, made, COPY)
    assert [m.rows for m in said if isinstance(m, Captured)] == [2, 1]
    assert [(m.rows, m.fresh) for m in said if isinstance(m, Applied)] == [(2, True), (1, True)]
    assert Ended(task=7, closed=True) == ended(said)
    assert made.log.batches == made.into.taken


def test_the_source_is_told_which_range_of_the_table_is_read_next(tmp_path: Path) -> None:
    """It is known as soon as the parent gave the task."""
    made = parts([1])
    second = replace(COPY, id=8, range=replace(RANGE, number=8))
    worker = opened(tmp_path, made, Wire())
    worker._inbox.put(COPY)
    worker._inbox.put(second)
    worker.serve()
    assert made.rows.followed_by == [second.range]


def test_a_range_that_is_done_already_is_not_read_again(tmp_path: Path) -> None:
    """A worker may be killed between the COMMIT of the closing batch and its report."""
    made = parts([1, 2, 3])
    said = serve(tmp_path, made, COPY, replace(COPY, id=8))
    assert [Ended(task=7, closed=True), Ended(task=8, closed=True)] == [
        m for m in said if isinstance(m, Ended)
    ]
    assert made.rows.read_after == [None]


def test_what_the_wal_holds_is_applied_before_anything_is_read(tmp_path: Path) -> None:
    """And reading goes on behind it."""
    made = parts([1, 2, 3, 4, 5])
    made.log.append(
        LineEncoder().encode([(b"1",), (b"2",)]).lines, position((b"2",)), closing=False
    )
    said = serve(tmp_path, made, COPY)
    assert [position((b"2",))] == made.rows.read_after
    assert [m.rows for m in said if isinstance(m, Captured)] == [2, 1]
    assert [m.rows for m in said if isinstance(m, Applied)] == [2, 2, 1]
    assert ended(said).closed


def test_a_range_that_was_captured_whole_is_only_applied(tmp_path: Path) -> None:
    """Its closing batch is in the WAL."""
    made = parts([1])
    made.log.append(LineEncoder().encode([(b"1",)]).lines, position((b"1",)), closing=True)
    assert ended(serve(tmp_path, made, COPY)).closed
    assert made.rows.read_after == []


def test_a_worker_told_to_stop_leaves_off_and_keeps_what_it_has(tmp_path: Path) -> None:
    """What is in the WAL is either applied or left for the next run; nothing is closed."""
    made = parts(range(100))
    end = ended(serve(tmp_path, made, Stop(), COPY))
    assert (end.stopped, end.closed, end.error) == (True, False, None)
    assert len(made.into.taken) < 50


@pytest.mark.parametrize("error", [RangeFailed("refused"), StateError("does not fit")])
def test_what_the_target_refuses_ends_the_range_and_not_the_worker(
    tmp_path: Path, error: SnapshotError
) -> None:
    """The next task is done as if nothing had happened."""
    made = parts(range(40))
    made.into.meets = [None, error]
    second = CountSource(id=8, table=0, range=RANGE)
    said = serve(tmp_path, made, COPY, second)
    first, other = [m for m in said if isinstance(m, Ended)]
    assert (7, error, False) == (first.task, first.error, first.closed)
    assert Ended(task=8, result=(40,)) == other
    assert len(made.into.taken) == 1


def test_a_target_that_is_away_is_waited_for_and_told(tmp_path: Path) -> None:
    """Within the patience of the settings."""
    made = parts([1])
    made.into.meets = [TargetUnavailable("away")]
    said = serve(tmp_path, made, COPY)
    waits = [m.error for m in said if isinstance(m, Waiting)]
    assert [TargetUnavailable, type(None)] == [type(e) for e in waits]
    assert ended(said).closed


def raising(error: Exception) -> Callable[[Sequence[Cells]], Encoded]:
    """Return an encoder that fails."""

    def encode(_rows: Sequence[Cells]) -> Encoded:
        raise error

    return encode


def test_rows_that_are_set_aside_are_told_with_their_batch(tmp_path: Path) -> None:
    """They were read, and are rejected; by the encoder, and by the target."""
    made = parts([1, 2, 3])
    made.encodes = LineEncoder(b"2").encode
    made.into.refuses = [0, 1]
    said = serve(tmp_path, made, COPY)
    assert [m.rows for m in said if isinstance(m, Captured)] == [2, 1]
    assert [(m.rows, m.rejected) for m in said if isinstance(m, Applied)] == [(1, 1), (0, 1)]
    assert [m.tally.refused for m in said if isinstance(m, Applied)] == [1, 0]
    assert [r.key for r in made.aside.rows] == [(b"2",)]
    assert ended(said).closed


@pytest.mark.parametrize("half", ["capture", "apply"])
def test_a_disk_too_full_for_a_rejected_row_ends_the_run(tmp_path: Path, half: str) -> None:
    """A row must never be neither here nor there."""
    made = parts([1])
    full = OSError(errno.ENOSPC, "said the disk")
    if half == "capture":
        made.aside.fails = full
        made.encodes = LineEncoder(b"1").encode
    else:
        made.into.disk = full
    assert type(ended(serve(tmp_path, made, COPY)).error) is LimitReached
    assert made.into.taken == []


def test_what_nobody_expected_is_carried_as_a_traceback(tmp_path: Path) -> None:
    """It ends the run with exit 1."""
    made = parts([1])
    made.encodes = raising(ZeroDivisionError("ours"))
    bug = ended(serve(tmp_path, made, COPY)).bug
    assert bug is not None
    assert "ZeroDivisionError: ours" in bug


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, LimitReached),
        (errno.EDQUOT, LimitReached),
        (errno.EIO, StateError),
        (errno.EROFS, StateError),
    ],
)
def test_a_full_disk_is_a_limit_and_a_failing_one_is_for_a_human(
    tmp_path: Path, number: int, expected: type[SnapshotError]
) -> None:
    """Of a batch that the disk refused nothing reaches the target."""
    made = parts([1])
    made.log.fails = OSError(number, "said the disk", "wal/3")
    error = ended(serve(tmp_path, made, COPY)).error
    assert expected is type(error)
    assert "said the disk" in str(error)
    assert made.into.taken == []
    assert disk_error(OSError(number, "x")).where == "wal/"


def test_both_sides_are_counted_by_range(tmp_path: Path) -> None:
    """One number for a range of the source, one for each range of the target, and for none."""
    made = parts(range(5), there=range(3))
    said = serve(
        tmp_path,
        made,
        CountSource(id=1, table=0, range=RANGE),
        CountTarget(id=2, table=0, ranges=split_ring(4)),
    )
    source, target = [m.result for m in said if isinstance(m, Ended)]
    assert source == (5,)
    assert (len(target), sum(target), target[-1]) == (5, 3, 0)


def test_missing_keys_are_told_with_their_tokens(tmp_path: Path) -> None:
    """Page by page; the end says how many were seen and how many are missing."""
    made = parts(range(5), there=[0, 1, 3])
    said = serve(tmp_path, made, FindMissing(id=1, table=0, range=RANGE))
    found = [key for m in said if isinstance(m, MissingFound) for _, key in m.keys]
    assert found == [(b"2",), (b"4",)]
    assert Ended(task=1, result=(5, 2)) == ended(said)
