"""What the Cassandra driver raises, told apart by what should be done about it.

The classes and their actions are those of the native protocol's error codes.
"""

from __future__ import annotations

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
    SourceUnavailable,
    Transient,
)

_AWAY = (
    NoHostAvailable,
    Unavailable,
    ConnectionException,
    OverloadedErrorMessage,
    IsBootstrappingErrorMessage,
)
_AGAIN = (ReadTimeout, OperationTimedOut, ServerError, ProtocolException)
_NEVER = (InvalidRequest, Unauthorized, SyntaxException, UnsupportedOperation)


def translate(error: Exception, *, where: str) -> SnapshotError:
    """Return the error of ours that says what to do about one of the driver's.

    Args:
        error: what the driver raised.
        where: the table and range, or the contact points, concerned.
    """
    auth = _authentication(error)
    if auth is not None:
        return PreflightError(
            "Cassandra refused the login",
            where=where,
            why=_text(auth),
            fix="check [cassandra] username and password_file"
            " (or CASS_SNAPSHOT_CASSANDRA__PASSWORD)",
        )
    if isinstance(error, ReadFailure):
        return _read_failure(error, where)
    if isinstance(error, _NEVER):
        return RangeFailed("Cassandra refuses the request", where=where, why=_text(error))
    if isinstance(error, _AWAY):
        return SourceUnavailable(
            "Cassandra does not answer",
            where=where,
            why=_text(error),
            fix="check that it is up, and [cassandra] contact_points and port (--from)",
        )
    if isinstance(error, _AGAIN):
        return Transient("a request to Cassandra failed", where=where, why=_text(error))
    if isinstance(error, (DriverException, ErrorMessage, ValueError)):
        return RangeFailed("Cassandra's answer cannot be used", where=where, why=_text(error))
    raise error


def _authentication(error: Exception) -> Exception | None:
    """Return the refusal of a login, which the driver wraps in NoHostAvailable."""
    causes = [error]
    if isinstance(error, NoHostAvailable) and isinstance(error.errors, dict):
        causes += error.errors.values()
    return next((c for c in causes if isinstance(c, AuthenticationFailed)), None)


def _read_failure(error: ReadFailure, where: str) -> SnapshotError:
    """Tell tombstone failures, which repeating cannot help, from others."""
    reasons = set((error.error_code_map or {}).values())
    if 1 in reasons:
        return RangeFailed(
            "Cassandra gave up over too many tombstones",
            where=where,
            why=_text(error),
            fix="compact the table, or raise tombstone_failure_threshold, then run again",
        )
    return Transient("a replica failed to read", where=where, why=_text(error))


def _text(error: Exception) -> str:
    """Return a driver's message on one line and of bounded length."""
    causes = getattr(error, "errors", None)
    if isinstance(error, NoHostAvailable) and isinstance(causes, dict) and causes:
        parts = [f"{host}: {type(cause).__name__}: {cause}" for host, cause in causes.items()]
        return "; ".join(parts).replace("\n", " ")[:500]
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:500]
