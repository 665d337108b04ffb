"""Real servers for tests: ``bin/stack`` for people, `Stack` for tests, the same code below both.

errors · progress · paths           words, lines, places
process · ports · state             what runs, where it listens, what is remembered
sources · packages · downloads      Debian's packages, unpacked; the cache
requirements                        Java and Maven
server                              what every server can be asked, and how it is started
cassandra_conf · cassandra · mysql · mariadb · external
layout · launch · status            a stack's servers; all up or nothing; how they are
stack · __main__                    the facade; the command line
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
