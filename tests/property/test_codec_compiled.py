"""For any column, limits and cells: the compiled encoder writes what Python writes, or nothing."""

from __future__ import annotations

from dataclasses import replace
from struct import pack, unpack
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cass_snapshot.codec._encode import encode
from cass_snapshot.codec.compiled import known
from cass_snapshot.codec.plain import plain_line
from cass_snapshot.codec.row import RowEncoder
from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import Cells, Position
from cass_snapshot.planned import PlannedColumn, Reading
from cass_snapshot.rejection import Encoded
from tests.support.ordinary_cells import ORDINARY, Pair, limits
from tests.support.typed_cells import column, key
from tests.support.wired import wired

PAIRS = sorted(ORDINARY)


def planned(
    pair: Pair, limits: dict[str, Any], name: str = "v", null: int | None = None
) -> PlannedColumn:
    """Return a column."""
    cql, form = pair
    return PlannedColumn(
        column=column(name, cql), form=form, limits=Limits(type="its type", **limits), null=null
    )


def both(columns: list[PlannedColumn], rows: list[Cells]) -> tuple[Encoded, Encoded]:
    """Return what the two encoders make of a page."""

    def locate(row: Cells) -> Position:
        return Position(token=7, partition_key=tuple(cell or b"" for cell in row))

    in_python = RowEncoder(columns, locate, compiled=False).encode(rows)
    found = RowEncoder(columns, locate, compiled=True).encode(rows)
    assert found == RowEncoder(columns, locate, compiled=True).encode(wired(rows))
    if found.lines.plain:
        assert all(map(plain_line, found.lines.data.splitlines()))
    return in_python, replace(found, lines=replace(found.lines, plain=False))


def agree(target: PlannedColumn, cells: list[bytes | None]) -> None:
    """Assert that a page of one column becomes the same, by what is compiled or left to Python."""
    rows: list[Cells] = [(cell,) for cell in cells]
    expected, found = both([target], rows)
    assert expected == found
    described = known(target)
    if described is not None and not isinstance(alone := encode(rows, (described,), (None,)), int):
        assert expected.rejected == ()
        odd = not all(map(plain_line, expected.lines.data.splitlines()))
        assert (expected.lines.data, (cells.count(None),), odd) == alone
        assert alone == encode(wired(rows).parts, (described,), (None,))


@st.composite
def columns(draw: st.DrawFn) -> tuple[PlannedColumn, list[bytes | None]]:
    """Draw a column with limits, and cells of its type, nulls among them."""
    pair = draw(st.sampled_from(PAIRS))
    target = planned(pair, draw(limits(pair[1])), null=draw(st.sampled_from([None, 0])))
    return target, draw(st.lists(st.none() | ORDINARY[pair], min_size=1, max_size=5))


@settings(max_examples=250, deadline=None)
@given(columns())
def test_a_column_is_the_same_bytes_by_either_encoder(
    case: tuple[PlannedColumn, list[bytes | None]],
) -> None:
    """Whatever its limits, and whichever cells are null or refused."""
    agree(*case)


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(PAIRS), st.lists(st.binary(max_size=20), min_size=1, max_size=3), st.booleans()
)
def test_cells_of_any_bytes_are_the_same_by_either_encoder(
    pair: Pair,
    cells: list[bytes | None],
    identity: bool,
) -> None:
    """Too short, too long, or of no meaning: never other bytes."""
    agree(planned(pair, {"identity": identity}), cells)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=6), min_size=1, max_size=3))
@example([b"\xed\xa0\x80"])
@example([b"\xf4\x90\x80\x80"])
@example([b"\xc0\xaf"])
@example([b"\xe0\x9f\xbf"])
@example([b"\xf0\x8f\xbf\xbf"])
@example([b"\xe2\x82"])
def test_only_strict_utf8_is_a_text(cells: list[bytes | None]) -> None:
    """No surrogates, nothing beyond U+10FFFF, nothing longer than it need be, nothing cut."""
    agree(planned(("text", Form.TEXT), {}), cells)


@settings(max_examples=150, deadline=None)
@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
)
@example(5e-324, 1e-45)
@example(9007199254740993.0, 16777216.0)
@example(1e16, 1e-5)
@example(9.5367431640625e-07, 3.4028234663852886e38)
@example(2.2250738585072014e-308, 1.1754943508222875e-38)
@example(4.4501477170144023e-308, 1e-5)
def test_a_number_with_a_point_is_written_as_orjson_writes_it(double: float, single: float) -> None:
    """The shortest digits that read back equal, in the same shape."""
    cells = pack(">d", double), pack(">f", single)
    (widened,) = unpack(">f", cells[1])
    targets = tuple(known(planned((t, Form.NUMBER), {})) for t in ("double", "float"))
    assert (orjson.dumps([double, widened]) + b"\n", (0, 0), 0) == encode(
        [cells], targets, (None,) * 2
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[PlannedColumn], list[Cells]]:
    """Draw some columns, one perhaps of a kind that only Python writes, and a page of rows."""
    pairs = draw(st.lists(st.sampled_from(PAIRS), min_size=1, max_size=4))
    targets = [
        planned(pair, {}, f"v{i}", draw(st.sampled_from([None, 0]))) for i, pair in enumerate(pairs)
    ]
    cells = [st.none() | ORDINARY[pair] for pair in pairs]
    if draw(st.booleans()):
        targets.insert(0, planned(("list<text>", Form.JSON), {}, "j"))
        cells.insert(0, st.none() | st.sampled_from([bytes(4), b"\0\0\0\1\0\0\0\3\",'"]))
    if draw(st.booleans()):
        made = PlannedColumn(
            column=key("cassandra_token", "bigint"),
            form=Form.INTEGER,
            limits=Limits(type="BIGINT"),
            reading=Reading.TOKEN,
        )
        targets.append(made)
    return targets, draw(st.lists(st.tuples(*cells), min_size=1, max_size=6))


@settings(max_examples=80, deadline=None)
@given(tables())
def test_a_page_is_the_same_by_either_encoder(
    page: tuple[list[PlannedColumn], list[Cells]],
) -> None:
    """Lines, words, counts and refused rows, with columns that Python writes between them."""
    expected, found = both(*page)
    assert expected == found
