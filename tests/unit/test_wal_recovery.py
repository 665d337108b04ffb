"""What recovery repairs, what it refuses, and how it names what it found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cass_snapshot.errors import Fenced, LockedError, StateError, WalCorrupt
from cass_snapshot.model import TableName, TokenRange
from cass_snapshot.wal.log import RangeWal
from cass_snapshot.wal.names import parse_segment
from cass_snapshot.wal.recovery import Recovered
from tests.support.forgetful_disk import ForgetfulDisk
from tests.support.wal_samples import (
    TABLE,
    WAL,
    append,
    contents,
    identity,
    new_disk,
    open_wal,
    read_back,
    samples,
    segments,
    written,
)

BATCHES = samples(6, closing=False)
FOLDER = WAL / str(TABLE)


def three_segments(compression: str = "none") -> ForgetfulDisk:
    """Return a disk with batches 1 and 2, 3 and 4, 5 and 6 in segments of their own."""
    disk = written(BATCHES, compression, segment_bytes_max=450 if compression == "zstd" else 600)
    assert [path.name[7:13] for path in segments(disk)] == ["000001", "000003", "000005"]
    return disk


def without(disk: ForgetfulDisk, *paths: Path) -> ForgetfulDisk:
    """Return the disk lacking some files."""
    left = new_disk()
    for path in segments(disk):
        if path not in paths:
            left.put(path, disk.content(path))
    return left


def refusal(disk: ForgetfulDisk, checkpoint_seq: int = 0) -> str:
    """Return how opening is refused."""
    with pytest.raises(WalCorrupt) as caught:
        open_wal(disk, checkpoint_seq=checkpoint_seq)
    return str(caught.value)


def test_a_torn_tail_is_kept_beside_its_segment_and_cut() -> None:
    """The whole batches stay, the segment is sealed, the cut bytes remain for a human (I6)."""
    disk = written(BATCHES[:2], seal=False)
    (path,) = segments(disk)
    whole = disk.content(path)
    disk.put(path, whole + b'["half a row')
    assert open_wal(disk).last_seq == 2
    assert disk.content(path.with_name(f"{path.name}.torn-{len(whole)}")) == b'["half a row'
    assert disk.content(path).startswith(whole + b'{"footer":true,')
    assert read_back(disk) == BATCHES[:2]


def test_different_tails_cut_at_one_place_are_all_kept() -> None:
    """A second copy gets another name; the same bytes again do not."""
    disk = written(BATCHES[:2], seal=False)
    (path,) = segments(disk)
    whole = disk.content(path)
    for tail in (b"one", b"two", b"one"):
        disk.put(path, whole + tail)
        open_wal(disk)
    copies = sorted(name for name in disk.names(FOLDER) if ".torn-" in name)
    assert [disk.content(FOLDER / name) for name in copies] == [b"one", b"two"]


def test_a_segment_without_a_batch_is_moved_aside_and_its_name_used_again() -> None:
    """The creation of a segment was interrupted: nothing in it was ever reported."""
    disk = written(BATCHES[:2])
    for content in (b"", b'{"wal":1,"run', disk.content(segments(disk)[0])[:400]):
        begun = FOLDER / "000017-000003.wal"
        disk.put(begun, content.replace(b'"first_seq":1', b'"first_seq":3'))
        wal = open_wal(disk, checkpoint_seq=2)
        assert wal.last_seq == 2
        assert not any(path == begun for path in segments(disk))
    assert append(wal, BATCHES[2]).segment == "shop.orders/000017-000003.wal"
    assert read_back(disk) == BATCHES[:3]


def test_opening_an_untouched_log_again_writes_the_same_bytes() -> None:
    """Recovery repeats itself without adding anything."""
    disk = three_segments()
    before = {path: disk.content(path) for path in segments(disk)}
    assert open_wal(disk).last_seq == 6
    assert {path: disk.content(path) for path in segments(disk)} == before
    assert sorted(disk.names(FOLDER)) == sorted(path.name for path in before)


def test_a_lost_run_directory_continues_from_the_checkpoint() -> None:
    """Without any segment the target says which batch comes next."""
    disk = new_disk()
    wal = open_wal(disk, checkpoint_seq=41)
    assert wal.last_seq == 41
    assert append(wal, BATCHES[0]).seq == 42
    assert contents(wal.replay(41)) == BATCHES[:1]
    wal.close()
    assert open_wal(disk, checkpoint_seq=42).last_seq == 42


def test_a_replay_of_batches_that_are_gone_is_refused() -> None:
    """Batches below the first segment were not lost in silence: they are named."""
    wal = open_wal(new_disk(), checkpoint_seq=41)
    append(wal, BATCHES[0])
    with pytest.raises(WalCorrupt, match="batches 11 to 41 are not in the WAL any more"):
        next(wal.replay(10))


@pytest.mark.parametrize("checkpoint_seq", [3, 7])
def test_a_checkpoint_past_the_newest_batch_is_corruption(checkpoint_seq: int) -> None:
    """What the target has was durable here once: a cut below it is no crash's (rule 3a)."""
    disk = written(BATCHES[:2], seal=False)
    (path,) = segments(disk)
    disk.put(path, disk.content(path) + b'["half a row')
    assert f"the target has batch {checkpoint_seq}" in refusal(disk, checkpoint_seq)
    assert disk.content(path).endswith(b'["half a row')


def test_a_damaged_only_segment_is_corruption_where_the_target_has_its_batch() -> None:
    """Its name says which batch it began with, so its header is not needed to know."""
    disk = written(BATCHES[:1], seal=False)
    (path,) = segments(disk)
    disk.put(path, disk.content(path)[1:])
    assert "at most, the target has batch 1" in refusal(disk, 1)
    assert open_wal(disk, checkpoint_seq=0).last_seq == 0


def test_a_missing_first_segment_is_named_where_the_target_lacks_its_batches() -> None:
    """With the target past them they are not needed; before that they are."""
    disk = three_segments()
    left = without(disk, segments(disk)[0])
    assert "batches 1 to 2 are neither before it nor in the target" in refusal(left)
    assert open_wal(left, checkpoint_seq=2).last_seq == 6


def test_a_missing_middle_segment_is_named() -> None:
    """A gap between two segments is seen from their names."""
    disk = three_segments()
    left = without(disk, segments(disk)[1])
    assert "000017-000005.wal; why: batches 3 to 4 are missing before it" in refusal(left)
    with pytest.raises(WalCorrupt, match="batches 3 to 4 are missing"):
        read_back(left)


def test_a_missing_newest_segment_is_named_where_the_target_has_its_batches() -> None:
    """Nothing in the others tells of it; the checkpoint does."""
    disk = three_segments()
    left = without(disk, segments(disk)[2])
    assert "it holds batch 4 at most, the target has batch 6" in refusal(left, 6)


def test_swapped_segments_are_named() -> None:
    """A header knows its file's name."""
    disk = three_segments()
    one, two, _ = segments(disk)
    first, second = disk.content(one), disk.content(two)
    disk.put(one, second)
    disk.put(two, first)
    assert "its header calls it 000017-000003.wal" in refusal(disk)


def test_a_copied_segment_is_named() -> None:
    """The same batches under a second name are not read twice."""
    disk = three_segments()
    disk.put(FOLDER / "000017-000007.wal", disk.content(segments(disk)[2]))
    assert "its header calls it 000017-000005.wal: it was renamed, copied" in refusal(disk)
    disk.put(FOLDER / "000017-000002.wal", disk.content(segments(disk)[0]))
    assert "it repeats batch 2, which 000017-000001.wal holds too" in refusal(disk)


def test_a_segment_that_is_there_plain_and_compressed_is_named() -> None:
    """Which of the two belongs here, only a human can say."""
    disk = three_segments()
    disk.put(FOLDER / "000017-000003.wal.zst", b"")
    with pytest.raises(StateError, match="there twice, plain and compressed"):
        open_wal(disk)


def test_a_segment_of_another_chain_is_named() -> None:
    """A segment of another attempt at the same batches has the right name and another content."""
    disk = three_segments()
    other = written([BATCHES[1], *BATCHES[1:]], segment_bytes_max=600)
    disk.put(segments(disk)[1], other.content(segments(disk)[1]))
    assert "it does not continue the segment before it" in refusal(disk)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"run_id": "another"}, "run_id is another"),
        ({"source": "another"}, "source is another"),
        ({"target": "another"}, "target is another"),
        ({"schema": "another"}, "schema is another"),
        ({"columns": ()}, "columns is ()"),
        ({"range": TokenRange(number=17, start=0, end=1)}, "range is range 17"),
        ({"table": TableName(keyspace="shop", name="other")}, "it belongs to shop.other"),
    ],
)
def test_a_foreign_segment_is_named(change: dict[str, object], named: str) -> None:
    """Run, source, target, schema, columns, range and table are held against every header."""
    foreign = new_disk()
    there = replace(identity(), **change)  # type: ignore[arg-type]  # one field of each kind
    wal = RangeWal.open(WAL, there, checkpoint_seq=0, files=foreign)
    segment = append(wal, BATCHES[0]).segment
    disk = new_disk()
    disk.put(FOLDER / Path(segment).name, foreign.content(WAL / segment))
    assert named in refusal(disk)


def test_a_newer_epoch_fences_this_process() -> None:
    """An older process must not write behind the one that took over."""
    disk = new_disk()
    wal = open_wal(disk, epoch=3)
    append(wal, BATCHES[0])
    wal.close()
    with pytest.raises(Fenced, match="it has epoch 3, this process 2"):
        open_wal(disk, epoch=2)
    assert open_wal(disk, epoch=4).last_seq == 1


def test_an_epoch_that_falls_is_corruption() -> None:
    """No process writes after a newer one; this one came by with the right batch and chain."""
    disk = new_disk()
    newer = open_wal(disk, epoch=6)
    append(newer, BATCHES[0])
    newer.close()
    (name,) = (parse_segment(path.name) for path in segments(disk))
    chain = disk.content(segments(disk)[0])[-19:-3].decode()
    assert name
    ends = Recovered(names=(name,), last_seq=1, chain=chain, closed=False)
    stale = RangeWal(disk, WAL, identity(epoch=5), ends, 2**20)
    append(stale, BATCHES[1])
    stale.close()
    with pytest.raises(WalCorrupt, match="it has epoch 5, the one before it 6"):
        open_wal(disk, epoch=9)
    with pytest.raises(WalCorrupt, match="it has epoch 5, the one before it 6"):
        read_back(disk)


def test_a_newer_format_is_refused_by_its_number() -> None:
    """A release that wrote it can read it; this one does not guess."""
    disk = written(BATCHES[:1])
    (path,) = segments(disk)
    disk.put(path, disk.content(path).replace(b'{"wal":2,', b'{"wal":3,'))
    with pytest.raises(StateError, match="its format is 3"):
        open_wal(disk)
    with pytest.raises(StateError, match="a newer release wrote this segment"):
        read_back(disk)


def test_bytes_after_a_footer_are_corruption() -> None:
    """Nobody writes to a sealed segment."""
    disk = written(BATCHES[:2])
    (path,) = segments(disk)
    disk.put(path, disk.content(path) + b'["x"]\n')
    assert "bytes after the footer" in refusal(disk)


def test_valid_batches_in_another_order_are_corruption() -> None:
    """No crash moves lines about, each of which is valid by itself."""
    disk = written(BATCHES[:3], seal=False)
    (path,) = segments(disk)
    content = disk.content(path)
    ends = [content.index(b"\n", content.index(b'{"commit":%d' % n)) + 1 for n in (1, 2, 3)]
    disk.put(path, content[: ends[0]] + content[ends[1] :])
    assert "batch 3 where 2 belongs" in refusal(disk)


def test_a_writer_at_work_keeps_others_out() -> None:
    """One range, one writer: neither recovery nor a second append may touch it (I5)."""
    disk = new_disk()
    one, other = open_wal(disk), open_wal(disk)
    append(one, BATCHES[0])
    with pytest.raises(LockedError):
        append(other, BATCHES[0])
    with pytest.raises(LockedError):
        open_wal(disk)
    one.close()
    assert open_wal(disk).last_seq == 1
