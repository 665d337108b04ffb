"""The records that cross rooms, processes and restarts. Frozen, and without behaviour of their own.

Words: a *token range* is start-exclusive and end-inclusive; a *batch* is the rows of one WAL commit
and of one target transaction; a *position* is the last row of a batch; a *checkpoint* is what the
target durably holds of a range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cass_snapshot.blocks import Block, Cut

TOKEN_MIN = -(2**63)
"""Belongs to no row: Cassandra moves a hash of this value to TOKEN_MAX."""
TOKEN_MAX = 2**63 - 1
RANGES_MAX = 65_536
"""A plan is held in memory and registered in one transaction; more ranges only cost."""


class ColumnKind(StrEnum):
    """What a column is to its Cassandra table."""

    PARTITION_KEY = "partition_key"
    CLUSTERING = "clustering"
    STATIC = "static"
    REGULAR = "regular"


class RangeState(StrEnum):
    """What the target knows of a token range."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class RunState(StrEnum):
    """What the target knows of the copy of a table.

    CAPTURED: the WAL has it whole, and nobody applied it. APPLIED: ``replay-wal`` has brought it
    in, and nobody counted it. REFILLING: it brings back what the target lost, or broke off at that:
    the checkpoints may speak of rows that are not there.
    """

    RUNNING = "running"
    STOPPED = "stopped"
    PARTIAL = "partial"
    FAILED = "failed"
    CAPTURED = "captured"
    APPLIED = "applied"
    REFILLING = "refilling"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TableName:
    """A table of Cassandra, by keyspace and name as stored there (unquoted)."""

    keyspace: str
    name: str

    def __str__(self) -> str:
        return f"{self.keyspace}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the source table.

    ``type`` is the CQL type as ``cql.render`` spells it, user types with their fields;
    ``descending`` concerns clustering columns alone.
    """

    name: str
    type: str
    kind: ColumnKind
    descending: bool = False

    @property
    def in_key(self) -> bool:
        """Tell whether the column is part of the Cassandra primary key."""
        return self.kind in (ColumnKind.PARTITION_KEY, ColumnKind.CLUSTERING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The source table: partition key, clustering columns, then the others, in that order.

    ``where`` is the operator's condition on rows, in CQL; ``partitions`` asks for one row a
    partition, of which ``columns`` then holds partition key and static columns alone. ``id`` is
    Cassandra's own: a table that is dropped and created again has another.
    """

    name: TableName
    columns: tuple[Column, ...]
    cluster: str
    where: str = ""
    allow_filtering: bool = False
    partitions: bool = False
    id: str = ""

    @property
    def partition_key(self) -> tuple[Column, ...]:
        """Return the columns of the partition key, in the order in which they are hashed."""
        return tuple(c for c in self.columns if c.kind is ColumnKind.PARTITION_KEY)

    @property
    def clustering(self) -> tuple[Column, ...]:
        """Return the clustering columns, in the order in which they sort."""
        return tuple(c for c in self.columns if c.kind is ColumnKind.CLUSTERING)

    @property
    def primary_key(self) -> tuple[Column, ...]:
        """Return partition key and clustering columns."""
        return self.partition_key + self.clustering


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TokenRange:
    """The rows whose token is above ``start`` and at most ``end``; ``number`` is its name."""

    number: int
    start: int
    end: int

    def __str__(self) -> str:
        return f"range {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a row stands in the order in which Cassandra returns rows.

    ``partition_key`` holds the serialized cells of the partition key columns, ``clustering`` those
    of the clustering columns.
    """

    token: int
    partition_key: tuple[bytes, ...]
    clustering: tuple[bytes, ...] = ()


Cells = tuple[bytes | None, ...]
"""One row as it came: the serialized bytes of each cell, None where Cassandra has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows as they came from Cassandra, in its order; ``last`` says that the range ends here.

    ``seconds`` is how long the request took. ``static_only`` counts partitions that hold nothing
    but static values: they have no row, and are not among ``rows``. ``end`` is where the page ends
    if that is not its last row.
    """

    rows: Sequence[Cells]
    last: bool
    seconds: float = 0.0
    static_only: int = 0
    end: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a batch has besides its rows.

    ``static_only`` counts partitions without a row, ``refused`` rows that the encoder set aside,
    ``nulls`` the NULLs of each column (by its source name) that has a declared replacement.
    ``ids`` name the refused rows; a batch of an earlier version has none.
    """

    static_only: int = 0
    refused: int = 0
    nulls: tuple[tuple[str, int], ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Rows as WAL lines, each a JSON array closed by a newline.

    ``words`` counts the bare JSON words (null, true, false) in them: a loader that replaces such a
    word in the text can prove that it met all of them and nothing else. ``cuts`` tile the lines
    where they are sorted by the target's key, and are empty where they are not. Lines that are
    ``plain``, as ``blocks.Cut`` says it, have no count of words and need none.
    """

    data: bytes
    rows: int
    words: int
    tally: Tally = Tally()
    cuts: tuple[Cut, ...] = ()
    plain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WalColumn:
    """A column of the WAL's lines: name, CQL type, and the form in which values are written."""

    name: str
    type: str
    form: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalIdentity:
    """What every segment of one range says of itself in its header line."""

    run_id: str
    source: str
    target: str
    schema: str
    table: TableName
    columns: tuple[WalColumn, ...]
    range: TokenRange
    epoch: int
    compression: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch that the WAL holds durably; ``closing`` marks the last one of its range (I8).

    ``seq`` counts from 1 within the range and has no gaps. ``position`` is None where the range
    turned out to hold no row. ``offset`` and ``size`` say where it lies in its segment file,
    ``blocks`` where each block of its rows does, if they are sorted by the target's key.
    """

    table: TableName
    range: TokenRange
    seq: int
    lines: Lines
    position: Position | None
    closing: bool
    checksum: str
    segment: str
    offset: int
    size: int
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a batch: ``fresh`` if it was not in before; ``rejected`` rows are not in."""

    fresh: bool
    rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What the target durably holds of a range. ``batch_seq`` is 0 before the first batch."""

    range: TokenRange
    batch_seq: int = 0
    position: Position | None = None
    rows_read: int = 0
    rows_written: int = 0
    row_digest: str = ""
    state: RangeState = RangeState.PENDING
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A process that may write a run, for so many seconds more unless it says so again."""

    run_id: str
    holder: str
    left_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recut:
    """What changes of a plan: ranges that go, ranges that end earlier, ranges that come."""

    gone: tuple[TokenRange, ...] = ()
    narrowed: tuple[TokenRange, ...] = ()
    added: tuple[TokenRange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One table of one run, as the target's ledger holds it."""

    run_id: str
    table: TableName
    source: str
    target: str
    fingerprint: str
    definition: str
    state: RunState
    epoch: int
    target_created: bool = False
