"""Exit codes: one for each class of error, and the worst of several wins."""

from __future__ import annotations

from itertools import permutations

import pytest

from cass_snapshot.errors import (
    Fenced,
    LimitReached,
    LockedError,
    PreflightError,
    RangeFailed,
    SnapshotError,
    SourceUnavailable,
    StateError,
    TargetUnavailable,
    Transient,
    UsageError,
    ValueRefused,
    WalCorrupt,
)
from cass_snapshot.exits import WORST_FIRST, Exit, exit_code_for, exit_name_for, worst


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (PreflightError("x"), 3),
        (ValueRefused("x"), 4),
        (RangeFailed("x"), 4),
        (LimitReached("x"), 6),
        (SourceUnavailable("x"), 7),
        (TargetUnavailable("x"), 7),
        (Transient("x"), 7),
        (LockedError("x"), 8),
        (StateError("x"), 9),
        (WalCorrupt("x"), 9),
        (Fenced("x"), 9),
        (SnapshotError("x"), 1),
        (ZeroDivisionError(), 1),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 141),
    ],
)
def test_a_code_belongs_to_a_class_of_error(error: BaseException, code: int) -> None:
    """Never to a place."""
    assert code == exit_code_for(error)


def test_codes_are_interface() -> None:
    """Scripts read them; they are only ever added."""
    codes = {e.name: e.value for e in Exit}
    expected = {
        "OK": 0,
        "BUG": 1,
        "USAGE": 2,
        "PREFLIGHT": 3,
        "PARTIAL": 4,
        "DIFFERS": 5,
        "LIMIT": 6,
        "UNAVAILABLE": 7,
        "LOCKED": 8,
        "STATE": 9,
        "SIGINT": 130,
        "SIGPIPE": 141,
        "SIGTERM": 143,
    }
    assert expected == codes


def test_of_several_codes_the_worst_is_given_in_any_order() -> None:
    """Every code has its rank."""
    assert set(Exit) == set(WORST_FIRST)
    for codes in permutations([0, 4, 5, 9]):
        assert worst(codes) == 9
    assert (worst([9, 130]), worst([4, 5, 0]), worst([0]), worst([])) == (130, 5, 0, 0)
    assert (worst([1, 9]), worst([7, 1]), worst([6, 7]), worst([4, 6])) == (9, 1, 7, 6)


@pytest.mark.parametrize(
    ("code", "name"), [(0, "ok"), (4, "partial"), (9, "state"), (130, "signal"), (143, "signal")]
)
def test_a_code_has_a_name(code: int, name: str) -> None:
    """As ``result.json`` holds it."""
    assert name == exit_name_for(code)
