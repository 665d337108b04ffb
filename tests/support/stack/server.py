"""What every server of a stack can be asked to do, and how it is started until it answers."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.support.stack.errors import PortTakenError, StackError
from tests.support.stack.process import ProcessId, spawn, tail
from tests.support.stack.progress import Progress

READY_WITHIN_S = 300.0
"""Cassandra needs 13 s alone; 53 s were seen beside others on two cores."""

_KEPT_VARIABLES = ("PATH", "HOME", "TZ")
_PORT_TAKEN = ("Address already in use", "Port already in use", "port is already in use")


class NotReadyError(Exception):
    """The server does not answer yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a server's program is started."""

    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str]


class Server(Protocol):
    """One server: a Cassandra node, a MySQL or a MariaDB."""

    @property
    def name(self) -> str:
        """How commands call it."""
        ...

    @property
    def host(self) -> str:
        """The address that clients connect to."""
        ...

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        ...

    @property
    def log(self) -> Path:
        """Where its output goes."""
        ...

    def prepare(self, progress: Progress) -> Launch:
        """Make programs, settings and data ready, as far as they are not."""
        ...

    def ask(self) -> str:
        """Put a query to the server, see that it is ours, and return its version.

        Raises:
            NotReadyError: it does not answer, or not in full, yet.
        """
        ...


def plain_environment(**more: str) -> dict[str, str]:
    """Return an environment for servers, free of what the caller has set for other programs."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", **more}


def start(server: Server, progress: Progress, record: Callable[[ProcessId], None]) -> str:
    """Start the server, tell `record` its process, return its version once it has answered."""
    launch = server.prepare(progress)
    progress.say(f"{server.name}: starting")
    began = time.monotonic()
    log_before = server.log.stat().st_size if server.log.exists() else 0
    process = spawn(
        launch.argv, log=server.log, folder=launch.folder, environment=launch.environment
    )
    record(process)
    version = await_answer(server, process, progress, log_before=log_before)
    seconds = time.monotonic() - began
    progress.say(
        f"{server.name}: {version} ready in {seconds:.0f} s at {server.host}:{server.port}"
    )
    return version


def await_answer(
    server: Server, process: ProcessId, progress: Progress, *, log_before: int = 0
) -> str:
    """Return the server's version as soon as it answers a query.

    Raises:
        PortTakenError: it died of a port that somebody else has.
        StackError: it died of something else, or does not answer in time.
    """
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if not process.is_alive():
            raise _death(server, log_before)
        try:
            return server.ask()
        except NotReadyError:
            progress.wait(0.2)
    raise StackError(
        f"{server.name}: no answer within {READY_WITHIN_S:.0f} s; "
        f"the end of {server.log}:\n{tail(server.log)}"
    )


def _death(server: Server, log_before: int) -> StackError:
    log = server.log
    written = log.read_bytes()[log_before:].decode("utf-8", errors="replace")
    message = f"{server.name} died; the end of {log}:\n{tail(log, since=log_before)}"
    taken = any(sign in written for sign in _PORT_TAKEN)
    return PortTakenError(message) if taken else StackError(message)
