"""What every target promises (``protocols.Target``): the one in memory and MySQL alike."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import orjson
import pytest

from cass_snapshot.errors import Fenced, StateError
from cass_snapshot.model import Lines, RangeState, Tally, TokenRange, Written
from tests.support.target_bench import RANGES, Bench, batch


def test_a_range_that_has_not_begun_stands_before_its_first_batch(bench: Bench) -> None:
    """Registered and untouched: batch 0, no position, pending."""
    found = bench.open(1).checkpoint(RANGES[1])
    assert found.range == RANGES[1]
    assert (found.batch_seq, found.position, found.state) == (0, None, RangeState.PENDING)


def test_a_range_that_nobody_registered_is_an_error_and_not_a_beginning(bench: Bench) -> None:
    """To say "none yet" is another thing than to say that it could not be read."""
    with pytest.raises(StateError):
        bench.open(1).checkpoint(TokenRange(number=77, start=0, end=1))


def test_the_checkpoint_moves_with_the_rows(bench: Bench) -> None:
    """After each write both are there; the closing batch makes the range done (I2, I8)."""
    target = bench.open(1)
    first, last = batch(1, [(1, "a"), (2, None)]), batch(2, [(3, "c")], closing=True)

    assert target.write(first).fresh
    found = target.checkpoint(RANGES[1])
    assert bench.rows() == {1: "a", 2: None}
    assert (found.batch_seq, found.position) == (1, first.position)
    assert (found.rows_read, found.state) == (2, RangeState.RUNNING)

    assert target.write(last).fresh
    found = target.checkpoint(RANGES[1])
    assert bench.rows() == {1: "a", 2: None, 3: "c"}
    assert (found.batch_seq, found.position) == (2, last.position)
    assert (found.rows_read, found.state) == (3, RangeState.DONE)
    assert target.checkpoint(RANGES[0]).state is RangeState.PENDING


def test_writing_a_batch_again_changes_nothing(bench: Bench) -> None:
    """It says that the batch was there already, whoever asks, however late (I3)."""
    one, two = batch(1, [(1, "a")]), batch(2, [(1, "b")])
    target = bench.open(1)
    assert target.write(one).fresh
    assert target.write(two).fresh
    before = target.checkpoint(RANGES[1])

    assert not target.write(two).fresh
    assert not target.write(one).fresh
    assert not bench.open(1).write(one).fresh

    assert bench.rows() == {1: "b"}
    assert before == target.checkpoint(RANGES[1])


def test_a_range_without_a_row_is_closed_by_an_empty_batch(bench: Bench) -> None:
    """No row, no position, and done all the same."""
    empty = replace(batch(1, [], closing=True), position=None)
    target = bench.open(1)
    assert target.write(empty).fresh
    found = target.checkpoint(RANGES[1])
    assert (found.batch_seq, found.position, found.state) == (1, None, RangeState.DONE)
    assert bench.rows() == {}


POISON = (999, "too long")
ROOM = 5
TWO = "00000002"
"""What the rejects here call the row with key 2."""


@pytest.mark.parametrize("place", [0, 7, 19], ids=["first", "middle", "last"])
def test_one_refused_row_is_set_aside_and_the_others_arrive(bench: Bench, place: int) -> None:
    """Exactly that row is left out, with its key, column and error; the counts say so."""
    target = bench.open(1)
    bench.widen(ROOM)
    rows = [(n, str(n)) for n in range(20)]
    rows[place] = POISON

    written = target.write(batch(1, rows, closing=True))

    assert written == Written(fresh=True, rejected=1)
    assert bench.rows() == {n: body for n, body in rows if n != POISON[0]}
    assert [(column, error) for _, column, error in bench.rejected] == [("body", 1406)]
    assert bench.rejects.rows[0].line == orjson.dumps(POISON)
    found = target.checkpoint(RANGES[1])
    assert (found.rows_read, found.rows_written, found.state) == (20, 19, RangeState.DONE)
    assert [t.rejected for t in bench.tallies()] == [0, 1, 0]


def test_many_refused_rows_are_all_set_aside(bench: Bench) -> None:
    """Whatever their pattern; rows that are in are told by another batch again."""
    target = bench.open(1)
    bench.widen(4)
    rows = [(n, "long enough" if n % 3 == 0 else "ok") for n in range(50)]

    written = target.write(batch(1, rows))

    assert written.rejected == 17
    assert bench.rows() == {n: body for n, body in rows if n % 3}
    keys = [key for key, column, error in bench.rejected if (column, error) == ("body", 1406)]
    assert keys == [(n.to_bytes(4, "big"),) for n in range(0, 50, 3)]
    assert target.write(batch(2, [(0, "ok")], closing=True)) == Written(fresh=True)
    assert bench.rows()[0] == "ok"


def test_a_batch_of_which_no_row_is_taken_is_written_all_the_same(bench: Bench) -> None:
    """The checkpoint moves, the range closes, and nothing of it is in the table."""
    target = bench.open(1)
    bench.widen(1)
    written = target.write(batch(1, [(n, "long") for n in range(64)], closing=True))
    assert written == Written(fresh=True, rejected=64)
    assert bench.rows() == {}
    found = target.checkpoint(RANGES[1])
    assert (found.rows_read, found.rows_written, found.state) == (64, 0, RangeState.DONE)
    assert len(bench.rejects.rows) == 64


def test_a_batch_that_is_in_tells_again_what_it_rejected(bench: Bench) -> None:
    """The answer to a COMMIT may be lost, and its number with it (I3)."""
    offered = batch(1, [(1, "a"), POISON])
    bench.widen(ROOM)
    assert bench.open(1).write(offered) == Written(fresh=True, rejected=1)
    assert bench.open(1).write(offered) == Written(fresh=False, rejected=1)
    assert bench.open(1).checkpoint(RANGES[1]).rows_written == 1
    assert len(bench.rejects.rows) == 1


def test_a_row_that_cannot_be_kept_keeps_its_batch_out(bench: Bench) -> None:
    """Rows are durable among the rejected before the others are committed, or nothing is."""
    target = bench.open(1)
    bench.widen(ROOM)
    offered = batch(1, [(1, "a"), POISON])
    bench.rejects.fails = OSError("No space left on device")
    with pytest.raises(OSError, match="No space left"):
        target.write(offered)
    assert bench.rows() == {}
    assert target.checkpoint(RANGES[1]).batch_seq == 0

    bench.rejects.fails = None
    assert target.write(offered) == Written(fresh=True, rejected=1)
    assert bench.rows() == {1: "a"}
    assert len(bench.rejects.rows) == 1


def test_a_crash_before_the_commit_repeats_both_and_counts_once(bench: Bench) -> None:
    """The row is kept, its batch is not in; the next process writes the batch, and the row once."""
    bench.widen(ROOM)
    offered = batch(1, [(1, "a"), POISON, (2, "b")])
    dying = bench.open(1)
    bench.rejects.after = MemoryError()
    with pytest.raises(MemoryError):
        dying.write(offered)
    assert (bench.rows(), len(bench.rejects.rows)) == ({}, 1)
    assert [t.rejected for t in bench.tallies()] == [0, 0, 0]

    bench.rejects.after = None
    assert bench.open(1).write(offered) == Written(fresh=True, rejected=1)
    assert bench.rows() == {1: "a", 2: "b"}
    assert len(bench.rejects.rows) == 1
    assert [t.rejected for t in bench.tallies()] == [0, 1, 0]


def test_what_the_encoder_set_aside_counts_as_read_and_not_as_written(bench: Bench) -> None:
    """Such rows are in no line; the checkpoint and the ledger know of them from the batch."""
    target = bench.open(1)
    offered = batch(1, [(1, "a"), (2, "b")])
    lines = replace(offered.lines, tally=Tally(refused=3, ids=("x", "y", "z")))
    assert target.write(replace(offered, lines=lines)) == Written(fresh=True)
    found = target.checkpoint(RANGES[1])
    assert (found.rows_read, found.rows_written) == (5, 2)
    assert [t.rejected for t in bench.tallies()] == [0, 3, 0]
    assert target.mend("y", RANGES[1], orjson.dumps((4, "d"))) == ()
    assert [t.rejected for t in bench.tallies()] == [0, 2, 0]


def test_a_row_of_a_batch_that_was_rolled_back_is_not_among_the_rejected(bench: Bench) -> None:
    """It is kept in the file and may be good by now: only a committed batch names its rows."""
    bench.widen(4)
    offered = batch(1, [(1, "a"), (2, "long enough"), (3, "longer still")])
    bench.rejects.after = MemoryError()
    with pytest.raises(MemoryError):
        bench.open(1).write(offered)
    bench.rejects.after = None
    with pytest.raises(StateError):
        bench.open(1).mend(TWO, RANGES[1], orjson.dumps((2, "x")))
    bench.widen(11)
    assert bench.open(1).write(offered).rejected == 1
    with pytest.raises(StateError):
        bench.open(1).mend(TWO, RANGES[1], orjson.dumps((2, "x")))
    assert bench.rows() == {1: "a", 2: "long enough"}
    assert [t.rejected for t in bench.tallies()] == [0, 1, 0]


def test_a_row_that_was_refused_goes_in_after_the_target_was_mended(bench: Bench) -> None:
    """Once: row and count move together, and a repetition changes nothing."""
    target = bench.open(1)
    bench.widen(4)
    line = orjson.dumps((2, "long enough"))
    assert target.write(batch(1, [(1, "a"), (2, "long enough")])).rejected == 1

    (problem,) = target.mend(TWO, RANGES[1], line)
    assert (problem.column, problem.error) == ("body", 1406)
    assert target.checkpoint(RANGES[1]).rows_written == 1

    bench.widen(40)
    for _ in range(3):
        assert bench.open(1).mend(TWO, RANGES[1], line) == ()
    assert bench.rows() == {1: "a", 2: "long enough"}
    found = target.checkpoint(RANGES[1])
    assert (found.rows_read, found.rows_written) == (2, 2)
    assert [t.rejected for t in bench.tallies()] == [0, 0, 0]


def test_mending_counts_no_row_that_was_never_read(bench: Bench) -> None:
    """Whatever a file of rejected rows claims, a range has written no more than it read."""
    target = bench.open(1)
    assert target.write(batch(1, [(1, "a")])).fresh
    with pytest.raises(StateError):
        target.mend("r9", RANGES[1], orjson.dumps((9, "z")))
    assert bench.rows() == {1: "a"}
    found = target.checkpoint(RANGES[1])
    assert (found.rows_read, found.rows_written) == (1, 1)


def test_a_writer_of_an_earlier_epoch_mends_nothing(bench: Bench) -> None:
    """It is fenced, as with whole batches."""
    old = bench.open(1)
    bench.take_over()
    with pytest.raises(Fenced):
        old.mend("r1", RANGES[1], orjson.dumps((1, "a")))
    assert bench.rows() == {}


def test_a_gap_is_refused(bench: Bench) -> None:
    """Batch 3 is not written where batch 2 is not."""
    target = bench.open(1)
    assert target.write(batch(1, [(1, "a")])).fresh
    with pytest.raises(StateError):
        target.write(batch(3, [(3, "c")]))
    assert bench.rows() == {1: "a"}
    assert target.checkpoint(RANGES[1]).batch_seq == 1


def test_a_foreign_batch_under_a_known_number_is_refused(bench: Bench) -> None:
    """The checksum tells that it is not the batch that was applied."""
    target = bench.open(1)
    assert target.write(batch(1, [(1, "a")])).fresh
    with pytest.raises(StateError):
        target.write(batch(1, [(1, "another")]))
    assert bench.rows() == {1: "a"}


def test_a_writer_of_an_earlier_epoch_is_fenced(bench: Bench) -> None:
    """After a take-over the old writer writes nothing, not even a batch that would fit."""
    old = bench.open(1)
    assert old.write(batch(1, [(1, "a")])).fresh
    bench.take_over()

    with pytest.raises(Fenced):
        old.write(batch(2, [(2, "b")]))

    assert bench.rows() == {1: "a"}
    new = bench.open(2)
    assert new.checkpoint(RANGES[1]).batch_seq == 1
    assert new.write(batch(2, [(2, "b")])).fresh
    assert bench.rows() == {1: "a", 2: "b"}


def test_ranges_do_not_know_each_other(bench: Bench) -> None:
    """Each range counts its own batches, and has its own checkpoint."""
    target = bench.open(1)
    assert target.write(batch(1, [(1, "a")], at=RANGES[0], closing=True)).fresh
    assert target.write(batch(1, [(2, "b")], at=RANGES[2])).fresh
    states = [target.checkpoint(r).state for r in RANGES]
    assert states == [RangeState.DONE, RangeState.PENDING, RangeState.RUNNING]
    assert bench.rows() == {1: "a", 2: "b"}


class BrokenLines:
    """Lines that cannot be read: a bug, or memory that has run out, in the middle of a write."""

    rows = 1
    words = 0
    tally = Tally()

    @property
    def data(self) -> bytes:
        """Raise what no target expects."""
        raise MemoryError


def test_an_unexpected_error_leaves_no_checkpoint_behind(bench: Bench) -> None:
    """The next batch of another range must not commit a checkpoint without its rows (I2)."""
    target = bench.open(1)
    broken = replace(batch(1, [(1, "a")]), lines=cast("Lines", BrokenLines()))
    with pytest.raises(MemoryError):
        target.write(broken)
    assert target.write(batch(1, [(9, "z")], at=RANGES[2])).fresh
    assert target.checkpoint(RANGES[1]).batch_seq == 0
    assert bench.rows() == {9: "z"}
    assert target.write(batch(1, [(1, "a")])).fresh
    assert bench.rows() == {1: "a", 9: "z"}


def test_a_batch_that_is_written_again_leaves_its_checkpoint_where_it_is(bench: Bench) -> None:
    """Its rows are there as they were captured; those of later batches stay, and all counts."""
    one, two = batch(1, [(1, "a"), (2, "b")]), batch(2, [(3, "c")], closing=True)
    target = bench.open(1)
    assert target.write(one).fresh
    assert target.write(two).fresh
    before = target.checkpoint(RANGES[1])

    for _ in range(2):
        assert target.rewrite(one) == Written(fresh=True)

    assert bench.rows() == {1: "a", 2: "b", 3: "c"}
    assert before == target.checkpoint(RANGES[1])
    assert not target.write(two).fresh


def test_only_the_batch_that_is_in_is_written_again(bench: Bench) -> None:
    """Neither one that has yet to come nor another one of its number; nor after a take-over."""
    target = bench.open(1)
    assert target.write(batch(1, [(1, "a")])).fresh
    for other in (batch(1, [(1, "b")]), batch(2, [(2, "b")])):
        with pytest.raises(StateError):
            target.rewrite(other)
    bench.take_over()
    with pytest.raises(Fenced):
        target.rewrite(batch(1, [(1, "a")]))
    assert bench.rows() == {1: "a"}


def test_a_row_that_was_rejected_and_is_taken_when_written_again_counts_as_in(
    bench: Bench,
) -> None:
    """Still refused, it is counted out once; in a wider target it is in, and nobody mends it."""
    bench.widen(ROOM)
    target = bench.open(1)
    offered = batch(1, [(1, "a"), POISON, (2, "b")], closing=True)
    assert target.write(offered).rejected == 1
    assert target.rewrite(offered) == Written(fresh=True, rejected=1)
    assert [t.rejected for t in bench.tallies()] == [0, 1, 0]

    bench.widen(100)

    for _ in range(2):
        assert bench.open(1).rewrite(offered) == Written(fresh=True)
        assert [t.rejected for t in bench.tallies()] == [0, 0, 0]
    assert bench.rows() == {1: "a", 2: "b", POISON[0]: POISON[1]}
