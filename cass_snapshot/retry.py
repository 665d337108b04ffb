"""Patience with servers: what is tried again, how often and how long, and who is told.

Each kind of fault (``errors.Fault``) has a budget of its own, so that an outage leaves the tries of
a deadlock alone, and a disk that fills up those of an outage. What failed in passing is tried a few
times; what is waited for has a time. Every pause is drawn between nothing and a bound that doubles
with the failures of its kind: whoever failed together does not come back together.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from cass_snapshot.errors import Fault, SnapshotError, TargetFull, Transient, Unavailable

T = TypeVar("T")

TRIED_AGAIN = (Unavailable, Transient, TargetFull)
TRANSIENT_ATTEMPTS_MAX = 5
ATTEMPTS_MAX = {
    Fault.REDO: TRANSIENT_ATTEMPTS_MAX,
    Fault.UNKNOWN: 2,
    Fault.INTERRUPTED: 2,
    Fault.LOCKED: TRANSIENT_ATTEMPTS_MAX,
}
"""How often a call may fail so; kinds that are not named here are waited for by the clock."""
PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 3.0
"""Short against the outages worth waiting for, so that a run goes on soon after the server does."""


@dataclass(slots=True)
class _Budgets:
    """What one call has spent, by kind of fault: failures, and the time from each to the next.

    The clock runs from the first failure: a statement that hung before it failed has not yet been
    waited for.
    """

    unavailable_s: float
    clock: Callable[[], float]
    transients_max: int
    failures: Counter[Fault] = field(default_factory=Counter)
    waited: defaultdict[Fault, float] = field(default_factory=lambda: defaultdict(float))
    failed_at: float = 0.0
    error: SnapshotError | None = None
    met: dict[Fault, SnapshotError] = field(default_factory=dict)
    """The newest failure of each kind."""

    def book(self, error: SnapshotError) -> None:
        """Note a failed try."""
        now = self.clock()
        if self.error is not None:
            self.waited[_kind(self.error)] += now - self.failed_at
        self.error, self.failed_at = error, now
        self.met[_kind(error)] = error
        self.failures[_kind(error)] += 1

    @property
    def spent(self) -> bool:
        """Tell whether the newest failure was the last that its kind may have."""
        kind = _kind(self.error)
        if kind is Fault.REQUEST:
            return self.failures[kind] >= self.transients_max
        if kind in ATTEMPTS_MAX:
            return self.failures[kind] >= ATTEMPTS_MAX[kind]
        return self.waited[kind] >= self.unavailable_s

    def pause_s(self) -> float:
        """Return how long to wait before the next try; not less than the server asked for."""
        doublings = min(self.failures[_kind(self.error)] - 1, 16)
        bound = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2.0**doublings)
        hinted = self.error.retry_after_s if isinstance(self.error, Unavailable) else 0.0
        return max(random.uniform(0.0, bound), hinted)  # noqa: S311 - not for secrets


Tell = Callable[[SnapshotError, float], None]
"""Is told of an error, and of the seconds before the next try."""


def unheard(_error: SnapshotError, _pause_s: float = 0.0) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a caller waits, whom it tells, and what ends the waiting early.

    ``tell`` receives the error and the seconds before the next try; ``over``, when a call that had
    to be repeated went through, the newest error of each kind that it met, since they may be those
    of different sides. When ``stop`` is set the present error is raised at once.
    ``unavailable_s`` is the time of each kind of fault that is waited for, by ``clock``.
    """

    unavailable_s: float
    tell: Tell = unheard
    over: Callable[[SnapshotError], None] = unheard
    stop: Event = field(default_factory=Event)
    clock: Callable[[], float] = monotonic

    def call(self, attempt: Callable[[], T], *, transients_max: int = TRANSIENT_ATTEMPTS_MAX) -> T:
        """Return what ``attempt`` returns, trying again as the budgets allow.

        Args:
            attempt: what to do; what it raises decides whether it is tried again.
            transients_max: how many requests to the source may fail in passing.

        Raises:
            Unavailable: the server stayed away longer than ``unavailable_s``.
            TargetFull: it had no room for as long.
            Transient: as many tries failed as its kind may have.
        """
        budgets = _Budgets(self.unavailable_s, self.clock, transients_max)

        def unless_stopped() -> T:
            if self.stop.is_set() and budgets.error is not None:
                raise budgets.error
            try:
                return attempt()
            except TRIED_AGAIN as error:
                budgets.book(error)
                raise

        retrying = Retrying(
            retry=retry_if_exception_type(TRIED_AGAIN),
            stop=lambda _state: budgets.spent or self.stop.is_set(),
            wait=lambda _state: budgets.pause_s(),
            before_sleep=self._announce,
            sleep=self._pause,
            reraise=True,
        )
        result: T = retrying(unless_stopped)
        for error in budgets.met.values():
            self.over(error)
        return result

    def _pause(self, seconds: float) -> None:
        self.stop.wait(seconds)

    def _announce(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, SnapshotError):
            self.tell(error, state.upcoming_sleep)


def _kind(error: SnapshotError | None) -> Fault:
    return (error and error.fault) or Fault.AWAY
