"""What a worker gathers for a window: from where, and what cannot belong to one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cass_snapshot.blocks import Block
from cass_snapshot.model import Batch, Checkpoint, Lines
from cass_snapshot.retry import Patience
from cass_snapshot.snapshot.messages import Ended, Gathered, GatherRange
from cass_snapshot.snapshot.windows.index import read_index
from cass_snapshot.snapshot.windows.work import WindowWork
from tests.support.doubles import MemoryWal
from tests.support.window_samples import FirstOrder, batch, lines_of, range_of

BLOCK = Block(offset=0, stored=6, size=6, check=0, plain=True)


def logged(seq: int, *blocks: Block, closing: bool = False) -> Batch:
    """Return a batch of one row, sorted where it has a block."""
    return batch(0, seq, lines_of([(seq, 0)]), closing=closing, blocks=blocks)


def gather(folder: Path, batches: list[Batch], *, after: int = 0) -> tuple[Ended, list[int], int]:
    """Return how gathering a range ended, which batches it told, and how many it noted."""
    wal = MemoryWal(range_of(0))
    wal.batches = batches
    parts = SimpleNamespace(
        order=lambda _table: FirstOrder(),
        reader=lambda _table: None,
        wal=lambda _table, _range, _seq: wal,
    )
    checkpoint = Checkpoint(range=range_of(0), batch_seq=after)
    told: list[Any] = []
    work = WindowWork(
        cast("Any", parts),
        Patience(unavailable_s=1),
        told.append,
        leaving=lambda _task: False,
        following=lambda _table: None,
        rows_max=9,
    )
    index = folder / "0"
    task = GatherRange(id=7, table=0, checkpoint=checkpoint, index=index)
    ended = work.gather(task)
    seqs = [one.batch.seq for one in told if isinstance(one, Gathered)]
    assert all(one.batch.lines.data == b"" for one in told if isinstance(one, Gathered))
    return ended, seqs, len(list(read_index(index)))


def test_a_range_is_gathered_from_its_checkpoint_on(tmp_path: Path) -> None:
    """What the target has, or will have by the window before, belongs to no other window."""
    batches = [logged(1, BLOCK), logged(2, BLOCK), logged(3, BLOCK, closing=True)]
    ended, seqs, noted = gather(tmp_path, batches, after=1)
    assert (ended.closed, seqs, noted) == (True, [2, 3], 2)


def test_a_range_with_an_unsorted_batch_is_in_no_window(tmp_path: Path) -> None:
    """It was captured in token order; nothing of the range is noted for a slice."""
    batches = [logged(1, BLOCK), logged(2), logged(3, BLOCK, closing=True)]
    ended, seqs, noted = gather(tmp_path, batches)
    assert (ended.unsorted, ended.closed, seqs, noted) == (True, False, [1], 0)


def test_an_empty_batch_is_sorted(tmp_path: Path) -> None:
    """The closing batch of a range without rows has no block, and hinders nothing (I8)."""
    empty = batch(0, 1, Lines(data=b"", rows=0, words=0), closing=True)
    ended, seqs, noted = gather(tmp_path, [empty])
    assert (ended.closed, ended.unsorted, seqs, noted) == (True, False, [1], 0)
