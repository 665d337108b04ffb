"""How a case file writes the bytes of cells; see ``cells``.

hex = ["00ff"]             bytes                text = ["é"]            UTF-8
repeat = ["00ff", 3]       bytes, many times    address = ["::1"]       inet
number = [-1, 0.5, nan]    by the type: whole, floating, days, nanoseconds, milliseconds
decimal = [[10, 1]]        unscaled and scale   duration = [[1, 2, 3]]  months, days, nanoseconds
cell = [...]               a part, or parts within parts:
    "00ff"  "null"  {text = "é"}  {int = 5}  {times = ["00", 70000]}
    {elements = [...]}  {pairs = [[k, v], ...]}  {fields = [...]}  {vector = [...], bare = true}
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from tests.support import wire

_WIDTHS = {
    "tinyint": ">b",
    "smallint": ">h",
    "int": ">i",
    "bigint": ">q",
    "counter": ">q",
    "float": ">f",
    "double": ">d",
    "time": ">q",
    "timestamp": ">q",
}


def cells(cql: str, written: Mapping[str, Any]) -> Iterator[bytes]:
    """Return the cells that a ``[[values]]`` of a case file lists for a type."""
    for notation, read in _NOTATIONS.items():
        for value in written.get(notation, ()):
            yield read(value)
    for value in written.get("number", ()):
        yield _number(cql, value)
    if "repeat" in written:
        parts = written["repeat"]
        yield b"".join(
            bytes.fromhex(part) * times for part, times in zip(parts[::2], parts[1::2], strict=True)
        )
    for value in written.get("cell", ()):
        found = part(value)
        assert found is not None, "a cell is not null"
        yield found


_NOTATIONS: dict[str, Callable[[Any], bytes]] = {
    "hex": bytes.fromhex,
    "text": lambda text: text.encode("utf-8"),
    "address": lambda text: ip_address(text).packed,
    "decimal": lambda pair: wire.decimal(*pair),
    "duration": lambda parts: wire.duration(*parts),
}


def _number(cql: str, number: float) -> bytes:
    if cql == "varint":
        return wire.varint(int(number))
    if cql == "date":
        return struct.pack(">I", int(number) + 2**31)
    packed: bytes = struct.pack(_WIDTHS[cql], number)
    return packed


def part(written: Any) -> bytes | None:  # noqa: ANN401 - as TOML gives it
    """Return the bytes of a part of a nested value."""
    if isinstance(written, str):
        return None if written == "null" else bytes.fromhex(written)
    ((name, value), *rest) = written.items()
    return _PARTS[name](value, **dict(rest))


def _times(value: list[Any]) -> bytes:
    return bytes.fromhex(value[0]) * int(value[1])


def _vector(values: list[Any], *, bare: bool) -> bytes:
    return wire.vector([part(value) or b"" for value in values], bare=bare)


def _elements(values: list[Any], times: int = 1) -> bytes:
    return wire.elements([part(value) for value in values] * times)


_PARTS: dict[str, Callable[..., bytes]] = {
    "text": lambda text: text.encode("utf-8"),
    "int": lambda number: struct.pack(">i", number),
    "times": _times,
    "elements": _elements,
    "pairs": lambda values: wire.pairs([(part(k), part(v)) for k, v in values]),
    "fields": lambda values: wire.fields([part(value) for value in values]),
    "vector": _vector,
}
