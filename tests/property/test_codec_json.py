"""Canonical JSON tells every cell of every type, broken ones too; a decoder of its own reads it."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cass_snapshot.codec.bulk import bulk
from cass_snapshot.codec.collections import teller
from cass_snapshot.codec.vints import duration_text, fold, read_vint, unfold, write_vint
from cass_snapshot.cql import CqlType, parse, render
from tests.support.json_cells import TYPES, cell_of, cells, vint, zigzag

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def _texts(*texts: bytes | None) -> bytes:
    """Return the cell of a list."""
    each = (b"\xff" * 4 if t is None else len(t).to_bytes(4) + t for t in texts)
    return len(texts).to_bytes(4) + b"".join(each)


def _no_constants(name: str) -> Any:  # noqa: ANN401 - never returns
    raise AssertionError(f"{name} is no JSON")


@settings(max_examples=100, deadline=None)
@given(TYPES.flatmap(lambda cql: st.tuples(st.just(cql), cells(cql))))
@example((parse("vector<text, 2>"), bytes.fromhex("0161026262")))
@example((parse("vector<tinyint, 2>"), bytes.fromhex("01010102")))
@example((parse('u{"$cell" text}'), bytes.fromhex("000000023030")))
@example((parse("tuple<int, text>"), b""))
@example((parse("list<int>"), b""))
@example((parse("set<float>"), bytes.fromhex("00000002 00000004 80000000 00000004 00000000")))
def test_the_json_of_a_cell_tells_its_bytes(case: tuple[CqlType, bytes]) -> None:
    """Whatever the type and whatever the bytes: the text is JSON, and gives the cell back."""
    cql, cell = case
    text = teller(cql)(cell)
    assert cell == cell_of(cql, json.loads(text, parse_constant=_no_constants))
    bare = _STRING.sub("S", text)
    assert not re.search(r"[,:](?! )|[ ](?=[,\]}])", bare)
    assert re.fullmatch(r"[^\x00-\x1f]*", text)


@settings(max_examples=50, deadline=None)
@given(TYPES.flatmap(lambda cql: st.tuples(st.just(cql), cells(cql), cells(cql))))
def test_different_cells_have_different_json(case: tuple[CqlType, bytes, bytes]) -> None:
    """So that JSON may stand for identity."""
    cql, one, other = case
    assert (one == other) == (teller(cql)(one) == teller(cql)(other))


@settings(max_examples=150, deadline=None)
@given(TYPES.flatmap(lambda cql: st.tuples(st.just(cql), st.lists(cells(cql), max_size=4))))
@example((parse("list<text>"), [_texts(b"a", None, b"\x7f"), b"", _texts(b"b", b'",\\')]))
@example((parse("list<text>"), [_texts(b"a\xff"), _texts(), _texts(None)]))
@example((parse("map<text, int>"), [b"\0\0\0\2" + _texts(b"a", b"\0\0\0\1", None, None)[4:]]))
def test_a_column_is_the_json_of_its_cells(case: tuple[CqlType, list[bytes]]) -> None:
    """Elements of all cells at once, with nulls, broken cells and empty ones among them."""
    cql, column = case
    assert list(map(teller(cql), column)) == bulk(cql)(column)


@settings(max_examples=50, deadline=None)
@given(TYPES)
def test_a_type_comes_back_from_its_text(cql: CqlType) -> None:
    """With names, fields, dimensions and what is frozen."""
    assert cql == parse(render(cql))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**64 - 1), st.binary(max_size=3), st.integers(0, 64))
def test_a_number_of_variable_length_is_written_as_cassandra_does(
    number: int, rest: bytes, shift: int
) -> None:
    """In the fewest bytes; it is read back with what follows it left alone."""
    number >>= shift
    written = write_vint(number)
    assert vint(number) == written
    assert read_vint(rest + written + rest, len(rest)) == (number, len(rest + written))
    assert all(read_vint(written[:cut], 0) is None for cut in range(len(written)))


@settings(max_examples=50, deadline=None)
@given(st.integers(-(2**63), 2**63 - 1))
def test_a_signed_number_is_folded_into_an_unsigned_one(number: int) -> None:
    """Small magnitudes stay small."""
    assert unfold(fold(number)) == number
    assert write_vint(fold(number)) == zigzag(number)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=12))
def test_any_bytes_are_no_duration_or_are_told_by_its_text(cell: bytes) -> None:
    """No two cells have one text."""
    text = duration_text(cell)
    assert text is None or cell == cell_of(CqlType(name="duration"), text)
