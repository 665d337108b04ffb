"""Processes that outlive us: started detached, known by pid and kernel start time, ended exactly.

A pid alone names whoever has it today. Field 22 of /proc/PID/stat, the kernel's start time, does
not change in a process's life, so (pid, start time) is that process or nobody.
"""

import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.support.stack.errors import StackError
from tests.support.stack.progress import Progress

_STATE = 0
_START_TIME = 19
"""Places in /proc/PID/stat counted from behind the command's name: fields 3 and 22."""

_KILL_PATIENCE_S = 60.0
"""Giving back gigabytes, or a write to a slow disk, may hold up even SIGKILL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessId:
    """One process, and never another one that was given the same pid later."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """Return the process that has this pid now; None if it is gone, or dead and unburied."""
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = text.rpartition(")")[2].split()  # the name may hold blanks and parentheses
        if fields[_STATE] in "ZX":
            return None
        return cls(pid=pid, started=int(fields[_START_TIME]))

    def is_alive(self) -> bool:
        """Say whether this very process still runs."""
        return ProcessId.of(self.pid) == self


def spawn(
    argv: Sequence[str], *, log: Path, folder: Path, environment: Mapping[str, str]
) -> ProcessId:
    """Start a program detached: own session, no terminal, output appended to `log`.

    A shell stands between, and is gone at once: the program is nobody's child, so a test process
    that started it neither has to bury it nor is warned about it.
    """
    with log.open("ab") as output:
        shell = subprocess.run(
            ["/bin/sh", "-c", 'umask 077; "$@" >&2 & echo $!', "sh", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            check=True,
        )
    process = ProcessId.of(int(shell.stdout))
    if process is None:
        raise StackError(f"{argv[0]} ended at once; see {log}")
    return process


def end(
    processes: Sequence[ProcessId],
    *,
    first: signal.Signals = signal.SIGTERM,
    patience_s: float = 90,
) -> None:
    """End these processes and return when they are gone; SIGKILL for what lasts too long."""
    with ExitStack() as opened:
        handles = [handle for process in processes if (handle := _open(process, opened))]
        _signal(handles, first)
        left = _wait(handles, patience_s)
        _signal(left, signal.SIGKILL)
        left = _wait(left, _KILL_PATIENCE_S)
    if left:
        raise StackError("a process does not end, not even by SIGKILL: see ps for state D")


def _open(process: ProcessId, opened: ExitStack) -> int | None:
    """Return a pidfd of this very process; None if it is gone.

    The start time is compared after opening: from then on the descriptor means that process only.
    """
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    opened.callback(os.close, handle)
    return handle if process.is_alive() else None


def _signal(handles: Sequence[int], number: signal.Signals) -> None:
    for handle in handles:
        try:
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            continue


def _wait(handles: Sequence[int], patience_s: float) -> list[int]:
    """Wait until these have ended; return those that have not after `patience_s`."""
    deadline = time.monotonic() + patience_s
    left = set(handles)
    poll = select.poll()
    for handle in handles:
        poll.register(handle, select.POLLIN)
    while left and (rest_s := deadline - time.monotonic()) > 0:
        for handle, _ in poll.poll(rest_s * 1000):
            poll.unregister(handle)
            left.discard(handle)
    return sorted(left)


def run(
    argv: Sequence[str],
    *,
    log: Path,
    progress: Progress,
    name: str = "",
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: Path | None = None,
) -> None:
    """Run a program to its end, output to `log`.

    When the work is cancelled it is ended; when we are killed, it dies with us.
    """
    setpriv = shutil.which("setpriv")
    leash = [setpriv, "--pdeathsig=KILL"] if setpriv else []
    with (
        log.open("ab") as output,
        (stdin or Path(os.devnull)).open("rb") as given,
        subprocess.Popen(
            [*leash, *argv],
            stdin=given,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=environment,
        ) as program,
    ):
        try:
            while _still_runs(program):
                progress.check()
        except BaseException:
            program.kill()
            raise
    if program.returncode:
        raise StackError(
            f"{name or argv[0]} failed with exit code {program.returncode}; "
            f"the end of {log}:\n{tail(log)}"
        )


def _still_runs(program: subprocess.Popen[bytes]) -> bool:
    try:
        program.wait(timeout=0.1)
    except subprocess.TimeoutExpired:
        return True
    return False


def tail(log: Path, lines: int = 15, since: int = 0) -> str:
    """Return the last lines of a log that was written from the offset `since` on."""
    try:
        text = log.read_bytes()[since:].decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(f"  | {line}" for line in text.splitlines()[-lines:])
