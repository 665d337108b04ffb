"""What a commit line says of the blocks of its batch: ``[size, stored, check, plain]`` of each.

Where a block lies need not be said: the first begins where its batch does, each other one where the
one before it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

from cass_snapshot.blocks import Block, Cut
from cass_snapshot.wal.fields import Fields, FormatError, SignedError

BLOCKS_MAX = 16_384
"""Four times what the largest batch has in blocks of 64 KiB; a commit line of so many is read."""
_CHECK_END = 2**32
_Sizes = tuple[int, int, int, bool]


def placed(sizes: Iterable[_Sizes], offset: int = 0) -> tuple[Block, ...]:
    """Return blocks that lie one after the other from an offset on, by what is said of each."""
    found = []
    for size, stored, check, plain in sizes:
        found.append(Block(offset=offset, stored=stored, size=size, check=check, plain=plain))
        offset += stored
    return tuple(found)


def sizes_of(blocks: Iterable[Block]) -> list[_Sizes]:
    """Return what is said of each block."""
    return [(block.size, block.stored, block.check, block.plain) for block in blocks]


def cuts_of(blocks: Iterable[Block]) -> tuple[Cut, ...]:
    """Return the cuts that these blocks were made of."""
    return tuple(Cut(size=block.size, plain=block.plain) for block in blocks)


def blocks_fields(blocks: Iterable[Block]) -> dict[str, object]:
    """Return the member of a commit line; none for a batch without blocks."""
    sizes = sizes_of(blocks)
    return {"blocks": sizes} if sizes else {}


def blocks(fields: Fields) -> tuple[Block, ...]:
    """Return what ``blocks_fields`` wrote, placed from 0 on.

    Raises:
        FormatError: it is something else.
    """
    if "blocks" not in fields:
        return ()
    found = fields.rows_of("blocks", (int, int, int, bool))
    if not 0 < len(found) <= BLOCKS_MAX:
        raise FormatError("no batch has so many blocks")
    for size, stored, check, _ in found:
        if size < 1 or stored < 1 or not 0 <= check < _CHECK_END:
            raise FormatError("a block of an impossible size or checksum")
    return placed((size, stored, check, plain) for size, stored, check, plain in found)


def check_blocks(data: bytes | memoryview, blocks: Sequence[Block]) -> None:
    """Refuse lines that are not those of the blocks.

    Raises:
        FormatError: they are not what was written.
        SignedError: they are, and the blocks are not whole lines, or not all of them.
    """
    start = 0
    with memoryview(data) as view:
        for block in blocks:
            if crc32(view[start : start + block.size]) != block.check:
                raise FormatError("the checksum of a block does not fit")
            start += block.size
    if not tiles(data, [block.size for block in blocks]):
        raise SignedError("the rows are not blocks of whole lines")


def tiles(data: bytes | memoryview, sizes: Iterable[int]) -> bool:
    """Tell whether stretches of these sizes are whole lines and cover the data once."""
    start = 0
    for size in sizes:
        end = start + size
        if size < 1 or data[start : start + 1] != b"[" or data[end - 2 : end] != b"]\n":
            return False
        start = end
    return start == len(data)
