"""The servers of the measurements: a stack of bench's own, its CPU, and the settings of a turn.

They are ended when bench ends, however it ends; their data stays, because filling takes longest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mysql.connector

from tests.support.stack import Stack
from tests.support.stack.cassandra import VERSION
from tests.support.stack.paths import cache_folder
from tests.support.stack.progress import Progress
from tests.support.stack.requirements import java_home
from tests.support.stack.state import StateFile

STACK = "bench"
REDO_LOG = "512M"
"""Large enough that it stops nobody."""
CASSANDRA, MYSQL = "cassandra", "mysql"
_TICKS = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12
"""Places of utime and stime in /proc/PID/stat behind the command's name: fields 14 and 15."""
_NODETOOL_JAVA = [
    f"--add-exports=java.base/{name}=ALL-UNNAMED" for name in ("sun.nio.ch", "jdk.internal.ref")
]
QUIET_SHARE = 0.1
QUIET_WITHIN_S = 120.0
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class ServerCpu:
    """Seconds of CPU that each server has used."""

    cassandra: float
    mysql: float

    def since(self, before: ServerCpu) -> ServerCpu:
        """Return what was used after another reading."""
        return ServerCpu(self.cassandra - before.cassandra, self.mysql - before.mysql)


def cpu_seconds(stat: str) -> float:
    """Return user and system seconds out of the text of /proc/PID/stat."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS


class Servers:
    """Both servers, up."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.folder = stack.folder / "files"
        """On a disk, and removed with the servers' data."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        endpoints = stack.endpoints()
        self.cassandra = (endpoints.cassandra.host, endpoints.cassandra.port)
        self.mysql = (endpoints.mysql.host, endpoints.mysql.port)

    @property
    def source_url(self) -> str:
        """Return what ``--from`` takes."""
        return "cassandra://{}:{}".format(*self.cassandra)

    @property
    def target_url(self) -> str:
        """Return what ``--to`` takes."""
        return "mysql://root@{}:{}/bench".format(*self.mysql)

    def cpu(self) -> ServerCpu:
        """Return what both have used since they were started."""
        used = [
            cpu_seconds(Path(f"/proc/{self._stack.pid(name)}/stat").read_text(encoding="utf-8"))
            for name in (CASSANDRA, MYSQL)
        ]
        return ServerCpu(*used)

    def await_quiet(self) -> None:
        """Return when neither does anything in the background, or patience is over."""
        deadline = time.monotonic() + QUIET_WITHIN_S
        before = self.cpu()
        while time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
            now = self.cpu()
            used = now.since(before)
            if max(used.cassandra, used.mysql) < QUIET_SHARE * _LOOK_EVERY_S:
                return
            before = now
        print("bench: the servers are still busy; going on", file=sys.stderr)

    def compact(self, keyspace: str, table: str) -> None:
        """Have Cassandra keep a table in one file."""
        state = StateFile(self._stack.folder).read()
        assert state is not None
        java, jars = java_home(Progress()), cache_folder() / f"cassandra-{VERSION}"
        tool = [str(java / "bin" / "java"), "-cp", f"{jars}/*", *_NODETOOL_JAVA]
        tool += [f"-Duser.home={self.folder}", "org.apache.cassandra.tools.NodeTool"]
        tool += ["-p", str(state.ports.jmx[0])]
        for command in ("flush", "compact"):
            done = subprocess.run(
                [*tool, command, keyspace, table], capture_output=True, check=False, text=True
            )
            if done.returncode:
                raise SystemExit(f"bench: nodetool {command} failed: {done.stdout}{done.stderr}")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Execute a statement in MySQL and return its rows."""
        host, port = self.mysql
        connection = mysql.connector.connect(host=host, port=port, user="root", autocommit=True)
        try:
            cursor: Any = connection.cursor()
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.with_rows else []
        finally:
            connection.close()

    @contextmanager
    def without_local_infile(self) -> Iterator[None]:
        """Have MySQL as it comes: no LOAD DATA LOCAL, for a turn."""
        self.ask("SET GLOBAL local_infile = OFF")
        try:
            yield
        finally:
            self.ask("SET GLOBAL local_infile = ON")

    def versions(self) -> dict[str, str]:
        """Return the servers' versions by name."""
        return {server.name: server.version for server in self._stack.status()}


@contextmanager
def running(
    *, buffer_pool: str, binlog: bool = False, redo_log: str = REDO_LOG
) -> Iterator[Servers]:
    """Start the servers with these settings, and end them afterwards; their data stays."""
    stack = Stack(STACK)
    arguments = [f"--innodb-redo-log-capacity={redo_log}"]
    arguments += [] if binlog else ["--skip-log-bin"]
    if any(server.is_up for server in stack.status()):
        # Broken off by kill -9: the settings of that run are none of ours.
        stack.down(keep=True)
    try:
        stack.up(buffer_pool=buffer_pool, mysql_args=arguments)
        yield Servers(stack)
    finally:
        stack.down(keep=True)
