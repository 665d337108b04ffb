"""Where the row of a WAL line stands, told by the line alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson

from cass_snapshot.codec.cells import cell
from cass_snapshot.model import Cells, ColumnKind
from cass_snapshot.planned import PlannedColumn, Reading
from cass_snapshot.ring.tokens import token


def line_locator(columns: Sequence[PlannedColumn]) -> Callable[[bytes], tuple[int, Cells]]:
    """Return what tells token and primary key of the row in a WAL line.

    Where the line has a digest of the key, its natural columns may not tell the key's bytes: the
    digest then stands for the key.

    Args:
        columns: what the table becomes, the columns of its key in the order of the key.
    """
    places = {p.reading: i for i, p in enumerate(columns) if not p.reading.read}
    key = [i for i, p in enumerate(columns) if p.column.in_key and p.reading is Reading.VALUE]
    width = sum(columns[i].column.kind is ColumnKind.PARTITION_KEY for i in key)
    if Reading.DIGEST in places:
        key = [places[Reading.DIGEST]]

    def locate(line: bytes) -> tuple[int, Cells]:
        values = orjson.loads(line)
        cells = tuple(cell(columns[i].column.type, columns[i].form, values[i]) for i in key)
        if Reading.TOKEN in places:
            return int(values[places[Reading.TOKEN]]), cells
        return token(cells[:width]), cells

    return locate
