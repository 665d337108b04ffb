"""Segments that the first release wrote: read, repaired, continued; never with blocks."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from zlib import crc32

import pytest

from cass_snapshot.blocks import Block
from cass_snapshot.errors import WalCorrupt
from cass_snapshot.wal.fields import FormatError
from cass_snapshot.wal.format import parse, seal
from cass_snapshot.wal.reader import RangeReader
from cass_snapshot.wal.records import Commit, Header
from cass_snapshot.wal.removal import remove_applied
from tests.support.forgetful_disk import ForgetfulDisk
from tests.support.wal_samples import (
    RANGE,
    TABLE,
    WAL,
    append,
    contents,
    in_blocks,
    new_disk,
    open_wal,
    read_back,
    sample,
    samples,
    segments,
)

HEADER = (
    b'{"wal":1,"run":"20261120T104211-k3f9","source":"cassandra","target":"mysql","schema":"9c",'
    b'"table":["shop","orders"],"columns":[["id","uuid","uuid"]],"range":17,'
    b'"start":-9223372036854775808,"end":4611686018427387904,"epoch":1,"compression":"none",'
    b'"first_seq":1,"prev":"0000000000000000","sum":"3d5de051ad211a27"}\n'
)
PLAIN = HEADER + (
    b'["key 0",0,null]\n["\xc3\xa90","\xe2\x80\xa8",true]\n'
    b'{"commit":1,"rows":2,"words":2,"bytes":36,"position":{"token":-2,"pk":["006b"],"ck":[]},'
    b'"closing":false,"synced":0,"prev":"3d5de051ad211a27","sum":"c4c1c027eede5c48"}\n'
    b'["key 1",1,null]\n["\xc3\xa91","\xe2\x80\xa8",true]\n'
    b'{"commit":2,"rows":2,"words":2,"bytes":36,"position":{"token":-1,"pk":["006b"],"ck":[]},'
    b'"closing":false,"tally":{"refused":1},"synced":515,"prev":"c4c1c027eede5c48",'
    b'"sum":"f082b931836ec740"}\n'
)
FOOTER = (
    b'{"footer":true,"batches":2,"rows":4,"bytes":72,"last_seq":2,"synced":742,'
    b'"prev":"f082b931836ec740","sum":"324abd3268413e72"}\n'
)
FRAMES = b64decode(
    "KLUv/WQ4ADUHAAaRNCFgZ5wDMFNT28KwbZ9HRJDfq2LrIHggtr3YRJzJAQZhEucqACoAKwB7iBXRQc+7uDiu273v+cUI"
    "9vNJYg0UUlKHpgBVKTGl6nsnis+0Z1zBEQLxeThE0fML44qyb6eJGPieh3fkJcLnH7joK3tmEC/53jW8eP0802iD5gHw"
    "4eehCdIWoo6WlDWWEjv2i8PPps2AIIehsaUKWUuppLCHooP6iaQ9KxwXAAlHqK6n7KlLuIZg/b6J+nn9noDj0+AWgDoy"
    "Es8vUB9870BGN8engW/xAgUAuOYabb5sjTBTWY2JVkUBbD1TdSi1L/0ky00FAFIMKCaQJWoM/8fvRH5mdvo/6Q9iabrG"
    "sgC95M4ldkVlQ2r8B4Oa5OwiXMbihhzbkkOyDTsOCWPrkfXGmUxDS6QlQzABZnOdYKlpTL3ZJl1v3AcxhD4gOc9BbVws"
    "iv60cZlBMlf0ZxoLAbq0j6tW6JJzKue5aUQM+tvqYhrKJcaC/hKOGg+9cqLItRXGshZV4QYFCeN5gLBiLBBkSZh4Alz7"
    "rAQBAN6hQAFK5LzWKLUv/STjxQUAgk0rJqCl6f/zqgcDwOlNyLHfdheyuxN538q9Laq/ANmslSYEuAQJVXB4RXVDHy1B"
    "jN0EcetIDOc/kry+re2mFJR2bAsKY+cLdARd15HwXTc4yWu1fNdSQnR0ij+9x+a15WMIfgBsZHztWjEL32lX5odlGF/4"
    "DnRdAD5sJ85TfBib2cgIXRfClz2ng4tiQiZidD34s3me2E4VTEvR1BMMHFy/BQZfCuY9CerqlzC18yUCAC1DileBAuAD"
    "q9I="
)
FRAMED_FOOTER = b64decode(
    "KLUv/SR9XQMAgocYGnBJ3KBB8dxCDUoRayyn/2tPvLdb7rP0s64IgMYLU+wwisw6h52k3xeSPh5xLjVHKWoYkoq+T7A7"
    "HE0ie8bLsGgEd+B1Ihzz7JvfQh1134rmjrlvHqyX1JET9/aOX2uCMwIBAEgEBQVpSB2B"
)
BATCHES = samples(2, closing=False)
FOLDER = WAL / str(TABLE)
OLD = {"none": (PLAIN, FOOTER), "zstd": (FRAMES, FRAMED_FOOTER)}
both = pytest.mark.parametrize("compression", OLD)


def old(compression: str, *, sealed: bool, more: bytes = b"") -> ForgetfulDisk:
    """Return a disk with a segment of version 1, and bytes behind it."""
    disk = new_disk()
    ending = ".zst" if compression == "zstd" else ""
    batches, footer = OLD[compression]
    content = batches + (footer if sealed else b"") + more
    disk.put(FOLDER / f"000017-000001.wal{ending}", content)
    return disk


@both
@pytest.mark.parametrize("sealed", [True, False])
def test_batches_of_version_1_are_read_and_new_ones_follow(compression: str, sealed: bool) -> None:
    """One chain goes through the segments of both versions; the batches have no blocks."""
    disk = old(compression, sealed=sealed)
    assert read_back(disk) == BATCHES
    wal = open_wal(disk, compression)
    new = append(wal, in_blocks(sample(["c", 3], ["d", 4])))
    wal.close()
    assert sealed == (disk.content(segments(disk)[0]) == b"".join(OLD[compression]))
    found = list(RangeReader(WAL, TABLE, RANGE.number, files=disk).replay(0))
    assert contents(found[:2]) == BATCHES
    assert [len(batch.blocks) for batch in found] == [0, 0, 2]
    assert found[2] == new
    assert open_wal(disk, compression, checkpoint_seq=3).last_seq == 3


@both
def test_a_torn_tail_of_version_1_is_cut(compression: str) -> None:
    """A crash of the release before this one is repaired by this one (I6)."""
    batches, footer = OLD[compression]
    disk = old(compression, sealed=False, more=footer[:-9])
    assert open_wal(disk, compression).last_seq == 2
    assert read_back(disk) == BATCHES
    (path,) = segments(disk)
    assert disk.content(path.with_name(f"{path.name}.torn-{len(batches)}")) == footer[:-9]


@both
def test_damage_in_version_1_is_refused(compression: str) -> None:
    """A later line says that the first batch was durable."""
    disk = old(compression, sealed=True)
    (path,) = segments(disk)
    content = bytearray(disk.content(path))
    content[400] ^= 1
    disk.put(path, bytes(content))
    with pytest.raises(WalCorrupt):
        open_wal(disk, compression)


@both
def test_a_segment_of_version_1_is_removed_like_any(compression: str) -> None:
    """Its footer says as much."""
    disk = old(compression, sealed=True)
    remove_applied(WAL, TABLE, RANGE.number, checkpoint_seq=2, closed=True, files=disk)
    assert segments(disk) == []


def test_blocks_in_a_segment_of_version_1_are_refused() -> None:
    """That release wrote none, however well they are signed."""
    header = parse(HEADER)
    assert isinstance(header, Header)
    assert (header.version, seal(header)[0]) == (1, HEADER)
    with pytest.raises(FormatError, match="no segment of format 1 to 2"):
        parse(seal(replace(header, version=0))[0])
    rows = b'["a"]\n'
    block = Block(offset=0, stored=6, size=6, check=crc32(rows), plain=True)
    commit = Commit(
        seq=1,
        rows=1,
        words=0,
        size=6,
        position=None,
        closing=False,
        synced=0,
        prev=seal(header)[1],
        blocks=(block,),
    )
    disk = new_disk()
    disk.put(FOLDER / "000017-000001.wal", HEADER + rows + seal(commit)[0])
    with pytest.raises(WalCorrupt, match="blocks that lie elsewhere"):
        open_wal(disk)
