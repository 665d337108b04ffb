"""Pages of cells to WAL lines, column by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orjson import dumps

from cass_snapshot.codec.refusal import BadCell, Values
from cass_snapshot.codec.scalars import ENCODERS
from cass_snapshot.errors import ValueRefused
from cass_snapshot.forms import Form
from cass_snapshot.model import Cells, Lines, TableName
from cass_snapshot.planned import PlannedColumn


class RowEncoder:
    """Turns the rows of one table into WAL lines.

    Args:
        table: names the table in messages.
        columns: what a row holds, in order, with the limits of the target.
        locate: gives the token of a row, for the message about a value that is refused.
    """

    def __init__(
        self,
        table: TableName,
        columns: Sequence[PlannedColumn],
        locate: Callable[[Cells], int],
    ) -> None:
        self._table = table
        self._columns = tuple(columns)
        self._locate = locate

    def encode(self, rows: Sequence[Cells]) -> Lines:
        """Return one JSON array a row.

        Raises:
            ValueRefused: naming column, value class and token, never the value itself (I12).
        """
        if not rows:
            return Lines(data=b"", rows=0, words=0)
        words = 0
        encoded = []
        for planned, cells in zip(self._columns, zip(*rows, strict=True), strict=True):
            try:
                texts, nulls = _encode_column(planned, cells)
            except BadCell as bad:
                raise self._refusal(planned, rows, cells, bad) from None
            words += len(rows) if planned.form is Form.BOOLEAN else nulls
            encoded.append(texts)
        lines = b"]\n[".join(map(b",".join, zip(*encoded, strict=True)))
        return Lines(data=b"[" + lines + b"]\n", rows=len(rows), words=words)

    def _refusal(
        self, planned: PlannedColumn, rows: Sequence[Cells], cells: Cells, bad: BadCell
    ) -> ValueRefused:
        present = [i for i, cell in enumerate(cells) if cell is not None]
        token = self._locate(rows[present[bad.index]])
        column = planned.column
        return ValueRefused(
            f"column {column.name} of {self._table} holds {bad.what}",
            where=f"the row at token {token}",
            why=f"{column.type} goes to {planned.limits.type}, which cannot hold it unchanged",
            fix=bad.fix or "mend or remove that row in Cassandra, then run again",
        )


def _encode_column(planned: PlannedColumn, cells: Cells) -> tuple[Sequence[bytes], int]:
    """Return the JSON texts of a column's values, and how many of them are null."""
    encode = ENCODERS[planned.column.type]
    nulls = cells.count(None)
    present = [cell for cell in cells if cell is not None] if nulls else cells
    texts = json_texts(planned.form, encode(present, planned.limits))  # type: ignore[arg-type]  # no None is left
    if not nulls:
        return texts, 0
    rest = iter(texts)
    return [b"null" if cell is None else next(rest) for cell in cells], nulls


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
