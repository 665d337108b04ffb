"""One segment file, read batch by batch, one of them in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator

from cass_snapshot.errors import StateError
from cass_snapshot.model import Batch, Lines, WalIdentity
from cass_snapshot.wal.blocklist import cuts_of, placed, sizes_of
from cass_snapshot.wal.disk import File
from cass_snapshot.wal.fields import FormatError, SignedError
from cass_snapshot.wal.format import check, newer_version, parse
from cass_snapshot.wal.names import SegmentName, segment_of
from cass_snapshot.wal.records import Commit, Control, Footer, Header
from cass_snapshot.wal.units import BrokenError, Unit, units


class SegmentReader:
    """Reads one segment from its start; its attributes say what was valid so far."""

    def __init__(self, file: File, name: SegmentName, folder: str) -> None:
        self.name = name
        self.where = f"{folder}/{name}"
        self.header: Header | None = None
        self.last: Commit | None = None
        self.footer: Footer | None = None
        self.batches_read = self.rows = self.size = 0
        self.chain = ""
        self.end = 0
        """Where the valid part ends."""
        self.synced = 0
        """Where the write began that made its newest line: below it, all was durable."""
        self._units = units(file, compressed=name.compressed)

    @property
    def last_seq(self) -> int:
        """Return the number of the newest valid batch, or of the one before the segment."""
        return self.last.seq if self.last else self.name.first_seq - 1

    def read_header(self) -> Header:
        """Read the first line.

        Raises:
            BrokenError: there is no valid one.
            StateError: a newer release wrote it.
        """
        for unit in self._units:
            control, total = self._checked(unit)
            if not isinstance(control, Header):
                raise BrokenError(0, "it begins without a header", by_crash=False)
            self._accept_header(control)
            self._accept(unit, total)
            self.header = control
            return control
        raise BrokenError(0, "it is empty")

    def batches(self) -> Iterator[Batch]:
        """Yield what follows the header.

        Raises:
            BrokenError: bytes that are no valid batch or footer; nothing is yielded after them.
        """
        header = self.header or self.read_header()
        try:
            for unit in self._units:
                control, total = self._checked(unit)
                if isinstance(control, Commit):
                    self._accept_commit(unit, control)
                    self._accept(unit, total)
                    span = (unit.offset, unit.size)
                    yield batch_of(header.identity, self.where, control, total, unit.rows, span)
                else:
                    self._accept_footer(unit, control)
                    self._accept(unit, total)
        except BrokenError as error:
            if self.footer is None:
                raise
            raise BrokenError(error.offset, "bytes after the footer", by_crash=False) from error

    def _checked(self, unit: Unit) -> tuple[Control, str]:
        newer = newer_version(unit.line) if unit.offset == 0 else None
        if newer:
            raise StateError(
                "a newer release wrote this segment",
                where=self.where,
                why=f"its format is {newer}",
                fix="read it with that release",
            )
        try:
            control = parse(unit.line)
            return control, check(control, unit.line, unit.rows)
        except FormatError as error:
            by_crash = not isinstance(error, SignedError)
            raise BrokenError(unit.offset, str(error), by_crash=by_crash) from error

    def _accept(self, unit: Unit, total: str) -> None:
        self.chain = total
        self.end = unit.offset + unit.size

    def _accept_header(self, header: Header) -> None:
        inside = segment_of(header.identity, header.first_seq)
        if inside != self.name:
            why = f"its header calls it {inside}: it was renamed, copied or swapped"
            raise BrokenError(0, why, by_crash=False)

    def _accept_commit(self, unit: Unit, commit: Commit) -> None:
        faults = (
            (self.footer is not None, "a batch after the footer"),
            (self.last is not None and self.last.closing, "a batch after the closing one"),
            (
                commit.seq != self.last_seq + 1,
                f"batch {commit.seq} where {self.last_seq + 1} belongs",
            ),
            (commit.prev != self.chain, "a batch that continues another chain"),
            (commit.synced != (unit.offset if self.last else 0), "a batch from another place"),
            (not self._blocks_fit(unit, commit), "blocks that lie elsewhere"),
        )
        _raise_first(unit, faults)
        self.last, self.synced = commit, commit.synced
        self.batches_read += 1
        self.rows += commit.rows
        self.size += commit.size

    def _blocks_fit(self, unit: Unit, commit: Commit) -> bool:
        """Tell whether the blocks lie where the commit line says; version 1 had none."""
        said = tuple((block.size, block.stored) for block in commit.blocks)
        if self.name.compressed:
            fit = said == unit.frames
        else:
            fit = all(size == stored for size, stored in said)
        return fit and not (said and self.header and self.header.version == 1)

    def _accept_footer(self, unit: Unit, footer: Control) -> None:
        if not isinstance(footer, Footer):
            raise BrokenError(unit.offset, "a second header", by_crash=False)
        found = (footer.batches, footer.rows, footer.size, footer.last_seq)
        counted = (self.batches_read, self.rows, self.size, self.last_seq)
        faults = (
            (self.footer is not None, "a second footer"),
            (found != counted, "a footer whose totals are not those of the batches"),
            (footer.prev != self.chain, "a footer that continues another chain"),
            (footer.synced not in (unit.offset, self.synced), "a footer from another place"),
        )
        _raise_first(unit, faults)
        self.footer, self.synced = footer, footer.synced


def batch_of(
    identity: WalIdentity,
    segment: str,
    commit: Commit,
    checksum: str,
    data: bytes,
    span: tuple[int, int],
) -> Batch:
    """Return the batch of a commit line; ``span`` is where it lies in its segment file."""
    return Batch(
        table=identity.table,
        range=identity.range,
        seq=commit.seq,
        lines=Lines(
            data=data,
            rows=commit.rows,
            words=commit.words,
            tally=commit.tally,
            cuts=cuts_of(commit.blocks),
        ),
        position=commit.position,
        closing=commit.closing,
        checksum=checksum,
        segment=segment,
        offset=span[0],
        size=span[1],
        blocks=placed(sizes_of(commit.blocks), span[0]),
    )


def _raise_first(unit: Unit, faults: tuple[tuple[bool, str], ...]) -> None:
    """Raise for a valid line in the wrong place: no crash moves lines about."""
    for wrong, why in faults:
        if wrong:
            raise BrokenError(unit.offset, why, by_crash=False)
