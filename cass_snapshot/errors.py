"""The errors that someone acts on, and the tree they hang in.

    SnapshotError
    ├── UsageError          a flag, variable or config is wrong; nothing started
    ├── PreflightError      the databases or the machine do not fit; nothing written
    ├── LockedError         another process holds the run
    ├── StateError          WAL, checkpoint or fingerprint does not fit; a human decides
    │   ├── WalCorrupt        a WAL holds bytes that no crash explains
    │   └── Fenced            a newer process has taken the run over
    ├── LimitReached        a limit, or an operator, ended the run; it continues later
    │   └── TargetFull        the target's disk is full; worth waiting for, for a while
    ├── Unavailable         a server is away; try again after a pause
    │   ├── SourceUnavailable
    │   │   └── SourceOverloaded  fewer should read for a while
    │   └── TargetUnavailable
    ├── Transient           the same request may succeed at once (deadlock, timeout)
    ├── ValueRefused        a value that the target cannot hold unchanged
    └── RangeFailed         one token range cannot be finished; the others go on

An exit code belongs to a class, never to a place; ``cli/exits.py`` holds the table.
"""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """What kind of fault is tried again: each has a budget of its own, and is counted apart.

    The source has ``REQUEST``, ``AWAY`` and ``CAPACITY``, the WAL's disk ``ROOM`` and ``LOCKED``;
    the others are those of the notes on MySQL.
    """

    REQUEST = "request"
    """A request failed in passing, by a timeout for example; the same may succeed."""
    REDO = "redo"
    """A transaction was rolled back by a deadlock or a lock wait; the same may succeed."""
    UNKNOWN = "unknown"
    """As REDO, of an error that says nothing of itself."""
    INTERRUPTED = "interrupted"
    """Somebody stopped a statement; what is done to it twice is meant."""
    RECONNECT = "reconnect"
    """The connection is lost; a checkpoint tells what came of its COMMIT."""
    AWAY = "away"
    """Nobody answers."""
    CAPACITY = "capacity"
    """The server is up and full of others' work."""
    FAILOVER = "failover"
    """The server is read-only: another one may be the primary by now."""
    SPACE = "space"
    """The server's disk is full or failing."""
    SPLIT = "split"
    """The server takes no transaction of this size; it is written in parts."""
    ROOM = "room"
    """There is no room for more WAL: on its disk, or below its ceiling."""
    LOCKED = "locked"
    """The process before has not let go of a range's WAL yet."""


class SnapshotError(Exception):
    """What happened, where, why and what to do, each as one line of plain text.

    Args:
        what: the sentence that the operator reads first; never row data (I12).
        where: the setting, file, table, range or segment:offset concerned.
        why: what was found, as against what was needed.
        fix: what to change or type next.
        fault: the kind of a fault that is tried again, where the class does not say it.
    """

    fault: Fault | None = None

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        why: str = "",
        fix: str = "",
        fault: Fault | None = None,
    ) -> None:
        super().__init__(what)
        if fault is not None:
            self.fault = fault
        self.what = what
        self.where = where
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        """Return the sentence with what is known beside it, on one line for logs."""
        parts = [self.what]
        parts += [f"{name}: {text}" for name, text in self.details() if text]
        return "; ".join(parts)

    def details(self) -> tuple[tuple[str, str], ...]:
        """Return the labelled lines in the order in which they are shown."""
        return (("where", self.where), ("why", self.why), ("fix", self.fix))

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword arguments when an error crosses a process."""
        return (_rebuild, (type(self), self.what, dict(self.details()), self.fault))


def _rebuild(
    kind: type[SnapshotError], what: str, details: dict[str, str], fault: Fault | None
) -> SnapshotError:
    return kind(what, fault=fault, **details)


class UsageError(SnapshotError):
    """A flag, variable or configuration key is wrong; nothing was started."""


class PreflightError(SnapshotError):
    """A database, table or machine does not fit the plan; nothing was written."""


class LockedError(SnapshotError):
    """Another process holds this run."""


class StateError(SnapshotError):
    """WAL, checkpoint or fingerprint do not fit together (I6, I9)."""


class WalCorrupt(StateError):
    """A segment holds bytes that neither a crash nor this tool explains."""


class Fenced(StateError):
    """A newer process took this run over; this one must not write any more."""


class LimitReached(SnapshotError):
    """A limit or the operator ended the run; the same command continues it."""


class TargetFull(LimitReached):
    """The target has no room on its disk; somebody may make some while it is waited for."""

    fault = Fault.SPACE


class Unavailable(SnapshotError):
    """A server did not answer; worth waiting for.

    ``retry_after_s`` is the least that the server itself asked to be left alone for.
    """

    retry_after_s: float = 0.0

    fault = Fault.AWAY


class SourceUnavailable(Unavailable):
    """Cassandra did not answer."""


class SourceOverloaded(SourceUnavailable):
    """Cassandra answers that it has too much to do."""

    fault = Fault.CAPACITY


class TargetUnavailable(Unavailable):
    """The target did not answer, or its connection was lost."""


class Transient(SnapshotError):
    """The request failed for a reason that passes at once: deadlock, lock wait, timeout."""

    fault = Fault.REQUEST


class ValueRefused(SnapshotError):
    """A value that the target column cannot hold unchanged (I10)."""


class RangeFailed(SnapshotError):
    """A token range cannot be finished; its reason is in ``why``."""
