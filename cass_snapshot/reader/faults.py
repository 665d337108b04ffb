"""What the Cassandra driver raises, told apart by what should be done about it.

The classes and their actions are those of the native protocol's error codes. What is done with a
remedy, and how often, is ``tries.py``'s and ``ranges.py``'s. Consistency is never lowered.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from cassandra import (
    AuthenticationFailed,
    DriverException,
    InvalidRequest,
    OperationTimedOut,
    ReadFailure,
    ReadTimeout,
    Unauthorized,
    Unavailable,
    UnsupportedOperation,
)
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionException
from cassandra.protocol import (
    ConfigurationException,
    ErrorMessage,
    IsBootstrappingErrorMessage,
    OverloadedErrorMessage,
    ProtocolException,
    ServerError,
    SyntaxException,
)

from cass_snapshot.errors import (
    PreflightError,
    RangeFailed,
    SnapshotError,
    SourceOverloaded,
    SourceUnavailable,
    Transient,
)

RETRY_AFTER_MAX_S = 60.0
"""A server's wish is honoured up to here; after that it is asked whether it still stands."""


class Remedy(Enum):
    """What helps against a failed request, if anything does."""

    LESS = auto()
    """It took too long: the same again a few times, then less of it."""
    FEWER_TOMBSTONES = auto()
    """Less of it, at once: the same again would fail the same way."""
    THRICE = auto()
    TWICE = auto()
    WAIT = auto()
    """The clock decides how long."""
    SLOWER = auto()
    """As WAIT, with fewer requests afterwards."""
    LOOK = auto()
    """It is refused: does the table still look as it did?"""
    NONE = auto()
    """Nothing would change by repeating it."""


_WAIT = (NoHostAvailable, Unavailable, ConnectionException, IsBootstrappingErrorMessage)
_REFUSED = (Unauthorized, SyntaxException, ConfigurationException, UnsupportedOperation)
_BY_CLASS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Remedy], ...] = (
    ((ReadTimeout, OperationTimedOut), Remedy.LESS),
    (OverloadedErrorMessage, Remedy.SLOWER),
    (_WAIT, Remedy.WAIT),
    ((ServerError, ProtocolException), Remedy.TWICE),
    (InvalidRequest, Remedy.LOOK),
)
_BY_REASON = {
    1: Remedy.FEWER_TOMBSTONES,
    2: Remedy.LESS,  # the replica's own time limit
    3: Remedy.WAIT,  # another schema: Cassandra 4.0 to 5.0
    4: Remedy.LESS,  # more bytes than a read may have
    5: Remedy.WAIT,
    6: Remedy.WAIT,
}
"""Failure reasons of replicas [RequestFailureReason of Cassandra 5.0; 5 and 6: domain.md]."""


def remedy_of(error: Exception) -> Remedy:
    """Return what is to be done about an error of the driver's."""
    if isinstance(error, ReadFailure):
        reasons = set((error.error_code_map or {}).values())
        return next((r for reason, r in _BY_REASON.items() if reason in reasons), Remedy.THRICE)
    if _authentication(error) is not None:
        return Remedy.NONE
    return next((r for kind, r in _BY_CLASS if isinstance(error, kind)), Remedy.NONE)


def translate(error: Exception, *, where: str) -> SnapshotError:
    """Return the error of ours that says what to do about one of the driver's.

    Args:
        error: what the driver raised.
        where: the table and range, or the contact points, concerned.
    """
    remedy = remedy_of(error)
    if remedy is Remedy.NONE:
        return _final(error, where)
    if remedy is Remedy.SLOWER:
        return _overloaded(error, where)
    key = ReadFailure if remedy is Remedy.WAIT and isinstance(error, ReadFailure) else remedy
    kind, what, fix = _TOLD[key]
    return kind(what, where=where, why=_text(error), fix=fix)


_TOLD: dict[object, tuple[type[SnapshotError], str, str]] = {
    Remedy.LESS: (Transient, "Cassandra did not answer a request in time", ""),
    Remedy.FEWER_TOMBSTONES: (
        RangeFailed,
        "Cassandra gave up over too many tombstones",
        (
            "let gc_grace_seconds pass and compact the table, or raise"
            " tombstone_failure_threshold on its nodes, then run again"
        ),
    ),
    Remedy.THRICE: (Transient, "a replica failed to read", ""),
    Remedy.TWICE: (Transient, "Cassandra failed at a request", ""),
    Remedy.LOOK: (RangeFailed, "Cassandra refuses the request", ""),
    Remedy.WAIT: (
        SourceUnavailable,
        "Cassandra does not answer",
        "check that it is up, and [cassandra] contact_points and port (--from)",
    ),
    ReadFailure: (
        SourceUnavailable,
        "Cassandra's nodes do not agree on the schema, or one of them is not ready",
        "wait until nodetool describecluster shows one schema version",
    ),
}
"""What is said of each remedy; a replica's failure that passes is told from an absent node."""


def _final(error: Exception, where: str) -> SnapshotError:
    """Return what ends the range, or all of the run where no range would fare better."""
    auth = _authentication(error)
    if auth is not None:
        return PreflightError(
            "Cassandra refused the login",
            where=where,
            why=_text(auth),
            fix="check [cassandra] username and password_file"
            " (or CASS_SNAPSHOT_CASSANDRA__PASSWORD)",
        )
    if isinstance(error, _REFUSED):
        return PreflightError(
            "Cassandra refuses the request",
            where=where,
            why=_text(error),
            fix="GRANT SELECT on the table to the role that reads, then run again"
            if isinstance(error, Unauthorized)
            else "see whether this version of Cassandra is one that the tool reads from",
        )
    if isinstance(error, (DriverException, ErrorMessage, ValueError)):
        return RangeFailed("Cassandra's answer cannot be used", where=where, why=_text(error))
    raise error


def _overloaded(error: Exception, where: str) -> SourceOverloaded:
    """Return the error, with the pause that services write into its text."""
    ours = SourceOverloaded(
        "Cassandra has too much to do",
        where=where,
        why=_text(error),
        fix="nothing, if it passes; else fewer [run] workers",
    )
    found = re.search(r"RetryAfterMs\W{0,3}(\d{1,9})", str(error), re.IGNORECASE)
    if found is not None:
        ours.retry_after_s = min(RETRY_AFTER_MAX_S, int(found[1]) / 1000)
    return ours


def _authentication(error: Exception) -> Exception | None:
    """Return the refusal of a login, which the driver wraps in NoHostAvailable."""
    causes = [error]
    if isinstance(error, NoHostAvailable) and isinstance(error.errors, dict):
        causes += error.errors.values()
    return next((c for c in causes if isinstance(c, AuthenticationFailed)), None)


def _text(error: Exception) -> str:
    """Return a driver's message on one line and of bounded length."""
    causes = getattr(error, "errors", None)
    if isinstance(error, NoHostAvailable) and isinstance(causes, dict) and causes:
        parts = [f"{host}: {type(cause).__name__}: {cause}" for host, cause in causes.items()]
        return "; ".join(parts).replace("\n", " ")[:500]
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:500]
