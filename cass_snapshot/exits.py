"""The exit codes, which error has which, and which wins. Codes are only ever added."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from cass_snapshot.errors import (
    LimitReached,
    LockedError,
    PreflightError,
    RangeFailed,
    SnapshotError,
    StateError,
    Transient,
    Unavailable,
    UsageError,
    ValueRefused,
)


class Exit(IntEnum):
    """What a process of ours ends with."""

    OK = 0
    BUG = 1
    USAGE = 2
    PREFLIGHT = 3
    PARTIAL = 4
    DIFFERS = 5
    LIMIT = 6
    UNAVAILABLE = 7
    LOCKED = 8
    STATE = 9
    SIGINT = 130
    SIGPIPE = 141
    SIGTERM = 143


_BY_ERROR: tuple[tuple[type[BaseException], Exit], ...] = (
    (UsageError, Exit.USAGE),
    (PreflightError, Exit.PREFLIGHT),
    (LockedError, Exit.LOCKED),
    (StateError, Exit.STATE),
    (LimitReached, Exit.LIMIT),
    (Unavailable, Exit.UNAVAILABLE),
    (Transient, Exit.UNAVAILABLE),
    (ValueRefused, Exit.PARTIAL),
    (RangeFailed, Exit.PARTIAL),
    (SnapshotError, Exit.BUG),
    (KeyboardInterrupt, Exit.SIGINT),
    (BrokenPipeError, Exit.SIGPIPE),
)

WORST_FIRST = (
    *(Exit.SIGINT, Exit.SIGTERM, Exit.SIGPIPE),
    *(Exit.STATE, Exit.BUG, Exit.DIFFERS, Exit.UNAVAILABLE, Exit.LIMIT, Exit.PARTIAL),
    *(Exit.LOCKED, Exit.PREFLIGHT, Exit.USAGE),
    Exit.OK,
)
"""Of several codes the one that stands first is given; the last three end a process alone."""


def exit_code_for(error: BaseException) -> int:
    """Return the code that belongs to an error's class; 1 for what nobody expected."""
    return next((code.value for kind, code in _BY_ERROR if isinstance(error, kind)), Exit.BUG.value)


def exit_name_for(code: int) -> str:
    """Return the code's name as ``result.json`` holds it."""
    return "signal" if code > Exit.STATE else Exit(code).name.lower()


def worst(codes: Iterable[int]) -> int:
    """Return the code that tells most of what went wrong; 0 where there is none."""
    return min((Exit(code) for code in codes), key=WORST_FIRST.index, default=Exit.OK).value
