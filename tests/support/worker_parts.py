"""One worker at the end of a wire, and what it opens, kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, cast

from cass_snapshot.model import Cells, Page, Position, TokenRange
from cass_snapshot.protocols import Following
from cass_snapshot.rejection import Encoded
from cass_snapshot.ring.tokens import token
from cass_snapshot.settings import MysqlSettings
from cass_snapshot.snapshot.messages import CopyRange, Ended
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
    waited: list[tuple[str, Callable[[], object] | None]] = field(default_factory=list)
    """What was waited for, and how the target is asked meanwhile."""

    @property
    def room(self) -> Parts:
        """Return what lets reading wait."""
        return self

    def wait_below_ceiling(self, ask: Callable[[], object]) -> None:
        """Wait before a page is appended."""
        self.waited.append(("ceiling", ask))

    def wait_on_disk(self, ask: Callable[[], object] | None) -> None:
        """Wait before a page of a window is appended."""
        self.waited.append(("disk", ask))

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
