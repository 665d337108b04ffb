"""For any column: what is written at once is what cell by cell gives, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cass_snapshot.codec.column import json_texts
from cass_snapshot.codec.encoders import encoder
from cass_snapshot.codec.limits import checks
from cass_snapshot.codec.quick import quick
from cass_snapshot.codec.refusal import BadCell
from cass_snapshot.cql import parse
from cass_snapshot.forms import Form, Limits
from tests.support.ordinary_cells import ORDINARY, Pair, limits
from tests.support.typed_cells import SERIALIZE

PAIRS = sorted(p for p in ORDINARY if quick(p[1], Limits(type="", fraction_digits_max=9)))


def carefully(pair: Pair, of: Limits, cells: Sequence[bytes]) -> Sequence[bytes] | None:
    """Return the texts cell by cell; None where one is refused."""
    cql, form = pair
    try:
        values = encoder(parse(cql), form)(cells, of)
        for check in checks(form, of):
            check(cells, values)
    except BadCell:
        return None
    return json_texts(form, values)


@st.composite
def columns(draw: st.DrawFn) -> tuple[Pair, dict[str, Any], list[bytes]]:
    """Draw a type, a form, limits and some cells."""
    pair = draw(st.sampled_from(PAIRS))
    cells = draw(st.lists(ORDINARY[pair] | st.binary(max_size=9), min_size=1, max_size=5))
    return pair, draw(limits(pair[1])), cells


@settings(max_examples=300, deadline=None)
@given(columns())
@example((("text", Form.TEXT), {"trailing_space": False}, [b"a ", b"b"]))
@example((("text", Form.TEXT), {"trailing_space": False}, [b"a", b"b "]))
@example((("text", Form.TEXT), {}, [b"\x7f"]))
@example((("text", Form.TEXT), {}, [b"\xc3", b"\xa9"]))
@example((("text", Form.TEXT), {"unicode_max": 0x7F}, [b"a", "é".encode()]))
@example((("text", Form.TEXT), {"chars_max": 1}, ["é".encode()]))
@example((("text", Form.TEXT), {}, [b""]))
def test_a_column_written_at_once_is_the_same(
    case: tuple[Pair, dict[str, Any], list[bytes]],
) -> None:
    """And nothing that would be refused is written."""
    pair, chosen, cells = case
    of = Limits(type="its type", **chosen)
    write = quick(pair[1], of)
    found = None if write is None else write(cells)
    assert found is None or carefully(pair, of, cells) == found


DECIMALS = st.lists(st.integers(-(10**21), 10**21) | st.integers(-200, 200), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(DECIMALS, st.integers(1, 9))
def test_decimals_of_one_scale_are_written_at_once(numbers: list[int], scale: int) -> None:
    """Below one, negative, and of more than 64 bits."""
    cells = [SERIALIZE["decimal"](Decimal(n).scaleb(-scale)) for n in numbers]
    of = Limits(type="DECIMAL(38,9)", integer_digits_max=29, fraction_digits_max=9)
    write = quick(Form.DECIMAL, of)
    assert write is not None
    assert carefully(("decimal", Form.DECIMAL), of, cells) == write(cells)


def test_ordinary_columns_are_written_at_once() -> None:
    """Texts, uuids, booleans, instants, decimals and bytes."""
    names = {"text", "ascii", "uuid", "timeuuid", "boolean", "timestamp", "decimal", "blob"}
    assert names == {cql for cql, _ in PAIRS} - {"list<int>"}
