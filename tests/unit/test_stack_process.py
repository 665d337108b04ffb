"""Processes known by pid and kernel start time: exactly those are ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.stack.errors import CancelledError, StackError
from tests.support.stack.process import ProcessId, end, run, spawn, tail
from tests.support.stack.progress import Progress

WAITS = ["sh", "-c", "echo began; exec sleep 600"]


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """Hold a real child process."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def known(pid: int) -> ProcessId:
    """Return who has this pid now."""
    process = ProcessId.of(pid)
    assert process is not None
    return process


def test_a_process_is_itself_as_long_as_it_lives(child: subprocess.Popen[bytes]) -> None:
    """Asked twice, the same; after its death, dead, and so even before it is buried."""
    process = known(child.pid)
    assert process == known(child.pid)
    assert process.is_alive()
    end([process])
    assert not process.is_alive()
    assert child.wait() == -signal.SIGTERM


def test_a_reused_pid_is_never_ended(child: subprocess.Popen[bytes]) -> None:
    """The same pid with another start time is somebody else's process."""
    earlier = replace(known(child.pid), started=known(child.pid).started - 1)
    assert not earlier.is_alive()
    end([earlier], first=signal.SIGKILL)
    assert child.poll() is None


def test_a_name_with_blanks_and_parentheses_does_not_hide_the_start_time(tmp_path: Path) -> None:
    """The kernel writes a command's name between parentheses, whatever is in it."""
    program = tmp_path / "a ) S (b"
    program.symlink_to(sys.executable)
    with subprocess.Popen([str(program), "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert known(process.pid).is_alive()
        process.kill()


def test_nobody_has_an_unused_pid() -> None:
    """Beyond the kernel's largest."""
    assert ProcessId.of(2**22 + 1) is None


def test_a_spawned_process_is_nobodys_child_and_writes_its_log(tmp_path: Path) -> None:
    """It has its own session, no terminal, and its output in the log."""
    log = tmp_path / "log"
    process = spawn(WAITS, log=log, folder=tmp_path, environment=os.environ)
    try:
        assert os.getsid(process.pid) != os.getsid(0)
        files = Path(f"/proc/{process.pid}/fd")
        assert (files / "0").readlink() == Path(os.devnull)
        assert (files / "1").readlink() == log
        with pytest.raises(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)
    finally:
        end([process], first=signal.SIGKILL)
    assert not process.is_alive()


def test_what_does_not_heed_a_request_is_killed(tmp_path: Path) -> None:
    """After the given patience, and `end` returns when it is gone."""
    deaf = tmp_path / "deaf"
    os.mkfifo(deaf)
    script = f"trap '' TERM; echo now >{deaf}; exec sleep 600"
    process = spawn(
        ["sh", "-c", script], log=tmp_path / "log", folder=tmp_path, environment=os.environ
    )
    assert deaf.read_text() == "now\n"
    end([process], patience_s=0.2)
    assert not process.is_alive()


def test_ending_what_is_gone_is_no_error(tmp_path: Path) -> None:
    """Twice down is once down."""
    process = spawn(WAITS, log=tmp_path / "log", folder=tmp_path, environment=os.environ)
    end([process])
    end([process])


def test_a_program_that_fails_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    """One message: who, how, where to read on."""
    log = tmp_path / "log"
    with pytest.raises(StackError, match=r"it failed with exit code 3[\s\S]*  \| the reason"):
        run(["sh", "-c", "echo the reason; exit 3"], name="it", log=log, progress=Progress())


def test_cancelled_work_ends_its_program(tmp_path: Path) -> None:
    """Nothing is left running behind an interrupted command."""
    cancelled = Progress()
    cancelled.cancel()
    pid_file = tmp_path / "pid"
    script = f"echo $$ >{pid_file}; exec sleep 600"
    with pytest.raises(CancelledError):
        run(["sh", "-c", script], log=tmp_path / "log", progress=cancelled)
    if pid_file.exists():  # killed so early that it could not even say its pid, it is gone as well
        assert not pid_file.read_text() or ProcessId.of(int(pid_file.read_text())) is None


def test_a_tail_shows_only_what_was_written_since(tmp_path: Path) -> None:
    """An old start's error is not taken for the new one's; no log has no end."""
    log = tmp_path / "log"
    log.write_text("old\nnew 1\nnew 2\n", encoding="utf-8")
    assert tail(log, since=4) == "  | new 1\n  | new 2"
    assert tail(log, lines=1) == "  | new 2"
    assert tail(tmp_path / "none") == ""
