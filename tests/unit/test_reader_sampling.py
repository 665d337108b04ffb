"""How many rows there are, guessed from a few."""

from __future__ import annotations

import random

import pytest

from cass_snapshot.model import TOKEN_MAX, TOKEN_MIN
from cass_snapshot.reader.sampling import PLACES, Hint, Stretch, estimate, hint
from cass_snapshot.ring.split import split_ring


def stretches(tokens: list[int], rows_a_partition: int, limit: int) -> list[Stretch]:
    """Read so many rows from the start of each part of a ring with these partitions."""
    made = []
    for part in split_ring(PLACES):
        here = sorted(t for t in tokens if part.start < t <= part.end)
        rows = [t for t in here for _ in range(rows_a_partition)]
        read = rows[:limit]
        end = part.end if len(read) < limit else read[-1] - 1
        before = [t for t in read if t <= end]
        made.append(Stretch(range=part, end=end, found=len(before), partitions=len(set(before))))
    return made


def ring(partitions: int, seed: int) -> list[int]:
    """Return the tokens of some partitions."""
    draw = random.Random(seed)
    return [draw.randint(TOKEN_MIN + 1, TOKEN_MAX) for _ in range(partitions)]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("partitions", "rows_a_partition", "limit", "within"),
    [(20_000, 1, 125, 1.2), (20_000, 1, 13, 1.6), (2_000, 10, 125, 1.7), (50_000, 3, 60, 1.5)],
)
def test_an_estimate_is_near(
    seed: int, partitions: int, rows_a_partition: int, limit: int, within: float
) -> None:
    """Whatever the width of partitions, within a factor that the sample's size explains."""
    found = estimate(stretches(ring(partitions, seed), rows_a_partition, limit))
    assert found is not None
    assert 1 / within < found / (partitions * rows_a_partition) < within


def test_estimates_are_right_in_the_mean() -> None:
    """Where few partitions fit into a stretch, leaving out each last one would halve them."""
    found = [estimate(stretches(ring(2_000, seed), 20, 125)) for seed in range(200)]
    mean = sum(n for n in found if n) / len(found)
    assert 0.9 < mean / 40_000 < 1.1


def test_what_was_read_whole_is_counted() -> None:
    """Also where some parts hold nothing."""
    assert estimate(stretches(ring(5, 1), 3, 100)) == 15
    assert estimate(stretches([], 1, 100)) == 0


def test_a_stretch_within_a_few_wide_partitions_says_nothing() -> None:
    """One of them would pass for the table."""
    assert estimate(stretches(ring(40, 1), 500, 100)) is None
    assert estimate([]) is None


def test_the_nodes_hint_is_of_its_own_ranges() -> None:
    """It stands for the part of the ring that they are; the last one goes over its end."""
    quarter = 2**62
    rows = [
        (str(-quarter), "0", 100, 50),
        (str(TOKEN_MAX - quarter // 2), str(TOKEN_MIN + quarter // 2 - 1), 300, 10),
    ]
    assert Hint(partitions=800, partition_bytes=20) == hint(rows)
    assert Hint(partitions=7, partition_bytes=9) == hint([(str(TOKEN_MIN), str(TOKEN_MIN), 7, 9)])
    assert Hint() == hint([]) == hint([("0", "5", 0, 0)])
