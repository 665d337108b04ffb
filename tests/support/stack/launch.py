"""Bringing a stack up: all sides at the same time, all of it or nothing.

A server that runs is asked; one that does not is started. If anything fails, or somebody presses
Ctrl-C, the servers started here are ended again, and no others.
"""

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path

from tests.support.stack.cassandra import CassandraNode
from tests.support.stack.errors import CancelledError, PortTakenError, StackError
from tests.support.stack.layout import (
    nodes_of,
    sql_servers_of,
    with_other_cassandra_ports,
    with_other_sql_port,
)
from tests.support.stack.process import ProcessId, end
from tests.support.stack.progress import Progress
from tests.support.stack.server import READY_WITHIN_S, NotReadyError, Server, await_answer, start
from tests.support.stack.state import Launched, StackState, StateFile

_PORT_ATTEMPTS = 3


class Launcher:
    """Starts servers of one stack and remembers which, for the case that it must undo it."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._folder = folder
        self._file = StateFile(folder)
        self._progress = progress
        self.started: list[ProcessId] = []

    def up(self, *, cassandra: bool, mysql: bool) -> None:
        """Bring these sides up; see the module's promise."""
        names = [server.name for server in sql_servers_of(self._state(), self._folder)] * mysql
        sides = [self._cassandra_up] * cassandra + [partial(self._sql_up, name) for name in names]
        try:
            with ThreadPoolExecutor(max_workers=3) as pool:
                self._await([pool.submit(side) for side in sides])
        except BaseException:
            end(self.started)
            raise

    def one(self, server: Server) -> None:
        """Start this server, on the ports that it has."""
        try:
            self._ensure(server)
        except BaseException:
            end(self.started)
            raise

    def _await(self, sides: Sequence[Future[None]]) -> None:
        """Wait for all; the first failure cancels the rest and is raised."""
        try:
            wait(sides, return_when=FIRST_EXCEPTION)
        finally:
            if not all(side.done() for side in sides) or any(side.exception() for side in sides):
                self._progress.cancel()
                wait(sides)
        failures = [failure for side in sides if (failure := side.exception())]
        failures.sort(key=lambda failure: isinstance(failure, CancelledError))
        if failures:
            raise failures[0]

    def _ensure(self, server: Server) -> None:
        """Have this server answering."""
        state = self._state()
        process = state.process(server.name)
        if process is None:
            version = start(server, self._progress, lambda new: self._record(server.name, new))
        else:
            version = await_answer(server, process, self._progress)
        self._file.update(
            lambda state: state.put(
                Launched(name=server.name, process=self._running(state, server), version=version)
            )
        )

    def _record(self, name: str, process: ProcessId) -> None:
        self.started.append(process)
        self._file.update(lambda state: state.put(Launched(name=name, process=process)))

    def _running(self, state: StackState, server: Server) -> ProcessId:
        process = state.process(server.name)
        if process is None:
            raise StackError(f"{server.name} died right after its first answer; see {server.log}")
        return process

    def _sql_up(self, name: str) -> None:
        def attempt() -> None:
            servers = sql_servers_of(self._state(), self._folder)
            self._ensure(next(server for server in servers if server.name == name))

        def move() -> None:
            self._file.update(lambda state: with_other_sql_port(state, name))

        self._with_free_ports(attempt, move)

    def _cassandra_up(self) -> None:
        nodes = nodes_of(self._state(), self._folder)
        is_new = not any(node.settings.folder.exists() for node in nodes)

        def attempt() -> None:
            nodes = nodes_of(self._state(), self._folder)
            for node in nodes:
                self._ensure(node)
            for node in nodes:
                self._await_peers(node, len(nodes) - 1)

        def move() -> None:
            if len(nodes) > 1 and not is_new:
                raise StackError(
                    "the cluster's nodes know each other by ports that somebody else has taken "
                    "now: up --fresh makes a new cluster"
                )
            running = [process for node in nodes if (process := self._state().process(node.name))]
            end(running)
            if is_new:
                for node in nodes:
                    shutil.rmtree(node.settings.folder, ignore_errors=True)
            self._file.update(with_other_cassandra_ports)

        self._with_free_ports(attempt, move)

    def _with_free_ports(self, attempt: Callable[[], None], move: Callable[[], None]) -> None:
        for left in reversed(range(_PORT_ATTEMPTS)):
            try:
                return attempt()
            except PortTakenError as error:
                if not left:
                    raise
                self._progress.say(
                    f"{str(error).partition(' died')[0]}: port taken, choosing others"
                )
                move()
        return None

    def _await_peers(self, node: CassandraNode, count: int) -> None:
        """Wait until gossip has told this node of all others; a driver takes them from it."""
        for _ in range(int(READY_WITHIN_S)):
            try:
                if node.ask_peers() >= count:
                    return
            except NotReadyError:
                pass
            self._progress.wait(1)
        raise StackError(f"{node.name} does not see {count} other nodes; see {node.log}")

    def _state(self) -> StackState:
        state = self._file.read()
        if state is None:
            raise StackError(f"no stack in {self._folder}")
        return state
