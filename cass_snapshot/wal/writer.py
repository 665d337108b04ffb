"""The open segment of a range, written batch by batch.

What a batch costs: one write and one sync. The header goes with the first batch, and the footer
with the last one, in the same write.
"""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

from cass_snapshot.blocks import Block
from cass_snapshot.errors import LockedError
from cass_snapshot.model import Batch, Lines, Position
from cass_snapshot.wal import frames
from cass_snapshot.wal.blocklist import placed
from cass_snapshot.wal.disk import File, Files
from cass_snapshot.wal.format import seal
from cass_snapshot.wal.names import folder_of, segment_of
from cass_snapshot.wal.records import Commit, Footer, Header
from cass_snapshot.wal.segment import batch_of


class Packer:
    """Turns a control line and its rows into the bytes of a unit."""

    def __init__(self, *, compressed: bool) -> None:
        self._compressor = frames.compressor() if compressed else None

    def pack(self, line: bytes, rows: bytes = b"") -> tuple[bytes, ...]:
        """Return the parts to write one after the other; rows are not copied without need."""
        if self._compressor is None:
            return (rows, line)
        return (self._compressor.compress(rows + line),)

    def pack_blocks(self, lines: Lines) -> tuple[bytes, tuple[Block, ...]]:
        """Return the bytes of a batch's blocks, and the blocks as they lie in them."""
        sizes, stored, start = [], [], 0
        with memoryview(lines.data) as view:
            for cut in lines.cuts:
                block = view[start : start + cut.size]
                if self._compressor is not None:
                    stored.append(self._compressor.compress(block))
                bytes_stored = len(stored[-1]) if stored else cut.size
                sizes.append((cut.size, bytes_stored, crc32(block), cut.plain))
                start += cut.size
        return b"".join(stored) if stored else lines.data, placed(sizes)


class SegmentWriter:
    """The open segment of a range, locked for this writer (I5)."""

    def __init__(
        self, files: Files, directory: Path, header: Header, *, bytes_max: int, packer: Packer
    ) -> None:
        """Create the file and make its name durable.

        Raises:
            LockedError: another writer has made this segment.
            OSError: the disk refused.
        """
        folder = folder_of(header.identity.table)
        self.name = segment_of(header.identity, header.first_seq)
        self.sealed = False
        self._where = f"{folder}/{self.name}"
        self._identity = header.identity
        self._bytes_max = bytes_max
        self._packer = packer
        self._batches = self._rows = self._size = 0
        self._seq = header.first_seq
        line, self._chain = seal(header)
        self._opening = packer.pack(line)
        self._end = 0
        self._file = self._create(files, directory / folder)

    def _create(self, files: Files, folder: Path) -> File:
        try:
            file = files.create(folder / str(self.name))
        except FileExistsError as error:
            raise LockedError(
                "another process writes the WAL of this range", where=self._where
            ) from error
        try:
            file.lock()
            files.sync_directory(folder)
        except BaseException:
            file.close()
            raise
        return file

    @property
    def chain(self) -> str:
        """Return the sum of the newest control line."""
        return self._chain

    def append(self, lines: Lines, position: Position | None, *, closing: bool) -> Batch:
        """Write a batch and return it when it is durable; seal with it where nothing may follow."""
        packed, blocks = self._packer.pack_blocks(lines) if lines.cuts else (b"", ())
        commit = Commit(
            seq=self._seq,
            rows=lines.rows,
            words=lines.words,
            size=len(lines.data),
            position=position,
            closing=closing,
            synced=self._end,
            prev=self._chain,
            tally=lines.tally,
            blocks=blocks,
        )
        line, chain = seal(commit, lines.data)
        body = (packed, *self._packer.pack(line)) if blocks else self._packer.pack(line, lines.data)
        offset, size = self._end + _length(self._opening), _length(body)
        self._count(lines, chain)
        ending: tuple[bytes, ...] = ()
        if closing or offset + size >= self._bytes_max:
            ending = self._ending(synced=self._end)
        self._write((*self._opening, *body, *ending))
        self._opening = ()
        return batch_of(self._identity, self._where, commit, chain, lines.data, (offset, size))

    def close(self) -> None:
        """Seal what holds a batch, and give the file and its lock back."""
        try:
            if self._batches and not self.sealed:
                self._write(self._ending(synced=self._end))
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Give file and lock back and write nothing more, as after a failure."""
        self._file.close()

    def _count(self, lines: Lines, chain: str) -> None:
        self._batches += 1
        self._rows += lines.rows
        self._size += len(lines.data)
        self._seq += 1
        self._chain = chain

    def _ending(self, *, synced: int) -> tuple[bytes, ...]:
        line, self._chain = seal(
            Footer(
                batches=self._batches,
                rows=self._rows,
                size=self._size,
                last_seq=self._seq - 1,
                synced=synced,
                prev=self._chain,
            )
        )
        self.sealed = True
        return self._packer.pack(line)

    def _write(self, parts: tuple[bytes, ...]) -> None:
        self._file.write_at(self._end, parts)
        self._file.sync()
        self._end += _length(parts)


def _length(parts: tuple[bytes, ...]) -> int:
    return sum(map(len, parts))
