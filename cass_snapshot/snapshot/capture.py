"""The first half of a copy: what Cassandra holds becomes durable in the WAL, batch by batch.

It knows nothing of a target. The second half, ``apply.py``, is joined to it by the WAL alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from cass_snapshot.model import Batch, Cells, Page, Position
from cass_snapshot.protocols import Encoder, Order, Rejects, Wal


def capture(
    pages: Iterable[Page],
    *,
    position: Callable[[Cells], Position],
    encoder: Encoder,
    rejects: Rejects,
    wal: Wal,
    after: Position | None,
    order: Order | None = None,
) -> Iterator[Batch]:
    """Append each page to the WAL, and yield it as a batch once it is durable there (I1).

    Args:
        pages: the rows of one token range that come after ``after``, the last page marked.
        position: tells where a row stands.
        encoder: turns rows into WAL lines.
        rejects: keeps the rows that have no line; before the batch without them is durable.
        wal: the range's log.
        after: where the range was left, None at its start.
        order: sorts the lines of each batch, where they are to be applied in the target's order.

    The last batch closes the range (I8), also where it holds no row.
    """
    for page in pages:
        if page.end is not None:
            after = page.end
        elif page.rows:
            after = position(page.rows[-1])
        # An empty page with more to come is legal and says nothing.
        if page.rows or page.static_only or page.last:
            encoded = encoder.encode(page.rows)
            ids = rejects.add(encoded.rejected)
            tally = replace(encoded.lines.tally, static_only=page.static_only, ids=ids)
            lines = replace(encoded.lines, tally=tally)
            if order is not None:
                lines = order.arrange(lines)
            yield wal.append(lines, after, closing=page.last)
