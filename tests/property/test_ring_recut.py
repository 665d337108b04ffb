"""A plan that is cut anew covers the ring once, and takes nothing from what is begun."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cass_snapshot.model import TOKEN_MAX, TOKEN_MIN, Checkpoint, RangeState, Recut
from cass_snapshot.ring.recut import WIDE, Reached, recut
from cass_snapshot.ring.split import prove_tiling, split_ring

RING = TOKEN_MAX - TOKEN_MIN


def after(checkpoints: list[Checkpoint], change: Recut) -> list[Checkpoint]:
    """Return what the ledger holds after a change."""
    narrowed = {r.number: r for r in change.narrowed}
    kept = [c for c in checkpoints if c.range not in change.gone]
    kept = [replace(c, range=narrowed.get(c.range.number, c.range)) for c in kept]
    kept += [Checkpoint(range=r) for r in change.added]
    return sorted(kept, key=lambda c: c.range.start)


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Checkpoint], dict[int, Reached]]:
    """Draw a run that was left off: ranges done, under way, captured whole, and not begun."""
    checkpoints, reached = [], {}
    for one in split_ring(draw(st.integers(1, 40))):
        kind = draw(st.sampled_from(["done", "under way", "at the end", "closed", "untouched"]))
        state = RangeState.DONE if kind == "done" else RangeState.PENDING
        checkpoints.append(Checkpoint(range=one, state=state))
        token = {"under way": draw(st.integers(one.start + 1, one.end)), "at the end": one.end}
        reached[one.number] = Reached(begun=kind != "untouched", token=token.get(kind))
    return checkpoints, reached


@given(runs(), st.integers(1, 300))
def test_what_is_begun_stays_and_the_rest_has_the_wanted_width(
    run: tuple[list[Checkpoint], dict[int, Reached]], wanted: int
) -> None:
    """Every token has one range before and after; numbers are used once."""
    checkpoints, reached = run
    change = recut(checkpoints, wanted, lambda c: reached[c.range.number])
    made = after(checkpoints, change)
    prove_tiling([c.range for c in made])
    assert len({c.range.number for c in made}) == len(made)
    known = {c.range.number for c in checkpoints}
    for range_ in change.added:
        assert range_.number not in known
    for gone in change.gone:
        assert not reached[gone.number].begun
    for range_ in change.narrowed:
        assert range_.end == reached[range_.number].token
    done = [c.range for c in checkpoints if c.state is RangeState.DONE]
    assert set(done) <= {c.range for c in made}
    if change.added:
        widest = max(r.end - r.start for r in change.added)
        assert widest <= WIDE * RING / wanted + 1


@given(runs(), st.integers(1, 300))
def test_the_same_wish_again_changes_nothing_that_is_not_begun(
    run: tuple[list[Checkpoint], dict[int, Reached]], wanted: int
) -> None:
    """A loop that restarts the command does not cut a plan to pieces."""
    checkpoints, reached = run

    def far(checkpoint: Checkpoint) -> Reached:
        return reached.get(checkpoint.range.number, Reached(begun=False, token=None))

    once = after(checkpoints, recut(checkpoints, wanted, far))
    again = after(once, recut(once, wanted, far))
    assert len(again) == len(once)


@given(st.integers(1, 300), st.data())
def test_a_plan_of_the_wanted_width_is_left_alone(count: int, data: st.DataObject) -> None:
    """Nothing is asked of any WAL."""
    state = st.sampled_from([RangeState.DONE, RangeState.PENDING])
    plan = [Checkpoint(range=one, state=data.draw(state)) for one in split_ring(count)]

    def never(_: Checkpoint) -> Reached:
        raise AssertionError("a WAL was opened")

    assert recut(plan, count, never) == Recut()
    assert recut([], count, never) == Recut()


def test_one_range_under_way_is_cut_behind_its_position() -> None:
    """As where a run was begun with one range, and is continued with four."""
    (whole,) = split_ring(1)
    change = recut([Checkpoint(range=whole)], 4, lambda _: Reached(begun=True, token=0))
    assert change.gone == ()
    assert change.narrowed == (replace(whole, end=0),)
    assert [(r.number, r.start, r.end) for r in change.added] == [
        (1, 0, TOKEN_MAX // 2),
        (2, TOKEN_MAX // 2, TOKEN_MAX),
    ]
