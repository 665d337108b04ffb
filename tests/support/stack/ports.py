"""Free ports, chosen so that they are still free when a server is started again.

The kernel lends the ports of its ephemeral range to every outgoing connection. A server that is
stopped and started in the middle of a test would now and then find its port lent away; ours
lie below that range, and binding proves them free.
"""

import random
import socket
from pathlib import Path

from tests.support.stack.errors import StackError

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 20_000
_ATTEMPTS_MAX = 500


def free_ports(count: int, hosts: tuple[str, ...] = ("127.0.0.1",)) -> tuple[int, ...]:
    """Return that many different ports, each free on all of these addresses."""
    lowest, highest = _choices()
    found: set[int] = set()
    for _ in range(_ATTEMPTS_MAX):
        port = random.randint(lowest, highest)
        if all(_is_free(host, port) for host in hosts):
            found.add(port)
        if len(found) == count:
            return tuple(found)
    raise StackError(f"no {count} free ports between {lowest} and {highest}")


def _choices() -> tuple[int, int]:
    ephemeral = int(_RANGE.read_text(encoding="ascii").split()[0])
    return (_LOWEST, ephemeral - 1) if ephemeral > _LOWEST + 2_000 else (ephemeral, 65_535)


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def is_listening(host: str, port: int) -> bool:
    """Say whether anybody takes connections there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
