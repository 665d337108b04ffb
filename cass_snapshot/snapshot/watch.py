"""What workers report besides their work: that they wait, that one died, that one met a bug."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cass_snapshot.errors import (
    LimitReached,
    PreflightError,
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
        if message.error is None:
            self._answers()
        elif isinstance(message.error, Transient):
            self._progress.retried(0)
            self._journal.emit("retry", "warning", str(message.error))
        else:
            if isinstance(message.error, SourceOverloaded):
                self._slow_down(message.error)
            side = "source" if isinstance(message.error, SourceUnavailable) else "target"
            reason = f"{message.error.what} ({message.error.why})"
            if self._progress.waiting(side, reason):
                why = {"kind": f"{side}_away"}
                self._journal.emit("pause", "started", reason, side=side, reason=why)

    def _slow_down(self, error: SourceOverloaded) -> None:
        """Lower the concurrency before anything else."""
        workers = self.ease()
        if workers is not None:
            left = "one worker reads" if workers == 1 else f"{workers} workers read"
            self._journal.emit(
                "retry", "warning", f"{error}; {left} until it is quiet", workers=workers
            )

    def _answers(self) -> None:
        for side in ("source", "target"):
            if self._progress.waiting(side, None):
                self._journal.emit("pause", "finished", f"the {side} answers again", side=side)

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
