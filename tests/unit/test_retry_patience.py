"""Patience: two budgets, announced, and ended early by a wish to stop."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import pytest

from cass_snapshot.errors import (
    Fault,
    RangeFailed,
    SnapshotError,
    SourceUnavailable,
    TargetUnavailable,
    Transient,
)
from cass_snapshot.retry import PAUSE_MAX_S, TRANSIENT_ATTEMPTS_MAX, Patience
from tests.support.patient import NoWait, patience


class Attempts:
    """Meets errors in order, then returns; counts how often it was called."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.count = 0

    def __call__(self) -> str:
        """Raise the next error, or return."""
        self.count += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


def test_what_works_at_once_is_not_announced() -> None:
    """Nobody hears of it, and nothing waits."""
    stop, told = NoWait(), list[tuple[SnapshotError | None, float]]()
    assert patience(stop, told).call(Attempts()) == "done"
    assert (stop.pauses, told) == ([], [])


def test_a_transient_error_is_tried_again_at_once_a_few_times() -> None:
    """The last allowed try may still succeed."""
    fine = Attempts(*[Transient("t")] * (TRANSIENT_ATTEMPTS_MAX - 1))
    assert patience().call(fine) == "done"
    stubborn = Attempts(*[Transient("t")] * 99)
    with pytest.raises(Transient):
        patience().call(stubborn)
    assert stubborn.count == TRANSIENT_ATTEMPTS_MAX


def test_a_wal_that_another_process_holds_is_tried_as_often() -> None:
    """It belongs to a worker that is about to end, or to one that never will."""
    held = Attempts(*[Transient("held", fault=Fault.LOCKED)] * 99)
    with pytest.raises(Transient):
        patience().call(held)
    assert held.count == TRANSIENT_ATTEMPTS_MAX


@pytest.mark.parametrize("kind", [SourceUnavailable, TargetUnavailable])
def test_a_server_that_is_away_is_waited_for_by_the_clock(kind: type[SnapshotError]) -> None:
    """However many tries that takes; the pauses stay short against an outage."""
    stop = NoWait()
    assert patience(stop).call(Attempts(*[kind("away")] * 200)) == "done"
    assert len(stop.pauses) == 200
    assert max(stop.pauses) <= PAUSE_MAX_S


def test_a_spent_budget_raises_the_error_that_was_met() -> None:
    """Not one of the library that counts."""
    error = TargetUnavailable("away")
    attempts = Attempts(*[error] * 999)
    with pytest.raises(TargetUnavailable) as raised:
        Patience(unavailable_s=0.05).call(attempts)
    assert raised.value is error


def test_the_budget_is_kept_within_a_pause() -> None:
    """A tiny budget ends within a moment, with real pauses."""
    began = perf_counter()
    with pytest.raises(TargetUnavailable):
        Patience(unavailable_s=0.1).call(Attempts(*[TargetUnavailable("away")] * 999))
    assert perf_counter() - began < 10


@pytest.mark.parametrize("error", [RangeFailed("r"), ValueError("ours"), SnapshotError("s")])
def test_what_waiting_cannot_help_is_raised_at_once(error: Exception) -> None:
    """One attempt, no pause."""
    stop, attempts = NoWait(), Attempts(error)
    with pytest.raises(type(error)):
        patience(stop).call(attempts)
    assert (attempts.count, stop.pauses) == (1, [])


def test_each_wait_is_announced_and_so_is_its_end() -> None:
    """With the error, and the seconds until the next try."""
    stop, told = NoWait(), list[tuple[SnapshotError | None, float]]()
    first, second = TargetUnavailable("a"), Transient("b")
    patience(stop, told).call(Attempts(first, second))
    assert [first, second, None, None] == [error for error, _ in told]
    assert [*stop.pauses, 0.0, 0.0] == [pause for _, pause in told]


def test_what_a_call_got_over_is_told_by_its_newest_error_of_each_kind() -> None:
    """They may be those of two servers, and each is waited for by itself."""
    over: list[SnapshotError] = []
    away = [TargetUnavailable(f"{n}") for n in range(3)]
    patient = Patience(unavailable_s=60.0, over=over.append, stop=NoWait())
    patient.call(Attempts(*away, Transient("deadlock", fault=Fault.REDO), away[0]))
    assert [(type(error), str(error)) for error in over] == [
        (TargetUnavailable, "0"),
        (Transient, "deadlock"),
    ]


def test_a_call_that_failed_for_good_is_not_said_to_go_on() -> None:
    """The end that is told is that of the waiting alone."""
    told = list[tuple[SnapshotError | None, float]]()
    with pytest.raises(RangeFailed):
        patience(told=told).call(Attempts(Transient("t"), RangeFailed("r")))
    assert [Transient] == [type(error) for error, _ in told]


def test_a_wish_to_stop_raises_the_present_error() -> None:
    """Before any pause where it was set already, else after the one it cut short."""
    stop = NoWait()
    stop.set()
    attempts = Attempts(*[TargetUnavailable("away")] * 9)
    with pytest.raises(TargetUnavailable):
        patience(stop).call(attempts)
    assert (attempts.count, stop.pauses) == (1, [])
    later = NoWait(stops_at=2)
    with pytest.raises(TargetUnavailable):
        patience(later).call(Attempts(*[TargetUnavailable("away")] * 9))
    assert len(later.pauses) == 2


def test_a_budget_belongs_to_one_call() -> None:
    """What an earlier call spent is forgotten."""
    one = patience()
    tries: list[Callable[[], str]] = [Attempts(*[Transient("t")] * 4) for _ in range(3)]
    assert [one.call(attempt) for attempt in tries] == ["done"] * 3


def test_an_outage_does_not_spend_the_tries_of_a_deadlock() -> None:
    """The budgets are apart: a deadlock after a long outage is tried again."""
    away = [TargetUnavailable("away")] * 10
    assert patience().call(Attempts(*away, Transient("deadlock"))) == "done"
