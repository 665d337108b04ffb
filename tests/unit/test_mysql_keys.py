"""Key values as the connector reads them become the cells that Cassandra has."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from struct import pack
from typing import Any
from uuid import UUID

import pytest

from cass_snapshot.codec.cells import cell
from cass_snapshot.forms import READABLE_FORMS
from cass_snapshot.mysql.values import wal_value
from tests.support.typed_cells import KEY_TYPES

ID = UUID("50554d6e-29bb-11e5-b345-feff819cdc9f")
READ: list[tuple[str, Any, bytes | None]] = [
    ("ascii", "a ", b"a "),
    ("text", "é\0", "é\0".encode()),
    ("varchar", bytearray(b"x"), b"x"),
    ("blob", bytearray(b"\0\xff"), b"\0\xff"),
    ("blob", b"", b""),
    ("boolean", 1, b"\1"),
    ("boolean", 0, b"\0"),
    ("tinyint", -128, b"\x80"),
    ("smallint", -2, b"\xff\xfe"),
    ("int", 7, pack(">i", 7)),
    ("bigint", -(2**63), pack(">q", -(2**63))),
    ("varint", Decimal(10**64), (10**64).to_bytes(27, "big")),
    ("varint", Decimal(-129), b"\xff\x7f"),
    ("decimal", "1.00", b"\0\0\0\2\x64"),
    ("decimal", "15E+3", b"\xff\xff\xff\xfd\x0f"),
    ("float", 1.401298464324817e-45, b"\0\0\0\1"),
    ("double", 0.1, pack(">d", 0.1)),
    ("date", date(1000, 1, 1), pack(">I", 2**31 - 354285)),
    ("time", timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999), None),
    ("time", timedelta(0), pack(">q", 0)),
    ("timestamp", datetime(9999, 12, 31, 23, 59, 59, 999_000), pack(">q", 253_402_300_799_999)),  # noqa: DTZ001 - the connector's are naive
    ("timestamp", datetime(1000, 1, 1), pack(">q", -30_610_224_000_000)),  # noqa: DTZ001 - as above
    ("uuid", str(ID), ID.bytes),
    ("timeuuid", bytearray(str(ID).encode()), ID.bytes),
    ("inet", "::ffff:127.0.0.1", bytes(10) + b"\xff\xff\x7f\0\0\1"),
    ("inet", b"127.0.0.1", b"\x7f\0\0\1"),
]


@pytest.mark.parametrize(("cql", "value", "expected"), READ)
def test_a_key_that_was_read_back_is_the_cell_that_was_copied(
    cql: str,
    value: Any,  # noqa: ANN401 - whatever the connector makes of a column
    expected: bytes | None,
) -> None:
    """For each type of key column, as text or as bytes, at the ends of what it holds."""
    expected = expected or (pack(">q", 86_399_999_999_000) if cql == "time" else b"")
    assert expected == cell(cql, READABLE_FORMS[cql], wal_value(READABLE_FORMS[cql], value))


def test_every_key_type_was_tried() -> None:
    """None is left to the integration tests alone."""
    assert set(KEY_TYPES) == {cql for cql, _, _ in READ}
