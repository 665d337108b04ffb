"""A WAL from somebody else: right checksums, wrong content."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zlib import crc32

import pytest

from cass_snapshot.blocks import Block
from cass_snapshot.errors import WalCorrupt
from cass_snapshot.model import Tally
from cass_snapshot.wal import frames, units
from cass_snapshot.wal.blocklist import BLOCKS_MAX
from cass_snapshot.wal.fields import FormatError
from cass_snapshot.wal.format import seal
from cass_snapshot.wal.log import RangeWal
from cass_snapshot.wal.records import Commit, Header
from tests.support.forgetful_disk import ForgetfulDisk
from tests.support.wal_samples import TABLE, WAL, identity, new_disk, open_wal, segments

FOLDER = WAL / str(TABLE)


def hostile(commit: dict[str, object], rows: bytes) -> ForgetfulDisk:
    """Return a WAL whose checksums are right, as those of an attacker are."""
    disk = new_disk()
    disk.put(FOLDER / "000017-000001.wal", b"".join(signed(commit, rows)))
    return disk


def signed(commit: dict[str, object], rows: bytes) -> tuple[bytes, bytes, bytes]:
    """Return a header, rows, and the commit line of a batch, of which some things are not so."""
    opening, chain = seal(Header(identity=identity(), first_seq=1, prev="0" * 16))
    honest = Commit(
        seq=1, rows=2, words=0, size=len(rows), position=None, closing=False, synced=0, prev=chain
    )
    line, _ = seal(replace(honest, **commit), rows)  # type: ignore[arg-type]  # hostile on purpose
    return opening, rows, line


@pytest.mark.parametrize(
    ("commit", "rows"),
    [
        ({}, b'["a"]\n{"x":1}\n["b"]\n'),
        ({}, b'["a"]\n'),
        ({}, b'["a"]\n["b"]\n["c"]\n'),
        ({"size": 5}, b'["a"]\n["b"]\n'),
        ({"seq": 2}, b'["a"]\n["b"]\n'),
        ({"synced": 7}, b'["a"]\n["b"]\n'),
        ({"prev": "f" * 16}, b'["a"]\n["b"]\n'),
    ],
)
def test_a_hostile_batch_is_refused_however_well_it_is_signed(
    commit: dict[str, object], rows: bytes
) -> None:
    """The checksum is no secret: what a line says is held against its place and its rows."""
    with pytest.raises(WalCorrupt, match=r"000017-000001\.wal:"):
        open_wal(hostile(commit, rows))


@pytest.mark.parametrize(
    "commit",
    [
        *({"seq": "1"}, {"rows": -1}, {"closing": 1}, {"words": 2.0}, {"synced": 2**63}),
        *({"prev": ""}, {"tally": Tally(static_only=-1)}, {"tally": Tally(refused=2.0)}),  # type: ignore[arg-type]  # hostile on purpose
        *({"tally": Tally(nulls=(("owner", -1),))}, {"tally": Tally(nulls=(("owner", True),))}),
    ],
)
def test_a_value_of_another_type_is_no_commit_line(commit: dict[str, object]) -> None:
    """Such a line counts as bytes without meaning, and no batch comes of them."""
    assert open_wal(hostile(commit, b'["a"]\n["b"]\n')).last_seq == 0


ROWS = b'["a"]\n["b"]\n'
MIXED = b'["a"]\n{"x":1}\n["b"]\n'


def block(data: bytes = ROWS, **other: object) -> Block:
    """Return a block of these lines at the start of its batch, of which some things are not so."""
    honest = Block(offset=0, stored=len(data), size=len(data), check=crc32(data), plain=True)
    return replace(honest, **other)  # type: ignore[arg-type]  # hostile on purpose


@pytest.mark.parametrize(
    ("commit", "rows"),
    [
        ({"blocks": (block(stored=11),)}, ROWS),
        ({"blocks": (block(stored=13),)}, ROWS),
        ({"blocks": (block(stored=2**62),)}, ROWS),
        ({"blocks": (block(ROWS[:5]), block(ROWS[5:]))}, ROWS),
        ({"blocks": (block(ROWS[:7]), block(ROWS[7:]))}, ROWS),
        ({"blocks": (block(ROWS[:6]),)}, ROWS),
        ({"blocks": (block(),), "size": 11}, ROWS),
        ({"blocks": (block(),), "rows": 3}, ROWS),
        ({"blocks": (block(MIXED),)}, MIXED),
    ],
)
def test_blocks_that_are_not_the_rows_are_refused_however_well_they_are_signed(
    commit: dict[str, object], rows: bytes
) -> None:
    """Sizes add up, blocks are whole lines, and lie where the commit line says."""
    with pytest.raises(WalCorrupt, match=r"000017-000001\.wal:"):
        open_wal(hostile(commit, rows))


@pytest.mark.parametrize(
    "blocks",
    [
        (block(check=7),),
        (block(size=5),),
        (block(size=0, stored=0), block()),
        (block(size=-12), block(size=24)),
        (block(size=2**60), block(size=12 - 2**60)),
        (block(stored=0),),
        (block(check=-1),),
        (block(check=2**32),),
        (block(size="12"),),
        (block(plain=1),),
        (block(check=None),),
        (block(size=12.0),),
        (block(),) * (BLOCKS_MAX + 1),
    ],
)
def test_blocks_that_say_nothing_of_the_rows_make_no_batch(blocks: tuple[Block, ...]) -> None:
    """A torn batch looks so, or nothing does; no batch comes of it, and no memory is asked for."""
    assert open_wal(hostile({"blocks": blocks}, ROWS)).last_seq == 0


def framed(*contents: bytes) -> ForgetfulDisk:
    """Return a WAL whose only compressed segment has these frames."""
    pack = frames.compressor()
    disk = new_disk()
    disk.put(FOLDER / "000017-000001.wal.zst", b"".join(map(pack.compress, contents)))
    return disk


@pytest.mark.parametrize(
    ("blocks", "contents"),
    [
        ((block(ROWS[:6]), block(ROWS[6:])), (ROWS,)),
        ((block(ROWS),), (ROWS[:6], ROWS[6:])),
        ((), (ROWS[:6], ROWS[6:])),
        ((block(ROWS[:6], stored=19), block(ROWS[6:], stored=20)), (ROWS[:6], ROWS[6:])),
    ],
)
def test_frames_that_are_not_the_blocks_are_refused(
    blocks: tuple[Block, ...], contents: tuple[bytes, ...]
) -> None:
    """One frame a block, each as large as the commit line says."""
    there = identity("zstd")
    opening, chain = seal(Header(identity=there, first_seq=1, prev="0" * 16))
    honest = Commit(
        seq=1, rows=2, words=0, size=12, position=None, closing=False, synced=0, prev=chain
    )
    line, _ = seal(replace(honest, blocks=blocks), ROWS)
    with pytest.raises(WalCorrupt, match="blocks that lie elsewhere"):
        open_wal(framed(opening, *contents, line), "zstd")


def test_more_blocks_than_any_batch_has_make_no_batch() -> None:
    """Though each of them is there, and is right."""
    many = BLOCKS_MAX + 1
    blocks = (block(b"[1]\n"),) * many
    commit = {"rows": many, "size": 4 * many, "blocks": blocks}
    assert open_wal(hostile(commit, b"[1]\n" * many)).last_seq == 0


def test_frames_of_rows_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch has so many blocks and bytes, and no more are unpacked to look for its end."""
    opening, _ = seal(Header(identity=identity("zstd"), first_seq=1, prev="0" * 16))
    with pytest.raises(WalCorrupt, match="more blocks than any batch has"):
        open_wal(framed(opening, *[b"[1]\n"] * (BLOCKS_MAX + 1)), "zstd")
    monkeypatch.setattr(units, "UNIT_BYTES_MAX", 100)
    disk = framed(*[b"[%d]\n" % 10**16] * 4, b"{}\n")
    (path,) = segments(disk)
    unpack = frames.decompressor()
    assert units.unit_of_frames(disk.open(path), 0, unpack).size == len(disk.content(path))
    disk = framed(*[b"[%d]\n" % 10**16] * 5, b"{}\n")
    with pytest.raises(FormatError, match="of a size that this tool does not write"):
        units.unit_of_frames(disk.open(path), 0, unpack)


def test_a_block_that_would_begin_before_its_file_is_not_looked_for(tmp_path: Path) -> None:
    """In a torn tail, a commit line leads to its blocks; this one to nowhere."""
    blocks = (block(stored=2**40),)
    opening, rows, line = signed({"blocks": blocks}, ROWS)
    disk = framed(opening[5:], rows, line)
    folder = tmp_path / str(TABLE)
    folder.mkdir(mode=0o700)
    path = folder / "000017-000001.wal.zst"
    path.touch(mode=0o600)
    path.write_bytes(disk.content(FOLDER / path.name))
    assert RangeWal.open(tmp_path, identity("zstd"), checkpoint_seq=0).last_seq == 0
