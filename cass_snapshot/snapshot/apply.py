"""The second half of a copy: what the WAL holds durably reaches the target, batch by batch.

It knows nothing of a source: the batches come straight from ``capture.py`` or from a WAL that is
replayed, and are written the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cass_snapshot.model import Batch, Written
from cass_snapshot.protocols import Target
from cass_snapshot.retry import Patience


def apply(
    batches: Iterable[Batch], target: Target, patience: Patience, *, again: int = 0
) -> Iterator[tuple[Batch, Written]]:
    """Write each batch with its checkpoint in one transaction (I2), oldest first.

    Yields each batch when the target holds it, and what became of it; one that was
    there already is left alone (I3). A batch whose connection was lost is tried again whole, and
    the checkpoint, which moves with the rows, decides whether it had gone through.

    Batches up to the number ``again`` are in, and written again under their checkpoint as it is.
    """
    for batch in batches:
        tries: list[int] = []

        def write(batch: Batch = batch, tries: list[int] = tries) -> Written:
            tries.append(batch.seq)
            return target.rewrite(batch) if batch.seq <= again else target.write(batch)

        written = patience.call(write)
        # A lost answer of our own COMMIT: it is our batch.
        yield batch, replace(written, fresh=written.fresh or len(tries) > 1)
