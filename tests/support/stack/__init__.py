"""Real servers for tests: ``bin/stack`` for people, `Stack` for tests, the same code below both.

    errors · progress · paths       words, lines, places
    process · ports · state         what runs, where it listens, what is remembered
    sources · packages              Debian's packages, unpacked
    whole · downloads               folders that are complete or not there; the cache
    requirements                    Java and Maven
    server                          what every server can be asked, and how it is started
    cassandra_conf · cassandra      Cassandra nodes
    sql_server · mysql · mariadb    MySQL, in two flavours
    external                        servers of somebody else's
    layout · launch · status        a stack's servers; all up or nothing; how they are
    stack · __main__                the facade; the command line

A line imports from lines above it, never from below.
"""

from tests.support.stack.errors import StackDownError, StackError
from tests.support.stack.external import CassandraAddress, Endpoints, Login, MysqlAddress
from tests.support.stack.stack import Stack
from tests.support.stack.status import ServerStatus

__all__ = [
    "CassandraAddress",
    "Endpoints",
    "Login",
    "MysqlAddress",
    "ServerStatus",
    "Stack",
    "StackDownError",
    "StackError",
]
