"""Files for the limit of loading: the rows of a table as MySQL likes them best, in both orders.

They are made from the rows' numbers and not from any database, so what they load is also the truth
that every peer's cells are compared with.

    FOLDER/key/00000-00000.tsv ...    by the primary key as MySQL compares it
    FOLDER/token/00000-00000.tsv ...  by token, as Cassandra hands rows out
"""

from __future__ import annotations

import pickle
import sys
from bisect import bisect_right
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cass_snapshot.ring.tokens import token
from tests.bench.pools import processes
from tests.bench.shapes import SHAPES, Row, Shape
from tests.bench.values import to_line, to_wire
from tests.support.stack.whole import make_whole

ORDERS = ("key", "token")
FILE_ROWS = 5000
FILE_BYTES = 4 * 2**20
BUCKET_BYTES = 128 * 2**20
OBJECTS_BYTES = 500
"""What Python adds to a row, its line and its key."""
_SAMPLE = 10_000


def sort_value(shape: Shape, order: str) -> Callable[[Row], Any]:
    """Return what gives the value that rows are sorted by in this order."""
    if order == "key":
        return shape.key_of
    places = [shape.names.index(name) for name in shape.partition_key]
    wire = to_wire([shape.columns[place].cql for place in places])

    def by_token(row: Row) -> Any:  # noqa: ANN401 - compared and nothing else
        cells = tuple(cell or b"" for cell in wire([row[place] for place in places]))
        return token(cells), cells, shape.key_of(row)

    return by_token


def prepare(folder: Path, shape: Shape, rows: int) -> Path:
    """Return the folder with a table's files, made if they are not there."""
    place = folder / shape.table(rows)
    if not place.exists():
        print(f"bench: preparing files of {shape.table(rows)} ...", file=sys.stderr)
        make_whole(place, lambda part: _fill(part, shape, rows))
    return place


def _fill(folder: Path, shape: Shape, rows: int) -> None:
    """Sort by scattering: slices of row numbers into buckets, then each bucket by itself."""
    size = max(1, BUCKET_BYTES // (shape.row_bytes + OBJECTS_BYTES))
    buckets = -(-rows // size)
    cuts = {order: _cuts(shape, order, rows, buckets) for order in ORDERS}
    for order in ORDERS:
        (folder / order).mkdir()
    with processes() as pool:
        slices = [range(at, min(at + size, rows)) for at in range(0, rows, size)]
        scattered = [pool.submit(_scatter, folder, shape.name, cuts, part) for part in slices]
        for job in scattered:
            job.result()
        gathered = [
            pool.submit(_gather, folder, order, bucket, FILE_BYTES // shape.row_bytes)
            for order in ORDERS
            for bucket in range(buckets)
        ]
        written = sum(job.result() for job in gathered)
    assert written == rows * len(ORDERS), f"{written} lines of {rows} rows in {len(ORDERS)} orders"


def _cuts(shape: Shape, order: str, rows: int, buckets: int) -> list[Any]:
    """Return where one bucket ends and the next begins, from a sample."""
    value = sort_value(shape, order)
    step = max(1, rows // _SAMPLE)
    sample = sorted(value(shape.make_row(number)) for number in range(0, rows, step))
    return [sample[len(sample) * i // buckets] for i in range(1, buckets)]


def _scatter(folder: Path, name: str, cuts: Mapping[str, list[Any]], numbers: range) -> None:
    """Write the lines of some rows, each with what it is sorted by, into a file a bucket."""
    shape = SHAPES[name]
    line = to_line([column.cql for column in shape.columns])
    rows = [shape.make_row(number) for number in numbers]
    lines = [line(row) for row in rows]
    for order in ORDERS:
        value = sort_value(shape, order)
        buckets: list[list[tuple[Any, bytes]]] = [[] for _ in range(len(cuts[order]) + 1)]
        for row, text in zip(rows, lines, strict=True):
            key = value(row)
            buckets[bisect_right(cuts[order], key)].append((key, text))
        for place, bucket in enumerate(buckets):
            path = folder / order / f"{place:05}-{numbers.start}.part"
            path.write_bytes(pickle.dumps(bucket))


def _gather(folder: Path, order: str, bucket: int, rows_max: int) -> int:
    """Sort one bucket and write it in files that one transaction takes; return its lines."""
    found: list[tuple[Any, bytes]] = []
    for part in sorted((folder / order).glob(f"{bucket:05}-*.part")):
        found += pickle.loads(part.read_bytes())  # noqa: S301 - written by us, a moment ago
        part.unlink()
    found.sort()
    size = max(1, min(FILE_ROWS, rows_max))
    for place, at in enumerate(range(0, len(found), size)):
        path = folder / order / f"{bucket:05}-{place:05}.tsv"
        path.write_bytes(b"".join(line for _, line in found[at : at + size]))
    return len(found)
