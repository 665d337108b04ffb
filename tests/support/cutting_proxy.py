"""A proxy on loopback before a MySQL that cuts connections around COMMIT, at a byte a seed chose.

    client ──> proxy ──> server      BEFORE  no byte of the request arrives
                                     WITHIN  some bytes of it arrive, not all
                                     SENT    all of it arrives; nobody waits for the answer
           <──       <──             ANSWER  the server answered; some bytes of that arrive, not all

It reads the protocol as far as it must: packets of a client, and the greeting of the server, from
which it takes the offer of TLS away, or it could not tell a COMMIT from anything else.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

_SSL = 0x0800
_COM_QUERY = 0x03
_NO_ATTRIBUTES = b"\x00\x01"
"""What stands before a query from a client that may give it attributes."""
_SMALL = 64
"""No COMMIT is longer; what is longer passes as it comes."""
_CHUNK = 65_536


class Where(StrEnum):
    """At what a connection is cut."""

    BEFORE = "before the request"
    WITHIN = "within the request"
    SENT = "behind the request"
    ANSWER = "within the answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A connection's end: at which of its commits, where, how far into it, and how rudely."""

    commit: int
    where: Where
    share: float
    rude: bool


class CuttingProxy:
    """Listens on a port of its own until it is left.

    Args:
        host: of the server.
        port: of the server.
        seed: determines the cuts, connection by connection.
        cuts: how many connections are cut; those after them are left alone.
        commits: which commit of a connection may be its last.
    """

    def __init__(
        self, host: str, port: int, *, seed: object, cuts: int, commits: tuple[int, ...]
    ) -> None:
        self._server = (host, port)
        self._draw = random.Random(str(seed))
        self._commits = commits
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._pairs: list[_Pair] = []
        self.cuts = cuts
        self.made: Counter[Where] = Counter()

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self._listener.getsockname()[1])

    @property
    def done(self) -> bool:
        """Tell whether all cuts were made."""
        return self.made.total() >= self.cuts

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for pair in self._pairs:
            pair.end()
        for thread in self._threads:
            thread.join(10)

    def note(self, where: Where) -> bool:
        """Count a cut that is about to be made; False if there are enough."""
        with self._lock:
            if self.done:
                return False
            self.made[where] += 1
            return True

    def _start(self, target: object) -> None:
        thread = threading.Thread(target=target, daemon=True)  # type: ignore[arg-type]  # callables
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._server, 10)
                except OSError:  # the server is away, and so are we
                    client.close()
                    continue
                server.settimeout(None)
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                pair = _Pair(self, client, server, self._drawn())
                self._pairs.append(pair)
                self._start(pair.requests)
                self._start(pair.answers)

    def _drawn(self) -> Cut:
        return Cut(
            commit=self._draw.choice(self._commits),
            where=self._draw.choice(list(Where)),
            share=self._draw.random(),
            rude=self._draw.random() < 0.5,
        )


class _Pair:
    """One connection through the proxy."""

    def __init__(
        self, proxy: CuttingProxy, client: socket.socket, server: socket.socket, cut: Cut
    ) -> None:
        self._proxy, self._client, self._server, self._cut = proxy, client, server, cut
        self._commits = 0
        self._answer_is_cut = False

    def requests(self) -> None:
        """Pass on what the client sends, packet by packet where it may be a COMMIT."""
        buffer, passing = bytearray(), 0
        with suppress(OSError):
            while data := self._client.recv(_CHUNK):
                buffer += data
                while buffer:
                    if passing:
                        self._server.sendall(buffer[:passing])
                        passing, buffer = max(0, passing - len(buffer)), buffer[passing:]
                        continue
                    length = 4 + int.from_bytes(buffer[:3], "little")
                    if len(buffer) >= 4 and length > _SMALL:
                        passing = length
                        continue
                    if len(buffer) < 4 or len(buffer) < length:
                        break
                    packet, buffer = bytes(buffer[:length]), buffer[length:]
                    self._request(packet)
        self.end()

    def _request(self, packet: bytes) -> None:
        if is_commit(packet):
            self._commits += 1
            if self._commits == self._cut.commit:
                self._commit(packet)
                return
        self._server.sendall(packet)

    def _commit(self, packet: bytes) -> None:
        """Pass on as much of a COMMIT as is to arrive."""
        where = self._cut.where
        if not self._proxy.note(where):
            self._server.sendall(packet)
            return
        if where is Where.ANSWER:
            self._answer_is_cut = True
            self._server.sendall(packet)
            return
        some = {Where.BEFORE: 0, Where.SENT: len(packet)}.get(where, self._part_of(packet, 1))
        self._server.sendall(packet[:some])
        self.end()

    def answers(self) -> None:
        """Pass on what the server sends; its greeting without the offer of TLS."""
        greeting = b""
        with suppress(OSError):
            while len(greeting) < 4 or len(greeting) < 4 + int.from_bytes(greeting[:3], "little"):
                data = self._server.recv(_CHUNK)
                if not data:
                    break
                greeting += data
            self._client.sendall(without_tls(greeting))
            while data := self._server.recv(_CHUNK):
                if self._answer_is_cut:
                    self._client.sendall(data[: self._part_of(data, 0)])
                    break
                self._client.sendall(data)
        self.end()

    def _part_of(self, packet: bytes, least: int) -> int:
        return least + int(self._cut.share * (len(packet) - least))

    def end(self) -> None:
        """Cut both sides, by a reset or by a goodbye."""
        for one in (self._client, self._server):
            with suppress(OSError):
                if self._cut.rude:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def is_commit(packet: bytes) -> bool:
    """Tell whether a client's packet is the query COMMIT, and nothing that only has the word."""
    if packet[3] != 0 or packet[4:5] != bytes([_COM_QUERY]):
        return False
    return packet[5:].lstrip(_NO_ATTRIBUTES).lower() == b"commit"


def without_tls(greeting: bytes) -> bytes:
    """Return a server's first packet (protocol 10) without the flag that offers TLS.

    A server that refuses says so in another form, which passes as it is.
    """
    if greeting[4:5] != b"\x0a":
        return greeting
    flags = greeting.index(b"\0", 5) + 1 + 4 + 8 + 1  # thread, half of the scramble, a filler
    offered = int.from_bytes(greeting[flags : flags + 2], "little")
    return greeting[:flags] + (offered & ~_SSL).to_bytes(2, "little") + greeting[flags + 2 :]
