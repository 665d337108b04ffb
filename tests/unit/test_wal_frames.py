"""zstd frames: whole and ours, or refused, and never more memory than the limits."""

from __future__ import annotations

import os

import pytest
import zstandard

from cass_snapshot.wal import frames
from cass_snapshot.wal.fields import FormatError

MAX = 2**20
NOISE = os.urandom(400_000)
CONTENT = b'["0f3a","a name",12,null]\n' * 20_000


def size_of(data: bytes, offset: int = 0) -> int:
    """Return the size of the frame at an offset of these bytes."""
    return frames.frame_size(lambda at, size: data[at : at + size], offset, MAX)


def content(data: bytes) -> bytes:
    """Return what a frame holds."""
    return frames.content_of(frames.decompressor(), data)


@pytest.mark.parametrize("data", [b"x", CONTENT, NOISE, b"\0" * MAX])
def test_a_frame_is_measured_without_decompressing_it(data: bytes) -> None:
    """Stored, compressed and repeated blocks all count; what follows does not."""
    frame = frames.compressor().compress(data)
    assert size_of(frame + b"more", 0) == len(frame)
    assert size_of(b"before" + frame, 6) == len(frame)
    assert content(frame) == data


@pytest.mark.parametrize("size", [0, 3, 4, 6, 9, 12, 100, -5, -1])
def test_a_torn_frame_raises(size: int) -> None:
    """No short result passes for a whole one (rule 9)."""
    frame = frames.compressor().compress(NOISE)[:size]
    with pytest.raises(FormatError):
        frames.content_of(frames.decompressor(), frame[: size_of(frame)])
    with pytest.raises(FormatError):
        content(frame)


def test_a_frame_larger_than_the_limit_is_refused_before_it_grows() -> None:
    """Zeros compress to nothing; the declared size decides."""
    bomb = frames.compressor().compress(b"\0" * (MAX + 1))
    assert len(bomb) < 200
    with pytest.raises(FormatError, match="of a size"):
        size_of(bomb)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((False, True), "does not write"),
        ((True, False), "of a size"),
    ],
)
def test_a_frame_of_another_writer_is_refused(options: tuple[bool, bool], why: str) -> None:
    """Without checksum a flipped bit passes; without size it may grow."""
    checksum, size = options
    writer = zstandard.ZstdCompressor(write_checksum=checksum, write_content_size=size)
    frame = writer.compress(CONTENT)
    with pytest.raises(FormatError, match=why):
        size_of(frame)


def test_a_window_above_the_limit_is_refused() -> None:
    """A frame cannot ask for more memory than a batch has."""
    parameters = zstandard.ZstdCompressionParameters(
        window_log=25, write_checksum=True, write_content_size=True, enable_ldm=True
    )
    writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = writer.compress(CONTENT) + writer.flush()
    with pytest.raises(FormatError):
        size_of(frame)


def test_blocks_without_content_cannot_keep_us() -> None:
    """The walk over blocks ends, however many a hostile file has."""
    header = frames.compressor().compress(b"x")[:6]
    with pytest.raises(FormatError, match="too many blocks"):
        size_of(header + b"\0\0\0" * 1000)


@pytest.mark.parametrize(
    "start", [b"\x50\x2a\x4d\x18\x04\0\0\0abcd", b"plain text", b"\x28\xb5\x2f\xfe"]
)
def test_what_is_no_frame_is_refused(start: bytes) -> None:
    """Skippable frames and anything else have no place in a segment."""
    with pytest.raises(FormatError, match="no frame begins here"):
        size_of(start)
