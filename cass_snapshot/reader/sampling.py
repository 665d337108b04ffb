"""Reads a few rows from places spread over the ring, and guesses from them how many there are.

Keys are hashed, so their tokens lie evenly: the rows that were read, over the part of the ring that
they fill, is the density of the whole. Where a single partition fills a read, partitions are
estimated so instead, and the rows of some of them counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from statistics import fmean
from struct import Struct
from time import monotonic
from typing import Any

from cassandra import OperationTimedOut, ReadTimeout

from cass_snapshot.model import Cells, Table, TokenRange
from cass_snapshot.planned import Reading, Sample
from cass_snapshot.reader import statements
from cass_snapshot.reader.faults import translate
from cass_snapshot.reader.raw import prepare_raw
from cass_snapshot.reader.statements import Selected
from cass_snapshot.ring.split import split_ring
from cass_snapshot.ring.tokens import token

PLACES = 8
"""Enough that a thin or a crowded stretch of the ring does not decide alone."""
PARTITIONS_A_PLACE = 100
PARTITIONS_A_STRETCH_MIN = 5
"""With fewer, a few wide partitions would pass for the whole table."""
PAGE_ROWS = 16
"""Rows may be of megabytes: a hundred at once were seen to cost a node of 2 GiB its life."""
COUNTING_ROWS = 5_000
MOMENT_S = 0.2
BYTES_A_PLACE = 4 * 2**20
_RING = 2**64
_BOUNDS = Struct(">q")
_LIMIT = Struct(">i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What was read from the start of a token range: whole up to ``end``, and not beyond it.

    ``found`` counts the rows up to ``end``, ``partitions`` their partitions; ``read`` holds what
    came at all.
    """

    range: TokenRange
    end: int
    found: int
    partitions: int
    read: tuple[Cells, ...] = ()

    @property
    def whole(self) -> bool:
        """Tell whether the range was read to its end."""
        return self.end == self.range.end

    @property
    def share(self) -> float:
        """Return which part of the ring was read."""
        return (self.end - self.range.start) / _RING


def estimate(stretches: Sequence[Stretch]) -> int | None:
    """Return how many rows are on the whole ring, None where too little was read to tell.

    A stretch that was left amid a partition ends before it. All but one of those partitions belong
    to the count nevertheless: of a random pattern, n - 1 over the way to the n-th is the density.
    """
    cut = [s for s in stretches if not s.whole]
    share = sum(s.share for s in stretches)
    if not share or any(s.partitions < PARTITIONS_A_STRETCH_MIN for s in cut):
        return None
    found = sum(s.found for s in stretches)
    partitions = sum(s.partitions for s in stretches)
    left_out = (len(cut) - 1) / partitions if cut else 0
    return round(found * (1 + left_out) / share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """How many partitions a table has, and how wide they are in the mean; None where not known."""

    partitions: int | None = None
    partition_bytes: int | None = None


def hint(rows: Sequence[tuple[str, str, int, int]]) -> Hint:
    """Return what a node's own estimates say of the whole ring; it has some for its ranges alone.

    Args:
        rows: start, end, partitions and their mean bytes, of each range.
    """
    width = sum((int(end) - int(start)) % _RING or _RING for start, end, _, _ in rows)
    partitions = sum(count for _, _, count, _ in rows)
    if not partitions or not width:
        return Hint()
    size = sum(count * mean for _, _, count, mean in rows)
    return Hint(
        partitions=round(partitions * _RING / width), partition_bytes=round(size / partitions)
    )


class Sampler:
    """Takes one sample.

    Args:
        session: a raw session.
        table: the table.
        columns: what the rows hold, the primary key among them.
        seconds_max: after which what was read has to do.
    """

    def __init__(
        self,
        session: Any,  # noqa: ANN401 - the driver is untyped
        table: Table,
        columns: Sequence[Selected],
        seconds_max: float,
    ) -> None:
        self._session = session
        self._table = table
        self._columns = columns
        self._deadline = monotonic() + seconds_max
        self._prepared: dict[str, Any] = {}
        places = {s.column: n for n, s in enumerate(columns) if s.reading is Reading.VALUE}
        self._key = [places[c] for c in table.partition_key]
        self._clustering = [places[c] for c in table.clustering]
        self._row_bytes = 1
        """How many bytes a row has, about; known when some were read."""

    def take(self, rows_max: int) -> Sample:
        """Return the sample.

        Raises:
            SourceUnavailable: Cassandra does not answer.
            RangeFailed: it refuses to read.
        """
        cql = statements.select_first(self._table, self._columns)
        stretches = list(self._stretches(cql, max(2, rows_max // PLACES), self._key))
        rows = tuple(row for s in stretches for row in s.read if not self._rowless(row))
        self._row_bytes = 1 + _width(rows) // max(1, len(rows))
        whole = len(stretches) == PLACES and all(s.whole for s in stretches)
        estimated = len(rows) if whole else estimate(stretches)
        if estimated is None and self._table.clustering and not self._table.where:
            estimated = self._by_partitions()
        return Sample(rows=rows, rows_estimated=estimated, whole=whole)

    def _rowless(self, row: Cells) -> bool:
        """Tell whether a row stands for a partition with static values alone."""
        return bool(self._clustering) and all(row[place] is None for place in self._clustering)

    def _by_partitions(self) -> int | None:
        """Return partitions, as estimated, times the rows that some of them have."""
        cql = statements.select_first_partitions(self._table)
        key = list(range(len(self._table.partition_key)))
        stretches = list(self._stretches(cql, PARTITIONS_A_PLACE, key))
        partitions = estimate(stretches)
        # The first of each stretch, then the second: where there are few, that is all of them.
        turns = (row for turn in zip_longest(*(s.read for s in stretches)) for row in turn if row)
        counted = [count for row in islice(turns, PLACES) for count in self._count(row)]
        return round(partitions * fmean(counted)) if partitions and counted else None

    def _count(self, key: Cells) -> Iterator[int]:
        """Yield the number of a partition's rows, or nothing where that takes too long."""
        # Cassandra counts page by page, in pages of this size, whole rows in its memory.
        page_rows = max(1, min(COUNTING_ROWS, BYTES_A_PLACE // self._row_bytes))
        rows, ended = self._read(statements.count_partition(self._table), key, page_rows)
        if ended:
            yield int.from_bytes(rows[0][0] or b"", "big")

    def _stretches(self, cql: str, rows_max: int, key: list[int]) -> Iterator[Stretch]:
        """Read from the start of equal parts of the ring, until the time is over."""
        for part in split_ring(PLACES):
            bounds = (_BOUNDS.pack(part.start), _BOUNDS.pack(part.end))
            limited = (*bounds, _LIMIT.pack(rows_max))
            rows, ended = self._read(cql, limited, min(rows_max, PAGE_ROWS))
            if not rows and not ended:
                return
            tokens = [token([row[place] or b"" for place in key]) for row in rows]
            end = part.end if ended and len(rows) < rows_max else tokens[-1] - 1
            before = [n for n, t in enumerate(tokens) if t <= end]
            rowless = sum(self._rowless(rows[n]) for n in before) if key is self._key else 0
            yield Stretch(
                range=part,
                end=end,
                found=len(before) - rowless,
                partitions=len({tokens[n] for n in before}),
                read=tuple(rows),
            )

    def _read(
        self, cql: str, values: Sequence[bytes | None], page_rows: int
    ) -> tuple[list[Cells], bool]:
        """Return the rows of a statement, and whether these are all: time and memory are short."""
        rows: list[Cells] = []
        try:
            if cql not in self._prepared:
                self._prepared[cql] = prepare_raw(self._session, cql)
            statement = self._prepared[cql].bind(values)
            statement.fetch_size = page_rows
            for row in self._session.execute(statement, timeout=self._seconds_left()):
                rows.append(row)
                if len(rows) % PAGE_ROWS == 0 and _width(rows) >= BYTES_A_PLACE:
                    return rows, False
        except (OperationTimedOut, ReadTimeout):
            return rows, False
        except Exception as error:
            raise translate(error, where=str(self._table.name)) from error
        return rows, True

    def _seconds_left(self) -> float:
        """Return the time for a request; the first ones always have some."""
        return max(MOMENT_S, self._deadline - monotonic())


def _width(rows: Sequence[Cells]) -> int:
    return sum(len(cell) for row in rows for cell in row if cell is not None)
