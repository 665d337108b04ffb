"""One column of a table: its cells to the JSON texts of a line, or why they are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from orjson import dumps

from cass_snapshot.codec.encoders import encoder
from cass_snapshot.codec.limits import checks
from cass_snapshot.codec.quick import quick
from cass_snapshot.codec.refusal import BadCell, Refusal, Values
from cass_snapshot.cql import parse
from cass_snapshot.forms import Form
from cass_snapshot.model import Cells
from cass_snapshot.planned import PlannedColumn, Reading
from cass_snapshot.rejection import Problem

_WIDER = {
    Form.TEXT: "LONGTEXT",
    Form.JSON: "LONGTEXT",
    Form.DIGITS: "LONGTEXT",
    Form.DECIMAL: "LONGTEXT",
    Form.DATE: "INT",
    Form.TIME: "BIGINT",
    Form.DATETIME: "BIGINT",
}
"""By form, a type that takes every value that the form can tell."""
_RAW = "LONGBLOB"
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class ColumnEncoder:
    """Writes the cells of one planned column.

    Raises:
        ValueError: the column's type has no such form.
    """

    def __init__(self, planned: PlannedColumn) -> None:
        self.planned = planned
        self._type = parse(planned.column.type)
        self._encode = encoder(self._type, planned.form, planned.reading)
        self._checks = checks(planned.form, planned.limits)
        self._quick = quick(planned.form, planned.limits)
        self._null_refused = not planned.limits.nullable and planned.null is None
        self.name = planned.column.name
        self.boolean = planned.form is Form.BOOLEAN
        self.replaces_null = planned.null is not None

    def texts(self, cells: Cells) -> tuple[Sequence[bytes], int]:
        """Return the JSON text of each cell, and how many of them are null.

        Raises:
            BadCell: some cell does not fit.
        """
        nulls = cells.count(None)
        if nulls and self._null_refused:
            raise BadCell(cells.index(None), "NULL", Refusal.NULL)
        present = [cell for cell in cells if cell is not None] if nulls else cells
        texts = self._present(present)  # type: ignore[arg-type]  # no None is left
        if not nulls:
            return texts, 0
        rest = iter(texts)
        return [b"null" if cell is None else next(rest) for cell in cells], nulls

    def _present(self, cells: Sequence[bytes]) -> Sequence[bytes]:
        """Return the JSON text of each cell; none of them is null."""
        if self._quick is not None and cells and (texts := self._quick(cells)) is not None:
            return texts
        values = self._encode(cells, self.planned.limits)
        if values:
            for check in self._checks:
                check(cells, values)
        return json_texts(self.planned.form, values)

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
        planned = self.planned
        value = planned.reading is Reading.VALUE
        error, code = bad.why.value
        return Problem(
            column=self.name if value else planned.name,
            what=f"{bad.what}; {self._type if value else planned.reading.value} goes to"
            f" {planned.limits.type}, which cannot hold it unchanged",
            fix=(bad.why is not Refusal.NULL and planned.limits.fix) or self._fix(bad.why),
            error=error,
            code=code,
        )

    def _fix(self, why: Refusal) -> str:
        planned = self.planned
        name = self.name if _BARE.fullmatch(self.name) else dumps(self.name).decode()
        column = f"[tables.columns.{name}]"
        if planned.column.in_key and why is Refusal.NULL:
            return "mend or remove that row in Cassandra, then run again"
        if why is Refusal.NULL:
            return f"let the target column take NULL, or set {column} null = ..."
        wider = _RAW if why is Refusal.FORM else _WIDER.get(planned.form, _RAW)
        if planned.column.in_key:
            return f'set key = "digest" for the table, and {column} type = "{wider}"'
        return f'set {column} type = "{wider}", or mend that row in Cassandra'


def json_texts(form: Form, values: Values) -> Sequence[bytes]:
    """Return the JSON text of each value; one call for the whole column, then cut apart.

    Only texts can hold a comma. In an array of texts ``","`` stands between two of them and nowhere
    else, unless a text ends in a quote and a comma; so where a comma follows an escaped quote, each
    text is written by itself. JSON inside of a text has such commas as a rule.
    """
    if not values:
        return []
    if form is Form.JSON:
        return list(map(dumps, values))
    joined = dumps(values)
    if form is Form.TEXT:
        if b'\\",' in joined:
            return list(map(dumps, values))
        return [b'"%b"' % text for text in joined[2:-2].split(b'","')]
    return joined[1:-1].split(b",")
