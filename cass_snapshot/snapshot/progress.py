"""Gathers what the workers report into the one status record, by a clock that it is given."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cass_snapshot.errors import Fault
from cass_snapshot.model import Batch, Checkpoint, RangeState
from cass_snapshot.snapshot.messages import Applied, Captured, Loaded
from cass_snapshot.snapshot.status import (
    FaultCount,
    Latency,
    Phase,
    RangeFailure,
    RunStatus,
    TableStatus,
    WindowStatus,
)

RATE_WINDOW_S = 15.0
ETA_FROM_S = 5.0
ETA_FROM_SHARE = 0.02
"""An estimate before this much is done would be a guess."""
LATENCIES_KEPT = 500
Counted = tuple[tuple[str, int], ...]
"""Numbers by name, as records hold them."""


def iso(moment: datetime) -> str:
    """Return a moment in UTC, to the millisecond."""
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    )


@dataclass(slots=True)
class _Durations:
    """The newest durations of one kind of request."""

    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))

    def latency(self) -> Latency:
        """Return median and 99th percentile."""
        if not self.seconds:
            return Latency()
        ordered = sorted(self.seconds)
        last = len(ordered) - 1
        return Latency(
            p50_ms=round(ordered[last // 2] * 1000, 1),
            p99_ms=round(ordered[last * 99 // 100] * 1000, 1),
        )


def added(one: Counted, other: Counted) -> Counted:
    """Return counts by name, summed."""
    total = Counter(dict(one))
    total.update(dict(other))
    return tuple(sorted(total.items()))


def table_status(table: str, target: str, checkpoints: list[Checkpoint]) -> TableStatus:
    """Return the record of a table as its checkpoints leave it."""
    done = [c for c in checkpoints if c.state is RangeState.DONE]
    rows, read = sum(c.rows_written for c in checkpoints), sum(c.rows_read for c in checkpoints)
    return TableStatus(
        table=table,
        target=target,
        ranges_total=len(checkpoints),
        ranges_before=len(done),
        ranges_done=len(done),
        rows_before=rows,
        rows_read=read,
        rows_applied=rows,
        rows_rejected=read - rows,
    )


class Progress:
    """The mutable side of RunStatus; ``status`` returns the record.

    Args:
        status: the record to start from.
        clock: seconds that only grow.
    """

    def __init__(self, status: RunStatus, clock: Callable[[], float]) -> None:
        self._status = status
        self._clock = clock
        self._began = clock()
        self._phase_began = self._began
        self._source = _Durations()
        self._target = _Durations()
        self._rates: deque[tuple[float, int]] = deque()
        self._waiting: dict[str, str] = {}
        self._faults: Counter[tuple[str, Fault]] = Counter()
        self._segments: defaultdict[int, set[str]] = defaultdict(set)
        self.tables: list[TableStatus] = list(status.tables)

    def phase(self, phase: Phase) -> None:
        """Enter a phase; the time spent in the one before is noted."""
        now = self._clock()
        spent = now - self._phase_began
        if self._status.phase in (Phase.COPYING, Phase.STOPPING):
            self._status = replace(self._status, copy_s=self._status.copy_s + spent)
        if self._status.phase is Phase.VERIFYING:
            self._status = replace(self._status, verify_s=self._status.verify_s + spent)
        self._phase_began = now
        self._status = replace(self._status, phase=phase)

    def update(self, **changes: object) -> None:
        """Change fields of the run's record."""
        self._status = replace(self._status, **changes)  # type: ignore[arg-type]  # named fields of RunStatus

    def change(self, table: int, **changes: object) -> None:
        """Change fields of a table's record."""
        self.tables[table] = replace(self.tables[table], **changes)  # type: ignore[arg-type]  # named fields of TableStatus

    def captured(self, table: int, batch: Captured) -> None:
        """Count a batch that the WAL holds."""
        self._source.seconds.append(batch.seconds)
        self._segments[table].add(batch.segment)
        t = self.tables[table]
        self.change(
            table,
            rows_read=t.rows_read + batch.rows,
            wal_bytes=t.wal_bytes + batch.bytes,
            wal_segments=len(self._segments[table]),
        )

    def applied(self, table: int, batch: Applied) -> None:
        """Count a batch that the target holds; one that it held before was counted then."""
        self._target.seconds.append(batch.seconds)
        self._rates.append((self._clock(), batch.rows))
        t = self.tables[table]
        self.change(table, how=batch.how or t.how)
        if not batch.fresh:
            return
        applied, rejected = t.rows_applied + batch.rows, t.rows_rejected + batch.rejected
        self.change(
            table,
            rows_applied=applied,
            rows_rejected=rejected,
            rows_read=max(t.rows_read, applied + rejected),
            static_only=t.static_only + batch.tally.static_only,
            replaced=added(t.replaced, batch.tally.nulls),
        )

    def gathered(self, table: int, batch: Batch, *, sign: int = 1) -> None:
        """Count a batch of a window, read now or by an earlier process; no row of it is in yet."""
        t, tally = self.tables[table], batch.lines.tally
        self.change(
            table,
            rows_read=t.rows_read + sign * (batch.lines.rows + tally.refused),
            rows_rejected=t.rows_rejected + sign * tally.refused,
            static_only=t.static_only + sign * tally.static_only,
            replaced=added(t.replaced, tuple((name, sign * n) for name, n in tally.nulls)),
        )

    def kept(self, table: int, batch: Batch, *, fresh: bool) -> None:
        """Count a batch that the WAL holds and nobody applies yet; ``fresh`` if it was read now."""
        self.gathered(table, batch)
        if fresh:
            rows = batch.lines.rows
            self._rates.append((self._clock(), rows))
            self.change(table, rows_captured=self.tables[table].rows_captured + rows)

    def ungathered(self, table: int, batches: Iterable[Batch]) -> None:
        """Take back what was counted of batches; they count again when they are met again."""
        for batch in batches:
            self.gathered(table, batch, sign=-1)

    def loaded(self, table: int, message: Loaded) -> None:
        """Count rows of a slice that are in the target."""
        self._target.seconds.append(message.seconds)
        self._rates.append((self._clock(), message.rows))
        t = self.tables[table]
        self.change(table, how=message.how, rows_applied=t.rows_applied + message.rows)

    def rejected(self, table: int, rows: int) -> None:
        """Count rows that the target refused."""
        self.change(table, rows_rejected=self.tables[table].rows_rejected + rows)

    def unloaded(self, table: int, rows: int, rejected: int) -> None:
        """Take back rows of a slice that is written again."""
        t = self.tables[table]
        self.change(
            table,
            rows_applied=t.rows_applied - rows,
            rows_rejected=t.rows_rejected - rejected,
        )

    def window(self, table: int, window: WindowStatus | None) -> None:
        """Note how the window of a table stands."""
        self.change(table, window=window)

    def failed(self, table: int, failure: RangeFailure) -> None:
        """Note a range that is set aside."""
        self.change(table, failures=(*self.tables[table].failures, failure))

    def retried(self, table: int) -> None:
        """Count a request or a range that is tried again."""
        self.change(table, retries=self.tables[table].retries + 1)

    def restarted(self) -> None:
        """Count a worker that died and is replaced."""
        self.update(worker_restarts=self._status.worker_restarts + 1)

    def waiting(self, side: str, reason: str | None) -> bool:
        """Note that source, target or disk is waited for, or no more; tell if that is news."""
        before = self._waiting.get(side)
        if reason is None:
            self._waiting.pop(side, None)
        else:
            self._waiting[side] = reason
        return before != self._waiting.get(side)

    def faulted(self, side: str, fault: Fault) -> int:
        """Count a fault after which something is tried again; return how many of it there were."""
        self._faults[side, fault] += 1
        return self._faults[side, fault]

    def work(self) -> tuple[str, int]:
        """Return what is being done, and how many rows were read and written so far."""
        steps = [t.window.step for t in self.tables if t.window is not None]
        rows = sum(t.rows_read + t.rows_applied for t in self.tables)
        return " ".join([self._status.phase.value, *steps]), rows

    def rate(self) -> float:
        """Return the rows applied per second, or captured alone, over the last seconds."""
        now = self._clock()
        while self._rates and self._rates[0][0] < now - RATE_WINDOW_S:
            self._rates.popleft()
        span = min(RATE_WINDOW_S, max(now - self._began, 1.0))
        return sum(rows for _, rows in self._rates) / span

    def eta_s(self) -> float | None:
        """Return the seconds left, by the ranges done in this process; None while it is a guess."""
        total = sum(t.ranges_total for t in self.tables)
        before = sum(t.ranges_before for t in self.tables)
        done = sum(t.ranges_worth for t in self.tables) - before
        elapsed = self._clock() - self._began
        to_do = total - before
        if self._waiting or self._status.phase is not Phase.COPYING:
            return None
        if elapsed < ETA_FROM_S or not to_do or done < max(1, ETA_FROM_SHARE * to_do):
            return None
        return round(elapsed * (to_do - done) / done, 1)

    def status(self, running: Mapping[int, int] | None = None) -> RunStatus:
        """Return the record as of now.

        Args:
            running: how many ranges of each table workers hold.
        """
        for index in range(len(self.tables)):
            if running is not None:
                self.change(index, ranges_running=running.get(index, 0))
        phase = self._status.phase
        if phase is Phase.COPYING and self._waiting:
            phase = Phase.WAITING
        return replace(
            self._status,
            phase=phase,
            updated_at=iso(datetime.now(UTC)),
            elapsed_s=round(self._clock() - self._began, 3),
            copy_s=round(self._status.copy_s, 3),
            verify_s=round(self._status.verify_s, 3),
            rows_per_s=round(self.rate(), 1),
            eta_s=self.eta_s(),
            waiting="; ".join(self._waiting.values()) or None,
            waiting_for=tuple(sorted(self._waiting)),
            faults=tuple(
                FaultCount(side=side, fault=fault.value, times=times)
                for (side, fault), times in sorted(self._faults.items())
            ),
            source_latency=self._source.latency(),
            target_latency=self._target.latency(),
            tables=tuple(self.tables),
        )
