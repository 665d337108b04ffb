"""What every target promises where rows go in first and their checkpoints follow.

``protocols.Target.load`` and ``advance``, of the target in memory and of MySQL alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest

from cass_snapshot.errors import Fenced, StateError
from cass_snapshot.model import Batch, Lines, RangeState, Tally, TokenRange, Written
from cass_snapshot.rejection import Problem, Stretch, Unwritten
from cass_snapshot.validation import RangeTally
from tests.support.target_bench import RANGES, Bench, Row, batch

ROOM = 5
POISON = (999, "too long")
MANY = 1300
"""More than one statement carries."""


def lines(rows: Sequence[Row]) -> Lines:
    """Return rows as the WAL's lines."""
    return batch(1, rows).lines


def stretch(
    *batches: Batch, refused: Sequence[str] = (), unwritten: Sequence[Unwritten] = ()
) -> Stretch:
    """Return batches without their rows; ``refused`` are ids that the encoder gave in the last."""
    bare = [replace(b, lines=replace(b.lines, data=b"")) for b in batches]
    tally = Tally(refused=len(refused), ids=tuple(refused))
    bare[-1] = replace(bare[-1], lines=replace(bare[-1].lines, tally=tally))
    return Stretch(batches=tuple(bare), rejected=tuple(unwritten))


def unwritten(row_id: str) -> Unwritten:
    """Return a row that the target refused."""
    problem = Problem(column="body", what="", fix="", error=1406, code="CS-D04")
    return Unwritten(id=row_id, token=7, problem=problem)


def test_rows_go_in_without_a_checkpoint(bench: Bench) -> None:
    """Any number of times: what is there already is there once (I3)."""
    target = bench.open(1)
    for _ in range(2):
        assert target.load(lines([(1, "a"), (2, None)]), "slice 1") == ()
    assert target.load(lines([(2, "b"), (3, "c")]), "slice 2") == ()
    assert bench.rows() == {1: "a", 2: "b", 3: "c"}
    assert [target.checkpoint(r).batch_seq for r in RANGES] == [0, 0, 0]


def test_a_refused_row_is_told_and_kept_and_the_others_go_in(bench: Bench) -> None:
    """By its id among the rejects, its token, column and error; a repetition tells the same."""
    bench.widen(ROOM)
    target = bench.open(1)
    offered = lines([(1, "a"), POISON, (2, "b"), (777, "longer")])

    first = target.load(offered, "slice 1")
    again = bench.open(1).load(offered, "slice 1")

    assert first == again
    assert [row.id for row in first] == ["000003e7", "00000309"]
    assert [(r.problem.column, r.problem.error) for r in first] == [("body", 1406)] * 2
    assert [row.token for row in first] == [kept.token for kept in bench.rejects.rows]
    assert [kept.line for kept in bench.rejects.rows] == [
        orjson.dumps(POISON),
        orjson.dumps((777, "longer")),
    ]
    assert bench.rows() == {1: "a", 2: "b"}


def test_rows_are_out_until_the_refused_one_is_kept(bench: Bench) -> None:
    """Durable among the rejects first, whatever else happens."""
    bench.widen(ROOM)
    target = bench.open(1)
    bench.rejects.fails = OSError("No space left on device")
    with pytest.raises(OSError, match="No space left"):
        target.load(lines([(1, "a"), POISON]), "slice 1")
    assert bench.rows() == {}

    bench.rejects.fails = None
    assert len(target.load(lines([(1, "a"), POISON]), "slice 1")) == 1
    assert bench.rows() == {1: "a"}


def test_nothing_is_loaded_by_a_writer_of_an_earlier_epoch(bench: Bench) -> None:
    """It is fenced before its first row, and moves no checkpoint either."""
    old = bench.open(1)
    bench.take_over()
    with pytest.raises(Fenced):
        old.load(lines([(1, "a")]), "slice 1")
    with pytest.raises(Fenced):
        old.advance([stretch(batch(1, [(1, "a")]))])
    assert bench.rows() == {}
    assert bench.open(2).checkpoint(RANGES[1]).batch_seq == 0


def test_checkpoints_of_several_ranges_move_together(bench: Bench) -> None:
    """Each over its batches: position, counts and digest of the last, done if that one closes."""
    target = bench.open(1)
    here = [batch(1, [(1, "a"), (2, "b")]), batch(2, [(3, "c")], closing=True)]
    there = [batch(1, [(4, "d")], at=RANGES[2])]
    assert target.load(lines([(1, "a"), (2, "b"), (3, "c"), (4, "d")]), "slice 1") == ()

    assert target.advance([stretch(*here), stretch(*there)])

    found = target.checkpoint(RANGES[1])
    assert (found.batch_seq, found.position) == (2, here[1].position)
    assert (found.rows_read, found.rows_written) == (3, 3)
    assert (found.row_digest, found.state) == (here[1].checksum, RangeState.DONE)
    found = target.checkpoint(RANGES[2])
    assert (found.batch_seq, found.position) == (1, there[0].position)
    assert (found.rows_read, found.state) == (1, RangeState.RUNNING)
    assert target.checkpoint(RANGES[0]).state is RangeState.PENDING


def test_a_range_goes_on_from_where_an_earlier_window_left_it(bench: Bench) -> None:
    """Counts add up, in whichever way the batches before were applied."""
    target = bench.open(1)
    one, two, three, four = (batch(n, [(n, "x")], closing=n == 4) for n in range(1, 5))
    assert target.write(one).fresh
    assert target.advance([stretch(two, three)])
    assert target.checkpoint(RANGES[1]).rows_written == 3
    assert target.write(four).fresh
    found = target.checkpoint(RANGES[1])
    assert (found.batch_seq, found.rows_read, found.state) == (4, 4, RangeState.DONE)


def test_a_range_without_a_row_is_done_by_its_empty_batch(bench: Bench) -> None:
    """Among others, and without a position (I8)."""
    target = bench.open(1)
    empty = replace(batch(1, [], closing=True, at=RANGES[0]), position=None)
    assert target.advance([stretch(empty), stretch(batch(1, [(1, "a")]))])
    found = target.checkpoint(RANGES[0])
    assert (found.batch_seq, found.position, found.state) == (1, None, RangeState.DONE)


def test_moving_over_the_same_batches_again_changes_nothing(bench: Bench) -> None:
    """The answer to the COMMIT may have been lost: it says that they were in (I3)."""
    target = bench.open(1)
    moved = [
        stretch(batch(1, [(1, "a")]), batch(2, [(2, "b")]), unwritten=[unwritten("r1")]),
        stretch(batch(1, [(4, "d")], at=RANGES[2]), refused=["e1"]),
    ]
    assert target.advance(moved)
    before = [target.checkpoint(r) for r in RANGES]
    told = bench.tallies()

    assert not target.advance(moved)
    assert not bench.open(1).advance(moved)

    assert [target.checkpoint(r) for r in RANGES] == before
    assert bench.tallies() == told


def test_refused_rows_count_as_read_and_not_as_written(bench: Bench) -> None:
    """Those of the encoder and those of the target; each can be mended later."""
    target = bench.open(1)
    bench.widen(ROOM)
    offered = batch(1, [(1, "a"), POISON])
    refused = target.load(offered.lines, "slice 1")
    assert target.advance([stretch(offered, refused=["e1", "e2"], unwritten=refused)])

    found = target.checkpoint(RANGES[1])
    assert (found.rows_read, found.rows_written) == (4, 1)
    assert [t.rejected for t in bench.tallies()] == [0, 3, 0]
    bench.widen(40)
    assert target.mend(refused[0].id, RANGES[1], orjson.dumps(POISON)) == ()
    assert target.mend("e2", RANGES[1], orjson.dumps((5, "e"))) == ()
    assert bench.rows() == {1: "a", 999: "too long", 5: "e"}
    assert [t.rejected for t in bench.tallies()] == [0, 1, 0]


def test_a_row_that_was_refused_before_a_crash_is_counted_once(bench: Bench) -> None:
    """Only the transaction of the checkpoints names it, and the window is redone as a whole."""
    bench.widen(ROOM)
    offered = batch(1, [(1, "a"), POISON], closing=True)
    assert len(bench.open(1).load(offered.lines, "slice 1")) == 1
    assert [t.rejected for t in bench.tallies()] == [0, 0, 0]

    refused = bench.open(1).load(offered.lines, "slice 1")
    assert bench.open(1).advance([stretch(offered, unwritten=refused)])
    assert [t.rejected for t in bench.tallies()] == [0, 1, 0]
    assert len(bench.rejects.rows) == 1


def test_a_batch_that_was_moved_over_is_not_written_again(bench: Bench) -> None:
    """Applied as read afterwards it is found to be in, with what its stretch rejected."""
    target = bench.open(1)
    one, two = batch(1, [(1, "a")]), batch(2, [(2, "b")])
    assert target.advance([stretch(one, two, unwritten=[unwritten("r1")])])
    assert target.write(one) == Written(fresh=False)
    assert target.write(two) == Written(fresh=False, rejected=1)
    assert bench.rows() == {}


@pytest.mark.parametrize(
    "wrong",
    [
        [stretch(batch(3, [(3, "c")]))],
        [stretch(batch(2, [(2, "b")]), batch(4, [(4, "d")]))],
        [stretch(batch(1, [(1, "another")]))],
        [stretch(batch(1, [(1, "a")]), batch(2, [(2, "b")]))],
        [stretch(batch(1, [(1, "a")])), stretch(batch(1, [(4, "d")], at=RANGES[2]))],
        [stretch(batch(2, [(2, "b")])), stretch(batch(2, [(4, "d")], at=RANGES[2]))],
        [stretch(batch(1, [(7, "g")], at=TokenRange(number=77, start=0, end=1)))],
    ],
    ids=[
        "a gap before",
        "a gap inside",
        "another batch of that number",
        "some batches of it are in",
        "some ranges are in",
        "a gap in one of two",
        "a range that nobody registered",
    ],
)
def test_what_does_not_follow_the_checkpoints_moves_none(
    bench: Bench, wrong: list[Stretch]
) -> None:
    """The whole transaction goes, also for ranges that would fit; the next one is not harmed."""
    target = bench.open(1)
    assert target.write(batch(1, [(1, "a")])).fresh
    before = [target.checkpoint(r) for r in RANGES]

    with pytest.raises(StateError):
        target.advance(wrong)

    assert [target.checkpoint(r) for r in RANGES] == before
    assert target.advance([stretch(batch(2, [(2, "b")]))])
    assert target.checkpoint(RANGES[2]).batch_seq == 0


def test_thousands_of_batches_move_at_once(bench: Bench) -> None:
    """Each leaves its row in the audit; rejected rows by the thousand are all named."""
    target = bench.open(1)
    batches = [batch(n, [(n, "x")], closing=n == MANY) for n in range(1, MANY + 1)]
    lost = [unwritten(f"r{n}") for n in range(MANY)]
    assert target.advance([stretch(*batches, unwritten=lost)])
    found = target.checkpoint(RANGES[1])
    assert (found.batch_seq, found.rows_read, found.rows_written) == (MANY, MANY, 0)
    assert found.state is RangeState.DONE
    assert target.write(batches[0]) == Written(fresh=False)
    assert target.write(batches[MANY // 2]) == Written(fresh=False)
    assert bench.tallies()[1] == RangeTally(range=1, rejected=MANY)


def test_nothing_to_move_is_no_error(bench: Bench) -> None:
    """A window may hold no batch."""
    target = bench.open(1)
    assert target.advance([])
    assert [target.checkpoint(r).batch_seq for r in RANGES] == [0, 0, 0]
