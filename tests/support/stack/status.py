"""Which servers a stack has and how they are; a process that runs, and has answered once, is up."""

from dataclasses import dataclass

from tests.support.stack.cassandra import HOSTS
from tests.support.stack.errors import StackError
from tests.support.stack.external import External, ask_cassandra, ask_mysql
from tests.support.stack.sql_server import HOST
from tests.support.stack.state import MARIADB_NAME, MYSQL_NAME, NODE_NAMES, StackState

UP, STARTING, DOWN = "up", "starting", "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """One line of ``status``; `pid` is None for a server that is down or somebody else's."""

    name: str
    version: str
    host: str
    port: int
    pid: int | None
    state: str

    @property
    def is_up(self) -> bool:
        """Whether it has answered and still runs."""
        return self.state == UP

    def line(self) -> str:
        """Return what a person reads."""
        pid = f"pid {self.pid}" if self.pid else ""
        address = f"{self.host}:{self.port}"
        return (
            f"{self.name:<10}  {self.state:<8}  {self.version:<28}  {address:<21}  {pid}".rstrip()
        )


def cassandra_status(state: StackState | None, external: External) -> list[ServerStatus]:
    """Return the nodes: the environment's one, or ours."""
    if address := external.cassandra:
        try:
            version, condition = ask_cassandra(address, external.cassandra_login), UP
        except StackError:
            version, condition = "", DOWN
        return [_external(NODE_NAMES[0], version, address.host, address.port, condition)]
    if state is None:
        return []
    nodes = list(zip(NODE_NAMES, HOSTS, strict=True))[: state.options.nodes]
    return [_own(state, name, host, state.ports.native) for name, host in nodes]


def mysql_status(state: StackState | None, external: External) -> list[ServerStatus]:
    """Return the MySQL: the environment's, or ours; and the MariaDB beside ours if we have both."""
    if address := external.mysql:
        try:
            version, condition = ask_mysql(address), UP
        except StackError:
            version, condition = "", DOWN
        return [_external(MYSQL_NAME, version, address.host, address.port, condition)]
    if state is None:
        return []
    ports = {MYSQL_NAME: state.ports.mysql}
    if state.options.mysql == "both":
        ports[MARIADB_NAME] = state.ports.mariadb
    return [_own(state, name, HOST, port) for name, port in ports.items()]


def _own(state: StackState, name: str, host: str, port: int) -> ServerStatus:
    launched, process = state.find(name), state.process(name)
    version = launched.version if launched else ""
    condition = DOWN if process is None else UP if version else STARTING
    pid = process.pid if process else None
    return ServerStatus(name=name, version=version, host=host, port=port, pid=pid, state=condition)


def _external(name: str, version: str, host: str, port: int, condition: str) -> ServerStatus:
    return ServerStatus(name=name, version=version, host=host, port=port, pid=None, state=condition)
