"""The log of one token range: append, replay, close.

    <wal directory>/<keyspace>.<table>/<range>-<first batch>.wal[.zst]

``RangeWal`` is the only writer of its range (I5); what it returned from ``append`` survives the
machine's end (I1). Opening it repairs what a crash has left, and writes nothing else; the first
append starts a new segment.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from cass_snapshot.errors import RangeFailed, StateError, UsageError
from cass_snapshot.model import Batch, Lines, Position, WalIdentity
from cass_snapshot.wal.blocklist import BLOCKS_MAX, tiles
from cass_snapshot.wal.disk import Files
from cass_snapshot.wal.files import REAL
from cass_snapshot.wal.format import BATCH_BYTES_MAX, COMPRESSIONS
from cass_snapshot.wal.names import SegmentName, folder_of, segments_of
from cass_snapshot.wal.records import Header
from cass_snapshot.wal.recovery import Recovered, recover
from cass_snapshot.wal.walk import Walk, corrupt, needed
from cass_snapshot.wal.writer import Packer, SegmentWriter

SEGMENT_BYTES_MAX = 64 * 2**20


class RangeWal:
    """The durable log of one token range; implements ``protocols.Wal``."""

    def __init__(
        self,
        files: Files,
        directory: Path,
        identity: WalIdentity,
        recovered: Recovered,
        segment_bytes_max: int,
    ) -> None:
        self._files = files
        self._directory = directory
        self._identity = identity
        self._segment_bytes_max = segment_bytes_max
        self._names = list(recovered.names)
        self._last_seq = recovered.last_seq
        self._chain = recovered.chain
        self._closed = recovered.closed
        self._position = recovered.position
        self._packer = Packer(compressed=identity.compression == "zstd")
        self._segment: SegmentWriter | None = None
        self._failure: BaseException | None = None

    @classmethod
    def open(
        cls,
        directory: Path,
        identity: WalIdentity,
        *,
        checkpoint_seq: int,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        files: Files = REAL,
    ) -> Self:
        """Recover the range's segments and return its log.

        Args:
            directory: the ``wal`` folder of the run, made by ``make_private_directory``.
            identity: what the new segments say of themselves, and the old ones must.
            checkpoint_seq: the newest batch that the target has, 0 for none.
            segment_bytes_max: a segment is sealed by the batch that reaches this size.
            files: the disk.

        Raises:
            LockedError: another process writes this range.
            WalCorrupt: bytes or files that no crash explains, or fewer than the target has seen.
            Fenced: a newer epoch wrote here.
            UsageError: the compression is not known.
        """
        if identity.compression not in COMPRESSIONS:
            raise UsageError(
                f"the WAL knows no compression {identity.compression!r}",
                fix=f"choose one of {', '.join(COMPRESSIONS)}",
            )
        recovered = recover(files, directory, identity, checkpoint_seq)
        return cls(files, directory, identity, recovered, segment_bytes_max)

    @property
    def last_seq(self) -> int:
        """Return the number of the newest durable batch, 0 before the first."""
        return self._last_seq

    @property
    def closed(self) -> bool:
        """Tell whether the closing batch of the range is durable (I8)."""
        return self._closed

    @property
    def position(self) -> Position | None:
        """Return where the newest batch of the WAL ends; None where it has none."""
        return self._position

    def append(self, lines: Lines, position: Position | None, *, closing: bool) -> Batch:
        """Write a batch and return it when it is durable (I1).

        Raises:
            OSError: the disk refused, now or before; nothing of this batch may reach the target.
            RangeFailed: the batch is larger than a WAL takes.
            StateError: the range has its closing batch.
        """
        self._refuse_after_failure()
        if self._closed:
            raise StateError("the range has its closing batch already", where=self._where())
        _check(lines, self._where())
        try:
            batch = self._open_segment().append(lines, position, closing=closing)
        except BaseException as error:
            self._fail(error)
            raise
        self._last_seq, self._closed, self._position = batch.seq, closing, position
        self._leave_sealed()
        return batch

    def replay(self, after: int) -> Iterator[Batch]:
        """Yield the durable batches whose sequence number is above ``after``, oldest first.

        Raises:
            WalCorrupt: bytes that no crash explains, or batches after ``after`` that are gone.
            OSError: a write has failed before; only a new log knows what is durable.
        """
        self._refuse_after_failure()
        last = self._last_seq
        if after >= last:
            return
        folder = self._directory / folder_of(self._identity.table)
        names = needed(folder, self._present(), after)
        for batch in Walk(self._files, folder, names, self._identity).batches():
            if batch.seq > after:
                yield batch
            if batch.seq == last:
                return
        raise corrupt(self._where(), f"batch {last} was durable, and is not there")

    def _present(self) -> list[SegmentName]:
        """Return the segments without those that were removed, which are the oldest (I4)."""
        folder = self._directory / folder_of(self._identity.table)
        there = segments_of(self._files.names(folder), self._identity.range.number)
        first = there[0].first_seq if there else self._last_seq + 1
        return [name for name in self._names if name.first_seq >= first]

    def close(self) -> None:
        """Seal the open segment, if there is one. After a failure nothing more is written."""
        segment, self._segment = self._segment, None
        if segment is not None:
            try:
                segment.close()
            except BaseException as error:
                self._fail(error)
                raise
            self._chain = segment.chain

    def _open_segment(self) -> SegmentWriter:
        if self._segment is None:
            folder = self._directory / folder_of(self._identity.table)
            self._files.make_directory(folder)
            header = Header(identity=self._identity, first_seq=self._last_seq + 1, prev=self._chain)
            self._segment = SegmentWriter(
                self._files,
                self._directory,
                header,
                bytes_max=self._segment_bytes_max,
                packer=self._packer,
            )
            self._names.append(self._segment.name)
        return self._segment

    def _leave_sealed(self) -> None:
        if self._segment is not None and self._segment.sealed:
            self._segment.abandon()
            self._chain = self._segment.chain
            self._segment = None

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        if self._segment is not None:
            self._segment.abandon()
            self._segment = None

    def _refuse_after_failure(self) -> None:
        if self._failure is not None:
            number = getattr(self._failure, "errno", None) or errno.EIO
            raise OSError(
                number, "this log ended with a failed write; only a new one knows what is durable"
            ) from self._failure

    def _where(self) -> str:
        return f"{folder_of(self._identity.table)}, {self._identity.range}"


def _check(lines: Lines, where: str) -> None:
    """Refuse what could not be read back; each line by itself is the encoder's promise."""
    data = lines.data
    if len(data) > BATCH_BYTES_MAX:
        raise RangeFailed(
            "a batch is larger than a WAL takes",
            where=where,
            why=f"{len(data)} bytes, {BATCH_BYTES_MAX} at most",
            fix="lower the rows of a batch",
        )
    whole = data.startswith(b"[") and data.endswith(b"]\n") if lines.rows else not data
    if not whole:
        raise ValueError("a batch must be whole JSON lines, as many as it says")
    cuts = lines.cuts
    if len(cuts) > BLOCKS_MAX or (cuts and not tiles(data, [cut.size for cut in cuts])):
        raise ValueError("the cuts of a batch must tile it in whole lines, and not be too many")
