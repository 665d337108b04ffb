"""The first half of a copy: what Cassandra holds becomes durable in the WAL, batch by batch.

It knows nothing of a target. The second half, ``apply.py``, is joined to it by the WAL alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cass_snapshot.errors import ValueRefused
from cass_snapshot.model import Batch, Cells, Page, Position, Rejected
from cass_snapshot.protocols import Encoder, Wal


def capture(
    pages: Iterable[Page],
    *,
    position: Callable[[Cells], Position],
    encoder: Encoder,
    wal: Wal,
    after: Position | None,
) -> Iterator[Batch]:
    """Append each page to the WAL, and yield it as a batch once it is durable there (I1).

    Args:
        pages: the rows of one token range that come after ``after``, the last page marked.
        position: tells where a row stands.
        encoder: turns rows into WAL lines.
        wal: the range's log.
        after: where the range was left, None at its start.

    The last batch closes the range (I8), also where it holds no row.

    Raises:
        ValueRefused: a row that the target cannot hold; nothing of its page is in the WAL.
    """
    for page in pages:
        if page.rows:
            after = position(page.rows[-1])
        if page.rows or page.last:  # an empty page with more to come is legal and says nothing
            encoded = encoder.encode(page.rows)
            for rejected in encoded.rejected:
                raise _refusal(rejected)
            yield wal.append(encoded.lines, after, closing=page.last)


def _refusal(rejected: Rejected) -> ValueRefused:
    """Return the error of a row that cannot be copied, by its first problem."""
    problem = rejected.problems[0]
    return ValueRefused(
        f"column {problem.column} holds {problem.what}",
        where=f"the row at token {rejected.token}",
        fix=problem.fix,
    )
