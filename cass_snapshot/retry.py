"""Patience with servers: what is tried again, how long, and who is told.

The budgets are apart: a server that is away is waited for by the clock, a request that failed in
passing (deadlock, timeout) is repeated a few times at once, with full jitter and doubling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from cass_snapshot.errors import SnapshotError, Transient, Unavailable

T = TypeVar("T")

TRANSIENT_ATTEMPTS_MAX = 5
PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 3.0
"""Short against the outages worth waiting for, so that a run goes on soon after the server does."""


@dataclass(slots=True)
class _Budget:
    """What one call has spent: tries on transient errors, time since a server went away."""

    unavailable_s: float
    transients_max: int
    transients: int = 0
    away_since: float | None = None
    error: BaseException | None = None

    def spent_by(self, error: BaseException | None) -> bool:
        """Book a failed try and tell whether it was the last that its kind may have.

        The clock runs from the first failure: a statement that hung before it failed has not yet
        been waited for.
        """
        self.error = error
        if isinstance(error, Transient):
            self.transients += 1
            return self.transients >= self.transients_max
        now = monotonic()
        self.away_since = now if self.away_since is None else self.away_since
        return now - self.away_since >= self.unavailable_s


def _nobody(_error: SnapshotError | None, _pause_s: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a caller waits, whom it tells, and what ends the waiting early.

    ``tell`` receives the error and the seconds before the next try, and (None, 0) when a call that
    had to be repeated went through. When ``stop`` is set the present error is raised at once.
    """

    unavailable_s: float
    tell: Callable[[SnapshotError | None, float], None] = _nobody
    stop: Event = field(default_factory=Event)

    def call(self, attempt: Callable[[], T], *, transients_max: int = TRANSIENT_ATTEMPTS_MAX) -> T:
        """Return what ``attempt`` returns, trying again as the budgets allow.

        Args:
            attempt: what to do; what it raises decides whether it is tried again.
            transients_max: how many tries may fail in passing.

        Raises:
            Unavailable: the server stayed away longer than ``unavailable_s``.
            Transient: ``transients_max`` tries failed.
        """
        budget = _Budget(self.unavailable_s, transients_max)

        def unless_stopped() -> T:
            if self.stop.is_set() and budget.error is not None:
                raise budget.error
            return attempt()

        retrying = Retrying(
            retry=retry_if_exception_type((Unavailable, Transient)),
            stop=lambda state: budget.spent_by(_error(state)) or self.stop.is_set(),
            wait=_pause_s,
            before_sleep=self._announce,
            sleep=self._pause,
            reraise=True,
        )
        result: T = retrying(unless_stopped)
        if budget.error is not None:
            self.tell(None, 0.0)
        return result

    def _pause(self, seconds: float) -> None:
        self.stop.wait(seconds)

    def _announce(self, state: RetryCallState) -> None:
        error = _error(state)
        if isinstance(error, SnapshotError):
            self.tell(error, state.upcoming_sleep)


_BACKOFF = wait_random_exponential(multiplier=PAUSE_FIRST_S, max=PAUSE_MAX_S)


def _pause_s(state: RetryCallState) -> float:
    """Return the seconds before the next try; not less than the server asked for."""
    error = _error(state)
    hinted = error.retry_after_s if isinstance(error, Unavailable) else 0.0
    return max(_BACKOFF(state), hinted)


def _error(state: RetryCallState) -> BaseException | None:
    """Return the error of the newest try."""
    return state.outcome.exception() if state.outcome else None
