"""Runs ``cass-snapshot`` as an operator does: a process of its own, its streams, its exit code.

Every process of one command carries a mark in its environment, so that what is left of it can be
found in /proc whoever its parent is by then.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from tests.support.servers import Place, until

RUN_TIMEOUT_S = 180.0
MARK = "CASS_SNAPSHOT_TEST_MARK"
"""The tool ignores variables that begin with CASS_SNAPSHOT_TEST_."""
_PROC = Path("/proc")
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def record(self) -> dict[str, Any]:
        """Return the JSON that it wrote to standard output."""
        found: dict[str, Any] = orjson.loads(self.out)
        return found

    def __str__(self) -> str:
        return (
            f"exit {self.code} after {self.seconds:.1f} s\n{self.out[-4000:]}\n{self.err[-6000:]}"
        )


class Running:
    """A command in the background. Leaving the ``with`` block ends whatever is left of it."""

    def __init__(
        self, argv: Sequence[str], environment: Mapping[str, str], folder: Path, mark: str
    ) -> None:
        self._mark = f"{MARK}={mark}".encode()
        self._paths = folder / f"{mark}.out", folder / f"{mark}.err"
        self._began = time.monotonic()
        with self._paths[0].open("wb") as out, self._paths[1].open("wb") as err:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**environment, MARK: mark},
                cwd=folder,
                start_new_session=True,
            )
        self._line = _read(_PROC / str(self.process.pid) / "cmdline")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if error is not None:
            error.add_note(f"the command had said:\n{self.out()[-2000:]}\n{self.err()[-6000:]}")

    def out(self) -> str:
        """Return what it wrote to standard output so far."""
        return self._paths[0].read_text(encoding="utf-8", errors="replace")

    def err(self) -> str:
        """Return what it wrote to standard error so far."""
        return self._paths[1].read_text(encoding="utf-8", errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Signal the command's own process."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill the command's own process, and reap it."""
        self.process.kill()
        self.process.wait()

    @property
    def ended(self) -> bool:
        """Tell whether the command's own process is over."""
        return self.process.poll() is not None

    def wait(self, timeout_s: float = RUN_TIMEOUT_S) -> Outcome:
        """Return how it ended; fail when it takes too long."""
        self.process.wait(timeout_s)
        return Outcome(
            code=self.process.returncode,
            out=self.out(),
            err=self.err(),
            seconds=time.monotonic() - self._began,
        )

    def processes(self) -> list[int]:
        """Return every live process of this command but its first, whoever their parent is."""
        found = []
        for folder in _PROC.iterdir():
            if folder.name.isdigit() and int(folder.name) != self.process.pid:
                with suppress(OSError):  # it ended meanwhile
                    marked = self._mark in (folder / "environ").read_bytes().split(b"\0")
                    if marked and not _is_dead(folder):
                        found.append(int(folder.name))
        return sorted(found)

    def wait_gone(self, patience_s: float = 10.0) -> None:
        """Wait until no process of this command is left."""
        until(lambda: not self.processes(), "every process of the command is gone", patience_s)

    def workers(self) -> list[int]:
        """Return the live worker processes."""
        lines = {pid: _read(_PROC / str(pid) / "cmdline") for pid in self.processes()}
        # Forked ones are called what the command is called.
        return [pid for pid, line in lines.items() if b"spawn_main" in line or line == self._line]

    def kill_workers(self, pids: Sequence[int]) -> None:
        """Kill worker processes, those of them that are still there."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def until(self, condition: Any, what: str) -> None:  # noqa: ANN401 - any callable
        """Wait for a condition; fail at once when the command ends before it holds."""

        def checked() -> bool:
            held = bool(condition())
            assert held or not self.ended, f"it ended before: {what}"
            return held

        until(checked, what)


class Command:
    """The command line, for one place.

    Args:
        place: where it reads from and writes to.
        variables: of the environment, by their whole names.
        settings: variables for every command, as ``MYSQL__BATCH_ROWS_MAX="100"``.
    """

    def __init__(
        self, place: Place, variables: Mapping[str, str] | None = None, /, **settings: str
    ) -> None:
        self.place = place
        self.runs = place.folder / "runs"
        self._environment = {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            **place.environment,
            **(variables or {}),
            **{f"CASS_SNAPSHOT_{name}": value for name, value in settings.items()},
        }

    def start(self, *arguments: str, **settings: str) -> Running:
        """Start a command line in the background."""
        return Running(
            [str(Path(sys.executable).with_name("cass-snapshot")), *arguments],
            {
                **self._environment,
                **{f"CASS_SNAPSHOT_{name}": value for name, value in settings.items()},
            },
            self.place.folder,
            secrets.token_hex(6),
        )

    def call(self, *arguments: str, timeout_s: float = RUN_TIMEOUT_S, **settings: str) -> Outcome:
        """Run a command line to its end; nothing of it may be left afterwards."""
        with self.start(*arguments, **settings) as running:
            outcome = running.wait(timeout_s)
            running.wait_gone()
        return outcome

    def both(self, user: str | None = None) -> list[str]:
        """Return the options that name both servers and the folder of runs."""
        return [
            *("--from", self.place.source_url, "--to", self.place.target_url(user)),
            *("--run-dir", str(self.runs)),
        ]

    def copying(self, table: str, *more: str, user: str | None = None) -> list[str]:
        """Return the arguments that copy a table of the place's keyspace."""
        return ["run", f"{self.place.keyspace}.{table}", *self.both(user), *more]

    def run(self, table: str, *more: str, user: str | None = None, **settings: str) -> Outcome:
        """Copy a table of the place's keyspace."""
        return self.call(
            *self.copying(table, *more, user=user), timeout_s=RUN_TIMEOUT_S, **settings
        )

    def start_run(self, table: str, *more: str, **settings: str) -> Running:
        """Start to copy a table of the place's keyspace."""
        return self.start(*self.copying(table, *more), **settings)

    def find_missing(self, table: str, *more: str) -> Outcome:
        """Compare a table of the place's keyspace."""
        urls = self.both()[:4]
        return self.call("find-missing", f"{self.place.keyspace}.{table}", *urls, *more)

    def folders(self) -> list[Path]:
        """Return the folders of runs, oldest first."""
        return sorted(path.parent for path in self.runs.glob("*/run.json"))

    def scratch(self) -> Path:
        """Return the directory in memory that the newest run has, or had, for its workers."""
        note = self.folders()[-1] / ".scratch"
        return Path(note.read_text(encoding="utf-8").strip())

    def status(self) -> dict[str, Any]:
        """Return the newest run's ``status.json``."""
        found: dict[str, Any] = orjson.loads((self.folders()[-1] / "status.json").read_bytes())
        return found

    def events(self) -> list[dict[str, Any]]:
        """Return the newest run's events."""
        path = self.folders()[-1] / "events.jsonl"
        return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def _read(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


def _is_dead(folder: Path) -> bool:
    """Tell whether a process has ended and is only not reaped."""
    return _read(folder / "stat").rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"], [])
