"""Patience with servers: what is tried again, how long, and who is told.

The budgets are apart: a server that is away is waited for by the clock, a request that failed in
passing (deadlock, timeout) is repeated a few times at once, with full jitter and doubling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from cass_snapshot.errors import SnapshotError, Transient, Unavailable

T = TypeVar("T")

TRANSIENT_ATTEMPTS_MAX = 5
PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 3.0
"""Short against the outages worth waiting for, so that a run goes on soon after the server does."""


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

    def call(self, attempt: Callable[[], T]) -> T:
        """Return what ``attempt`` returns, trying again as the budgets allow.

        Raises:
            Unavailable: the server stayed away longer than ``unavailable_s``.
            Transient: TRANSIENT_ATTEMPTS_MAX tries failed.
        """
        transients = 0

        def spent(state: RetryCallState) -> bool:
            nonlocal transients
            transients += isinstance(_error(state), Transient)
            return self._spent(state, transients)

        retrying = Retrying(
            retry=retry_if_exception_type((Unavailable, Transient)),
            stop=spent,
            wait=wait_random_exponential(multiplier=PAUSE_FIRST_S, max=PAUSE_MAX_S),
            before_sleep=self._announce,
            sleep=self._pause,
            reraise=True,
        )
        result: T = retrying(attempt)
        if retrying.statistics.get("attempt_number", 1) > 1:
            self.tell(None, 0.0)
        return result

    def _spent(self, state: RetryCallState, transients: int) -> bool:
        """Tell whether the budget of the present error is spent."""
        if self.stop.is_set():
            return True
        if isinstance(_error(state), Transient):
            return transients >= TRANSIENT_ATTEMPTS_MAX
        return (state.seconds_since_start or 0.0) >= self.unavailable_s

    def _pause(self, seconds: float) -> None:
        self.stop.wait(seconds)

    def _announce(self, state: RetryCallState) -> None:
        error = _error(state)
        if isinstance(error, SnapshotError):
            self.tell(error, state.upcoming_sleep)


def _error(state: RetryCallState) -> BaseException | None:
    """Return the error of the newest try."""
    return state.outcome.exception() if state.outcome else None
