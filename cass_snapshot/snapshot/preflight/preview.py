"""What a run would do, as records: the document that ``plan --output json`` writes.

Field names are interface, as those of ``status.json``. Numbers that end in ``_estimate`` come from
a sample; None stands for what nobody knows yet. Holds counts and types, no row data (I12).
"""

from __future__ import annotations

from dataclasses import dataclass

from cass_snapshot.forms import Form
from cass_snapshot.planned import Conflict, Constant, Finding, Level, Reading, Verdict
from cass_snapshot.snapshot.preflight.ordering import Ordering


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPreview:
    """A column of the target and what fills it.

    ``column``, ``kind`` and ``cql_type`` are the source's, the type with the fields of user types;
    ``reading`` tells whether the value itself is copied or something about it. ``null`` replaces
    NULL where it is not None, ``form`` is how the value is written. ``refused`` counts the sampled
    rows with a value that does not fit.
    """

    column: str
    kind: str
    cql_type: str
    reading: Reading
    target: str
    sql_type: str
    form: Form
    verdict: Verdict
    note: str = ""
    null: Constant | None = None
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What was read of a table to judge by.

    ``whole`` says that the table held no more, so that its numbers are counts. ``bytes`` is the
    size of the cells, ``wal_bytes`` that of the rows as the WAL would hold them, uncompressed;
    ``refused`` how many of the rows would be set aside.
    """

    rows: int
    whole: bool
    bytes: int
    wal_bytes: int
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How fast an earlier run of the table was, over all its workers."""

    run_id: str
    rows_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How large the copy of a table is going to be; counts where the sample was the whole table."""

    rows_estimate: int | None = None
    bytes_estimate: int | None = None
    wal_bytes_estimate: int | None = None
    seconds_estimate: float | None = None
    counted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePreview:
    """What becomes of one table.

    ``statement`` is how rows are written and ``statement_why`` the reason for it; ``key`` names the
    target's columns that tell rows apart. ``ddl`` is empty where the target exists. ``ordering``
    is how a run applies the rows; None where it would refuse to start. ``over_budget`` says that
    the sample has more rows to set aside than a run may.
    """

    source: str
    target: str
    exists: bool
    profile: str
    conflict: Conflict
    statement: str
    statement_why: str
    key: tuple[str, ...]
    key_why: str
    ranges: int
    where: str
    partitions: bool
    columns: tuple[ColumnPreview, ...]
    skipped: tuple[str, ...]
    ddl: str
    sampled: Sampled | None
    estimate: Estimate
    ordering: Ordering | None = None
    rate: Rate | None
    over_budget: bool = False
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A setting that differs from an earlier run's."""

    key: str
    before: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a run would do. ``free_bytes`` is the room on the disk of the runs folder.

    ``continues`` is the unfinished run that would go on, ``ranges_done`` what it has; a run ends
    early where more rows are set aside than ``rejected_max``. ``findings`` concern both servers;
    those of a table stand with it. ``changes`` are the settings that differ from ``last_run``, the
    newest run of one of the tables in the runs folder.
    """

    v: int = 1
    source: str
    target: str
    workers: int
    continues: str | None = None
    ranges_done: int = 0
    rejected_max: str = "0"
    run_directory: str
    free_bytes: int
    tables: tuple[TablePreview, ...]
    findings: tuple[Finding, ...] = ()
    last_run: str | None = None
    changes: tuple[Change, ...] = ()

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Return the findings of the servers and of every table."""
        return self.findings + tuple(f for table in self.tables for f in table.findings)

    @property
    def stops(self) -> bool:
        """Tell whether a run would stop before it wrote anything."""
        return any(f.level is Level.FAIL for f in self.all_findings)

    @property
    def wal_bytes(self) -> int | None:
        """Return how much disk the WAL needs, None where no table tells."""
        known = [t.estimate.wal_bytes_estimate for t in self.tables]
        found = [size for size in known if size is not None]
        return sum(found) if found else None
