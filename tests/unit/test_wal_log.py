"""The log of a range on real files: what its callers rely on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cass_snapshot.errors import LockedError, PreflightError, RangeFailed, StateError, UsageError
from cass_snapshot.model import Lines, TableName
from cass_snapshot.protocols import Wal
from cass_snapshot.wal import log
from cass_snapshot.wal.log import RangeWal
from cass_snapshot.wal.reader import RangeReader, find_ranges, wal_size
from tests.support.wal_samples import (
    TABLE,
    WAL,
    append,
    contents,
    identity,
    new_disk,
    open_wal,
    samples,
)

BATCHES = samples(5, closing=True)
both = pytest.mark.parametrize("compression", ["none", "zstd"])


def opened(folder: Path, compression: str = "none", checkpoint_seq: int = 0) -> RangeWal:
    """Open the log of range 17 on the real disk."""
    return RangeWal.open(
        folder, identity(compression), checkpoint_seq=checkpoint_seq, segment_bytes_max=700
    )


def test_the_log_keeps_the_contract() -> None:
    """Capture and apply know the log by its contract alone."""
    wal: Wal = open_wal(new_disk())
    assert wal.last_seq == 0


@both
def test_a_range_is_written_read_back_and_found(tmp_path: Path, compression: str) -> None:
    """Segments rotate, close with the closing batch, and a reader sees what the writer wrote."""
    wal = opened(tmp_path, compression)
    batches = [append(wal, one) for one in BATCHES]
    wal.close()
    assert wal.closed
    assert list(wal.replay(0)) == batches
    reader = RangeReader(tmp_path, TABLE, 17)
    assert (reader.first_seq, reader.last_seq, reader.closed) == (1, 5, True)
    assert reader.identity == identity(compression)
    assert list(reader.replay(2)) == batches[2:]
    assert find_ranges(tmp_path) == [(TABLE, 17)]
    files = list(tmp_path.rglob("*.wal*"))
    assert wal_size(tmp_path) == (sum(path.stat().st_size for path in files), len(files))
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert opened(tmp_path, compression, checkpoint_seq=5).closed


def test_merely_opening_a_log_writes_nothing(tmp_path: Path) -> None:
    """The first segment comes with the first batch."""
    opened(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_a_range_without_rows_has_a_closing_batch_without_rows(tmp_path: Path) -> None:
    """The end of a range is durable like any batch (I8)."""
    wal = opened(tmp_path)
    batch = wal.append(Lines(data=b"", rows=0, words=0), None, closing=True)
    assert batch.position is None
    assert list(RangeReader(tmp_path, TABLE, 17).replay(0)) == [batch]


def test_a_range_of_one_batch_costs_one_write_and_one_sync() -> None:
    """Header, rows, commit line and footer go together; the names are made durable before."""
    disk = new_disk()
    append(open_wal(disk), BATCHES[-1])
    assert disk.operations == [
        "make directory",
        "sync directory",
        "create",
        "sync directory",
        "write",
        "sync",
    ]


def test_nothing_follows_the_closing_batch() -> None:
    """Not in this life of the log and not in the next."""
    disk = new_disk()
    wal = open_wal(disk)
    append(wal, BATCHES[-1])
    for closed in (wal, open_wal(disk)):
        with pytest.raises(StateError, match="has its closing batch already"):
            append(closed, BATCHES[0])


@pytest.mark.parametrize("fail_at", [3, 4, 5, 6])
def test_a_failed_write_or_sync_ends_the_log(fail_at: int) -> None:
    """No later call tries again on that file, and closing writes no footer (rule 7)."""
    disk = new_disk()
    disk.fail_at = fail_at
    wal = open_wal(disk)
    with pytest.raises(OSError, match=f"operation {fail_at}"):
        append(wal, BATCHES[0])
    done = len(disk.operations)
    with pytest.raises(OSError, match="ended with a failed write"):
        append(wal, BATCHES[0])
    with pytest.raises(OSError, match="ended with a failed write"):
        list(wal.replay(0))
    wal.close()
    assert len(disk.operations) == done
    assert append(open_wal(disk), BATCHES[0]).seq in (1, 2)


def test_a_reader_beside_a_writer_sees_whole_batches() -> None:
    """What is half written when it looks is not there yet, and is there when it looks again."""
    disk = new_disk()
    wal = open_wal(disk)
    first = append(wal, BATCHES[0])
    reader = RangeReader(WAL, TABLE, 17, files=disk)
    assert (reader.last_seq, reader.closed) == (1, False)
    append(wal, BATCHES[1])
    replay = RangeReader(WAL, TABLE, 17, files=disk).replay(0)
    assert next(replay) == first
    append(wal, BATCHES[2])
    assert contents(replay) == BATCHES[1:2]
    assert contents(RangeReader(WAL, TABLE, 17, files=disk).replay(0)) == BATCHES[:3]


def test_a_range_whose_only_segment_was_merely_begun_reads_as_empty() -> None:
    """Nothing of it was ever reported."""
    disk = new_disk()
    disk.put(WAL / "shop.orders" / "000017-000001.wal", b'{"wal":1,')
    reader = RangeReader(WAL, TABLE, 17, files=disk)
    assert (list(reader.replay(0)), reader.last_seq, reader.closed) == ([], 0, False)
    with pytest.raises(StateError, match="no batch of this range"):
        _ = reader.identity
    with pytest.raises(StateError, match="no segment of this range"):
        RangeReader(WAL, TABLE, 18, files=disk)


def test_only_segments_are_found() -> None:
    """Copies of torn tails, temporary and foreign files are no ranges."""
    disk = new_disk()
    for name in ("000003-000001.wal", "000002-000009.wal.zst", "000001-000001.wal.torn-0"):
        disk.put(WAL / "shop.orders" / name, b"")
    for name in ("3-1.wal", "0000004-000001.wal", "000005-000000.wal", ".000006-000001.wal.tmp"):
        disk.put(WAL / "shop.orders" / name, b"")
    disk.put(WAL / "no-table" / "000007-000001.wal", b"")
    assert find_ranges(WAL, files=disk) == [(TABLE, 2), (TABLE, 3)]


def test_lines_that_could_not_be_read_back_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is whole lines and no larger than a reader takes; the log goes on after it."""
    wal = open_wal(new_disk())
    for data, rows in ((b'["a"]', 1), (b'{"a":1}\n', 1), (b'["a"]\n', 0), (b"", 1)):
        with pytest.raises(ValueError, match="whole JSON lines"):
            wal.append(Lines(data=data, rows=rows, words=0), None, closing=False)
    monkeypatch.setattr(log, "BATCH_BYTES_MAX", 10)
    with pytest.raises(RangeFailed, match="a batch is larger than a WAL takes"):
        append(wal, BATCHES[0])
    assert wal.append(Lines(data=b'["a"]\n', rows=1, words=0), None, closing=False).seq == 1


def test_a_table_name_cannot_leave_the_wal_folder() -> None:
    """Names come from servers and headers; only letters, digits and _ become a path."""
    for name in ("../x", "a/b", "", "a.b", "é", "x" * 260):
        with pytest.raises(PreflightError, match="the WAL has no folder"):
            RangeReader(WAL, TableName(keyspace="shop", name=name), 1)


def test_a_real_segment_is_locked_while_it_is_written(tmp_path: Path) -> None:
    """The lock is the operating system's: a second process meets it too (I5)."""
    wal = opened(tmp_path)
    append(wal, BATCHES[0])
    with pytest.raises(LockedError):
        opened(tmp_path)
    wal.close()
    assert opened(tmp_path).last_seq == 1


def test_a_replay_left_early_closes_its_file(tmp_path: Path) -> None:
    """Descriptors do not pile up with readers that stop."""
    wal = opened(tmp_path)
    for one in BATCHES:
        append(wal, one)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 their number alone
    for _ in range(5):
        replay = wal.replay(0)
        next(replay)
        del replay
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 their number alone


def test_an_unknown_compression_is_refused_before_anything_is_written() -> None:
    """A segment that claims it could not be read back."""
    with pytest.raises(UsageError, match="no compression 'lz4'; fix: choose one of none, zstd"):
        open_wal(new_disk(), "lz4")
