"""One stack of this checkout: what the command line and the tests both call."""

import re
import shutil
import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from tests.support.stack.errors import StackDownError, StackError
from tests.support.stack.external import (
    CassandraAddress,
    Endpoints,
    External,
    MysqlAddress,
)
from tests.support.stack.launch import Launcher
from tests.support.stack.layout import new_state, nodes_of, sql_servers_of
from tests.support.stack.paths import stack_folder
from tests.support.stack.process import end, tail
from tests.support.stack.progress import Progress
from tests.support.stack.server import Server
from tests.support.stack.sql_server import DATABASE
from tests.support.stack.state import (
    MARIADB_NAME,
    MYSQL_NAME,
    NODE_NAMES,
    Options,
    StackState,
    StateFile,
    locked,
)
from tests.support.stack.status import ServerStatus, cassandra_status, mysql_status

DEFAULT = "default"
MARIADB_SIGN = "MariaDB"
"""What the version of every MariaDB contains."""

# A node that goes down while its neighbours do may wait half a minute for a quiet network, with
# its commit log not yet synced: worth waiting for only where somebody wants the data again.
_PATIENCE_KEEPING_S = 90.0
_PATIENCE_REMOVING_S = 8.0


class Stack:
    """Real servers under one name; several stacks run beside each other.

    The environment's servers take the place of the default stack's only. Who names a stack wants
    one of his own, to stop and kill.
    """

    def __init__(self, name: str = DEFAULT) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
            raise StackError(f"stack name {name!r}: lower-case letters, digits and hyphens")
        self.name = name
        self.folder = stack_folder(name)
        self._file = StateFile(self.folder)

    def up(
        self,
        *,
        nodes: int | None = None,
        mysql: str | None = None,
        buffer_pool: str | None = None,
        mysql_args: Sequence[str] | None = None,
        fresh: bool = False,
    ) -> None:
        """Have every server answer queries; what is left out stays as it was, or is the default."""
        if fresh:
            self.down()
        progress = Progress()
        with self._locked(progress):
            external = self._external()
            external.greet(progress)
            if external.is_complete:
                return
            asked = {
                "nodes": nodes,
                "mysql": mysql,
                "buffer_pool": buffer_pool,
                "mysql_args": None if mysql_args is None else tuple(mysql_args),
            }
            self._remember({key: value for key, value in asked.items() if value is not None})
            launcher = Launcher(self.folder, progress)
            launcher.up(cassandra=external.cassandra is None, mysql=external.mysql is None)
            if not launcher.started:
                progress.say(f"stack {self.name} is up")

    def down(self, *, keep: bool = False) -> None:
        """End what was started and remove its data; nothing to do is no error."""
        progress = Progress()
        with self._locked(progress):
            state = self._state()
            if state is None:
                progress.say(f"stack {self.name} is not there: nothing to do")
                return
            patience_s = _PATIENCE_KEEPING_S if keep else _PATIENCE_REMOVING_S
            running = [server for server in state.launched if server.process.is_alive()]
            end([server.process for server in running], patience_s=patience_s)
            names = ", ".join(server.name for server in running) or "nothing"
            if not keep:
                self._file.write(state.retired())  # first: half of the data is never used again
                shutil.rmtree(state.sockets, ignore_errors=True)
                self._remove_data()
            progress.say(
                f"ended {names}; data {'kept in ' + str(self.folder) if keep else 'removed'}"
            )

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """End one server and return when it is gone; its data and ports stay."""
        progress = Progress()
        with self._locked(progress):
            state = self._own(name)
            if process := state.process(name):
                end([process], first=number)
                progress.say(f"{name}: stopped")
            else:
                progress.say(f"{name} is down already")

    def start(self, name: str) -> None:
        """Start one server on its ports and data; return when it answers."""
        progress = Progress()
        with self._locked(progress):
            Launcher(self.folder, progress).one(self._server(self._own(name), name))

    def pid(self, name: str) -> int:
        """Return the process id of a server that is up."""
        process = self._own(name).process(name)
        if process is None:
            raise StackDownError(f"{name} is down")
        return process.pid

    def status(self) -> list[ServerStatus]:
        """Return the servers, dead or alive; none if there is no stack."""
        state, external = self._state(), self._external()
        return [*cassandra_status(state, external), *mysql_status(state, external)]

    def deaths(self) -> list[str]:
        """Tell of each server that was started and is gone without being asked to, and its log."""
        if (state := self._state()) is None:
            return []
        dead = [one.name for one in state.launched if not one.process.is_alive()]
        logs = {name: self._server(state, name).log for name in dead}
        return [f"{name} ended by itself; the end of its log:\n{tail(logs[name])}" for name in logs]

    def endpoints(self) -> Endpoints:
        """Return where to find the servers."""
        servers = {server.name: server for server in self.status()}
        wanted = {*servers, NODE_NAMES[0], MYSQL_NAME}
        down = sorted(name for name in wanted if name not in servers or not servers[name].is_up)
        if down:
            raise StackDownError(f"{', '.join(down)} not up: {self._hint('up')}")
        external = self._external()
        node = servers[NODE_NAMES[0]]
        mariadb = servers.get(MARIADB_NAME)
        if mariadb is None and MARIADB_SIGN in servers[MYSQL_NAME].version:
            mariadb = servers[MYSQL_NAME]
        return Endpoints(
            cassandra=CassandraAddress(node.host, node.port),
            cassandra_login=external.cassandra_login,
            mysql=external.mysql or _own_address(servers[MYSQL_NAME]),
            mariadb=external.mariadb or (_own_address(mariadb) if mariadb else None),
        )

    def _state(self) -> StackState | None:
        """Return the state of a stack that is there, dead or alive."""
        state = self._file.read()
        return None if state is None or state.is_retired else state

    def _remove_data(self) -> None:
        for folder in self.folder.iterdir():
            if folder.is_dir():
                shutil.rmtree(folder)

    def _external(self) -> External:
        """Return what the environment names, without what is only this stack's own address."""
        if self.name != DEFAULT:
            return External()
        return External.read().without_own(self._file.read())

    def _remember(self, asked: dict[str, Any]) -> None:
        """Write the state with these options, or refuse what a stack cannot become."""
        state = self._state()
        if state is None:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._remove_data()
            self._file.write(new_state(Options(**asked), before=self._file.read()))
            return
        options = replace(state.options, **asked)
        data_differs = (options.nodes, options.mysql) != (state.options.nodes, state.options.mysql)
        runs_otherwise = options != state.options and state.process(MYSQL_NAME) is not None
        if data_differs or runs_otherwise:
            raise StackError(
                f"stack {self.name} is there as {state.options.describe()}; "
                f"for another one {self._hint('down')} first, or up --fresh, or another --name"
            )
        self._file.write(replace(state, options=options))

    def _own(self, name: str) -> StackState:
        """Return the state; the server of that name must be one that the stack started."""
        state = self._state()
        if state is None or state.find(name) is None:
            raise StackDownError(f"{name} is none that {self._hint('up')} has started")
        return state

    def _server(self, state: StackState, name: str) -> Server:
        servers: list[Server] = [
            *nodes_of(state, self.folder),
            *sql_servers_of(state, self.folder),
        ]
        return next(server for server in servers if server.name == name)

    def _locked(self, progress: Progress) -> AbstractContextManager[None]:
        """Keep other commands on this stack out; the lock outlives the folder."""
        lock = self.folder.with_name(f"{self.folder.name}.lock")
        return locked(lock, progress, f"another command on stack {self.name}")

    def _hint(self, command: str) -> str:
        named = "" if self.name == DEFAULT else f" --name {self.name}"
        return f"bin/stack {command}{named}"


def _own_address(server: ServerStatus) -> MysqlAddress:
    return MysqlAddress(server.host, server.port, "root", "", DATABASE)
