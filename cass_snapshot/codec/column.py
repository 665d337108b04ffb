"""One column of a table: its cells to the JSON texts of a line, or why they are refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orjson import dumps

from cass_snapshot.codec.refusal import BadCell, Values
from cass_snapshot.codec.scalars import ENCODERS
from cass_snapshot.forms import Form
from cass_snapshot.model import Cells, Problem
from cass_snapshot.planned import PlannedColumn


class ColumnEncoder:
    """Writes the cells of one planned column."""

    def __init__(self, planned: PlannedColumn) -> None:
        self._planned = planned
        self._encode = ENCODERS[planned.column.type]
        self.name = planned.column.name
        self.boolean = planned.form is Form.BOOLEAN
        self.replaces_null = planned.null is not None

    def texts(self, cells: Cells) -> tuple[Sequence[bytes], int]:
        """Return the JSON text of each cell, and how many of them are null.

        Raises:
            BadCell: some cell does not fit.
        """
        planned = self._planned
        nulls = cells.count(None)
        present = [cell for cell in cells if cell is not None] if nulls else cells
        texts = json_texts(planned.form, self._encode(present, planned.limits))  # type: ignore[arg-type]  # no None is left
        if not nulls:
            return texts, 0
        rest = iter(texts)
        return [b"null" if cell is None else next(rest) for cell in cells], nulls

    def problems(self, cells: Cells) -> Iterator[tuple[int, Problem]]:
        """Yield the index of every cell that does not fit, and why, by halving."""
        spans = [(0, len(cells))]
        while spans:
            start, end = spans.pop()
            try:
                self.texts(cells[start:end])
            except BadCell as bad:
                if end - start == 1:
                    yield start, self._problem(bad)
                    continue
                middle = (start + end) // 2
                spans += [(middle, end), (start, middle)]

    def _problem(self, bad: BadCell) -> Problem:
        planned = self._planned
        return Problem(
            column=self.name,
            what=f"{bad.what}; {planned.column.type} goes to {planned.limits.type},"
            " which cannot hold it unchanged",
            fix=bad.fix or "mend or remove that row in Cassandra, then run again",
            error=1366,
            code="CS-D01",
        )


def json_texts(form: Form, values: Values) -> Sequence[bytes]:
    """Return the JSON text of each value; one call for the whole column, then cut apart.

    Only texts can hold a comma. In an array of texts ``","`` stands between two of them and nowhere
    else, unless a text ends in a quote and a comma; so where a comma follows an escaped quote, each
    text is written by itself.
    """
    if not values:
        return []
    joined = dumps(values)
    if form is Form.TEXT:
        if b'\\",' in joined:
            return list(map(dumps, values))
        return [b'"%b"' % text for text in joined[2:-2].split(b'","')]
    return joined[1:-1].split(b",")
