"""The verifying phase: both sides counted afresh by token range (I11)."""

from __future__ import annotations

from cass_snapshot.errors import SnapshotError
from cass_snapshot.snapshot.messages import CountSource, CountTarget, Ended, FromWorker, Waiting
from cass_snapshot.snapshot.plan import RunPlan
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.status import Counts
from cass_snapshot.snapshot.supervisor import Hear, Pool, WorkerDeath
from cass_snapshot.snapshot.watch import UnexpectedError
from cass_snapshot.validation import RangeCount, RangeTally, Validation

DIFFERING_SHOWN = 20


class Counting:
    """Hands out counts and puts them together.

    Args:
        plan: the run.
        tables: the tables to count, by their place in the plan.
        progress: where numbers go.
        watch: takes waits and deaths.
    """

    def __init__(self, plan: RunPlan, tables: list[int], progress: Progress, watch: Hear) -> None:
        self._plan = plan
        self._progress = progress
        self._watch = watch
        self.tables = tables
        self.pool: Pool | None = None
        self.halted: SnapshotError | UnexpectedError | None = None
        self._results: dict[int, tuple[int, ...]] = {}
        self._by_id: dict[int, CountSource | CountTarget] = {}
        for table in tables:
            ranges = plan.tables[table].ranges
            self._add(CountTarget(id=len(self._by_id), table=table, ranges=ranges))
            for token_range in ranges:
                self._add(CountSource(id=len(self._by_id), table=table, range=token_range))

    def _add(self, task: CountSource | CountTarget) -> None:
        self._by_id[task.id] = task

    @property
    def tasks(self) -> tuple[CountSource | CountTarget, ...]:
        """Return the counts to do, the long pass over each target first."""
        return tuple(self._by_id.values())

    def hear(self, message: FromWorker | WorkerDeath) -> None:
        """Take a count, or the reason why there is none."""
        if isinstance(message, Waiting | WorkerDeath):
            self._watch(message)
        elif not isinstance(message, Ended):
            return
        elif message.bug is not None or message.error is not None:
            self.halted = self.halted or message.error or UnexpectedError(message.bug or "")
            if self.pool is not None:
                self.pool.stop()
        elif not message.stopped:
            self._results[message.task] = message.result
            task = self._by_id[message.task]
            if isinstance(task, CountSource):
                t = self._progress.tables[task.table]
                self._progress.change(task.table, ranges_verified=t.ranges_verified + 1)

    def validation(self, table: int, tallies: tuple[RangeTally, ...]) -> Validation | None:
        """Return the outcome for a table, None where a count is missing.

        Args:
            table: its place in the plan.
            tallies: what its ranges have besides written rows, as the ledger knows it.
        """
        tasks = [t for t in self.tasks if t.table == table]
        if any(t.id not in self._results for t in tasks):
            return None
        *target, unknown = self._results[next(t.id for t in tasks if isinstance(t, CountTarget))]
        sources = {
            t.range.number: self._results[t.id][0] for t in tasks if isinstance(t, CountSource)
        }
        planned = self._plan.tables[table]
        return Validation(
            table=planned.job.table.name,
            run_id=planned.job.record.run_id,
            unknown=unknown,
            tallies=tallies,
            ranges=tuple(
                RangeCount(range=r, source_rows=sources[r.number], target_rows=rows)
                for r, rows in zip(planned.ranges, target, strict=True)
            ),
        )


def counts_of(validation: Validation) -> Counts:
    """Return what the status record shows of a verification."""
    differing = tuple(r for r in validation.ranges if r.source_rows != r.target_rows)
    return Counts(
        source_rows=validation.source_rows,
        target_rows=validation.target_rows,
        missing=validation.missing,
        extra=validation.extra,
        ranges_equal=validation.ranges_equal,
        ranges_total=len(validation.ranges),
        status=validation.status,
        differing=differing[:DIFFERING_SHOWN],
    )
