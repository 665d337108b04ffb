"""Which servers a stack has, made from what it remembers; the ports and folders of a new one."""

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.support.stack.cassandra import HOSTS, CassandraNode
from tests.support.stack.cassandra_conf import NodeSettings
from tests.support.stack.mariadb import Mariadb
from tests.support.stack.mysql import Mysql
from tests.support.stack.ports import free_ports
from tests.support.stack.sql_server import Flavour, SqlServer, SqlSettings
from tests.support.stack.state import (
    MARIADB_NAME,
    MYSQL_NAME,
    NODE_NAMES,
    Options,
    Ports,
    StackState,
)

_SHORT = "/tmp"  # noqa: S108 - a socket's path has at most 107 bytes; mkdtemp makes it private


def new_state(options: Options, *, before: StackState | None) -> StackState:
    """Choose the ports, those from `before` if there are such, and make the socket folder."""
    ports = before.ports if before else _new_ports()
    if not ports.mariadb:
        ports = replace(ports, mariadb=_new_ports().mariadb)
    sockets = tempfile.mkdtemp(prefix="cass-snapshot-", dir=_SHORT)
    return StackState(options=options, ports=ports, sockets=sockets)


def with_other_cassandra_ports(state: StackState) -> StackState:
    """Return the state with new ports for the nodes."""
    kept = state.ports
    return replace(state, ports=replace(_new_ports(), mysql=kept.mysql, mariadb=kept.mariadb))


def with_other_sql_port(state: StackState, name: str) -> StackState:
    """Return the state with a new port for the MySQL or MariaDB of that name."""
    fresh = _new_ports()
    if name == MARIADB_NAME:
        return replace(state, ports=replace(state.ports, mariadb=fresh.mariadb))
    return replace(state, ports=replace(state.ports, mysql=fresh.mysql))


def _new_ports() -> Ports:
    native, storage, mysql, mariadb, *jmx = free_ports(4 + len(HOSTS), HOSTS)
    return Ports(native=native, storage=storage, mysql=mysql, mariadb=mariadb, jmx=tuple(jmx))


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
                heap="2G" if count == 1 else "512M",
                folder=folder / name,
            ),
        )
        for name, host, jmx_port in list(zip(NODE_NAMES, HOSTS, state.ports.jmx, strict=True))[
            :count
        ]
    ]


def sql_servers_of(state: StackState, folder: Path) -> list[SqlServer]:
    """Return the MySQL, whichever flavour, and the MariaDB beside it if there are both."""
    flavour: Flavour = Mariadb() if state.options.mysql == "mariadb" else Mysql()
    servers = [_sql_server(state, folder, MYSQL_NAME, flavour, state.ports.mysql)]
    if state.options.mysql == "both":
        servers.append(_sql_server(state, folder, MARIADB_NAME, Mariadb(), state.ports.mariadb))
    return servers


def _sql_server(
    state: StackState, folder: Path, name: str, flavour: Flavour, port: int
) -> SqlServer:
    return SqlServer(
        name=name,
        flavour=flavour,
        settings=SqlSettings(
            port=port,
            buffer_pool=state.options.buffer_pool,
            extra=state.options.mysql_args,
            folder=folder / name,
            sockets=Path(state.sockets),
        ),
    )
