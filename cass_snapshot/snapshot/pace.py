"""How many workers are worth having: as many as there are cores, and more while each one pays.

Fewer while the source says that it has too much to do; then one more after the other again.

A worker spends its time on a core of its own, or waits for servers. Where the operator allows more
workers than there are cores, whether one more helps is measured, not guessed: it stays if rows come
faster with it, and goes if they do not.
"""

from __future__ import annotations

from collections.abc import Callable

MEASURE_S = 10.0
"""Rates over less than this are the noise of single pages and slices."""
GAIN = 1.05
"""What one worker more must bring at least: less is noise, and costs both servers a connection."""

EASE_S = 30.0
"""How long the source must be quiet before it is given one worker more."""
SAME_CRY_S = 5.0
"""What several workers are told within this is one thing that the source says."""


class Pace:
    """Climbs towards ``workers_max`` while the rate rises, one worker at a time.

    Args:
        workers_max: what the operator allows.
        cores: how many this process may use.
        clock: seconds that only grow.
    """

    def __init__(self, workers_max: int, cores: int, clock: Callable[[], float]) -> None:
        self._max = workers_max
        self._clock = clock
        self.workers = max(1, min(workers_max, cores))
        self._settled = self.workers == workers_max
        self._step: str | None = None
        self._since = clock()
        self._rows = 0
        self._before: float | None = None
        self._allowed: int | None = None
        """How many workers a source with too much to do is left with."""
        self._eased_at = 0.0

    def ease(self) -> int | None:
        """Halve the workers for a while; return how many that leaves, None if that is no news."""
        now = self._clock()
        before = self.workers if self._allowed is None else self._allowed
        if self._allowed is not None and now - self._eased_at < SAME_CRY_S:
            return None
        self._allowed, self._eased_at = max(1, before // 2), now
        return self._allowed if self._allowed < before else None

    def _recovered(self) -> int:
        """Return how many workers there should be, one more after each quiet while."""
        if self._allowed is None:
            return self.workers
        if self._clock() - self._eased_at >= EASE_S:
            self._allowed, self._eased_at = self._allowed + 1, self._clock()
        if self._allowed >= self.workers:
            self._allowed = None
            return self.workers
        return self._allowed

    def look(self, step: str, rows: int) -> int:
        """Take how far the copy is; return how many workers there should be.

        Args:
            step: what is being done; rates of different steps are not compared.
            rows: how many rows were read and written so far, by this process.
        """
        now = self._clock()
        if step != self._step:
            self._begin(step, now, rows)
            self._before = None
        elif self._allowed is not None:
            self._begin(step, now, rows)  # the rate of fewer workers says nothing of one more
        elif now - self._since >= MEASURE_S and rows > self._rows:
            self._judge((rows - self._rows) / (now - self._since))
            self._begin(step, now, rows)
        return self._recovered()

    def _begin(self, step: str, now: float, rows: int) -> None:
        self._step, self._since, self._rows = step, now, rows

    def _judge(self, rate: float) -> None:
        """Compare a rate with the one before a worker came, if one did."""
        if self._settled:
            return
        if self._before is not None and rate < self._before * GAIN:
            self.workers -= 1
            self._settled = True
            return
        self._before = rate
        if self.workers == self._max:
            self._settled = True
        else:
            self.workers += 1
