"""Every cut and every flipped bit of a small WAL: an earlier whole state or an error (I6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cass_snapshot.errors import StateError
from cass_snapshot.model import Tally
from tests.support.forgetful_disk import ForgetfulDisk
from tests.support.wal_samples import (
    Sample,
    contents,
    in_blocks,
    new_disk,
    open_wal,
    read_back,
    sample,
    segments,
    written,
)

TALLY = Tally(static_only=1, refused=2, nulls=(("é", 3),))
FIRST = [
    sample(["a", None], token=-3),
    sample(["é", 2], ["\u2028", True], token=0, tally=TALLY),
]
CLOSED = [*FIRST, sample(["c", 3], ["d", 4], token=5, closing=True)]
OPEN = [*FIRST, sample(["c", 3], ["d", 4], token=5)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Three batches as they came or in blocks, the last of which closes the range, or does not."""

    closed: list[Sample]
    open: list[Sample]


PLAIN = Shape(closed=CLOSED, open=OPEN)
BLOCKS = Shape(closed=[*map(in_blocks, CLOSED)], open=[*map(in_blocks, OPEN)])
LOGS = (PLAIN.closed, PLAIN.open, BLOCKS.closed, BLOCKS.open)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A WAL of three batches, whose newest segment is damaged."""

    path: Path
    files: dict[Path, bytes]

    @property
    def content(self) -> bytes:
        """Return the undamaged segment."""
        return self.files[self.path]

    def damaged(self, content: bytes) -> ForgetfulDisk:
        """Return a disk with this in place of the segment."""
        disk = new_disk()
        for path, undamaged in self.files.items():
            disk.put(path, content if path == self.path else undamaged)
        return disk

    def flips(self, *, every_bit: bool) -> Iterator[tuple[int, bytes]]:
        """Yield the segment with each of its bits, or one of every other byte, flipped."""
        content = bytearray(self.content)
        for offset in range(0, len(content), 1 if every_bit else 2):
            for bit in range(8) if every_bit else [offset * 5 // 2 % 8]:
                content[offset] ^= 1 << bit
                yield offset, bytes(content)
                content[offset] ^= 1 << bit


def case_of(disk: ForgetfulDisk) -> Case:
    """Return the case that the first segment on a disk is damaged."""
    paths = segments(disk)
    return Case(path=paths[0], files={path: disk.content(path) for path in paths})


def unsealed(compression: str, shape: Shape) -> Case:
    """Return three batches in a segment without footer."""
    return case_of(written(shape.open, compression, seal=False))


def sealed(compression: str, shape: Shape) -> Case:
    """Return three batches in a segment whose footer was written after them."""
    return case_of(written(shape.open, compression, seal=True))


def closed(compression: str, shape: Shape) -> Case:
    """Return three batches in a segment whose footer was written with the last of them."""
    return case_of(written(shape.closed, compression, seal=True))


def older(compression: str, shape: Shape) -> Case:
    """Return two batches in a segment that a newer one follows."""
    return case_of(written(shape.closed, compression, segment_bytes_max=350))


Make = Callable[[str, Shape], Case]
LEFT: dict[Make, set[int | None]] = {
    unsealed: {None, 2, 3},
    sealed: {None, 3},
    closed: {None, 2, 3},
    older: {None, 3},
}
"""What a flipped bit may leave: three batches where it is in a footer or means nothing to zstd, two
where it is in the newest write. Where a later line proves that all was durable, nothing is cut."""
both = pytest.mark.parametrize("compression", ["none", "zstd"])
every_kind = pytest.mark.parametrize("make", LEFT)
every_shape = pytest.mark.parametrize("shape", [PLAIN, BLOCKS], ids=["plain", "blocks"])


def recovered(disk: ForgetfulDisk, checkpoint_seq: int) -> int | None:
    """Return how many batches recovery finds, None where it refuses; they are the written ones."""
    try:
        wal = open_wal(disk, checkpoint_seq=checkpoint_seq)
    except StateError:
        return None
    found = contents(wal.replay(0))
    assert is_written(found)
    assert len(found) == wal.last_seq >= checkpoint_seq
    return len(found)


def read(disk: ForgetfulDisk) -> int | None:
    """Return how many batches a reader finds, None where it refuses; they are the written ones."""
    try:
        found = read_back(disk)
    except StateError:
        return None
    assert is_written(found)
    return len(found)


def is_written(found: list[Sample]) -> bool:
    """Tell whether these are the first batches of one of the logs."""
    return any(found == log[: len(found)] for log in LOGS)


@both
@every_shape
@pytest.mark.parametrize("make", [sealed, closed, older])
def test_a_cut_at_any_byte_is_an_earlier_state_or_an_error(
    make: Make, shape: Shape, compression: str
) -> None:
    """The newest segment may be cut anywhere, an older one nowhere; never what was applied."""
    case = make(compression, shape)
    for size in range(len(case.content)):
        disk = case.damaged(case.content[:size])
        found = read(disk)
        if size % 8 == 0:
            assert recovered(case.damaged(case.content[:size]), 3) in (None, 3)
        assert recovered(disk, 0) == found
        assert (found is None) == (make is older)


@both
@every_shape
@every_kind
def test_a_flipped_bit_anywhere_is_an_earlier_state_or_an_error(
    make: Make, shape: Shape, compression: str
) -> None:
    """Only the bytes of the newest write may pass for torn; a reader and recovery agree."""
    case = make(compression, shape)
    disk = case.damaged(case.content)
    for offset, content in case.flips(every_bit=make is closed and shape is PLAIN):
        disk.put(case.path, content)
        found = read(disk)
        assert found in LEFT[make]
        if offset % 24 == 0:
            assert recovered(case.damaged(content), 0) == found
            assert recovered(case.damaged(content), 3) in (None, 3)
