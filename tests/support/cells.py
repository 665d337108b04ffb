"""Edge values of every scalar type as the bytes of a cell, made without the tool's codec.

ARRIVES holds what must come back equal; REFUSED what no column of the readable profile can hold
unchanged. Values are inserted as bytes (``blobAsInt(?)``), because no driver makes all of them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from uuid import UUID

from tests.support.servers import Place

_DAY_NS = 86_400 * 10**9
_YEAR_1000_DAYS = -354_285
_YEAR_9999_DAYS = 2_932_896
_YEAR_1000_MS = _YEAR_1000_DAYS * 86_400_000
_YEAR_9999_MS = 253_402_300_799_999


def _packed(code: str) -> Callable[[float], bytes]:
    return struct.Struct(f">{code}").pack


def varint(number: int) -> bytes:
    """Return the shortest two's complement."""
    bits = (number if number >= 0 else -number - 1).bit_length()
    return number.to_bytes(bits // 8 + 1, "big", signed=True)


def decimal(unscaled: int, scale: int) -> bytes:
    """Return scale and unscaled value."""
    return struct.pack(">i", scale) + varint(unscaled)


def date(days: int) -> bytes:
    """Return days from 1970-01-01, which stands in the middle."""
    return struct.pack(">I", days + 2**31)


TEXTS = (
    *("", " ", "a", "A", "a ", "A ", "ab", "caf\u00e9", "cafe\u0301", "ß", "ss", "\0", "\x7f"),
    *("it's", 'say "no"', "back\\slash", "tab\there", "line\nend", "cr\r", "\f", "\b", "\x1a"),
    *("\u2028", "\u0085", "\ufeff", "🗂", "💾null", ",null", "[null", ",true", "[true", "null"),
    *("true", '",null,"', '"],["', "]\n", "]\n[1,2]\n", "\\N", "\\\\N", "NULL", "%s", "\\u0041"),
    *("\\", '\\"', '"', ",", '",', "],", "/*", "--", ";", "`", "'; DROP TABLE x; --"),
)
"""What a text must survive: quotes, escapes, controls, and what looks like the line's own marks."""

ARRIVES: dict[str, tuple[bytes, ...]] = {
    "ascii": tuple(text.encode() for text in TEXTS if text.isascii()),
    "text": tuple(text.encode() for text in TEXTS),
    "blob": (
        b"",
        b"\0",
        b"ab",
        b"ab\0\0",
        b"AB",
        bytes(range(256)),
        b"\xff" * 40,
        b"]\n",
        b",null",
    ),
    "boolean": (b"\0", b"\1"),
    "tinyint": tuple(map(_packed("b"), (-128, -1, 0, 1, 127))),
    "smallint": tuple(map(_packed("h"), (-(2**15), -1, 0, 1, 2**15 - 1))),
    "int": tuple(map(_packed("i"), (-(2**31), -1, 0, 1, 2**31 - 1))),
    "bigint": tuple(map(_packed("q"), (-(2**63), -1, 0, 1, 2**53 + 1, 2**63 - 1))),
    "varint": tuple(map(varint, (0, -1, 127, 128, -128, -129, 2**63, 2**64, 10**64, 1 - 10**65))),
    "decimal": (
        *(decimal(0, 0), decimal(0, 1), decimal(10, 1), decimal(100, 2), decimal(1, 0)),
        *(decimal(5, -3), decimal(-5, 1), decimal(1, 30), decimal(-(10**34), 0)),
        decimal(123_456_789, 4),
    ),
    "float": tuple(map(_packed("f"), (0.0, 1.5, -0.1, 1e-45, 3.4028234e38, 16_777_216.0))),
    "double": tuple(map(_packed("d"), (0.0, 0.1, -1 / 3, 5e-324, 1.7976931348623157e308, 1e22))),
    "date": tuple(map(date, (_YEAR_1000_DAYS, -1, 0, 19_782, _YEAR_9999_DAYS))),
    "time": tuple(map(_packed("q"), (0, 1000, 999_000, 43_200 * 10**9, _DAY_NS - 1000))),
    "timestamp": tuple(
        map(
            _packed("q"),
            (_YEAR_1000_MS, -1, 0, 1, 1_709_210_096_789, 109_951_162_777_601, _YEAR_9999_MS),
        )
    ),
    "uuid": (bytes(16), b"\xff" * 16, bytes(range(16)), UUID(int=1).bytes),
    "timeuuid": tuple(
        UUID(text).bytes
        for text in (
            "00000000-0000-1000-8080-808080808080",
            "ffffffff-ffff-1fff-bf7f-7f7f7f7f7f7f",
            "1e0b7f00-8c6c-11ef-9cd2-0242ac120002",
        )
    ),
    "inet": tuple(
        ip_address(text).packed
        for text in ("127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "::", "::1", "2001:db8::ff")  # noqa: S104 - a value
    ),
}
"""By CQL type; different entries of a type are different keys in Cassandra."""

REGULAR_ONLY: dict[str, tuple[bytes, ...]] = {
    "boolean": (b"\2", b"\xff"),
    "varint": (b"\0\1", b"\xff\xff\xfe"),
    "decimal": (decimal(10**65 - 1, 30), decimal(10**40, 40), decimal(0, 99)),
    "float": (_packed("f")(-0.0),),
    "double": (_packed("d")(-0.0),),
    "text": (b"x" * 70_000, "é".encode() * 1000),
    "blob": (bytes(range(256)) * 400,),
}
"""What arrives equal in a regular column, where equal means the same number or text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A cell that no target column holds unchanged; ``secret`` must stand in no message.

    A secret is long enough that no hash in a run's files holds it by chance.
    """

    name: str
    type: str
    cell: bytes
    in_key: bool = False
    secret: str = ""


REFUSED = (
    Refused(name="not_a_number", type="double", cell=_packed("d")(float("nan"))),
    Refused(name="infinite", type="double", cell=_packed("d")(float("inf"))),
    Refused(name="minus_infinity", type="float", cell=_packed("f")(float("-inf"))),
    Refused(name="nanoseconds", type="time", cell=_packed("q")(1_234_567_891), secret="234567891"),  # noqa: S106 - a value
    Refused(name="fraction", type="decimal", cell=decimal(7_654_321, 36), secret="7654321"),  # noqa: S106 - a value
    Refused(name="whole", type="decimal", cell=decimal(7_654_321, -30), secret="7654321"),  # noqa: S106 - a value
    Refused(name="far_scale", type="decimal", cell=decimal(7_654_321, 2**31 - 1), secret="7654321"),  # noqa: S106 - a value
    Refused(name="far_zero", type="decimal", cell=decimal(0, -(2**31))),
    Refused(name="digits", type="varint", cell=varint(7 * 10**65), secret="7" + "0" * 20),
    Refused(name="many_digits", type="varint", cell=varint(3 * 10**5000), secret="3" + "0" * 20),
    Refused(name="year_10000", type="timestamp", cell=_packed("q")(_YEAR_9999_MS + 1)),
    Refused(name="year_999", type="timestamp", cell=_packed("q")(_YEAR_1000_MS - 1)),
    Refused(name="farthest", type="timestamp", cell=_packed("q")(2**63 - 1)),
    Refused(name="late_date", type="date", cell=date(_YEAR_9999_DAYS + 1)),
    Refused(name="first_date", type="date", cell=date(-(2**31))),
    Refused(name="empty_int", type="int", cell=b""),
    Refused(name="empty_bigint", type="bigint", cell=b""),
    Refused(name="empty_double", type="double", cell=b""),
    Refused(name="empty_boolean", type="boolean", cell=b""),
    Refused(name="empty_decimal", type="decimal", cell=b""),
    Refused(name="empty_varint", type="varint", cell=b""),
    Refused(name="empty_timestamp", type="timestamp", cell=b""),
    Refused(name="empty_uuid", type="uuid", cell=b""),
    Refused(name="empty_inet", type="inet", cell=b""),
    Refused(name="modified_utf8", type="text", cell=b"secret\xc0\x80", secret="secret"),  # noqa: S106 - a value
    Refused(name="surrogate", type="text", cell=b"secret\xed\xa0\x80", secret="secret"),  # noqa: S106 - a value
    Refused(name="long_key", type="text", cell=b"secret" * 200, in_key=True, secret="secret"),  # noqa: S106 - a value
    Refused(name="long_blob_key", type="blob", cell=b"\xab" * 3073, in_key=True, secret="ab" * 16),
    Refused(name="long_decimal_key", type="decimal", cell=decimal(10**90, 3), in_key=True),
    Refused(name="negative_zero_key", type="double", cell=_packed("d")(-0.0), in_key=True),
    Refused(name="padded_varint_key", type="varint", cell=b"\0\7", in_key=True),
    Refused(name="odd_boolean_key", type="boolean", cell=b"\2", in_key=True),
)


def as_cell(cql_type: str) -> str:
    """Return the CQL term that makes a value of a type from the bytes of a cell."""
    return "?" if cql_type == "blob" else f"blobAs{cql_type.capitalize()}(?)"


def fill_keys(place: Place, table: str, cql_type: str, *, descending: bool) -> int:
    """Make a table keyed twice by a type, with every pair of its values; return the rows.

    Cassandra tells 1.0 from 1.00 in a partition key, and takes them for one when it clusters.
    """
    place.cql(
        f"CREATE TABLE {{ks}}.{table} (pk {cql_type}, ck {cql_type}, n int, PRIMARY KEY (pk, ck))"
        f" WITH CLUSTERING ORDER BY (ck {'DESC' if descending else 'ASC'})"
    )
    cells = ARRIVES[cql_type]
    partitions = [cell for cell in cells if cell][:12]  # Cassandra has no empty partition key
    rows = [(pk, ck, n) for n, pk in enumerate(partitions) for ck in cells]
    term = as_cell(cql_type)
    place.insert(f"INSERT INTO {{ks}}.{table} (pk, ck, n) VALUES ({term}, {term}, ?)", rows)
    ((count,),) = place.cql(f"SELECT COUNT(*) FROM {{ks}}.{table}")
    return int(count)


def fill_regulars(place: Place, table: str) -> int:
    """Make a table with a column of every type, one value a row, the others NULL."""
    columns = ", ".join(f"c_{cql} {cql}" for cql in ARRIVES)
    place.cql(f"CREATE TABLE {{ks}}.{table} (id int PRIMARY KEY, {columns})")
    number = 0
    for cql, cells in ARRIVES.items():
        every = cells + REGULAR_ONLY.get(cql, ())
        place.insert(
            f"INSERT INTO {{ks}}.{table} (id, c_{cql}) VALUES (?, {as_cell(cql)})",
            [(number + n, cell) for n, cell in enumerate(every)],
        )
        number += len(every)
    listed = ", ".join(f"c_{cql}" for cql in ARRIVES)
    terms = ", ".join(as_cell(cql) for cql in ARRIVES)
    place.insert(
        f"INSERT INTO {{ks}}.{table} (id, {listed}) VALUES (?, {terms})",
        [(number, *(cells[-1] for cells in ARRIVES.values()))],
    )
    return number + 1
