"""The one record of how a run stands; every view (bar, lines, JSON, files) reads it alone.

``status.json`` is this record; its field names are interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cass_snapshot.validation import RangeCount


class Phase(StrEnum):
    """What a run is doing."""

    STARTING = "starting"
    COPYING = "copying"
    WAITING = "waiting"
    STOPPING = "stopping"
    VERIFYING = "verifying"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeFailure:
    """A token range that was set aside, and why; ``retryable`` where a second run may succeed."""

    range: int
    why: str
    attempts: int
    retryable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRows:
    """Rows that were set aside for the same reason; ``error`` is a number of MySQL's."""

    rows: int
    column: str
    code: str
    error: int
    why: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCount:
    """How often one kind of fault of one side was met, and something tried again after it.

    ``side`` is source, target or disk (that of the WAL), ``fault`` one of ``errors.Fault``.
    """

    side: str
    fault: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Both sides counted; ``differing`` names the ranges whose counts are unequal.

    ``status`` is OK, REJECTED where rows that were set aside explain all that is missing, or
    DIFFERS; ``missing`` counts what they do not explain.
    """

    source_rows: int
    target_rows: int
    missing: int
    extra: int
    ranges_equal: int
    ranges_total: int
    status: str
    differing: tuple[RangeCount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds at the median and at the 99th percentile; None before the first request."""

    p50_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStatus:
    """The window of a table that is applied in key order.

    ``step`` is gathering, cutting, loading or advancing; ``ranges_gathered`` are wholly in the WAL
    and not yet in the target's checkpoints; ``slices_loaded`` of ``slices`` are in.
    """

    number: int
    step: str
    ranges_gathered: int = 0
    slices: int = 0
    slices_loaded: int = 0

    @property
    def ranges_worth(self) -> float:
        """Return how many ranges the work on it is worth; gathering is half of it."""
        loaded = self.slices_loaded / self.slices if self.slices else 0.0
        return self.ranges_gathered * (1 + loaded) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStatus:
    """How the copy of one table stands. ``ranges_before`` were done when this process began."""

    table: str
    target: str
    ranges_total: int
    ranges_before: int = 0
    ranges_done: int = 0
    ranges_running: int = 0
    rows_before: int = 0
    rows_read: int = 0
    rows_applied: int = 0
    ranges_captured: int = 0
    """Wholly in the WAL and not applied; counted where a run captures alone, as is the next."""
    rows_captured: int = 0
    """Read into the WAL by this process."""
    rows_rejected: int = 0
    """Set aside in ``rejected``, and in the target neither now nor from earlier."""
    static_only: int = 0
    """Partitions that hold nothing but static values, and so have no row."""
    replaced: tuple[tuple[str, int], ...] = ()
    """How many NULLs became their declared replacement, by source column."""
    rejects: tuple[RejectedRows, ...] = ()
    """Why rows were set aside, the commonest first; filled when copying is over.

    A row with several bad columns is counted under each of them.
    """
    rejected_file: str = ""
    """Where they are, within the run's folder."""
    retries: int = 0
    wal_bytes: int = 0
    wal_segments: int = 0
    target_created: bool = False
    how: str = ""
    """How rows reach the target, for example ``LOAD DATA``."""
    order: str = ""
    """In which order rows are applied: ``key``, ``token``; empty before that is known."""
    window: WindowStatus | None = None
    failures: tuple[RangeFailure, ...] = ()
    counts: Counts | None = None
    ranges_verified: int = 0

    @property
    def ranges_through(self) -> int:
        """Return how many ranges a run has nothing more to do with."""
        return self.ranges_done + self.ranges_captured

    @property
    def ranges_worth(self) -> float:
        """Return how many ranges the work that is done is worth, those half done included."""
        return self.ranges_through + (self.window.ranges_worth if self.window else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """How a run stands. Times are ISO 8601 in UTC, durations seconds, rates per second."""

    v: int = 1
    run_id: str
    version: str
    phase: Phase
    started_at: str
    updated_at: str
    elapsed_s: float
    copy_s: float = 0.0
    verify_s: float = 0.0
    pid: int
    run_dir: str
    source: str
    target: str
    doctor: str = ""
    """What was found before the run, in short: ``14 ok, 1 warning: ...``."""
    extensions: str = ""
    continues: bool = False
    capture_only: bool = False
    """Whether it fills the WAL and applies nothing."""
    workers: int
    worker_restarts: int = 0
    rows_per_s: float = 0.0
    eta_s: float | None = None
    wal_retention: str = "keep"
    """How long segments stay that are wholly applied: keep, applied, or a time after success."""
    waiting: str | None = None
    """Why nothing moves, for example ``target unavailable: 2003``; None while rows flow."""
    waiting_for: tuple[str, ...] = ()
    """Which of source, target and disk (that of the WAL) that is."""
    faults: tuple[FaultCount, ...] = ()
    """What was tried again, by kind; each kind has a budget of its own."""
    source_latency: Latency = Latency()
    target_latency: Latency = Latency()
    tables: tuple[TableStatus, ...] = ()
    exit_code: int | None = None
    exit_name: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of ``events.jsonl``; ``message`` is for people, everything else is contract.

    ``event`` is one of run, doctor, plan, table, range, segment, checkpoint, pause, retry, reject,
    verify, result; ``status`` one of started, progress, applied, finished, failed, warning.
    """

    seq: int
    run_id: str
    ts: str
    event: str
    status: str
    message: str
    fields: Mapping[str, object]


class View(Protocol):
    """Shows a run to somebody; called in the parent process only, never from two threads."""

    def status(self, status: RunStatus) -> None:
        """Take the newest record; called about four times a second and at each change of phase."""
        ...

    def event(self, event: Event) -> None:
        """Take an event, in order."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was found."""
        ...
