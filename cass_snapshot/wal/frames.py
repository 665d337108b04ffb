"""zstd, one frame for each control line with its rows, and nothing that a frame says believed.

A frame is walked by its block headers first, so that exactly its bytes are decompressed, in one
call, into a buffer of the size that it declares: a torn frame, a frame without checksum or size,
and one that would grow beyond the limits, all raise (rule 9: streaming readers return short).

    magic | descriptor, window, content size | blocks: last:1 type:2 size:21, bytes | checksum:4
"""

from __future__ import annotations

from collections.abc import Callable

import zstandard

from cass_snapshot.wal.fields import FormatError

MAGIC = b"\x28\xb5\x2f\xfd"
LEVEL = 1
"""Rows of hex and text gain little above it, at several times the cost."""
WINDOW_BYTES_MAX = 8 * 2**20
_HEADER_BYTES_MAX = 18
_BLOCK_BYTES_MAX = 128 * 2**10
_CHECKSUM_BYTES = 4
_RLE, _RESERVED = 1, 3

ReadAt = Callable[[int, int], bytes]
"""Gives up to so many bytes from an offset, fewer at the end alone."""


class CutShortError(FormatError):
    """The bytes end before the frame does, as after a crash."""


def compressor() -> zstandard.ZstdCompressor:
    """Return a compressor for this process and thread; contexts are never shared."""
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, write_content_size=True)


def decompressor() -> zstandard.ZstdDecompressor:
    """Return a decompressor for this process and thread."""
    return zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MAX)


def frame_size(read_at: ReadAt, offset: int, content_bytes_max: int) -> int:
    """Return how many bytes the frame at ``offset`` has, without decompressing any.

    Raises:
        CutShortError: the bytes end before the frame.
        FormatError: no frame of ours begins here.
    """
    content, at = _header(read_at(offset, _HEADER_BYTES_MAX), content_bytes_max)
    at += offset
    for _ in range(content // 1024 + 16):  # blocks are large; a hostile file cannot keep us here
        block = read_at(at, 3)
        if len(block) < 3:  # noqa: PLR2004 a block header
            raise CutShortError("a frame ends within a block")
        bits = int.from_bytes(block, "little")
        last, kind, size = bits & 1, bits >> 1 & 3, bits >> 3
        if kind == _RESERVED or size > _BLOCK_BYTES_MAX:
            raise FormatError("a block that zstd does not know")
        at += 3 + (1 if kind == _RLE else size)
        if last:
            return at + _CHECKSUM_BYTES - offset
    raise FormatError("a frame of too many blocks")


def declared_size(read_at: ReadAt, offset: int, content_bytes_max: int) -> int:
    """Return how many bytes the frame at ``offset`` says that it holds, 0 where none of ours is."""
    try:
        return _header(read_at(offset, _HEADER_BYTES_MAX), content_bytes_max)[0]
    except FormatError:
        return 0


def content_of(decompressor: zstandard.ZstdDecompressor, frame: bytes | memoryview) -> bytes:
    """Return what a whole frame holds, its checksum verified.

    Raises:
        FormatError: it is damaged.
    """
    try:
        return decompressor.decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise FormatError("a frame does not decompress") from error


def _header(start: bytes, content_bytes_max: int) -> tuple[int, int]:
    """Return the content size that a frame header declares, and the header's own size."""
    if not start.startswith(MAGIC[: len(start)]):
        raise FormatError("no frame begins here")
    try:
        found = zstandard.get_frame_parameters(start)
        size = zstandard.frame_header_size(start)
    except zstandard.ZstdError as error:
        raise CutShortError("a frame ends within its header") from error
    if not found.has_checksum or found.dict_id:
        raise FormatError("a frame that this tool does not write")
    if not 0 < found.content_size <= content_bytes_max:
        raise FormatError("a frame of a size that this tool does not write")
    if found.window_size > max(WINDOW_BYTES_MAX, found.content_size):
        raise FormatError("a frame that asks for too much memory")
    return found.content_size, size
