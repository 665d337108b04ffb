"""What becomes of a table in its target: what the operator wants, and what was made of that.

Frozen records; ``mysql/`` makes plans of mappings, the codec and the writer follow the plans.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import Cells, Column

Constant = str | int | float | bool


class Reading(StrEnum):
    """What a target column holds of a source column, or of its row.

    A digest is the SHA-256 of the primary key's cells, each with its length before it (4 bytes,
    big-endian): a key for any target. Digest and token are made from the row, not read.
    """

    VALUE = "value"
    WRITETIME = "writetime"
    TTL = "ttl"
    DIGEST = "digest"
    TOKEN = "token"  # noqa: S105 - of the ring

    @property
    def read(self) -> bool:
        """Tell whether the source is asked for it."""
        return self not in (Reading.DIGEST, Reading.TOKEN)


class Conflict(StrEnum):
    """Who wins where the target already has a row."""

    OVERWRITE = "overwrite"
    KEEP = "keep"
    NEWER = "newer"


class Verdict(StrEnum):
    """What a pair of source and target type promises of every value.

    Checked: a value that would not come back equal is refused by name. Lossy if forced: values
    would come back changed, so the pair is refused unless the operator asks for it.
    """

    EXACT = "exact"
    CHECKED = "checked"
    LOSSY = "lossy if forced"
    IMPOSSIBLE = "impossible"


class Level(StrEnum):
    """How a finding concerns a run: ``fail`` stops it."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


LEFT_TO_TARGET = "left to MySQL"
"""How a finding begins that names the target's columns to which nothing is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something seen before a run: what it is, and what to do about it (a fix for each but ok)."""

    level: Level
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How rows are written into a target, and why so."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Rows read here and there on the ring, and what they let guess of the whole table.

    ``rows`` hold what was asked for. ``rows_estimated`` is None where nothing can be said, and is
    a count where ``whole`` tells that every row was read. The hints are the cluster's own, made
    now and then: how many partitions there are, and how many bytes each has in the mean.
    """

    rows: tuple[Cells, ...]
    rows_estimated: int | None
    whole: bool
    partitions_hinted: int | None = None
    partition_bytes_hinted: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """What the operator says of a source column; see ``[tables.columns.NAME]``."""

    source: str
    name: str | None = None
    type: str | None = None
    null: Constant | None = None
    skip: bool = False
    writetime: str | None = None
    ttl: str | None = None
    lossy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """What the operator says of a table's target.

    ``match`` names the target's columns that carry the Cassandra primary key, empty for its own
    primary key; ``digest_key`` asks for a created table whose key is a digest; ``token_column``
    for an indexed column with the token.
    """

    target: str
    profile: str = "readable"
    match: tuple[str, ...] = ()
    conflict: Conflict = Conflict.OVERWRITE
    digest_key: bool = False
    token_column: bool = False
    columns: tuple[ColumnMapping, ...] = ()

    def of(self, source: str) -> ColumnMapping:
        """Return what is said of a source column, defaults where nothing is."""
        found = (c for c in self.columns if c.source == source)
        return next(found, ColumnMapping(source=source))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedColumn:
    """A source column with the form of its WAL values and the limits of its target column.

    ``target`` is the target column's name, empty where it is the source's; ``null`` the declared
    replacement of NULL; ``note`` why the verdict is what it is, in a few words.
    """

    column: Column
    form: Form
    limits: Limits
    reading: Reading = Reading.VALUE
    target: str = ""
    null: Constant | None = None
    verdict: Verdict = Verdict.CHECKED
    note: str = ""

    @property
    def name(self) -> str:
        """Return the target column's name."""
        return self.target or self.column.name


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTarget:
    """Where a table goes: the target's full name, its own name, and what each column becomes.

    ``columns`` are those of a WAL line, what is read before what is made from the row. ``dialect``
    and ``ddl`` are the target's business; ``definitions`` are its column types as text, in the
    order of the columns. ``key`` names the target's columns that tell rows apart; ``owned`` says
    that a row may be replaced whole: the primary key is the only unique key, every column is
    written, and nothing hangs on a deletion; if it may not, ``shared`` says why. ``skipped`` are
    source columns that are not copied.
    """

    name: str
    table: str
    columns: tuple[PlannedColumn, ...]
    definitions: tuple[str, ...]
    dialect: str
    ddl: str
    exists: bool
    key: tuple[str, ...] = ()
    conflict: Conflict = Conflict.OVERWRITE
    owned: bool = True
    shared: str = ""
    profile: str = "readable"
    skipped: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
