"""Processes that are started before there is anything for them to do."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from cass_snapshot.errors import PreflightError
from cass_snapshot.snapshot import process
from cass_snapshot.snapshot.messages import Ended, FromWorker, Task
from cass_snapshot.snapshot.process import Standby, start
from cass_snapshot.snapshot.supervisor import Pool, WorkerDeath
from cass_snapshot.wiring import Job
from tests.support import tiny_worker
from tests.support.tiny_worker import ENDS

END_S = 60.0
"""How long an end is waited for at most; it comes at once."""


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the tiny worker in the place of the real one; afterwards no child is left."""
    monkeypatch.setattr(process, "begin", tiny_worker.begin)
    yield
    assert multiprocessing.active_children() == []


def pids_of_tasks(folder: Path, standby: Standby) -> set[object]:
    """Return which processes a pool of two had its tasks done by."""
    found: set[object] = set()

    def hear(message: FromWorker | WorkerDeath) -> None:
        if isinstance(message, Ended):
            found.update(message.result)

    pool = Pool(cast("Job", str(folder)), size=2, tick=lambda: None, standby=standby)
    try:
        pool.run([Task(id=n, table=ENDS) for n in range(20)], hear)
    finally:
        pool.close()
    return found


def test_a_pool_gives_its_tasks_to_the_processes_that_wait(tmp_path: Path) -> None:
    """It starts none besides; those whose turn never came end with the standby."""
    with Standby(3) as standby:
        waiting = {child.pid for child in multiprocessing.active_children()}
        assert len(waiting) == 3
        done_by = pids_of_tasks(tmp_path, standby)
        assert done_by
        assert done_by <= waiting
        assert len(multiprocessing.active_children()) == 1


def test_a_pool_starts_what_the_standby_lacks(tmp_path: Path) -> None:
    """A standby that is empty, or used up, is no limit."""
    with Standby(0) as standby:
        assert pids_of_tasks(tmp_path, standby)


def test_what_ends_a_run_before_its_first_task_ends_the_waiting_processes() -> None:
    """A refusal in preflight leaves nothing behind, and goes on as it was."""
    refusal = PreflightError("a server does not fit")
    standby = Standby(2)
    with pytest.raises(PreflightError) as caught, standby:
        raise refusal
    assert caught.value is refusal
    assert multiprocessing.active_children() == []


def test_a_process_whose_parent_is_gone_before_it_has_anything_to_do_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The pipe's end says so, to the real worker too."""
    monkeypatch.undo()
    started = start()
    started.pipe.close()
    started.process.join(END_S)
    assert started.process.exitcode == 0


def alone(code: str) -> list[str]:
    """Return the lines that a program prints in a process that has one thread, as the tool's has.

    Other tests' drivers have threads here, beside which nothing may be forked.
    """
    ended = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=END_S
    )
    return ended.stdout.splitlines()


@pytest.mark.parametrize("forks", [True, False])
def test_workers_see_the_end_of_their_own_pipe(*, forks: bool) -> None:
    """None holds a copy of the parent's end of its own pipe, or of another's."""
    lines = alone(f"""
from cass_snapshot.snapshot import process
process._may_fork = lambda: {forks}
with process.Standby(2) as standby:
    for one in [standby.take(), standby.take()]:
        print(type(one.process).__name__, one.process.is_alive())
        one.pipe.close()
        one.process.join({END_S})
        print(one.process.exitcode)
""")
    assert lines == [f"{'Fork' if forks else 'Spawn'}Process True", "0"] * 2


def test_a_process_with_threads_does_not_fork() -> None:
    """Fork would copy a lock that a thread holds, and nobody would ever release it."""
    lines = alone("""
from threading import Event, Thread
from cass_snapshot.snapshot.process import _may_fork
print(_may_fork())
done = Event()
thread = Thread(target=done.wait)
thread.start()
print(_may_fork())
done.set()
thread.join()
""")
    assert lines == [str(sys.platform == "linux"), "False"]


def test_a_forked_worker_writes_to_no_log_of_its_parent(tmp_path: Path) -> None:
    """What it has to say goes to the files that its assignment names."""
    log = tmp_path / "log"
    alone(f"""
import logging
from pathlib import Path
from cass_snapshot import logs
from cass_snapshot.settings import LogSettings
from cass_snapshot.snapshot import process
process.begin = lambda pipe: logging.getLogger(logs.OURS).error("worker's")
process._may_fork = lambda: True
logs.to_file(Path({str(log)!r}), LogSettings())
with process.Standby(1) as standby:
    standby.take().process.join({END_S})
logging.getLogger(logs.OURS).error("parent's")
""")
    text = log.read_text(encoding="utf-8")
    assert "parent's" in text
    assert "worker's" not in text


def test_a_signal_to_the_whole_group_does_not_end_a_process_that_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether it comes before the process is up or after: the parent decides."""
    monkeypatch.undo()
    started = start()
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(started.process.pid or 0, number)
    started.pipe.close()
    started.process.join(END_S)
    assert started.process.exitcode == 0, "it ended by the closed pipe, and not by a signal"


@pytest.mark.parametrize("forks", [True, False])
def test_a_signal_while_a_process_is_started_leaves_none_behind(*, forks: bool) -> None:
    """It is raised when the process is there and nobody has been told of it."""
    lines = alone(f"""
import multiprocessing, os, signal
from multiprocessing.process import BaseProcess
from cass_snapshot.snapshot import process
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run behind &
start = BaseProcess.start

def start_and_interrupt(self):
    start(self)
    os.kill(os.getpid(), signal.SIGINT)

BaseProcess.start = start_and_interrupt
process._may_fork = lambda: {forks}
try:
    with process.Standby(2):
        print("it was not interrupted")
except KeyboardInterrupt:
    print("interrupted", multiprocessing.active_children())
""")
    assert lines == ["interrupted []"]


def imported_by(module: str) -> set[str]:
    """Return what a fresh interpreter holds when it has imported a module."""
    code = f"import sys, {module}; print(*sys.modules, sep='\\n')"
    ended = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=END_S
    )
    return set(ended.stdout.split())


def test_starting_a_process_imports_nothing_of_what_a_worker_needs() -> None:
    """Otherwise the parent would wait for the imports that are to run beside its own."""
    imported = imported_by("cass_snapshot.snapshot.process")
    assert not imported & {"cassandra", "mysql", "pydantic", "cass_snapshot.snapshot.worker"}


def test_a_worker_imports_nothing_of_what_examines_and_plans() -> None:
    """Each of them does it, and each is waited for."""
    imported = imported_by("cass_snapshot.snapshot.worker")
    rooms = ("cli", "config", "snapshot.preflight", "snapshot.plan", "mysql.planning")
    parts = ("mysql.admin", "reader.schema", "reader.sampling")
    assert "cass_snapshot.mysql.writer" in imported
    assert not imported & {f"cass_snapshot.{name}" for name in (*rooms, *parts)}
