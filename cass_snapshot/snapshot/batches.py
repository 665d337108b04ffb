"""The batches of a token range: first what the WAL holds and the target lacks, then the unread."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from cass_snapshot.errors import Fault, LockedError, Transient
from cass_snapshot.model import Batch, Checkpoint, Page
from cass_snapshot.protocols import Following, Wal
from cass_snapshot.retry import Patience
from cass_snapshot.snapshot.capture import capture
from cass_snapshot.snapshot.messages import Captured, CopyRange, GatherRange
from cass_snapshot.wiring import Parts


class RangeBatches:
    """Yields the batches of one range, each durable in its WAL (I1)."""

    def __init__(
        self,
        parts: Parts,
        patience: Patience,
        task: CopyRange | GatherRange,
        send: Callable[[Captured], None],
        following: Following,
    ) -> None:
        self._parts = parts
        self._patience = patience
        self._task = task
        self._send = send
        self._following = following
        self._page_s = 0.0
        self.reading = False
        """Whether the batches that are yielded come from the source by now."""

    def after(self, checkpoint: Checkpoint) -> Generator[Batch]:
        """Yield what comes after a checkpoint; each batch that was read just now is told."""
        table = self._task.table
        wal = self._patience.call(lambda: self._open_wal(checkpoint))
        after = checkpoint.position
        try:
            for batch in wal.replay(checkpoint.batch_seq):
                after = batch.position
                yield batch
            self.reading = True
            source = self._parts.source(table)
            for batch in capture(
                self._timed(source.pages(self._task.range, after, self._following)),
                position=source.position,
                encoder=self._parts.encoder(table),
                rejects=self._parts.rejects(table),
                wal=wal,
                after=after,
                order=self._parts.order(table) if self._arranged else None,
            ):
                self._send(self._captured(batch))
                yield batch
        finally:
            wal.close()

    @property
    def _arranged(self) -> bool:
        return isinstance(self._task, GatherRange) and self._task.arranged

    def _captured(self, batch: Batch) -> Captured:
        return Captured(
            task=self._task.id,
            rows=batch.lines.rows + batch.lines.tally.refused,
            bytes=batch.size,
            seconds=self._page_s,
            segment=batch.segment,
        )

    def _open_wal(self, checkpoint: Checkpoint) -> Wal:
        """Return the range's log; a worker of a killed run may hold it for a moment yet."""
        try:
            return self._parts.wal(self._task.table, self._task.range, checkpoint.batch_seq)
        except LockedError as held:
            raise Transient(
                held.what, where=held.where, why=held.why, fix=held.fix, fault=Fault.LOCKED
            ) from held

    def _timed(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Note how long each page took to come, and let it wait for room in the WAL."""
        for page in pages:
            self._page_s = page.seconds
            self._wait_for_room()
            yield page

    def _wait_for_room(self) -> None:
        def ask() -> None:
            self._parts.reader(self._task.table).checkpoint(self._task.range)

        if isinstance(self._task, CopyRange):
            self._parts.room.wait_below_ceiling(ask)
        else:  # a window is bounded by itself; without its index nobody applies it yet
            self._parts.room.wait_on_disk(ask if self._task.index else None)
