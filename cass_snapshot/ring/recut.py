"""Cuts anew what remains of a run, where another number of ranges is wanted than it was cut into.

    a range      before                      after
    done         (s, e]                      (s, e]
    under way    (s, e], at token t          (s, t], which ends the partition, and (t, e] is free
    not begun    (s, e]                      free

Free tokens that lie side by side are cut into ranges of the wanted width, with new numbers. Nothing
is cut that has about that width already, so that the same command changes nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from cass_snapshot.model import (
    RANGES_MAX,
    TOKEN_MAX,
    TOKEN_MIN,
    Checkpoint,
    RangeState,
    Recut,
    TokenRange,
)
from cass_snapshot.ring.split import split

WIDE = 1.5
"""A range that is wider than this, in wanted widths, is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far a range has come, durably: in its WAL here, or else in the target.

    ``begun`` if there is any batch; ``token`` is where it stands, None where nothing more can be
    cut off: it is closed, or where it stands is not known.
    """

    begun: bool
    token: int | None


@dataclass(slots=True)
class _Free:
    """Tokens side by side that belong to no range that is begun: (start, end]."""

    start: int
    end: int
    gone: list[TokenRange]
    narrowed: list[TokenRange]


def recut(
    checkpoints: Sequence[Checkpoint], wanted: int, reached: Callable[[Checkpoint], Reached]
) -> Recut:
    """Return how a plan changes so that what remains of it is cut as the whole would be now.

    Args:
        checkpoints: of every range, in order of their tokens; none of a run that is new.
        wanted: into how many ranges the whole ring would be cut.
        reached: how far a range has come that is not done.
    """
    width = (TOKEN_MAX - TOKEN_MIN) / wanted
    open_ = [c.range for c in checkpoints if c.state is not RangeState.DONE]
    if all(width / WIDE < r.end - r.start <= width * WIDE for r in open_):
        return Recut()
    number = 1 + max((c.range.number for c in checkpoints), default=-1)
    gone: list[TokenRange] = []
    narrowed: list[TokenRange] = []
    added: list[TokenRange] = []
    for free in _free(checkpoints, width, reached):
        tokens = free.end - free.start
        count = min(tokens, max(1, round(tokens / width)))
        room = RANGES_MAX - len(checkpoints) - len(added) + len(gone) + len(free.gone)
        if not free.narrowed and len(free.gone) == count:
            continue
        pieces = split(free.start, free.end, min(count, max(1, room)), number)
        number += len(pieces)
        gone += free.gone
        narrowed += free.narrowed
        added += pieces
    return Recut(gone=tuple(gone), narrowed=tuple(narrowed), added=tuple(added))


def _free(
    checkpoints: Sequence[Checkpoint], width: float, reached: Callable[[Checkpoint], Reached]
) -> Iterator[_Free]:
    """Yield what may be cut anew, each stretch as long as it goes."""
    open_: _Free | None = None
    for checkpoint in checkpoints:
        found = checkpoint.range
        at = None if checkpoint.state is RangeState.DONE else reached(checkpoint)
        if at is not None and not at.begun:
            open_ = open_ or _Free(found.start, found.end, [], [])
            open_.end = found.end
            open_.gone.append(found)
            continue
        if open_ is not None:
            yield open_
            open_ = None
        if at is not None and at.token is not None and found.end - at.token > WIDE * width:
            open_ = _Free(at.token, found.end, [], [replace(found, end=at.token)])
    if open_ is not None:
        yield open_
