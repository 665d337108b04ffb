"""What a stack remembers between two commands: its options, its ports, its processes.

One JSON file in the stack's folder, replaced as a whole, so a reader finds the old or the new one.
It is valid if and only if it carries FORMAT; a file of another format is refused by name.
"""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from tests.support.stack.errors import StackError
from tests.support.stack.process import ProcessId
from tests.support.stack.progress import Progress

FORMAT = 1
NODE_NAMES = ("cassandra", "cassandra2", "cassandra3")
MYSQL_NAME = "mysql"
MARIADB_NAME = "mariadb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the stack consists of; `mysql` is the flavour of the server named so, or ``both``.

    With both there is a MySQL named mysql, and beside it a MariaDB named mariadb.
    """

    nodes: int = 1
    mysql: str = "mysql"
    buffer_pool: str = "1G"
    mysql_args: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the options as the command line takes them."""
        arguments = "".join(f" --mysql-arg={argument}" for argument in self.mysql_args)
        return (
            f"--nodes {self.nodes} --mysql {self.mysql} --buffer-pool {self.buffer_pool}{arguments}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Ports kept for the stack's life; nodes have own addresses, and share all but JMX.

    `mariadb` is 0 in the state of a stack that never had both flavours.
    """

    native: int
    storage: int
    jmx: tuple[int, ...]
    mysql: int
    mariadb: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A server that was started; `version` is empty until it has answered its first query."""

    name: str
    process: ProcessId
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """Everything that one stack remembers.

    `sockets` is a private folder with a short path. A stack that is down, its data removed, has
    none: what is left of it are the ports, so that addresses handed out before hold again.
    """

    options: Options
    ports: Ports
    sockets: str
    launched: tuple[Launched, ...] = ()

    @property
    def is_retired(self) -> bool:
        """Whether nothing but the ports is left."""
        return not self.sockets

    def retired(self) -> Self:
        """Return what is remembered when the data has been removed."""
        return replace(self, options=Options(), sockets="", launched=())

    def find(self, name: str) -> Launched | None:
        """Return the server of that name, dead or alive."""
        return next((server for server in self.launched if server.name == name), None)

    def process(self, name: str) -> ProcessId | None:
        """Return the process of that server if it runs."""
        server = self.find(name)
        return server.process if server and server.process.is_alive() else None

    def put(self, server: Launched) -> Self:
        """Return the state with this server in the place of its namesake."""
        others = tuple(other for other in self.launched if other.name != server.name)
        return replace(self, launched=(*others, server))

    def to_json(self) -> str:
        """Return the text of the state file."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what `to_json` wrote."""
        raw = json.loads(text)
        if raw["format"] != FORMAT:
            raise ValueError(f"its format is {raw['format']}, ours is {FORMAT}")
        options, ports = raw["options"], raw["ports"]
        return cls(
            options=Options(**{**options, "mysql_args": tuple(options["mysql_args"])}),
            ports=Ports(**{**ports, "jmx": tuple(ports["jmx"])}),
            sockets=raw["sockets"],
            launched=tuple(_launched(server) for server in raw["launched"]),
        )


def _launched(raw: dict[str, Any]) -> Launched:
    return Launched(**{**raw, "process": ProcessId(**raw["process"])})


class StateFile:
    """The state of one stack on disk; both starting threads change it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state.json"
        self._turn = threading.Lock()

    def read(self) -> StackState | None:
        """Return the state; None if there is no such stack."""
        try:
            return StackState.from_json(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise StackError(
                f"{self._path} is not a state file of this version: {error!r}"
            ) from error

    def write(self, state: StackState) -> None:
        """Replace the state."""
        fresh = self._path.with_suffix(".new")
        fresh.write_text(state.to_json(), encoding="utf-8")
        fresh.replace(self._path)

    def update(self, change: Callable[[StackState], StackState]) -> StackState:
        """Change the state that is there, one thread after the other, and return the new one."""
        with self._turn:
            state = self.read()
            if state is None:
                raise StackError(f"{self._path} has gone away")
            changed = change(state)
            self.write(changed)
            return changed


@contextmanager
def locked(path: Path, progress: Progress, wait_for: str) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`; say what we wait for if somebody else has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        said = False
        while not _try_lock(descriptor):
            if not said:
                progress.say(f"waiting for {wait_for}")
                said = True
            progress.wait(0.1)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
