"""A worker's process: how it is started, also before there is anything for it to do.

    begin ── ignores signals ── imports what a worker needs ── waits for its assignment ── serves

The imports take as long as the first look at both servers, so the parent starts processes before
that look and has them wait. At that time it has one thread and no connection, and on Linux the
processes are forked: they share its imports, which would cost each of them half a second of CPU.
All others are spawned: fork would copy locks and connections in unknown states, and forkserver
hides the parent's death from the workers.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:  # importing it takes longer than everything else here
    from cass_snapshot.wiring import Job

    Pipe = Connection[object, object]

_SPAWN = multiprocessing.get_context("spawn")
_THREADS = Path("/proc/self/task")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The first message to a worker: what it is called, and what its tasks belong to."""

    name: str
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A process that has been started, and the parent's end of its pipe."""

    process: BaseProcess
    pipe: Pipe


def begin(pipe: Pipe) -> None:
    """Be a worker. Entry point of the process."""
    # The terminal and service managers signal every process of the group; the parent decides.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    gc.disable()  # what is imported stays, and is not to be looked through meanwhile
    from cass_snapshot.snapshot.worker import main  # late: the parent need not wait for it

    try:
        assigned = pipe.recv()
    except (EOFError, OSError):  # the parent is gone, and nothing was begun
        return
    assert isinstance(assigned, Assignment)  # noqa: S101 - nothing else is sent first
    main(pipe, assigned.job, assigned.name)


def begin_forked(pipe: Pipe, inherited: Sequence[Pipe]) -> None:
    """Be a worker that has what the parent had: its ends of pipes, and its logs."""
    for end in inherited:
        end.close()  # or no worker would see by its pipe that the parent died
    logs = sys.modules.get("cass_snapshot.logs")
    if logs is not None:
        logs.stop()
    begin(pipe)


def start() -> Started:
    """Spawn a process that waits for its assignment."""
    # Starting the first process starts this one too, which unblocks the signals on Python 3.11.
    resource_tracker.ensure_running()
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=begin, args=(theirs,), daemon=True)
    return _started(process, ours, theirs)


def _fork(others: Sequence[Started]) -> Started:
    """Fork a process that waits for its assignment, beside others that were forked before."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    inherited = (ours, *(other.pipe for other in others))
    process = fork.Process(target=begin_forked, args=(theirs, inherited), daemon=True)
    return _started(process, ours, theirs)


def _may_fork() -> bool:
    """Tell whether nothing is running yet whose copy would be broken, in Python or below it."""
    return sys.platform == "linux" and len(list(_THREADS.iterdir())) == 1


def _started(process: BaseProcess, ours: Pipe, theirs: Pipe) -> Started:
    # A Ctrl-C goes to the whole process group; until the worker ignores it, it stays pending
    # there, and it is delivered here as soon as the worker has begun.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        process.start()
        theirs.close()  # or the pipe would never report the worker's end
        # A signal that came meanwhile is raised here, and nobody else knows of the process yet.
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except BaseException:
        if process.pid is not None:
            process.kill()
            process.join()
        ours.close()
        theirs.close()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return Started(process=process, pipe=ours)


class Standby:
    """Processes that wait for an assignment. Those that nobody took end when it is left, at once.

    Args:
        size: how many there are.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._started: list[Started] = []

    def __enter__(self) -> Self:
        forks = self._size > 0 and _may_fork()
        if forks:
            from cass_snapshot.snapshot import worker  # noqa: F401 - late, and theirs by the fork

            gc.freeze()  # or a collection would copy what is shared, page by page
            forks = _may_fork()  # what was imported may have started something
        try:
            while len(self._started) < self._size:
                self._started.append(_fork(self._started) if forks else start())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def take(self) -> Started:
        """Return a process that waits; one that is started now where none is left."""
        return self._started.pop(0) if self._started else start()

    def _end(self) -> None:
        for one in self._started:
            one.process.kill()  # it holds nothing yet
        for one in self._started:
            one.process.join()
            one.pipe.close()
        self._started.clear()
