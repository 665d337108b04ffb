"""Whatever batches are appended, in whatever lives of the process: the log holds exactly them."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cass_snapshot.model import Position, Tally
from cass_snapshot.wal.blocks import BlockReader
from tests.support.wal_samples import (
    TABLE,
    WAL,
    Sample,
    append,
    contents,
    in_blocks,
    new_disk,
    open_wal,
    read_back,
    sample,
    segments,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ['{"commit":1,', '\n{"footer":true', "]\n[", "\u2028\u2029\x85", '","sum":"0011223344556677"}']
)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
rows = st.lists(st.lists(values, min_size=1, max_size=4), max_size=4)
positions = st.builds(
    Position,
    token=st.integers(-(2**63) + 1, 2**63 - 1),
    partition_key=st.lists(st.binary(max_size=9), min_size=1, max_size=3).map(tuple),
    clustering=st.lists(st.binary(max_size=9), max_size=2).map(tuple),
)
counts = st.integers(0, 2**40)
tallies = st.just(Tally()) | st.builds(
    Tally,
    static_only=counts,
    refused=counts,
    nulls=st.dictionaries(texts, counts, max_size=3).map(lambda found: tuple(found.items())),
)


@st.composite
def random_batches(draw: st.DrawFn) -> Sample:
    """Return a batch, cut into blocks or not."""
    lines = sample(*draw(rows), tally=draw(tallies)).lines
    one = Sample(lines=lines, position=draw(st.none() | positions))
    block = draw(st.integers(0, 3))
    return in_blocks(one, block) if block else one


batches = random_batches()
patient = settings(max_examples=40, deadline=None)
"""No deadline: a busy machine is no fault of the log."""
lives = st.lists(st.lists(batches, max_size=4), min_size=1, max_size=4)


@patient
@given(
    lives=lives,
    compressions=st.lists(st.sampled_from(["none", "zstd"]), min_size=4, max_size=4),
    segment_bytes_max=st.sampled_from([1, 500, 2**20]),
    ends_well=st.booleans(),
)
def test_a_log_holds_what_was_appended_over_all_lives(
    lives: list[list[Sample]],
    compressions: list[str],
    segment_bytes_max: int,
    ends_well: bool,
) -> None:
    """Batches come back equal, in order, once: to this log, to the next, and to a reader."""
    disk = new_disk()
    expected: list[Sample] = []
    for epoch, life in enumerate(lives, start=1):
        wal = open_wal(
            disk, compressions[epoch - 1], segment_bytes_max=segment_bytes_max, epoch=epoch
        )
        assert contents(wal.replay(0)) == expected
        for one in life:
            batch = append(wal, one)
            expected.append(one)
            assert batch.seq == len(expected) == wal.last_seq
            assert contents([batch]) == [one]
        assert contents(wal.replay(0)) == expected
        if ends_well:
            wal.close()
        else:
            wal._fail(OSError("the process died"))
    if expected:
        assert read_back(disk) == expected


@patient
@given(batches=st.lists(batches, min_size=1, max_size=6), segment_bytes_max=st.integers(1, 2000))
def test_replay_after_a_batch_begins_with_the_next(
    batches: list[Sample], segment_bytes_max: int
) -> None:
    """Every batch is yielded to those who have not seen it, and to nobody else."""
    disk = new_disk()
    wal = open_wal(disk, segment_bytes_max=segment_bytes_max)
    appended = [append(wal, one) for one in batches]
    for after in range(len(batches) + 2):
        assert list(wal.replay(after)) == appended[after:]


@patient
@given(batches=st.lists(batches, min_size=1, max_size=6), segment_bytes_max=st.integers(1, 2000))
def test_a_batch_says_where_it_lies(batches: list[Sample], segment_bytes_max: int) -> None:
    """The bytes at segment, offset and size are the batch's rows and its commit line."""
    disk = new_disk()
    wal = open_wal(disk, segment_bytes_max=segment_bytes_max)
    for batch in [append(wal, one) for one in batches]:
        (path,) = [path for path in segments(disk) if batch.segment == f"shop.orders/{path.name}"]
        found = disk.content(path)[batch.offset : batch.offset + batch.size]
        assert found.startswith(batch.lines.data + b'{"commit":%d,' % batch.seq)
        assert found.endswith(b'"sum":"%s"}\n' % batch.checksum.encode())


@patient
@given(
    batches=st.lists(batches, min_size=1, max_size=6),
    compression=st.sampled_from(["none", "zstd"]),
    segment_bytes_max=st.integers(1, 2000),
    data=st.data(),
)
def test_the_blocks_of_a_batch_are_its_lines(
    batches: list[Sample], compression: str, segment_bytes_max: int, data: st.DataObject
) -> None:
    """All of them, any stretch of neighbours, and any choice are read back as they were given."""
    disk = new_disk()
    wal = open_wal(disk, compression, segment_bytes_max=segment_bytes_max)
    reader = BlockReader(WAL, TABLE, files=disk)
    for one in batches:
        batch = append(wal, one)
        lines = blocks_of(one)
        chosen = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
        blocks = [block for block, take in zip(batch.blocks, chosen, strict=True) if take]
        expected = [
            line for block, take in zip(lines, chosen, strict=True) if take for line in block
        ]
        assert reader.read(batch.segment, batch.blocks).splitlines() == [
            line for block in lines for line in block
        ]
        assert reader.read(batch.segment, blocks).splitlines() == expected


def blocks_of(one: Sample) -> list[list[bytes]]:
    """Return the lines of each block of a batch."""
    found, start = [], 0
    for cut in one.lines.cuts:
        found.append(one.lines.data[start : start + cut.size].splitlines())
        start += cut.size
    return found
