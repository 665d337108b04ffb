"""What a slice is written in, what a window's scratch files hold, and what a window counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from cass_snapshot.errors import StateError
from cass_snapshot.model import Lines
from cass_snapshot.snapshot.windows import loading
from cass_snapshot.snapshot.windows.index import IndexWriter, read_index
from cass_snapshot.snapshot.windows.loading import SliceReader
from cass_snapshot.snapshot.windows.slices import cut
from cass_snapshot.snapshot.windows.window import Pipeline, Window
from tests.support.played_pool import unwritten
from tests.support.window_samples import (
    FirstOrder,
    MemoryBlocks,
    batch,
    lines_of,
    range_of,
    write_window,
)


def chunks(
    folder: Path, batches: Sequence[Sequence[tuple[object, ...]]], rows_max: int
) -> list[Lines]:
    """Return what the one slice of a window of one range is written in."""
    blocks = write_window(folder, [batches])
    assert cut(folder, [0], slice_bytes=2**30, at_least=1) == 1
    return list(SliceReader(folder, blocks, FirstOrder(), rows_max=rows_max).chunks(0))


def firsts(lines: Lines) -> list[int]:
    """Return the keys of the rows of a chunk."""
    return [orjson.loads(row)[0] for row in lines.data.splitlines()]


def test_a_slice_is_sorted_over_its_batches_and_written_in_chunks(tmp_path: Path) -> None:
    """Each is a transaction of so many rows at most."""
    found = chunks(tmp_path, [[(n, "a") for n in range(start, 23, 3)] for start in (2, 0, 1)], 10)
    assert [firsts(lines) for lines in found] == [[*range(10)], [*range(10, 20)], [20, 21, 22]]
    assert [(lines.rows, lines.plain, lines.words) for lines in found] == [
        (10, True, 0),
        (10, True, 0),
        (3, True, 0),
    ]


def test_rows_that_are_not_plain_come_last_and_with_their_count_of_words(tmp_path: Path) -> None:
    """Only they go the slow way, though they stand in one block with plain ones."""
    rows = [(5, "#", None), (1, "a", None), (3, "#", True), (2, "b", False)]
    found = chunks(tmp_path, [rows[:2], rows[2:]], 10)
    assert [(firsts(lines), lines.plain, lines.words) for lines in found] == [
        ([1, 2], True, 0),
        ([3, 5], False, 2),
    ]


def test_fat_rows_make_small_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk ends with the row that brings it to so many bytes."""
    monkeypatch.setattr(loading, "CHUNK_BYTES", 100)
    rows = [(n, "x" * (200 if n == 4 else 20)) for n in range(9)]
    found = chunks(tmp_path, [rows], 1000)
    assert [key for lines in found for key in firsts(lines)] == [*range(9)]
    assert all(len(lines.data[:-1].rpartition(b"\n")[0]) < 100 for lines in found)
    assert any(lines.rows > 1 for lines in found)


def test_of_equal_keys_the_newer_row_is_written_last(tmp_path: Path) -> None:
    """It would win, if two rows had one key."""
    (found,) = chunks(tmp_path, [[(1, "old"), (2, "")], [(1, "new")]], 10)
    assert found.data == b'[1,"old"]\n[1,"new"]\n[2,""]\n'


def test_a_slice_without_rows_is_nothing(tmp_path: Path) -> None:
    """No batch has a row between its bounds."""
    blocks = write_window(tmp_path, [[[(1, "")]]])
    cut(tmp_path, [0], slice_bytes=2**30, at_least=1)
    assert list(SliceReader(tmp_path, blocks, FirstOrder(), rows_max=9).chunks(7)) == []


def test_an_index_says_where_blocks_lie_and_what_they_begin_with(tmp_path: Path) -> None:
    """Batches without rows are left out; a file that is written again replaces the first one."""
    order, blocks = FirstOrder(2), MemoryBlocks()
    index = IndexWriter(tmp_path / "ranges" / "3", order)
    made = []
    for seq, keys in enumerate([[4, 1, 3], [], [2]], start=1):
        lines = order.arrange(lines_of([(n, "#" * (n == 4)) for n in keys]))
        placed = blocks.append("orders/3", lines)
        made.append(batch(3, seq, lines, blocks=placed))
        index.add(made[-1])
    for _ in range(2):
        index.write()
    first, last = read_index(tmp_path / "ranges" / "3")
    assert (first.segment, first.keys, first.last) == ("orders/3", ((1,), (4,)), (4,))
    assert (first.blocks, last.blocks) == (made[0].blocks, made[2].blocks)
    assert [block.plain for block in first.blocks] == [True, False]
    assert (last.keys, last.last) == (((2,),), (2,))
    index.clear()
    index.write()
    assert list(read_index(tmp_path / "ranges" / "3")) == []


def window(*numbers: int) -> Window:
    """Return a window of ranges, each with two batches of three rows; ids are ten times numbers."""
    made = Window(Path("w"), {10 * number for number in numbers})
    for number in numbers:
        for seq in (1, 2):
            made.gathered(10 * number, batch(number, seq, lines_of([(1,), (2,), (3,)])))
    return made


def test_a_window_tells_batches_in_order_and_rejected_rows_by_their_range() -> None:
    """Whatever the order in which workers told them."""
    made = window(2, 0, 1)
    made.load(77, 16, [unwritten(range_of(1), "b"), unwritten(range_of(2), "c")])
    assert made.disproof() is None
    found = [
        (s.batches[0].range.number, [b.seq for b in s.batches], [r.id for r in s.rejected])
        for s in made.stretches()
    ]
    assert found == [(0, [1, 2], []), (1, [1, 2], ["b"]), (2, [1, 2], ["c"])]
    assert made.range_numbers == (0, 1, 2)


def test_a_range_that_is_dropped_takes_its_rows_along() -> None:
    """Size, rows and batches are as if it had never been."""
    made = window(0, 1)
    size = made.size
    assert [b.seq for b in made.drop(10)] == [1, 2]
    assert (made.size, made.rows, made.range_numbers) == (size // 2, 6, (0,))
    made.gathered(10, batch(1, 1, lines_of([(1,)])))
    assert (made.rows, [len(s.batches) for s in made.stretches()]) == (7, [2, 1])


def test_a_slice_that_is_written_again_is_forgotten_with_the_rows_it_was_refused() -> None:
    """They may be taken the next time."""
    made = window(0)
    assert made.load(5, 4, [unwritten(range_of(0), "a")]) == 1
    assert made.load(5, 0, [unwritten(range_of(0), "b")]) == 1
    assert made.rows_in == 6
    assert made.unload(5) == (4, 2)
    assert (made.rows_in, made.unload(5)) == (0, (0, 0))
    assert isinstance(made.disproof(), StateError)


def test_of_windows_that_are_alive_the_newest_batch_counts() -> None:
    """A range goes on behind it; one whose end is in a window is not gathered again."""
    older, newer = window(0, 1), window(1)
    newer.gathered(10, batch(1, 9, lines_of([(1,)])))
    older.closed.add(0)
    alive = Pipeline(gathering=newer, applying=older)
    last = alive.reached(10)
    assert last is not None
    assert (last.range, last.batch_seq) == (range_of(1), 9)
    assert alive.left([0, 10, 20]) == [10, 20]
    assert len(alive.drop(10)) == 5
    assert alive.reached(10) is None
