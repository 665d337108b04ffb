"""Workers beyond the cores come one by one, and the one that brings nothing goes."""

from __future__ import annotations

import pytest

from cass_snapshot.snapshot.pace import EASE_S, MEASURE_S, SAME_CRY_S, Pace


class Copy:
    """A copy whose rate depends on the number of workers."""

    def __init__(self, rates: dict[int, int], workers_max: int, cores: int) -> None:
        self.now = 0.0
        self.rows = 0
        self.rates = rates
        self.pace = Pace(workers_max, cores, lambda: self.now)

    def go(self, measures: int, step: str = "reading") -> list[int]:
        """Return how many workers there are after each of some measurements."""
        found = [self.pace.look(step, self.rows)]
        for _ in range(measures):
            self.now += MEASURE_S
            self.rows += int(self.rates[self.pace.workers] * MEASURE_S)
            found.append(self.pace.look(step, self.rows))
        return found


@pytest.mark.parametrize(
    ("rates", "workers_max", "cores", "seen"),
    [
        # Both servers are far away: every worker brings as much as the first.
        ({2: 200, 3: 300, 4: 400}, 4, 2, [2, 3, 4, 4, 4]),
        # The third brings nothing, and is the last.
        ({2: 200, 3: 204}, 8, 2, [2, 3, 2, 2, 2]),
        # The fourth slows the others down.
        ({2: 200, 3: 300, 4: 250}, 8, 2, [2, 3, 4, 3, 3]),
        # No more than the operator allows, nor than there are cores to begin with.
        ({2: 200}, 2, 8, [2, 2, 2, 2, 2]),
        ({1: 100}, 1, 4, [1, 1, 1, 1, 1]),
    ],
)
def test_a_worker_more_stays_if_it_pays(
    rates: dict[int, int], workers_max: int, cores: int, seen: list[int]
) -> None:
    """Begins with one a core."""
    assert Copy(rates, workers_max, cores).go(4) == seen


def test_rates_of_different_steps_are_not_compared() -> None:
    """Writing slices is slower than reading pages, and says nothing of the third worker."""
    copy = Copy({2: 200, 3: 300, 4: 400}, 4, 2)
    assert copy.go(1, "reading") == [2, 3]
    copy.rates = {2: 20, 3: 30, 4: 40}
    assert copy.go(2, "writing") == [3, 4, 4]


def test_a_copy_that_stands_still_teaches_nothing() -> None:
    """A server that is away would look like a worker that brings nothing."""
    copy = Copy({2: 200, 3: 0}, 4, 2)
    assert copy.go(5) == [2, 3, 3, 3, 3, 3]


def test_a_source_with_too_much_to_do_has_fewer_readers_for_a_while() -> None:
    """Half at each cry, never none; what several workers hear at once is one cry."""
    copy = Copy({8: 800}, 8, 8)
    assert copy.pace.ease() == 4
    assert copy.pace.ease() is None
    assert copy.pace.look("reading", 0) == 4
    copy.now += SAME_CRY_S
    assert copy.pace.ease() == 2
    copy.now += SAME_CRY_S
    assert copy.pace.ease() == 1
    copy.now += SAME_CRY_S
    assert copy.pace.ease() is None
    assert copy.pace.look("reading", 0) == 1


def test_readers_come_back_one_after_the_other() -> None:
    """Each after a quiet while; then as many as before."""
    copy = Copy({4: 400}, 4, 4)
    copy.pace.ease()
    seen = []
    for _ in range(4):
        seen.append(copy.pace.look("reading", 0))
        copy.now += EASE_S
    assert seen == [2, 3, 4, 4]
    assert copy.pace.ease() == 2


def test_the_rate_of_fewer_readers_teaches_nothing() -> None:
    """What is measured then is the source's trouble, not what a worker more brings."""
    copy = Copy({2: 200, 1: 50}, 4, 2)
    copy.pace.look("reading", 0)
    copy.pace.ease()
    copy.now += MEASURE_S
    copy.rows += 10
    assert copy.pace.look("reading", copy.rows) == 1
    assert copy.pace.workers == 2
