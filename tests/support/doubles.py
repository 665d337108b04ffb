"""Stand-ins for both sides of a copy, kept in memory, that hold the contracts of protocols.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from cass_snapshot.errors import PreflightError, SnapshotError
from cass_snapshot.model import (
    Batch,
    Cells,
    Checkpoint,
    Lines,
    Position,
    RangeState,
    RunRecord,
    RunState,
    Table,
    TableName,
    Tally,
    TokenRange,
    Written,
)
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.plan import plan as plan_target
from cass_snapshot.planned import Finding, PlannedColumn, PlannedTarget, Sample, TableMapping, Way
from cass_snapshot.protocols.sources import SAMPLE_SECONDS
from cass_snapshot.rejection import Encoded, Problem, Rejected, Stretch, Unwritten
from cass_snapshot.settings import MysqlSettings, RunSettings, Settings
from cass_snapshot.settings.tables import TableSettings
from cass_snapshot.snapshot.plan import RunPlan, examine, lay_out
from cass_snapshot.snapshot.progress import table_status
from cass_snapshot.snapshot.status import Event, Phase, RunStatus
from cass_snapshot.validation import RangeTally, Validation
from tests.support.typed_cells import column, key

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


def name_of(row: Rejected) -> str:
    """Return an id as ``Rejects`` gives it."""
    return b"".join(cell or b"" for cell in row.key).hex().zfill(32)


def position(row: Cells) -> Position:
    """Return where a row whose first cell is a number stands."""
    return Position(token=int(row[0] or b"0"), partition_key=(row[0] or b"",))


@dataclass(slots=True)
class MemoryLedger:
    """The record of runs. ``down`` is raised by every write while it is set."""

    records: list[RunRecord] = field(default_factory=list)
    plans: dict[tuple[str, str], list[Checkpoint]] = field(default_factory=dict)
    finished: list[tuple[str, RunState, int]] = field(default_factory=list)
    marked: list[tuple[int, RangeState, int]] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    ours: set[str] = field(default_factory=set)
    there: bool = True
    down: SnapshotError | None = None

    def exists(self) -> bool:
        """Tell whether there is a record."""
        return self.there

    def newest(self, source: str, target: str) -> RunRecord | None:
        """Return the run that was registered last."""
        found = [r for r in self.records if (r.source, r.target) == (source, target)]
        return found[-1] if found else None

    def runs(self, run_id: str) -> list[RunRecord]:
        """Return the tables of a run."""
        return [r for r in self.records if r.run_id == run_id]

    def created_by_us(self, target: str) -> bool:
        """Tell whether a target is ours."""
        if self.down is not None:
            raise self.down
        return target in self.ours

    def register(self, records: Sequence[tuple[RunRecord, Sequence[TokenRange]]]) -> None:
        """Keep runs and plans."""
        for record, ranges in records:
            self.records.append(record)
            self.plans[record.run_id, record.source] = [Checkpoint(range=r) for r in ranges]

    def take_over(self, record: RunRecord) -> int:
        """Return the next epoch."""
        return record.epoch + 1

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

    def record_validation(self, validation: Validation) -> None:
        """Keep a verification."""
        self.validations.append(validation)

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

    def create(self, target: PlannedTarget) -> None:
        """Create a table."""
        self.there.add(target.table)

    def close(self) -> None:
        """Do nothing."""


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


def source_table(name: str, *more: str) -> Table:
    """Return a table with an int key, a text and int columns of the given names."""
    columns = (key("id", "int"), column("note", "text"), *(column(m, "int") for m in more))
    return Table(
        name=TableName(keyspace="shop", name=name), columns=columns, cluster="Test Cluster"
    )


def settings(ranges: int = 4) -> Settings:
    """Return settings for a ring of few ranges, and servers that are not waited for."""
    return Settings(
        run=RunSettings(ranges=ranges, workers=2),
        mysql=MysqlSettings(host="db1", database="shop", unavailable_timeout_s=0.01),
    )


def make_plan(
    chosen: Settings,
    wanted: Sequence[TableSettings],
    *,
    source: MemorySource,
    target: MemoryAdmin,
    new_run_id: str,
    new: bool,
) -> RunPlan:
    """Return the plan as a run makes it: examine, then lay out."""
    examined = examine(chosen, wanted, source=source, target=target, new=new)
    return lay_out(chosen, examined, target=target, new_run_id=new_run_id, new=new)


def plan(
    *names: str, admin: MemoryAdmin | None = None, ranges: int = 4, new: bool = False
) -> RunPlan:
    """Return the plan of copying tables, each to a target of its own name."""
    return make_plan(
        settings(ranges),
        [TableSettings(source=f"shop.{name}") for name in names],
        source=MemorySource({name: source_table(name) for name in names}),
        target=admin or MemoryAdmin(),
        new_run_id="20261120T104211-k3f9",
        new=new,
    )


def first_status(tables: int = 1, ranges: int = 4) -> RunStatus:
    """Return the record of a run that begins."""
    checkpoints = [
        Checkpoint(range=TokenRange(number=n, start=n, end=n + 1)) for n in range(ranges)
    ]
    return RunStatus(
        run_id="20261120T104211-k3f9",
        version="0",
        phase=Phase.STARTING,
        started_at="",
        updated_at="",
        elapsed_s=0.0,
        pid=1,
        run_dir="runs/x",
        source="cassandra dc1",
        target="mysql db1",
        workers=2,
        tables=tuple(table_status(f"shop.t{n}", f"shop.t{n}", checkpoints) for n in range(tables)),
    )


def with_state(plan_: RunPlan, states: dict[int, RangeState]) -> RunPlan:
    """Return a plan of one table whose ranges, by number, are in these states."""
    (table,) = plan_.tables
    checkpoints = tuple(
        replace(c, state=states.get(c.range.number, c.state)) for c in table.checkpoints
    )
    return replace(plan_, tables=(replace(table, checkpoints=checkpoints),))
