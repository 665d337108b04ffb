"""Batches and identities that the WAL's tests share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from cass_snapshot.blocks import Cut
from cass_snapshot.model import (
    Batch,
    Lines,
    Position,
    TableName,
    Tally,
    TokenRange,
    WalColumn,
    WalIdentity,
)
from cass_snapshot.wal.disk import Files
from cass_snapshot.wal.log import RangeWal
from cass_snapshot.wal.reader import RangeReader
from tests.support.forgetful_disk import ForgetfulDisk

WAL = Path("/wal")
TABLE = TableName(keyspace="shop", name="orders")
RANGE = TokenRange(number=17, start=-(2**63), end=4611686018427387904)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What goes into a batch."""

    lines: Lines
    position: Position | None
    closing: bool = False


def identity(compression: str = "none", epoch: int = 1) -> WalIdentity:
    """Return what the segments of range 17 say of themselves."""
    return WalIdentity(
        run_id="20261120T104211-k3f9",
        source="cassandra",
        target="mysql",
        schema="9c",
        table=TABLE,
        columns=(WalColumn(name="id", type="uuid", form="uuid"),),
        range=RANGE,
        epoch=epoch,
        compression=compression,
    )


NOTHING = Tally()


def sample(
    *rows: list[object], token: int = 0, closing: bool = False, tally: Tally = NOTHING
) -> Sample:
    """Return a batch of these rows, placed at a token."""
    data = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    words = sum(value is None or isinstance(value, bool) for row in rows for value in row)
    position = Position(token=token, partition_key=(b"\x00k",), clustering=()) if rows else None
    return Sample(
        lines=Lines(data=data, rows=len(rows), words=words, tally=tally),
        position=position,
        closing=closing,
    )


def samples(count: int, *, closing: bool) -> list[Sample]:
    """Return small batches that all differ; the last one closes the range where asked."""
    made = [
        sample(
            [f"key {n}", n, None],
            [f"é{n}", "\u2028", True],
            token=n - 2,
            tally=Tally(refused=n % 2),
        )
        for n in range(count)
    ]
    if closing:
        made[-1] = sample([f"key {count}", count], token=count, closing=True)
    return made


def in_blocks(one: Sample, lines: int = 1) -> Sample:
    """Return the batch cut into blocks of so many lines; every other one is plain."""
    rows = one.lines.data.splitlines(keepends=True)
    sizes = [len(b"".join(rows[at : at + lines])) for at in range(0, len(rows), lines)]
    cuts = tuple(Cut(size=size, plain=n % 2 == 0) for n, size in enumerate(sizes))
    return replace(one, lines=replace(one.lines, cuts=cuts))


def contents(batches: Iterable[Batch]) -> list[Sample]:
    """Return what batches hold, without where they lie."""
    return [Sample(lines=b.lines, position=b.position, closing=b.closing) for b in batches]


def append(wal: RangeWal, one: Sample) -> Batch:
    """Append a sample."""
    return wal.append(one.lines, one.position, closing=one.closing)


def open_wal(
    files: Files,
    compression: str = "none",
    *,
    checkpoint_seq: int = 0,
    segment_bytes_max: int = 2**20,
    epoch: int = 1,
) -> RangeWal:
    """Open the log of range 17."""
    return RangeWal.open(
        WAL,
        identity(compression, epoch),
        checkpoint_seq=checkpoint_seq,
        segment_bytes_max=segment_bytes_max,
        files=files,
    )


def read_back(files: Files) -> list[Sample]:
    """Return every batch of range 17, as a reader sees it."""
    return contents(RangeReader(WAL, TABLE, RANGE.number, files=files).replay(0))


def new_disk() -> ForgetfulDisk:
    """Return an empty disk with a wal folder."""
    disk = ForgetfulDisk()
    disk.put(WAL / "placeholder", b"")
    return disk


def segments(disk: ForgetfulDisk) -> list[Path]:
    """Return the segment files of the table, in order."""
    folder = WAL / str(TABLE)
    return [folder / name for name in sorted(disk.names(folder)) if ".torn" not in name]


def written(
    batches: Iterable[Sample],
    compression: str = "none",
    *,
    seal: bool = True,
    segment_bytes_max: int = 2**20,
) -> ForgetfulDisk:
    """Return a disk on which these batches were written and synced."""
    disk = new_disk()
    wal = open_wal(disk, compression, segment_bytes_max=segment_bytes_max)
    for one in batches:
        append(wal, one)
    if seal:
        wal.close()
        return disk
    return disk
