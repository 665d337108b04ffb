"""The addresses of ``--from`` and ``--to``. Pure. An address that holds a password is refused.

    cassandra://HOST[:PORT][,HOST...]
    mysql://[USER@]HOST[:PORT]/DATABASE[/TABLE]

Parsed by hand: a list of hosts is no URL, and a message must never show what stands before ``@``.
What an address leaves out stays as it is configured.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from cass_snapshot.errors import UsageError

FROM_FORM = "cassandra://HOST[:PORT][,HOST...]"
TO_FORM = "mysql://USER@HOST[:PORT]/DATABASE[/TABLE]"
PORT_MAX = 65_535
PATH_PARTS_MAX = 2

_HOST = re.compile(
    r"""(?: \[ (?P<v6> [0-9A-Fa-f:.]+ (?:%[\w.-]+)? ) \] | (?P<name> [\w.-]+ ) )
        (?: : (?P<port> [0-9]{1,5} ) )? """,
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The keys that an address sets, like ``mysql.host``, and the target table, if any."""

    keys: dict[str, object] = field(default_factory=dict)
    table: str | None = None


def parse_from(text: str) -> Address:
    """Return what ``--from`` sets.

    Raises:
        UsageError: it is no address of a Cassandra, or it holds what belongs elsewhere.
    """
    user, hosts, path = _split(text, "cassandra", "--from", FROM_FORM)
    if path.strip("/"):
        raise UsageError(
            "--from names no keyspace",
            where=f"--from, after the host: {path}",
            fix=f"{FROM_FORM}, and the table as KEYSPACE.TABLE",
        )
    points = [_host(host, "--from", FROM_FORM) for host in hosts.split(",")]
    ports = {port for _, port in points if port is not None}
    if len(ports) > 1:
        raise UsageError(
            "all contact points share one port",
            where="--from",
            why=f"it names {', '.join(map(str, sorted(ports)))}",
            fix="give the port once, or one port everywhere",
        )
    keys: dict[str, object] = {"cassandra.contact_points": tuple(name for name, _ in points)}
    keys |= {"cassandra.port": ports.pop()} if ports else {}
    keys |= {"cassandra.username": user} if user else {}
    return Address(keys=keys)


def parse_to(text: str) -> Address:
    """Return what ``--to`` sets.

    Raises:
        UsageError: it is no address of a MySQL database, or it holds what belongs elsewhere.
    """
    user, host, path = _split(text, "mysql", "--to", TO_FORM)
    name, port = _host(host, "--to", TO_FORM)
    parts = [unquote(part) for part in path.removeprefix("/").split("/")] if path else []
    if len(parts) > PATH_PARTS_MAX or not all(parts):
        raise _unreadable("--to", TO_FORM, "after the host stand a database and perhaps a table")
    keys: dict[str, object] = {"mysql.host": name}
    keys |= {"mysql.port": port} if port is not None else {}
    keys |= {"mysql.username": user} if user else {}
    keys |= {"mysql.database": parts[0]} if parts else {}
    return Address(keys=keys, table=parts[1] if len(parts) == PATH_PARTS_MAX else None)


def _split(text: str, scheme: str, option: str, form: str) -> tuple[str, str, str]:
    """Return user, hosts and path; what stands before ``@`` is looked at first, never shown."""
    start = f"{scheme}://"
    if not text.lower().startswith(start):
        raise _unreadable(option, form, f"it does not begin with {start}")
    before, _, rest = text[len(start) :].rpartition("@")
    if ":" in before:
        section = scheme.upper()
        raise UsageError(
            f"{option} holds a password",
            where=option,
            why="the command line is visible to every user of this machine",
            fix=f"the variable CASS_SNAPSHOT_{section}__PASSWORD,"
            f" or a file named by CASS_SNAPSHOT_{section}__PASSWORD_FILE",
        )
    if re.search(r"[/?#,\s]", before):
        raise _unreadable(option, form, "what stands before @ is not a user name")
    rest, _, query = rest.partition("?")
    if query:
        names = ", ".join(part.partition("=")[0] for part in query.split("&"))
        raise UsageError(
            f"{option} takes no parameters",
            where=f"{option}, after the question mark: {names}",
            fix="set it in the config file, or leave it out",
        )
    hosts, slash, path = rest.partition("/")
    return unquote(before), hosts, slash + path


def _host(text: str, option: str, form: str) -> tuple[str, int | None]:
    found = _HOST.fullmatch(text)
    if found is None:
        raise _unreadable(
            option, form, "what follows // is not HOST or HOST:PORT; IPv6 stands in []"
        )
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 1 <= port <= PORT_MAX:
        raise _unreadable(option, form, f"ports go from 1 to {PORT_MAX}, not {port}")
    return found["v6"] or found["name"], port


def _unreadable(option: str, form: str, why: str) -> UsageError:
    return UsageError(f"{option} is not an address", where=option, why=why, fix=f"{option} {form}")
