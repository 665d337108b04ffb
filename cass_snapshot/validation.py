"""The outcome of a verification by counts. Holds numbers alone, no row data (I12)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cass_snapshot.model import TableName, TokenRange


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeCount:
    """How many rows a token range holds on both sides."""

    range: TokenRange
    source_rows: int
    target_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTally:
    """What a token range has besides the rows that were written, as the target's ledger has it.

    ``rejected`` rows were set aside, ``static_only`` partitions have no row, ``replaced`` counts
    the NULLs that became their declared replacement, by source column.
    """

    range: int
    rejected: int = 0
    static_only: int = 0
    replaced: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The outcome of a verification by counts.

    ``unknown`` rows of the target have a key that is none of the source's, so they are in no range.

    Counts cannot tell one row from another. A rejected row is taken to be absent from the target:
    where the target has a row of that key already (an update that was refused), it is counted there
    too, and hides one missing row of its range. Nor do rows that only the target has show beside
    as many that are missing in the same range.
    """

    table: TableName
    run_id: str
    ranges: tuple[RangeCount, ...] = field(repr=False)
    tallies: tuple[RangeTally, ...] = field(default=(), repr=False)
    unknown: int = 0

    @property
    def source_rows(self) -> int:
        """Return the rows that Cassandra holds."""
        return sum(r.source_rows for r in self.ranges)

    @property
    def target_rows(self) -> int:
        """Return the rows that the target holds."""
        return sum(r.target_rows for r in self.ranges) + self.unknown

    @property
    def missing(self) -> int:
        """Return how many rows at least the target lacks and were not rejected, over the ranges."""
        aside = {t.range: t.rejected for t in self.tallies}
        return sum(
            max(0, r.source_rows - r.target_rows - aside.get(r.range.number, 0))
            for r in self.ranges
        )

    @property
    def rejected(self) -> int:
        """Return the rows that were set aside."""
        return sum(t.rejected for t in self.tallies)

    @property
    def static_only(self) -> int:
        """Return the partitions that have no row, and so are in neither count."""
        return sum(t.static_only for t in self.tallies)

    @property
    def replaced(self) -> dict[str, int]:
        """Return how many NULLs became their declared replacement, by source column."""
        total: Counter[str] = Counter()
        for tally in self.tallies:
            total.update(dict(tally.replaced))
        return dict(sorted(total.items()))

    @property
    def extra(self) -> int:
        """Return how many rows at least the target has too many, summed over the ranges."""
        return sum(max(0, r.target_rows - r.source_rows) for r in self.ranges) + self.unknown

    @property
    def ranges_equal(self) -> int:
        """Return how many ranges have equal counts."""
        return sum(r.source_rows == r.target_rows for r in self.ranges)

    @property
    def status(self) -> str:
        """Return ``OK``, ``REJECTED`` where rows set aside explain it all, or ``DIFFERS``."""
        if self.missing or self.extra:
            return "DIFFERS"
        return "REJECTED" if self.rejected else "OK"
