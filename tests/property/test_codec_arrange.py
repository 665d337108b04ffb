"""Compiled code arranges lines as Python does, and no others than it was promised."""

from __future__ import annotations

from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cass_snapshot.codec import _encode
from cass_snapshot.codec.order import LineOrder
from cass_snapshot.forms import Form
from cass_snapshot.model import Lines
from tests.support.composite_keys import composite_columns, composite_keys
from tests.support.typed_cells import as_planned


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.uuids(), st.text("ab\n", max_size=9)), min_size=1, max_size=70),
    st.booleans(),
    st.integers(1, 300),
)
def test_lines_are_arranged_alike_by_compiled_code(
    rows: list[tuple[UUID, str]], twins: bool, size: int
) -> None:
    """The same order, equal keys as they came, the same cuts."""
    columns = [as_planned("k", Form.UUID, "CHAR(36)"), as_planned("v", Form.TEXT, "TEXT")]
    same = UUID(int=rows[0][0].int & ~0xFFFF)
    keys = [UUID(int=same.int | i % 3) if twins else made for i, (made, _) in enumerate(rows)]
    data = b"".join(
        orjson.dumps([str(made), text]) + b"\n" for made, (_, text) in zip(keys, rows, strict=True)
    )
    lines = Lines(data=data, rows=len(rows), words=0, plain=True)
    in_python, compiled = (
        LineOrder(columns, ["k"], cut_bytes=size, compiled=by).arrange(lines)
        for by in (False, True)
    )
    assert in_python == compiled


@settings(max_examples=400, deadline=None)
@given(composite_keys(), st.integers(1, 300))
def test_keys_of_several_values_are_arranged_alike(
    made: tuple[str, list[tuple[str | int, ...]]], size: int
) -> None:
    """Texts that end early, spaces and signs below a quote, integers of any size and sign."""
    kinds, keys = made
    columns = composite_columns(kinds)
    data = b"".join(orjson.dumps([*key, place]) + b"\n" for place, key in enumerate(keys))
    lines = Lines(data=data, rows=len(keys), words=0, plain=True)
    names = [column.name for column in columns[:-1]]
    in_python, compiled = (
        LineOrder(columns, names, cut_bytes=size, compiled=by).arrange(lines)
        for by in (False, True)
    )
    assert in_python == compiled
    order = sorted(range(len(keys)), key=lambda place: keys[place])
    assert [orjson.loads(line)[-1] for line in compiled.data.splitlines()] == order


def test_a_text_that_ends_is_before_one_that_goes_on_with_a_space() -> None:
    """Also behind the bytes that decide most comparisons; a quote ends it, and is above a space."""
    keys = ["aaaaaaaaaa!", "aaaaaaaaaa ", "b", "aaaaaaaaaa", "aaaaaaaaaa  "]
    made = _encode.arrange(b"".join(b'["%s"]\n' % key.encode() for key in keys), 5, "t", 99, 9)
    assert made is not None
    assert [orjson.loads(line)[0] for line in made[0].splitlines()] == sorted(keys)


def test_a_key_with_an_escape_is_left_to_python() -> None:
    """Its bytes do not sort as its text does."""
    assert _encode.arrange(b'["a\\"b"]\n["a"]\n', 2, "t", 9, 9) is None
    assert _encode.arrange(b'["a",1]\n["b",null]\n', 2, "ti", 9, 9) is None
    assert _encode.arrange(b'["b\\n"]\n', 1, "t", 9, 9) is None
    assert _encode.arrange(b'["b",1,"\\n"]\n["a",-1,0]\n', 2, "ti", 99, 9) == (
        b'["a",-1,0]\n["b",1,"\\n"]\n',
        [(24, 2)],
    )


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"", 0),
        (b'["abcd"]', 1),
        (b'["abcd', 1),
        (b'["abcd"]\n["efgh"]\n', 1),
        (b'["abcd"]\n', 2),
        (b'["abcd"]\n', 10**12),
        (b'["abcd"]\n["ef', 2),
    ],
)
def test_other_lines_than_were_promised_are_not_arranged(data: bytes, rows: int) -> None:
    """Nothing is read beyond them, and no row is counted that is not there."""
    with pytest.raises(ValueError, match="other lines"):
        _encode.arrange(data, rows, "t", 100, 9)


@pytest.mark.parametrize(
    "data", [b"[1]\n", b"[\n", b"\n", b'["abcd"\n', b'["abcd\n', b'["a"x"b"]\n', b'"a"\n']
)
def test_other_values_than_texts_are_not_arranged(data: bytes) -> None:
    """They are left to Python."""
    assert _encode.arrange(data, 1, "t", 100, 9) is None


@pytest.mark.parametrize(
    "data", [b"[]\n", b"[-]\n", b"[1.5]\n", b'["1"]\n', b"[true]\n", b"[12\n", b"[null]\n"]
)
def test_other_values_than_integers_are_not_arranged(data: bytes) -> None:
    """They have an order of their own."""
    assert _encode.arrange(data, 1, "i", 100, 9) is None


@pytest.mark.parametrize("parts", ["", "x", "tx", "t i"])
def test_a_key_is_texts_and_integers(parts: str) -> None:
    """Anything else is a mistake of the caller's."""
    with pytest.raises(ValueError, match="no key"):
        _encode.arrange(b'["abcd"]\n', 1, parts, 100, 9)
