"""Runs one program and measures it: time, CPU of its whole tree and of both servers, memory.

Processes that it leaves behind are waited for, since this process adopts them (Linux); so a virtual
machine that outlives the script which started it is counted too.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from tests.bench.servers import ServerCpu, Servers

MEMORY_EVERY_S = 0.2
END_WITHIN_S = 30.0
LOOK_EVERY_S = 0.02
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SET_CHILD_SUBREAPER = 36
OUTPUT_KEPT = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How a program is started."""

    argv: Sequence[str]
    folder: Path
    variables: Mapping[str, str]
    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a program took; ``fault`` says why it counts for nothing."""

    seconds: float
    client_cpu_s: float
    servers: ServerCpu
    memory_mib: float
    fault: str | None = None


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends before them."""
    ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def tree(root: int) -> list[int]:
    """Return the process ids of a process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


def largest_mib(root: int) -> float:
    """Return the resident memory of the largest process of a tree, in MiB."""
    sizes = [0.0]
    for pid in tree(root):
        with suppress(OSError, IndexError):
            sizes.append(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20)
    return max(sizes)


@contextmanager
def _memory_of(root: int) -> Iterator[list[float]]:
    """Watch a tree; the list holds the largest size seen."""
    peak = [0.0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(MEMORY_EVERY_S):
            peak[0] = max(peak[0], largest_mib(root))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


@contextmanager
def started(command: Command) -> Iterator[subprocess.Popen[str]]:
    """Start a program in a session of its own; whatever happens, it is gone afterwards."""
    process = subprocess.Popen(
        command.argv,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), **command.variables},
        cwd=command.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)
        if process.stdout:
            process.stdout.close()


def _end(process: subprocess.Popen[str]) -> None:
    """End what is left of a program's session, at first politely, and count its CPU as ours."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        if _is_buried(process, END_WITHIN_S):
            break


def _is_buried(process: subprocess.Popen[str], within_s: float) -> bool:
    """Wait for a program and for what it left to us; False if something still runs."""
    deadline = monotonic() + within_s
    while monotonic() < deadline:
        if process.poll() is not None:
            try:
                while os.waitpid(-process.pid, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return True
        sleep(LOOK_EVERY_S)
    return False


def race(command: Command, servers: Servers) -> Cost:
    """Run a program to its end and measure it."""
    before_servers = servers.cpu()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = monotonic()
    fault: str | None = None
    with started(command) as process, _memory_of(process.pid) as peak:
        try:
            output, _ = process.communicate(timeout=command.limit_s)
        except subprocess.TimeoutExpired:
            fault = f"not done within {command.limit_s:.0f} s"
        else:
            if process.returncode:
                fault = f"exit code {process.returncode}: {output[-OUTPUT_KEPT:].strip()}"
        seconds = monotonic() - began
        used = servers.cpu().since(before_servers)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(
        seconds=seconds,
        client_cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        servers=used,
        memory_mib=peak[0],
        fault=fault,
    )
