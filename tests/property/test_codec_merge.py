"""Sorted pieces are merged between bounds, alike by compiled code and in Python."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cass_snapshot.codec import _encode
from cass_snapshot.codec.order import LineOrder
from cass_snapshot.forms import Form
from tests.support.composite_keys import composite_columns, composite_keys
from tests.support.typed_cells import as_planned

DAYS = [date(2021, 7, day) for day in range(1, 9)]
NEAR = st.one_of(st.uuids(), st.integers(0, 40).map(lambda n: UUID(int=n << 8)))
"""Keys that differ in their first digit, keys that differ in their last ones, and equal keys."""


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(NEAR, max_size=20), max_size=6),
    st.tuples(st.none() | NEAR, st.none() | NEAR),
    st.integers(1, 30),
    st.integers(1, 900),
)
def test_sorted_pieces_are_merged_alike_by_compiled_code(
    pieces: list[list[UUID]],
    bounds: tuple[UUID | None, UUID | None],
    rows_max: int,
    bytes_max: int,
) -> None:
    """Between the bounds, in order, in the same stretches, none larger than it may be."""
    columns = [as_planned("k", Form.UUID, "CHAR(36)"), as_planned("v", Form.TEXT, "TEXT")]
    lines = [
        b"".join(orjson.dumps([str(made), "x" * place]) + b"\n" for made in sorted(piece, key=str))
        for place, piece in enumerate(pieces)
    ]
    low, high = [None if bound is None else (str(bound),) for bound in bounds]
    in_python, compiled = (
        list(
            LineOrder(columns, ["k"], compiled=by).merge(
                lines, low=low, high=high, rows_max=rows_max, bytes_max=bytes_max
            )
        )
        for by in (False, True)
    )
    assert in_python == compiled
    found = b"".join(data for data, _ in compiled).splitlines()
    wanted = [
        line
        for line in sorted(b"".join(lines).splitlines(), key=lambda line: line[:38])
        if (low is None or low <= (line[2:38].decode(),))
        and (high is None or (line[2:38].decode(),) < high)
    ]
    assert found == wanted
    for data, rows in compiled:
        assert rows == data.count(b"\n") <= rows_max
        assert len(data[:-1].rpartition(b"\n")[0]) < bytes_max


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.dates(), st.sampled_from(DAYS)), max_size=40), st.data())
def test_a_key_of_several_columns_is_merged_between_bounds(
    rows: list[tuple[date, date]], data: st.DataObject
) -> None:
    """Also where only its last column tells two keys apart."""
    columns = [as_planned("a", Form.DATE, "DATE"), as_planned("b", Form.DATE, "DATE")]
    keys = sorted((str(b), str(a)) for a, b in rows)
    low, high = data.draw(st.sampled_from([None, *keys])), data.draw(st.sampled_from([None, *keys]))
    lines = b"".join(orjson.dumps(key) + b"\n" for key in keys)
    found = [
        b"".join(
            stretch
            for stretch, _ in LineOrder(columns, ["a", "b"], compiled=by).merge(
                [lines], low=low, high=high, rows_max=7, bytes_max=2**20
            )
        )
        for by in (False, True)
    ]
    wanted = [k for k in keys if (low is None or low <= k) and (high is None or k < high)]
    assert found == [b"".join(orjson.dumps(key) + b"\n" for key in wanted)] * 2


def test_stretches_stay_as_they_are_when_the_next_one_is_made() -> None:
    """Each is made when it is asked for; the pieces may be gone by then."""
    pieces = [b"".join(b'["%04d"]\n' % n for n in range(start, 900, 3)) for start in range(3)]
    merged = _encode.merge(tuple(pieces), "t", None, b'["0500"]', 100, 7)
    assert merged is not None
    pieces.clear()
    assert iter(merged) is merged
    stretches = list(merged)
    assert list(merged) == []
    assert {rows for _, rows in stretches[:-1]} == {7}
    assert b"".join(text for text, _ in stretches) == b"".join(
        b'["%04d"]\n' % n for n in range(500)
    )


@settings(max_examples=300, deadline=None)
@given(composite_keys(), st.data())
def test_keys_of_several_values_are_merged_alike(
    made: tuple[str, list[tuple[str | int, ...]]], data: st.DataObject
) -> None:
    """Between bounds that are keys or none."""
    kinds, keys = made
    columns = composite_columns(kinds)
    names = [column.name for column in columns[:-1]]
    bound = st.none() | st.sampled_from(keys)
    low, high = data.draw(bound), data.draw(bound)
    parts = data.draw(st.integers(1, 4))
    pieces = [
        b"".join(orjson.dumps([*key, place]) + b"\n" for key in sorted(keys[place::parts]))
        for place in range(parts)
    ]
    in_python, compiled = (
        list(
            LineOrder(columns, names, compiled=by).merge(
                pieces, low=low, high=high, rows_max=7, bytes_max=200
            )
        )
        for by in (False, True)
    )
    assert in_python == compiled
    found = [tuple(orjson.loads(line)[:-1]) for text, _ in compiled for line in text.splitlines()]
    assert found == [
        key for key in sorted(keys) if (low is None or low <= key) and (high is None or key < high)
    ]


@pytest.mark.parametrize("piece", [b"[1]\n", b'["abcd"]\n[]\n', b"\n"])
def test_other_pieces_than_were_promised_are_left_to_python(piece: bytes) -> None:
    """Nothing is read beyond them."""
    assert _encode.merge((b'["abcd"]\n', piece), "t", None, None, 100, 9) is None


def test_a_piece_that_does_not_end_with_a_line_is_not_merged() -> None:
    """Its last row would be another one."""
    with pytest.raises(ValueError, match="other lines"):
        _encode.merge((b'["abcd"]\n', b'["abcd"]'), "t", None, None, 100, 9)


@pytest.mark.parametrize("bound", [b"", b"abc", b'["a', b'["a\\n"]', b"[7]", b'["a"'])
def test_a_bound_that_is_no_key_is_left_to_python(bound: bytes) -> None:
    """Nothing is read beyond it either."""
    for low, high in ((bound, None), (None, bound), (b'["aaaa"]', bound)):
        assert _encode.merge((), "t", low, high, 100, 9) is None


def test_a_merge_takes_keys_and_pieces_alone() -> None:
    """A wrong type is an error, not a crash."""
    with pytest.raises(ValueError, match="no key"):
        _encode.merge((), "", None, None, 100, 9)
    with pytest.raises(TypeError, match="pieces are bytes"):
        _encode.merge(("x",), "t", None, None, 100, 9)  # type: ignore[arg-type]  # a wrong type
    with pytest.raises(TypeError, match="bounds are bytes"):
        _encode.merge((), "t", "a", None, 100, 9)  # type: ignore[arg-type]  # a wrong type
    nothing = _encode.merge((), "t", None, None, 100, 9)
    assert nothing is not None
    assert list(nothing) == []
