"""The columns of a planned table as text: what each becomes, whether it is equal, and why. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from cass_snapshot import cql
from cass_snapshot.cli.figures import plural
from cass_snapshot.cli.grid import grid, labelled, printable, widths_of, wrapped
from cass_snapshot.forms import Form
from cass_snapshot.planned import Reading, Verdict
from cass_snapshot.snapshot.preflight.preview import ColumnPreview

WIDE = 96
"""Here the names of both sides have room."""
NOTE_MIN = 24
"""Where less is left, notes stand below their row."""
VERDICT_MAX = 10
CELL_LINES_MAX = 2
"""A type that needs more lines than this is cut, and told whole below the table."""

LEGEND = {
    Verdict.EXACT: "every value comes back equal",
    Verdict.CHECKED: "each value is checked; one that would not come back equal is refused by name,"
    " never changed",
    Verdict.LOSSY: "values would come back changed, so that no row is copied unless the column has"
    " lossy = true",
    Verdict.IMPOSSIBLE: "the type cannot hold the values; give the column another type, or skip it",
}
_FORMS = {Form.JSON: "JSON text", Form.DURATION: "text such as 1mo2d3ns"}
_KINDS = {"partition_key": "partition key", "clustering": "clustering", "static": "static"}
_SHOWN = {Reading.WRITETIME: "WRITETIME({})", Reading.TTL: "TTL({})"}
_MADE = {Reading.DIGEST: "(made from the key)", Reading.TOKEN: "(made from the key)"}
_REST = re.compile(r"\s+(?:CHARACTER SET|CHARSET|COLLATE|NOT NULL|NULL|DEFAULT)\b.*", re.IGNORECASE)
"""What the DDL says beside the type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How wide cells may be at most."""

    name: int
    cql: int
    sql: int

    @classmethod
    def of(cls, width: int, *, renamed: bool) -> Caps:
        """Return what leaves room for the verdict in a terminal of 80 columns or more."""
        if renamed and width < WIDE:
            return cls(name=14, cql=18, sql=14)
        return cls(name=20, cql=20, sql=16)

    def all(self, *, renamed: bool) -> list[int]:
        """Return the caps in the order of the cells."""
        return [self.name, self.cql, *([self.name] if renamed else []), self.sql, VERDICT_MAX]


def column_lines(columns: Sequence[ColumnPreview], width: int) -> Iterator[str]:
    """Yield the table of columns, what its types are whole, and what its words mean."""
    renamed = any(c.target != c.column for c in columns)
    head = ["column", "CQL type", *(["target"] if renamed else []), "MySQL type", "verdict"]
    long: dict[str, str] = {}
    caps = Caps.of(width, renamed=renamed)
    rows = [head, *(_row(column, caps, long, renamed=renamed) for column in columns)]
    widths = widths_of(rows, caps.all(renamed=renamed))
    notes = ["what to expect", *map(_note, columns)]
    yield from _beside_or_below(rows, notes, widths, width)
    yield from _types(columns, long, width)
    yield from _legend(columns, width)


def _beside_or_below(
    rows: Sequence[Sequence[str]], notes: Sequence[str], widths: Sequence[int], width: int
) -> Iterator[str]:
    left = width - 2 - sum(widths) - 2 * len(widths)
    if left >= NOTE_MIN:
        noted = [[*row, note] for row, note in zip(rows, notes, strict=True)]
        yield from chain.from_iterable(grid(noted, [*widths, left]))
        return
    for lines, note in zip(grid(rows, widths), ["", *notes[1:]], strict=True):
        yield from lines
        yield from (f"      {line}" for line in wrapped(note, width - 6) if line)


def _row(column: ColumnPreview, caps: Caps, long: dict[str, str], *, renamed: bool) -> list[str]:
    """Return the cells of a column; a type that is cut goes to ``long`` whole."""
    shown = str(cql.parse(column.cql_type)) if column.cql_type else ""
    name = printable(column.column)
    if column.reading in _SHOWN:
        name, shown = _SHOWN[column.reading].format(name), ""
    elif column.reading in _MADE:
        name, shown = _MADE[column.reading], ""
    if not renamed and not column.reading.read:
        name = printable(column.target)
    target = [printable(column.target)] if renamed else []
    sql = _REST.sub("", column.sql_type) or "-"
    cut = _cut(shown, caps.cql)
    if cut != shown:
        long[column.column] = shown
    return [name, cut, *target, _cut(sql, caps.sql), column.verdict.value]


def _cut(text: str, width: int) -> str:
    """Return a text that fits its cell: whole, or its beginning and three points."""
    lines = wrapped(text, width)
    if len(lines) <= CELL_LINES_MAX:
        return text
    kept = " ".join(lines[:CELL_LINES_MAX])
    return kept[: width * CELL_LINES_MAX - 4].rstrip() + "..."


def _note(column: ColumnPreview) -> str:
    parts = [_KINDS.get(column.kind, "")] if column.reading is Reading.VALUE else []
    form = _FORMS.get(column.form, "") if column.verdict is not Verdict.IMPOSSIBLE else ""
    parts += [form if form not in column.note else "", column.note]
    if column.null is not None:
        parts.append(f"NULL becomes {json.dumps(column.null, ensure_ascii=False)}, counted")
    if column.refused:
        parts.append(f"{plural(column.refused, 'sampled value')} refused")
    return "; ".join(filter(None, parts))


def _types(columns: Sequence[ColumnPreview], long: dict[str, str], width: int) -> Iterator[str]:
    """Yield the types that were cut, and the fields of user types."""
    told = dict(long)
    for column in columns:
        told |= dict(_user_types(cql.parse(column.cql_type))) if column.cql_type else {}
    yield from ["", "  types in full"] if told else []
    room = min(26, max(map(len, told), default=0) + 2)
    for name, text in told.items():
        yield from labelled(printable(name), text, width, indent="    ", room=room)


def _user_types(found: cql.CqlType) -> Iterator[tuple[str, str]]:
    if found.name == cql.UDT:
        fields = zip(found.fields, found.of, strict=True)
        text = ", ".join(f"{cql.quote_name(name)} {of}" for name, of in fields)
        yield f"{cql.quote_name(found.label)}", f"type {{{text}}}"
    for inner in found.of:
        yield from _user_types(inner)


def _legend(columns: Sequence[ColumnPreview], width: int) -> Iterator[str]:
    occurring = {column.verdict for column in columns}
    yield ""
    for verdict, meaning in LEGEND.items():
        if verdict in occurring:
            yield from labelled(verdict.value, meaning, width, room=17)
