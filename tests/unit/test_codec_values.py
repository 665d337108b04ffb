"""What each CQL type's cells become in a WAL line."""

from __future__ import annotations

import json
from decimal import Decimal
from math import copysign
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest

from cass_snapshot.codec.cells import cell
from cass_snapshot.codec.digits import decimal_text
from cass_snapshot.codec.encoders import encoder
from cass_snapshot.cql import parse
from cass_snapshot.forms import READABLE_FORMS, Form, Limits
from tests.support.typed_cells import KEY_TYPES, SERIALIZE, encode, floats, planned

NIL = UUID(int=0)
ONES = UUID(int=2**128 - 1)
VALUES: list[tuple[str, Any, Any]] = [
    ("ascii", "", ""),
    ("ascii", "a\0\x7f ", "a\0\x7f "),
    ("text", "Zoë e\u0301 \u2028 \U0001f600 ", "Zoë e\u0301 \u2028 \U0001f600 "),
    ("varchar", '"],\n[\\', '"],\n[\\'),
    ("blob", b"", ""),
    ("blob", bytes(range(256)), bytes(range(256)).hex()),
    ("boolean", True, True),
    ("boolean", False, False),
    ("tinyint", -128, -128),
    ("tinyint", 127, 127),
    ("smallint", -32768, -32768),
    ("int", -(2**31), -(2**31)),
    ("int", -1, -1),
    ("bigint", -(2**63), -(2**63)),
    ("bigint", 2**63 - 1, 2**63 - 1),
    ("counter", -7, -7),
    ("varint", 0, "0"),
    ("varint", -1, "-1"),
    ("varint", 128, "128"),
    ("varint", 2**63, str(2**63)),
    ("varint", 10**65 - 1, "9" * 65),
    ("varint", -(10**65 - 1), "-" + "9" * 65),
    ("decimal", Decimal("1.0"), "1.0"),
    ("decimal", Decimal("1.00"), "1.00"),
    ("decimal", Decimal("-0.05"), "-0.05"),
    ("decimal", Decimal("5E+3"), "5E+3"),
    ("decimal", Decimal("9" * 35 + "." + "9" * 30), "9" * 35 + "." + "9" * 30),
    ("float", 16777217.0, 16777216.0),
    ("float", 1e-45, 1.401298464324817e-45),
    ("float", 3.4028234663852886e38, 3.4028234663852886e38),
    ("double", 5e-324, 5e-324),
    ("double", 1.7976931348623157e308, 1.7976931348623157e308),
    ("double", 0.1, 0.1),
    ("date", 0, "1970-01-01"),
    ("date", -354285, "1000-01-01"),
    ("date", 2932896, "9999-12-31"),
    ("time", 0, "00:00:00.000000"),
    ("time", 86_399_999_999_000, "23:59:59.999999"),
    ("timestamp", 0, "1970-01-01 00:00:00.000"),
    ("timestamp", -1, "1969-12-31 23:59:59.999"),
    ("timestamp", -30_610_224_000_000, "1000-01-01 00:00:00.000"),
    ("timestamp", 253_402_300_799_999, "9999-12-31 23:59:59.999"),
    ("uuid", NIL, str(NIL)),
    ("uuid", ONES, str(ONES)),
    ("timeuuid", UUID("50554d6e-29bb-11e5-b345-feff819cdc9f"), None),
    ("inet", "127.0.0.1", "127.0.0.1"),
    ("inet", "::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ("inet", "::1", "::1"),
]


@pytest.mark.parametrize(("cql", "value", "expected"), VALUES)
def test_a_cell_becomes_the_value_that_its_type_says(
    cql: str,
    value: Any,  # noqa: ANN401 - what the type holds
    expected: Any,  # noqa: ANN401 - a JSON value
) -> None:
    """The driver made the cell; the WAL line holds the value, exactly."""
    expected = str(value) if expected is None else expected
    lines = encode([planned(cql)], [(SERIALIZE[cql](value),)])
    assert [expected] == json.loads(lines.data)
    assert type(expected) is type(json.loads(lines.data)[0])


def test_every_type_of_the_profile_has_an_encoder() -> None:
    """What preflight lets through can be written; no type is in one table alone."""
    assert set(READABLE_FORMS) == set(SERIALIZE)
    for cql, form in READABLE_FORMS.items():
        assert list(encoder(parse(cql), form)([], Limits(type="LONGTEXT"))) == []


@pytest.mark.parametrize("cql", SERIALIZE)
def test_null_is_null_for_every_type(cql: str) -> None:
    """An absent cell is the bare word, beside values that are there."""
    value = {c: v for c, v, _ in VALUES}[cql]
    lines = encode([planned(cql)], [(None,), (SERIALIZE[cql](value),), (None,)])
    found = [json.loads(line)[0] for line in lines.data.splitlines()]
    assert [found[0], found[2]] == [None, None]
    assert found[1] is not None
    assert lines.words == (3 if cql == "boolean" else 2)


def test_no_rows_are_no_lines() -> None:
    """An empty page becomes an empty batch."""
    lines = encode([planned("int")], [])
    assert (lines.data, lines.rows, lines.words) == (b"", 0, 0)


@pytest.mark.parametrize("byte", [1, 2, 255])
def test_any_byte_but_zero_reads_as_true(byte: int) -> None:
    """As Cassandra reads booleans."""
    assert json.loads(encode([planned("boolean")], [(bytes([byte]),)]).data) == [True]


def test_a_negative_zero_that_is_no_key_is_kept() -> None:
    """The WAL holds the sign; SQL compares it equal to zero."""
    (value,) = json.loads(encode([planned("double")], [(floats("d", -0.0),)]).data)
    assert copysign(1.0, value) == -1.0


def test_a_varint_with_needless_bytes_is_its_number_where_it_is_no_key() -> None:
    """00 01 is 1."""
    assert json.loads(encode([planned("varint")], [(b"\x00\x01",)]).data) == ["1"]


def test_mixed_scales_of_a_column_are_each_kept() -> None:
    """1.5, 1.50 and 150 in one page come out as they are, whichever way they are formatted."""
    values = ["1.5", "1.50", "150", "-0.01", "0.00", "15E+3"]
    rows = [(SERIALIZE["decimal"](Decimal(v)),) for v in values]
    found = encode([planned("decimal")], rows).data.splitlines()
    assert values == [json.loads(line)[0] for line in found]


@pytest.mark.parametrize("sign", ["", "-"])
def test_equal_scales_of_a_column_are_each_kept(sign: str) -> None:
    """A page whose decimals share one scale keeps every digit."""
    values = ["0.01", "123.45", "0.00", sign + "99999999.99", sign + "0.10"]
    rows = [(SERIALIZE["decimal"](Decimal(v)),) for v in values]
    found = encode([planned("decimal")], rows).data.splitlines()
    assert values == [json.loads(line)[0] for line in found]


@pytest.mark.parametrize(
    ("unscaled", "scale", "text"),
    [
        (0, 0, "0"),
        (0, 3, "0.000"),
        (0, -3, "0E+3"),
        (-5, 1, "-0.5"),
        (5, 40, "0." + "0" * 39 + "5"),
        (5, 41, "5E-41"),
        (15, -(2**31), "15E+2147483648"),
        (-15, 2**31 - 1, "-15E-2147483647"),
    ],
)
def test_decimal_text_is_plain_near_the_point_and_scientific_afar(
    unscaled: int, scale: int, text: str
) -> None:
    """Scales 0 to 40 are plain; beyond them zeros would only be padding."""
    assert text == decimal_text(unscaled, scale)


@pytest.mark.parametrize("scale", [-(2**31), -1, 0, 1, 2**31 - 1])
@pytest.mark.parametrize("unscaled", [0, 1, -1, 10**20])
def test_a_decimal_key_of_any_scale_comes_back(scale: int, unscaled: int) -> None:
    """Keys keep digits and scale, at the extremes of both, and at once."""
    began = perf_counter()
    bytes_of = scale.to_bytes(4, "big", signed=True) + SERIALIZE["varint"](unscaled)
    (value,) = json.loads(encode([planned("decimal", in_key=True)], [(bytes_of,)]).data)
    assert bytes_of == cell("decimal", Form.DECIMAL, value)
    assert perf_counter() - began < 10


def test_every_key_type_has_a_way_back() -> None:
    """Verification makes cells of all of them; a counter is never part of a key."""
    value = {c: v for c, v, _ in VALUES}
    for cql in KEY_TYPES:
        bytes_of = SERIALIZE[cql](value[cql])
        (found,) = json.loads(encode([planned(cql, in_key=True)], [(bytes_of,)]).data)
        assert bytes_of == cell(cql, READABLE_FORMS[cql], found), cql


@pytest.mark.parametrize("text", ["NaN", "Infinity"])
def test_what_is_no_finite_decimal_is_no_cell(text: str) -> None:
    """Such text never came from a decimal."""
    with pytest.raises(ValueError, match="not a finite decimal"):
        cell("decimal", Form.DECIMAL, text)
