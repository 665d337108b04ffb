"""Whether both servers stand on one machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address

Resolve = Callable[[str], frozenset[str]]
"""Returns the addresses of a host, none where it is not known."""
_HERE = "loopback"


def addresses(host: str) -> frozenset[str]:
    """Return the addresses of a host, as this machine resolves it."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # the latter where it cannot be a name
        return frozenset()
    return frozenset(str(address[0]) for *_, address in found)


def share_machine(contact_points: Iterable[str], host: str, resolve: Resolve = addresses) -> bool:
    """Tell whether Cassandra's contact points and MySQL are all on one machine, if that shows.

    Containers of one machine have addresses of their own, and pass for machines.
    """
    points = list(contact_points)
    if not points or not host:
        return False
    there = _machines(resolve(host))
    return all(_machines(resolve(point)) & there for point in points)


def _machines(found: frozenset[str]) -> frozenset[str]:
    """Return addresses, all those of the loopback as one."""
    return frozenset(_HERE if ip_address(a.partition("%")[0]).is_loopback else a for a in found)
