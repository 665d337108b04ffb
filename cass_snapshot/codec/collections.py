"""Canonical JSON of the cells of any type, nested to any depth. Pure.

    null                       null
    boolean                    true, false
    tinyint, smallint, int     number
    bigint, counter            number up to 2^53 in magnitude, else a string of digits
    varint, decimal            string: "15", "1.50", "15E+3"
    float, double              shortest number that reads back equal, with "." or "e";
                               {"$number": "NaN"}, "Infinity", "-Infinity"
    ascii, text, varchar       string
    blob                       {"$base64": "..."}
    date                       "YYYY-MM-DD", years 1 to 9999
    time                       "HH:MM:SS.nnnnnnnnn"
    timestamp                  "YYYY-MM-DDTHH:MM:SS.mmmZ", years 1 to 9999
    uuid, timeuuid, inet       string
    duration                   "1mo2d3ns"
    list, set, vector          array, in Cassandra's order
    map                        array of [key, value]
    tuple                      array, shorter where fields at the end are missing
    user type                  object in the order of its fields, without those missing at the end
    whatever that does not     {"$cell": "lower-case hexadecimal of the cell"}
    tell to the last bit

So every cell can be recovered from its text and type, and no cell is refused. UTF-8; ", " and ": "
between parts, so that no ``,null`` arises; only what JSON requires is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from struct import pack, unpack

from orjson import dumps

from cass_snapshot.codec import parts
from cass_snapshot.codec.json_scalars import SCALARS, Scalar
from cass_snapshot.codec.refusal import BadCell, Encode, Refusal, Values, width_message
from cass_snapshot.cql import UDT, CqlType
from cass_snapshot.forms import Limits

Tell = Callable[[bytes], str]
_CELL = "$cell"
_FLOAT_BYTES = 4
_INFINITE = 0x7F800000
"""The bits of a float's exponent: all set in infinities and in what is no number."""


def encode_vector(dimension: int) -> Encode:
    """Return the encoder of a vector of floats as MySQL stores one: the same, little-endian.

    MySQL 9.7.4 refuses NaN and infinities (error 6136), keeps -0.0, and takes a vector that is
    shorter than its column says; so the length is looked at here.
    """
    width = dimension * _FLOAT_BYTES

    def encode(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
        return [_little(cell, width, index) for index, cell in enumerate(cells)]

    return encode


def _little(cell: bytes, width: int, index: int) -> str:
    if len(cell) != width:
        raise BadCell(index, width_message(cell, width))
    bits = unpack(f">{width // _FLOAT_BYTES}I", cell)
    if any(number & _INFINITE == _INFINITE for number in bits):
        raise BadCell(index, "a vector with NaN or an infinity", Refusal.VECTOR)
    return pack(f"<{len(bits)}I", *bits).hex()


@lru_cache(maxsize=1024)
def teller(cql: CqlType) -> Tell:
    """Return what makes JSON of a cell of a type; it takes any bytes."""
    tell = _teller(cql)

    def told(cell: bytes) -> str:
        text = None if tell is None else tell(cell)
        return f'{{"{_CELL}": "{cell.hex()}"}}' if text is None else text

    return told


def _teller(cql: CqlType) -> Scalar | None:
    """Return what tells cells of a type, None for a type of which none can be told."""
    if cql.name in SCALARS:
        return SCALARS[cql.name]
    if cql.name in ("list", "set", "vector"):
        return _array(cql)
    if cql.name == "map":
        return _pairs(teller(cql.of[0]), teller(cql.of[1]))
    if cql.name == "tuple":
        return _tuple([teller(of) for of in cql.of])
    if cql.name == UDT and _CELL not in cql.fields:  # or its own field would look like ours
        return _object(cql)
    return None


def _array(cql: CqlType) -> Scalar:
    of, dimension = cql.of[0], cql.dimension
    tell, counted = teller(of), cql.name != "vector"

    def array_of(cell: bytes) -> str | None:
        found = parts.entries(cell) if counted else parts.vector(cell, of, dimension)
        if found is None:
            return None
        return f"[{', '.join(['null' if c is None else tell(c) for c in found])}]"

    return array_of


def _pairs(key: Tell, value: Tell) -> Scalar:
    def pairs(cell: bytes) -> str | None:
        found = parts.entries(cell, 2)
        if found is None:
            return None
        keys = ["null" if c is None else key(c) for c in found[::2]]
        values = ["null" if c is None else value(c) for c in found[1::2]]
        return "[" + ", ".join(map("[{}, {}]".format, keys, values)) + "]"

    return pairs


def _tuple(tells: Sequence[Tell]) -> Scalar:
    def tuple_of(cell: bytes) -> str | None:
        found = parts.fields(cell, len(tells))
        return None if found is None else f"[{', '.join(_each(tells, found))}]"

    return tuple_of


def _object(cql: CqlType) -> Scalar:
    tells = [teller(of) for of in cql.of]
    names = [dumps(name).decode() for name in cql.fields]

    def object_of(cell: bytes) -> str | None:
        found = parts.fields(cell, len(tells))
        if found is None:
            return None
        pairs = zip(names, _each(tells, found), strict=False)
        return "{" + ", ".join(f"{name}: {text}" for name, text in pairs) + "}"

    return object_of


def _each(tells: Sequence[Tell], found: parts.Parts) -> list[str]:
    pairs = zip(tells, found, strict=False)  # fields may be missing at the end
    return ["null" if cell is None else tell(cell) for tell, cell in pairs]
