"""One window, as the parent sees it: which ranges it has, how much of it is in. No row is here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cass_snapshot.errors import StateError
from cass_snapshot.model import Batch, Checkpoint, TokenRange
from cass_snapshot.rejection import Stretch, Unwritten
from cass_snapshot.snapshot.status import WindowStatus


@dataclass(slots=True)
class Window:
    """A window of a table: the batches gathered, the slices loaded.

    Args:
        folder: its scratch files.
        gathering: the ranges, by the id of their task, that are not gathered yet.
        number: counts from 1.
    """

    folder: Path
    gathering: set[int]
    number: int = 1
    ranges: dict[int, TokenRange] = field(default_factory=dict)
    batches: dict[int, dict[int, Batch]] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    size: int = 0
    rows: int = 0
    slices: int = 0
    slices_left: set[int] = field(default_factory=set)
    loaded: dict[int, int] = field(default_factory=dict)
    unwritten: dict[int, dict[str, Unwritten]] = field(default_factory=dict)
    broken: bool = False
    """Whether a slice cannot be loaded as a whole, so that all is to be applied as it was read."""

    def gathered(self, task: int, batch: Batch) -> None:
        """Take a batch."""
        self.batches.setdefault(task, {})[batch.seq] = batch
        self.size += batch.size
        self.rows += batch.lines.rows
        self.ranges[task] = batch.range

    def reached(self, task: int) -> Checkpoint | None:
        """Return what the target has of a range when the window is in; None if it has none."""
        batches = self.batches.get(task)
        if not batches:
            return None
        last = batches[max(batches)]
        return Checkpoint(range=last.range, batch_seq=last.seq, position=last.position)

    def drop(self, task: int) -> list[Batch]:
        """Forget a range; return the batches that the window had of it."""
        gone = list(self.batches.pop(task, {}).values())
        self.ranges.pop(task, None)
        self.size -= sum(batch.size for batch in gone)
        self.rows -= sum(batch.lines.rows for batch in gone)
        return gone

    def load(self, task: int, rows: int, unwritten: Iterable[Unwritten]) -> int:
        """Take rows of a slice that are in; return how many others were refused."""
        self.loaded[task] = self.loaded.get(task, 0) + rows
        refused = {one.id: one for one in unwritten}
        self.unwritten.setdefault(task, {}).update(refused)
        return len(refused)

    def unload(self, task: int) -> tuple[int, int]:
        """Forget the rows of a slice that is written again; return how many were in and refused.

        What was refused may be taken the next time.
        """
        return self.loaded.pop(task, 0), len(self.unwritten.pop(task, {}))

    @property
    def range_numbers(self) -> tuple[int, ...]:
        """Return the numbers of the ranges of which the window has batches."""
        return tuple(sorted(found.number for found in self.ranges.values()))

    def index_of(self, token_range: TokenRange) -> Path:
        """Return where the batches of a range are noted."""
        return self.folder / "ranges" / str(token_range.number)

    def status(self, step: str) -> WindowStatus:
        """Return how it stands, where ``step`` is what is done now."""
        return WindowStatus(
            number=self.number,
            step=step,
            ranges_gathered=len(self.closed),
            slices=self.slices,
            slices_loaded=self.slices - len(self.slices_left),
        )

    @property
    def rows_in(self) -> int:
        """Return how many rows are in, or refused and durable elsewhere."""
        return sum(self.loaded.values()) + sum(map(len, self.unwritten.values()))

    def disproof(self) -> StateError | None:
        """Return the error where the rows that are in are not those that were gathered."""
        if self.rows_in == self.rows:
            return None
        return StateError(
            "the slices of a window do not hold its rows",
            why=f"{self.rows:,} rows were gathered, {self.rows_in:,} written",
            fix='run again with [run] apply_order = "token"; nothing is lost',
        )

    def stretches(self) -> tuple[Stretch, ...]:
        """Return what the checkpoints are to be moved over, in order of the ranges."""
        refused: dict[int, list[Unwritten]] = {}
        for one in (one for known in self.unwritten.values() for one in known.values()):
            refused.setdefault(self._range_of(one.token), []).append(one)
        return tuple(
            Stretch(
                batches=tuple(batch for _, batch in sorted(self.batches[task].items())),
                rejected=tuple(refused.get(task, ())),
            )
            for task in sorted(self.batches, key=lambda task: self.ranges[task].start)
        )

    def _range_of(self, token: int) -> int:
        for task, found in self.ranges.items():
            if found.start < token <= found.end:
                return task
        raise AssertionError(f"token {token} belongs to no range of the window")


@dataclass(slots=True)
class Pipeline:
    """The windows of a table that are alive: one is gathered, one waits, one is applied."""

    gathering: Window | None = None
    ready: Window | None = None
    applying: Window | None = None

    @property
    def alive(self) -> list[Window]:
        """Return them, oldest first."""
        return [w for w in (self.applying, self.ready, self.gathering) if w is not None]

    def left(self, tasks: Iterable[int]) -> list[int]:
        """Return those of some ranges whose end is in no window yet, in order."""
        closed = {task for window in self.alive for task in window.closed}
        return sorted(set(tasks) - closed)

    def reached(self, task: int) -> Checkpoint | None:
        """Return what the target has of a range when all of them are in."""
        found = [made for window in self.alive if (made := window.reached(task)) is not None]
        return found[-1] if found else None

    def drop(self, task: int) -> list[Batch]:
        """Forget a range; return the batches that any window had of it."""
        return [batch for window in self.alive for batch in window.drop(task)]
