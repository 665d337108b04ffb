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


@pytest.mark.parametrize(
    ("data", "rows", "at", "width"),
    [
        (b"", 0, 2, 4),
        (b"[1]\n", 1, 2, 4),
        (b'["abcd"]', 1, 2, 4),
        (b'["abcd"]\n["efgh"]\n', 1, 2, 4),
        (b'["abcd"]\n', 2, 2, 4),
        (b'["abcd"]\n', 10**12, 2, 4),
        (b'["abcd"]\n', 1, -1, 4),
        (b'["abcd"]\n', 1, 2, 0),
    ],
)
def test_other_lines_than_were_promised_are_not_arranged(
    data: bytes, rows: int, at: int, width: int
) -> None:
    """Nothing is read beyond them."""
    with pytest.raises(ValueError, match="lines"):
        _encode.arrange(data, rows, at, width, 100, 9)
