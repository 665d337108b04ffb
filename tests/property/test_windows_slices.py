"""Slices of a window: whatever the keys, the batches and the bounds, each row is in one slice."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cass_snapshot.snapshot.windows import slices
from cass_snapshot.snapshot.windows.index import read_index
from cass_snapshot.snapshot.windows.loading import SliceReader
from cass_snapshot.snapshot.windows.slices import choose_bounds, cut, shares
from tests.support.window_samples import FirstOrder, MemoryBlocks, write_window

Row = tuple[object, ...]
KEYS = st.one_of(st.integers(0, 9), st.integers(-(2**63), 2**63 - 1))
"""Few keys, so that many are equal, or keys far apart, so that slices are skewed."""
PAYLOADS = st.sampled_from(["", "plain", "#odd", None, True, ",null", "x" * 60])
ROWS = st.lists(st.tuples(KEYS, PAYLOADS), max_size=9)
WINDOWS = st.lists(st.lists(ROWS, max_size=3), min_size=1, max_size=4)


def load(folder: Path, blocks: MemoryBlocks, count: int, rows_max: int = 4) -> list[list[bytes]]:
    """Return the rows of each slice, in the order in which they are written."""
    reader = SliceReader(folder, blocks, FirstOrder(), rows_max=rows_max)
    return [
        [row for lines in reader.chunks(number) for row in lines.data.splitlines()]
        for number in range(count)
    ]


def dumped(ranges: Sequence[Sequence[Sequence[Row]]]) -> Counter[bytes]:
    """Return every row of a window as its line, with how often it is there."""
    return Counter(orjson.dumps(row) for batches in ranges for rows in batches for row in rows)


@settings(max_examples=60, deadline=None)
@given(WINDOWS, st.integers(1, 400), st.integers(1, 9), st.integers(1, 5))
@example([[[(1, None)]]], 1, 1, 1)
@example([[[(7, "a")] * 9, [(7, "b")] * 9]], 20, 1, 2)
@example([[[(n, "") for n in range(9)]], [[]], [[(5, "")]]], 1, 1, 1)
def test_each_row_is_in_one_slice(
    ranges: list[list[list[Row]]], slice_bytes: int, at_least: int, block_rows: int
) -> None:
    """None is lost and none doubled; slices follow each other in the order of the key."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        blocks = write_window(folder, ranges, block_rows=block_rows)
        count = cut(folder, range(len(ranges)), slice_bytes=slice_bytes, at_least=at_least)
        found = load(folder, blocks, count)
    assert Counter(row for rows in found for row in rows) == dumped(ranges)
    keys = [{orjson.loads(row)[0] for row in rows} for rows in found if rows]
    assert all(max(low) < min(high) for low, high in pairwise(keys))


@settings(max_examples=60, deadline=None)
@given(WINDOWS, st.lists(KEYS, unique=True).map(sorted), st.integers(1, 5))
@example([[[(1, ""), (2, "")], [(2, "")]]], [2], 1)
@example([[[(3, "")]]], [], 1)
def test_bounds_that_nobody_would_choose_lose_no_row(
    ranges: list[list[list[Row]]], bounds: list[int], block_rows: int
) -> None:
    """Bounds between keys, on them, below all and above all, and none at all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        blocks = write_window(folder, ranges, block_rows=block_rows)
        (folder / "slices").mkdir()
        (folder / "slices" / "bounds").write_bytes(orjson.dumps([[bound] for bound in bounds]))
        for path in sorted((folder / "ranges").iterdir()):
            for batch in read_index(path):
                for number, stored in shares(batch, [(bound,) for bound in bounds]):
                    with (folder / "slices" / str(number)).open("ab") as file:
                        file.write(orjson.dumps([batch.segment, stored]) + b"\n")
        found = load(folder, blocks, len(bounds) + 1)
    assert Counter(row for rows in found for row in rows) == dumped(ranges)
    for number, rows in enumerate(found):
        low = bounds[number - 1] if number else None
        high = bounds[number] if number < len(bounds) else None
        for row in rows:
            key = orjson.loads(row)[0]
            assert low is None or low <= key
            assert high is None or key < high


def test_slices_are_of_about_equal_size(tmp_path: Path) -> None:
    """Of many small blocks, none holds more than its share and a block; skewed keys or not."""
    rows = [[(n**3, "x" * 20) for n in range(first, 3000, 30)] for first in range(30)]
    blocks = write_window(tmp_path, [rows], block_rows=2)
    count = cut(tmp_path, [0], slice_bytes=10_000, at_least=1)
    sizes = [sum(map(len, found)) for found in load(tmp_path, blocks, count)]
    assert sum(sizes) // 10_000 <= count
    assert max(sizes) < 11_500
    assert min(sizes) > 8_000


def test_a_slice_reads_little_of_batches_that_have_none_of_its_rows(tmp_path: Path) -> None:
    """Where each batch has keys of its own, as in a wide partition, a block is read twice at most.

    Otherwise a window of a thousand batches would be read a thousand times.
    """
    batches = [[(n, "") for n in range(first, first + 20)] for first in range(0, 2000, 20)]
    blocks = write_window(tmp_path, [batches], block_rows=5)
    count = cut(tmp_path, [0], slice_bytes=300, at_least=1)
    found = load(tmp_path, blocks, count)
    assert count > 50
    assert sum(map(len, found)) == 2000
    assert blocks.bytes_read <= 3 * sum(map(len, blocks.segments.values()))


def test_a_key_that_many_rows_share_is_in_one_slice(tmp_path: Path) -> None:
    """No bound can part them; the slices around stay."""
    blocks = write_window(tmp_path, [[[(n // 90, "") for n in range(100)]] * 5], block_rows=1)
    count = cut(tmp_path, [0], slice_bytes=100, at_least=1)
    found = load(tmp_path, blocks, count)
    assert [len(rows) for rows in found if rows] == [450, 50]


def test_a_window_of_one_block_has_one_slice(tmp_path: Path) -> None:
    """However many are wanted: nothing is known between its first row and its last."""
    blocks = write_window(tmp_path, [[[(2, "b"), (1, "a")]]])
    assert cut(tmp_path, [0], slice_bytes=1, at_least=8) == 1
    assert load(tmp_path, blocks, 1) == [[b'[1,"a"]', b'[2,"b"]']]


def test_an_attempt_that_died_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    """A worker that is killed while it cuts has written some slices, and may have begun more."""
    blocks = write_window(tmp_path, [[[(n, "") for n in range(40)]]])
    cut(tmp_path, [0], slice_bytes=20, at_least=1)
    torn = tmp_path / "slices" / "2"
    torn.write_bytes(torn.read_bytes()[:-4])
    count = cut(tmp_path, [0], slice_bytes=100, at_least=1)
    assert sum(map(len, load(tmp_path, blocks, count))) == 40


def test_a_sample_that_was_thinned_out_still_halves_the_keys(tmp_path: Path) -> None:
    """Every other key is dropped as they become many; each of the rest stands for two."""
    write_window(tmp_path, [[[(n, "") for n in range(1000)]]], block_rows=1)
    before = slices.SAMPLE_MAX
    slices.SAMPLE_MAX = 64
    try:
        index = list(read_index(tmp_path / "ranges" / "0"))
        size = sum(block.size for batch in index for block in batch.blocks)
        (middle,) = choose_bounds(index, slice_bytes=-(-size // 2), at_least=1)
    finally:
        slices.SAMPLE_MAX = before
    assert isinstance(middle[0], int)
    assert 400 < middle[0] < 600
