"""For any values: what the driver serialized stands in the WAL line, and keys give it back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cass_snapshot.codec.cells import cell
from cass_snapshot.codec.digits import decimal_text
from cass_snapshot.forms import READABLE_FORMS
from cass_snapshot.model import Cells
from tests.support.typed_cells import KEY_TYPES, SERIALIZE, encode, planned

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
AWKWARD = st.text(st.sampled_from(list('",\\[]\n\0\u2028\u0085\x1e nulltruefals')), max_size=20)
ANY_TEXT = st.one_of(TEXTS, AWKWARD)


def _decimals() -> st.SearchStrategy[Decimal]:
    digits = st.integers(-(10**30) + 1, 10**30 - 1)
    return st.builds(lambda d, s: Decimal(d).scaleb(-s), digits, st.integers(-5, 30))


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "ascii": st.text(st.characters(max_codepoint=127), max_size=40),
    "text": ANY_TEXT,
    "varchar": ANY_TEXT,
    "blob": st.binary(max_size=60),
    "boolean": st.booleans(),
    "tinyint": st.integers(-(2**7), 2**7 - 1),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "counter": st.integers(-(2**63), 2**63 - 1),
    "varint": st.integers(-(10**65) + 1, 10**65 - 1),
    "decimal": _decimals(),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "date": st.integers(-354285, 2932896),
    "time": st.integers(0, 86_399_999_999).map(lambda micros: micros * 1000),
    "timestamp": st.integers(-30_610_224_000_000, 253_402_300_799_999),
    "uuid": st.uuids(),
    "timeuuid": st.uuids(version=1),
    "inet": st.ip_addresses().map(str),
}
EXPECTED: dict[str, Callable[[Any], Any]] = {
    "blob": bytes.hex,
    "varint": str,
    "date": lambda days: (EPOCH + timedelta(days=days)).date().isoformat(),
    "time": lambda ns: (
        (EPOCH + timedelta(microseconds=ns // 1000)).time().isoformat("microseconds")
    ),
    "timestamp": lambda ms: (
        (EPOCH + timedelta(milliseconds=ms))
        .replace(tzinfo=None)
        .isoformat(sep=" ", timespec="milliseconds")
    ),
    "uuid": str,
    "timeuuid": str,
}


def same(cql: str, value: Any, found: Any) -> bool:  # noqa: ANN401 - a value of any type
    """Tell whether a WAL value is what the type's own rule makes of the driver's value."""
    if cql == "decimal":
        return bool(value.as_tuple() == Decimal(found).as_tuple())
    if cql == "inet":
        return ip_address(value) == ip_address(found)
    expected = EXPECTED.get(cql, lambda v: v)(value)
    return type(expected) is type(found) and repr(expected) == repr(found)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Draw the types of some columns and the rows of a page, nulls among them."""
    types = draw(st.lists(st.sampled_from(list(SERIALIZE)), min_size=1, max_size=5))
    cells = [st.one_of(st.none(), VALUES[cql]) for cql in types]
    return types, draw(st.lists(st.tuples(*cells), min_size=1, max_size=6))


@settings(max_examples=80, deadline=None)
@given(tables())
@example((["text", "text"], [('x",', "y"), ('","', ""), (",", '"'), ("\\", '\\"')]))
@example((["text"], [("",), (",",), ("",), ('",',)]))
@example((["text", "boolean"], [("]\n[", None), (None, True)]))
def test_any_page_becomes_lines_that_hold_its_values(
    page: tuple[list[str], list[tuple[Any, ...]]],
) -> None:
    """One JSON array a row, split on newline alone, and as many bare words as are counted."""
    types, values = page
    rows: list[Cells] = [
        tuple(None if v is None else SERIALIZE[t](v) for t, v in zip(types, row, strict=True))
        for row in values
    ]
    lines = encode([planned(t) for t in types], rows)
    assert lines.data.endswith(b"\n")
    found = [json.loads(line) for line in lines.data[:-1].split(b"\n")]
    assert len(rows) == lines.rows == len(found)
    for row, line in zip(values, found, strict=True):
        assert [v is None for v in row] == [v is None for v in line]
        for cql, value, wal in zip(types, row, line, strict=True):
            assert value is None or same(cql, value, wal), (cql, value, wal)
    words = sum(v is None or isinstance(v, bool) for row in found for v in row)
    assert words == lines.words


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=5), st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_texts_of_two_columns_do_not_run_into_each_other(left: list[str], right: list[str]) -> None:
    """Whatever they hold: quotes, commas, backslashes, brackets, line ends of every kind."""
    pairs = list(zip(left, right, strict=False))
    rows: list[Cells] = [(a.encode(), b.encode()) for a, b in pairs]
    lines = encode([planned("text"), planned("text")], rows).data[:-1].split(b"\n")
    assert [list(pair) for pair in pairs] == [json.loads(line) for line in lines]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(KEY_TYPES).flatmap(lambda t: st.tuples(st.just(t), VALUES[t])))
def test_a_key_gives_the_very_bytes_back(case: tuple[str, Any]) -> None:
    """For every type of key column, the WAL's value tells the cell that it came from."""
    cql, value = case
    bytes_of = SERIALIZE[cql](value)
    if cql in ("float", "double") and value == 0:
        bytes_of = bytes(len(bytes_of))  # -0.0 is refused in keys
    (found,) = json.loads(encode([planned(cql, in_key=True)], [(bytes_of,)]).data)
    assert bytes_of == cell(cql, READABLE_FORMS[cql], found)


SCALES = st.one_of(st.integers(-50, 50), st.integers(-(2**31), 2**31 - 1))
UNSCALED = st.one_of(st.integers(-200, 200), st.integers(-(10**70), 10**70))


@settings(max_examples=60, deadline=None)
@given(UNSCALED, SCALES)
def test_decimal_text_is_exact(unscaled: int, scale: int) -> None:
    """Digits and scale can be read from the text, by a parser that is not ours."""
    sign, digits, exponent = Decimal(decimal_text(unscaled, scale)).as_tuple()
    number = int("".join(map(str, digits)))
    assert (unscaled, scale) == (-number if sign else number, -int(exponent))


@settings(max_examples=60, deadline=None)
@given(UNSCALED, SCALES, UNSCALED, SCALES, st.integers(0, 5))
def test_decimal_text_tells_different_decimals_apart(
    unscaled: int, scale: int, other: int, other_scale: int, zeros: int
) -> None:
    """Also those of equal value: 1.0, 1.00 and 10E-1 would be three keys."""
    pairs = [(unscaled, scale), (other, other_scale)]
    if scale + zeros < 2**31:
        pairs.append((unscaled * 10**zeros, scale + zeros))
    assert len(set(pairs)) == len({decimal_text(*pair) for pair in pairs})
