"""Which servers a stack has, made from what it remembers; and the ports and folders of a new one."""

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.support.stack.cassandra import HOSTS, CassandraNode
from tests.support.stack.cassandra_conf import NodeSettings
from tests.support.stack.mariadb import MariadbServer
from tests.support.stack.mysql import MysqlServer, MysqlSettings
from tests.support.stack.ports import free_ports
from tests.support.stack.server import Server
from tests.support.stack.state import MYSQL_NAME, NODE_NAMES, Options, Ports, StackState

_SHORT = "/tmp"  # noqa: S108 - a socket's path has at most 107 bytes; mkdtemp makes it private


def new_state(options: Options) -> StackState:
    """Choose the ports and the socket folder of a new stack."""
    native, storage, *jmx = free_ports(2 + len(HOSTS), HOSTS)
    ports = Ports(native=native, storage=storage, jmx=tuple(jmx), mysql=free_ports(1)[0])
    sockets = tempfile.mkdtemp(prefix="cass-snapshot-", dir=_SHORT)
    return StackState(options=options, ports=ports, sockets=sockets)


def with_other_cassandra_ports(state: StackState) -> StackState:
    """Return the state with new ports for the nodes."""
    native, storage, *jmx = free_ports(2 + len(HOSTS), HOSTS)
    return replace(
        state, ports=replace(state.ports, native=native, storage=storage, jmx=tuple(jmx))
    )


def with_other_mysql_port(state: StackState) -> StackState:
    """Return the state with a new port for MySQL."""
    return replace(state, ports=replace(state.ports, mysql=free_ports(1)[0]))


def nodes_of(state: StackState, folder: Path) -> list[CassandraNode]:
    """Return the Cassandra nodes, the seed first."""
    count = state.options.nodes
    return [
        CassandraNode(
            name=name,
            settings=NodeSettings(
                # Says whose it is: a node of another stack on the same port is not taken for ours.
                cluster=f"cass-snapshot {hashlib.sha256(str(folder).encode()).hexdigest()[:12]}",
                host=host,
                seed=HOSTS[0],
                native_port=state.ports.native,
                storage_port=state.ports.storage,
                jmx_port=jmx_port,
                heap="2G" if count == 1 else "1G",
                folder=folder / name,
            ),
        )
        for name, host, jmx_port in list(zip(NODE_NAMES, HOSTS, state.ports.jmx, strict=True))[
            :count
        ]
    ]


def mysql_of(state: StackState, folder: Path) -> Server:
    """Return the MySQL, whichever flavour."""
    flavour = MariadbServer if state.options.mysql == "mariadb" else MysqlServer
    (folder / MYSQL_NAME).mkdir(mode=0o700, exist_ok=True)
    return flavour(
        name=MYSQL_NAME,
        settings=MysqlSettings(
            port=state.ports.mysql,
            buffer_pool=state.options.buffer_pool,
            extra=state.options.mysql_args,
            folder=folder / MYSQL_NAME,
            sockets=Path(state.sockets),
        ),
    )
