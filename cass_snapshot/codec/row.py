"""Pages of cells to WAL lines, column by column; what does not fit is set aside row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from cass_snapshot.codec.column import ColumnEncoder
from cass_snapshot.codec.compiled import AVAILABLE, CompiledEncoder
from cass_snapshot.codec.digest import key_digest
from cass_snapshot.codec.refusal import BadCell
from cass_snapshot.model import Cells, Lines, Position, Tally
from cass_snapshot.planned import PlannedColumn, Reading
from cass_snapshot.rejection import Encoded, Problem, Rejected


def _digest(position: Position) -> bytes:
    return b'"%b"' % key_digest(position.partition_key + position.clustering).hex().encode()


def _token(position: Position) -> bytes:
    return b"%d" % position.token


_MADE: dict[Reading, Callable[[Position], bytes]] = {
    Reading.DIGEST: _digest,
    Reading.TOKEN: _token,
}


class RowEncoder:
    """Turns the rows of one table into WAL lines.

    Args:
        columns: those of a line: what a row holds, in order, then what is made from it.
        locate: tells where a row stands, for what is made from its key and for a row set aside.
        compiled: whether by the compiled encoder; None for wherever it was built.

    Raises:
        RuntimeError: the compiled encoder is asked for and was not built.
    """

    def __init__(
        self,
        columns: Sequence[PlannedColumn],
        locate: Callable[[Cells], Position],
        *,
        compiled: bool | None = None,
    ) -> None:
        self._columns = [ColumnEncoder(p) for p in columns if p.reading.read]
        self._made = [_MADE[p.reading] for p in columns if not p.reading.read]
        self._locate = locate
        wanted = AVAILABLE if compiled is None else compiled
        self._compiled = CompiledEncoder(self._columns) if wanted else None

    def encode(self, rows: Sequence[Cells]) -> Encoded:
        """Return one JSON array a row, and the rows that hold what their target does not."""
        if not rows:
            return Encoded(lines=Lines(data=b"", rows=0, words=0))
        found = self._compiled.encode(rows, self._texts_made(rows)) if self._compiled else None
        if found is not None:
            return self._encoded(rows, found.data, found.nulls, plain=found.plain)
        return self._by_column(rows)

    def _by_column(self, rows: Sequence[Cells]) -> Encoded:
        encoded: list[Sequence[bytes]] = []
        bad: dict[int, list[Problem]] = {}
        counts: list[int] = []
        for column, cells in zip(self._columns, zip(*rows, strict=True), strict=True):
            try:
                texts, nulls = column.texts(cells)
            except BadCell:
                for index, problem in column.problems(cells):
                    bad.setdefault(index, []).append(problem)
                continue
            counts.append(nulls)
            encoded.append(texts)
        if bad:
            return self._set_aside(rows, bad)
        encoded += self._texts_made(rows)
        lines = b"]\n[".join(map(b",".join, zip(*encoded, strict=True)))
        return self._encoded(rows, b"[" + lines + b"]\n", counts)

    def _texts_made(self, rows: Sequence[Cells]) -> list[list[bytes]]:
        """Return the columns that are made from the rows' places."""
        if not self._made:
            return []
        positions = list(map(self._locate, rows))
        return [list(map(make, positions)) for make in self._made]

    def _encoded(
        self, rows: Sequence[Cells], data: bytes, nulls: Sequence[int], *, plain: bool = False
    ) -> Encoded:
        """Return lines with what is counted in them."""
        words = 0
        counted: list[tuple[str, int]] = []
        for column, count in zip(self._columns, nulls, strict=True):
            words += len(rows) if column.boolean else count
            if count and column.replaces_null:
                counted.append((column.name, count))
        tally = Tally(nulls=tuple(counted))
        lines = Lines(data=data, rows=len(rows), words=words, tally=tally, plain=plain)
        return Encoded(lines=lines)

    def _set_aside(self, rows: Sequence[Cells], bad: dict[int, list[Problem]]) -> Encoded:
        """Return the lines of the rows that are not bad, and each bad one with its problems."""
        good = self.encode([row for index, row in enumerate(rows) if index not in bad])
        if good.rejected:
            raise AssertionError("a row passed by itself and failed with others")
        lines = good.lines
        tally = Tally(refused=len(bad), nulls=lines.tally.nulls)
        return Encoded(
            lines=replace(lines, tally=tally),
            rejected=tuple(self._rejected(rows, bad)),
        )

    def _rejected(self, rows: Sequence[Cells], bad: dict[int, list[Problem]]) -> Iterator[Rejected]:
        for index in sorted(bad):
            position = self._locate(rows[index])
            yield Rejected(
                token=position.token,
                key=position.partition_key + position.clustering,
                problems=tuple(bad[index]),
                cells=rows[index],
            )
