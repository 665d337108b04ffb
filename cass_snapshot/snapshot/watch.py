"""What workers report besides their work: that they wait, that one died, that one met a bug."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cass_snapshot.errors import (
    Fault,
    LimitReached,
    PreflightError,
    SnapshotError,
    SourceOverloaded,
    SourceUnavailable,
    StateError,
    Transient,
    Unavailable,
)
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.messages import CopyRange, FromWorker, GatherRange, Waiting
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.supervisor import WorkerDeath

CONCERNS_ALL = (Unavailable, StateError, LimitReached, PreflightError)
"""Errors that say nothing of the range or rows at hand, and so end the run."""
_KINDS = {
    Fault.CAPACITY: "busy",
    Fault.FAILOVER: "read_only",
    Fault.SPACE: "full",
    Fault.ROOM: "room",
}
"""What a side is that is waited for, for the event; a server that does not answer is away."""
_OF_DISK = (Fault.ROOM, Fault.LOCKED)
_GOES_ON = {
    "source": "the source answers again",
    "target": "the target answers again",
    "disk": "there is room for the WAL again",
}
log = logging.getLogger(__name__)


class UnexpectedError(Exception):
    """A worker met an error that is a bug.

    Its text names the kind of error and the line of code; the whole traceback, whose message may
    quote what was being handled (I12), goes to the log alone.
    """

    def __init__(self, traceback: str) -> None:
        lines = traceback.strip().splitlines() or [""]
        places = [line.strip() for line in lines if line.lstrip().startswith("File ")]
        kind = lines[-1].partition(":")[0]
        super().__init__(f"{kind} at {places[-1]}" if places else kind)
        log.error("unexpected error in a worker:\n%s", traceback)


def _no_fewer() -> int | None:
    """Leave the workers as many as they are."""
    return None


class Watch:
    """Shows waiting and deaths, in every phase alike.

    Args:
        progress: where numbers go.
        journal: where events go.
    """

    def __init__(self, progress: Progress, journal: Journal) -> None:
        self._progress = progress
        self._journal = journal
        self.ease: Callable[[], int | None] = _no_fewer
        """Has fewer workers read for a while, and returns how many; None if that is no news."""

    def hear(self, message: FromWorker | WorkerDeath) -> None:
        """Take a worker's wait, its end, or a worker's death."""
        if isinstance(message, WorkerDeath):
            self._died(message)
        elif isinstance(message, Waiting):
            self._waits(message)

    def _waits(self, message: Waiting) -> None:
        error = message.error
        side, fault = _side(error), error.fault or Fault.AWAY
        if message.pause_s is None:
            self._over(error, side)
            return
        met = {"side": side, "fault": fault.value, "times": self._progress.faulted(side, fault)}
        if isinstance(error, Transient):
            self._progress.retried(0)
            self._journal.emit("retry", "warning", str(error), **met)
        else:
            if isinstance(error, SourceOverloaded):
                self._slow_down(error)
            reason = f"{error.what} ({error.why})"
            if self._progress.waiting(side, reason):
                why = {"kind": f"{side}_{_KINDS.get(fault, 'away')}"}
                self._journal.emit("pause", "started", reason, reason=why, **met)

    def _slow_down(self, error: SourceOverloaded) -> None:
        """Lower the concurrency before anything else."""
        workers = self.ease()
        if workers is not None:
            left = "one worker reads" if workers == 1 else f"{workers} workers read"
            self._journal.emit(
                "retry", "warning", f"{error}; {left} until it is quiet", workers=workers
            )

    def _over(self, error: SnapshotError, side: str) -> None:
        """End the wait of a side; what failed in passing was none."""
        if not isinstance(error, Transient) and self._progress.waiting(side, None):
            self._journal.emit("pause", "finished", _GOES_ON[side], side=side)

    def _died(self, death: WorkerDeath) -> None:
        self._progress.restarted()
        self._journal.emit(
            "run",
            "warning",
            f"{death.worker} died (exit code {death.exit_code}); its ranges go to another worker",
            worker=death.worker,
            exit_code=death.exit_code,
            ranges=[t.range.number for t in death.tasks if isinstance(t, CopyRange | GatherRange)],
        )
        for side in _GOES_ON:  # what the dead one waited for; whoever else does says so again
            if self._progress.waiting(side, None):
                text = f"{death.worker} may be who waited for the {side}"
                self._journal.emit("pause", "finished", text, side=side)


def _side(error: SnapshotError) -> str:
    """Return what a fault is one of: the source, the target, or the disk of the WAL."""
    if error.fault in _OF_DISK:
        return "disk"
    of_source = isinstance(error, SourceUnavailable) or error.fault in (None, Fault.REQUEST)
    return "source" if of_source else "target"
