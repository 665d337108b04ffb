"""A cluster, a server and its record of runs as a plan examines them, kept in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from cass_snapshot.errors import Fenced, LockedError, PreflightError, SnapshotError
from cass_snapshot.model import (
    Cells,
    Checkpoint,
    Hold,
    RangeState,
    Recut,
    RunRecord,
    RunState,
    Table,
    TableName,
    TokenRange,
)
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.plan import plan as plan_target
from cass_snapshot.planned import Finding, PlannedColumn, PlannedTarget, Sample, TableMapping, Way
from cass_snapshot.protocols.sources import SAMPLE_SECONDS
from cass_snapshot.validation import RangeTally, Validation


@dataclass(slots=True)
class MemoryLedger:
    """The record of runs. ``down`` is raised by every write while it is set."""

    records: list[RunRecord] = field(default_factory=list)
    plans: dict[tuple[str, str], list[Checkpoint]] = field(default_factory=dict)
    finished: list[tuple[str, RunState, int]] = field(default_factory=list)
    marked: list[tuple[int, RangeState, int]] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    ours: set[str] = field(default_factory=set)
    held: dict[str, Hold] = field(default_factory=dict)
    before: dict[str, RunState] = field(default_factory=dict)
    renewed: int = 0
    there: bool = True
    down: SnapshotError | None = None

    def exists(self) -> bool:
        """Tell whether there is a record."""
        return self.there

    def newest(self, source: str, target: str) -> RunRecord | None:
        """Return the run that was registered last."""
        found = self.runs_into(source, target)
        return found[-1] if found else None

    def runs(self, run_id: str) -> list[RunRecord]:
        """Return the tables of a run."""
        return [r for r in self.records if r.run_id == run_id]

    def created_by_us(self, target: str) -> bool:
        """Tell whether a target is ours."""
        if self.down is not None:
            raise self.down
        return target in self.ours

    def holds(self, source: str, target: str) -> list[Hold]:
        """Return who holds a run."""
        return [
            self.held[r.run_id] for r in self.runs_into(source, target) if r.run_id in self.held
        ]

    def runs_into(self, source: str, target: str) -> list[RunRecord]:
        """Return the runs of a source into a target."""
        return [r for r in self.records if (r.source, r.target) == (source, target)]

    def register(
        self,
        records: Sequence[tuple[RunRecord, Sequence[TokenRange]]],
        *,
        holder: str = "",
        dead: Collection[str] = (),
    ) -> None:
        """Keep runs and plans."""
        for record, _ in records:
            for hold in self.holds(record.source, record.target):
                if hold.holder not in dead:
                    raise LockedError("another process copies this table", why=hold.holder)
            if holder:
                self.held[record.run_id] = Hold(run_id=record.run_id, holder=holder, left_s=30)
        for record, ranges in records:
            self.records.append(record)
            self.plans[record.run_id, record.source] = [Checkpoint(range=r) for r in ranges]

    def recut(self, record: RunRecord, change: Recut) -> None:
        """Change a plan."""
        key = (record.run_id, record.source)
        ends = {r.number: r.end for r in change.narrowed}
        kept = [c for c in self.plans[key] if c.range not in change.gone]
        kept = [
            replace(c, range=replace(c.range, end=ends.get(c.range.number, c.range.end)))
            for c in kept
        ]
        kept += [Checkpoint(range=r) for r in change.added]
        self.plans[key] = sorted(kept, key=lambda c: c.range.start)

    def take_over(self, record: RunRecord, *, holder: str = "", dead: str = "") -> int:
        """Return the next epoch."""
        hold = self.held.get(record.run_id)
        if hold is not None and hold.holder != dead:
            raise LockedError("another process copies this table", why=hold.holder)
        if holder:
            self.held[record.run_id] = Hold(run_id=record.run_id, holder=holder, left_s=30)
        return record.epoch + 1

    def renew(self, records: Sequence[RunRecord]) -> None:
        """Note that runs are held, or that one is lost."""
        if self.down is not None:
            raise self.down
        self.renewed += len(records)

    def checkpoints(self, record: RunRecord) -> list[Checkpoint]:
        """Return a run's checkpoints."""
        return self.plans[record.run_id, record.source]

    def tallies(self, record: RunRecord) -> list[RangeTally]:
        """Return what each range has besides its rows."""
        return [
            RangeTally(range=c.range.number, rejected=c.rows_read - c.rows_written)
            for c in self.checkpoints(record)
        ]

    def lacking(self, _record: RunRecord) -> dict[str, int]:
        """Return the ids of rejected rows that are not in."""
        return {}

    def mark_range(self, _record: RunRecord, number: int, state: RangeState, attempts: int) -> None:
        """Note the state of a range."""
        self.marked.append((number, state, attempts))

    def finish(self, record: RunRecord, state: RunState, exit_code: int) -> None:
        """Note how a table ended."""
        if self.down is not None:
            raise self.down
        self.finished.append((str(record.table), state, exit_code))

    def refill(self, record: RunRecord) -> RunRecord:
        """Note that a target gets its rows back."""
        if record not in self.records:
            raise Fenced("another process has taken this run over")
        noted = replace(record, state=RunState.REFILLING, epoch=record.epoch + 1)
        self.records[self.records.index(record)] = noted
        self.before.setdefault(record.source, record.state)
        return noted

    def refilled(self, record: RunRecord) -> None:
        """Note that it has them."""
        if record in self.records:
            state = self.before.pop(record.source)
            self.records[self.records.index(record)] = replace(record, state=state)

    def record_validation(self, validation: Validation) -> None:
        """Keep a verification."""
        self.validations.append(validation)

    def hurry(self, answer_s: int) -> None:
        """Answer at once, as ever."""
        assert answer_s > 0

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class MemorySource:
    """A cluster with some tables."""

    tables: dict[str, Table]
    heading: str = "cassandra dc1"
    datacenter: str = "dc1"
    protocol_version: int = 5
    rows: tuple[Cells, ...] = ()
    found: tuple[Finding, ...] = ()
    changed: SnapshotError | None = None

    def table(
        self,
        name: TableName,
        *,
        where: str = "",
        allow_filtering: bool = False,
        partitions: bool = False,
    ) -> Table:
        """Return a table."""
        if name.name not in self.tables:
            raise PreflightError(f"no table {name}")
        return replace(
            self.tables[name.name],
            where=where,
            allow_filtering=allow_filtering,
            partitions=partitions,
        )

    def prove(self, table: Table, columns: Sequence[PlannedColumn]) -> None:
        """Accept every read of a table that is there."""
        assert table.name.name in self.tables
        assert columns

    def refuse_changed(self, table: Table) -> None:
        """Refuse a table that has other columns by now."""
        if self.changed is not None:
            raise self.changed
        assert table.name.name in self.tables

    def sample(
        self,
        table: Table,
        columns: Sequence[PlannedColumn],
        *,
        rows_max: int,
        seconds_max: float = SAMPLE_SECONDS,
    ) -> Sample:
        """Return the rows that were put there."""
        assert table.name.name in self.tables
        assert columns
        assert seconds_max > 0
        return Sample(
            rows=self.rows[:rows_max],
            rows_estimated=len(self.rows),
            whole=len(self.rows) <= rows_max,
        )

    def findings(self, tables: Sequence[Table]) -> list[Finding]:
        """Return what was put there."""
        assert {t.name.name for t in tables} <= set(self.tables)
        return list(self.found)

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class MemoryAdmin:
    """A server that has the named tables already."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    there: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)
    heading: str = "mysql db1"
    buffer_pool_bytes: int | None = None

    def findings(self) -> list[Finding]:
        """Find nothing."""
        return []

    def plan(self, table: Table, mapping: TableMapping) -> PlannedTarget:
        """Return what a table becomes in MySQL."""
        found = plan_target(table, mapping, database="shop", flavour=Flavour.MYSQL)
        return replace(found, exists=mapping.target in self.there)

    def way(self, target: PlannedTarget) -> Way:
        """Return the fastest way for what is owned."""
        return Way(name="LOAD DATA", why="owned" if target.owned else target.shared)

    def compare(self, target: PlannedTarget) -> None:
        """Find that every target fits."""

    def prepare(self) -> None:
        """Do nothing."""

    def holds_rows(self, target: PlannedTarget) -> bool:
        """Tell whether a table has rows."""
        return target.table in self.filled

    def create(self, target: PlannedTarget) -> None:
        """Create a table."""
        self.there.add(target.table)

    def close(self) -> None:
        """Do nothing."""
