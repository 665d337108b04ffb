"""Lines sort as the cells of their keys do, and sorting loses, changes and mistakes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from ipaddress import ip_address
from itertools import accumulate
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cass_snapshot.codec.digits import decimal_text
from cass_snapshot.codec.order import LineOrder
from cass_snapshot.forms import Form
from cass_snapshot.model import Lines, Tally
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.plan import plan
from cass_snapshot.planned import PlannedColumn, Reading, TableMapping
from tests.property.test_codec_values import VALUES
from tests.support.typed_cells import KEY_TYPES, SERIALIZE, as_planned, column, encoded, key, table

PIECES = [
    *(",null", ",true", "[null", "[true", "[false", "null", "\\", '"', '",', ',"', "]\n", "["),
    *(",", "\0", "\n", "\x1f", "\f", " ", "!", "#", "\x7f", "\u0085", "\ue000", "\U0001f600", "a"),
    *("\\u0041", "B", "0", "9"),
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=4).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
FEW = {
    **VALUES,
    "text": TEXTS,
    "varchar": TEXTS,
    "blob": st.binary(max_size=3),
    "float": VALUES["float"].map(lambda value: value + 0.0),  # a key has no -0.0
    "double": VALUES["double"].map(lambda value: value + 0.0),
    "int": st.one_of(st.integers(-12, 12), VALUES["int"]),
}
COMPARED: dict[str, Callable[[Any], Any]] = {
    "text": str.encode,
    "varchar": str.encode,
    "ascii": str.encode,
    "uuid": lambda value: value.bytes,
    "timeuuid": lambda value: value.bytes,
    "inet": lambda value: str(ip_address(value)),
    "decimal": lambda value: decimal_text(
        int(value.scaleb(-value.as_tuple().exponent)), -value.as_tuple().exponent
    ),
}
"""By type, what MySQL compares of a value; the value itself for those that are not here."""
Drawn = tuple[list[PlannedColumn], list[str], list[tuple[Any, ...]], list[bytes]]


def lines_of(columns: Sequence[PlannedColumn], types: Sequence[str], rows: Any) -> list[bytes]:  # noqa: ANN401 - values of any type
    """Return the WAL lines of values; None stands for null."""
    cells = [
        tuple(None if v is None else SERIALIZE[t](v) for t, v in zip(types, row, strict=True))
        for row in rows
    ]
    made = encoded(columns, cells)
    assert not made.rejected
    return made.lines.data.splitlines(keepends=True)


@st.composite
def keyed(draw: st.DrawFn) -> Drawn:
    """Draw a table's columns, the names of its key in any order, key values, and lines."""
    in_key = draw(st.lists(st.sampled_from(KEY_TYPES), min_size=1, max_size=3))
    others = draw(st.lists(st.sampled_from(["text", "int", "boolean", "double"]), max_size=2))
    source = table(
        *(key(f"k{i}", cql) for i, cql in enumerate(in_key)),
        *(column(f"v{i}", cql) for i, cql in enumerate(others)),
    )
    mapping = TableMapping(target="orders", token_column=draw(st.booleans()))
    columns = list(plan(source, mapping, database="shop", flavour=Flavour.MYSQL).columns)
    types = in_key + others
    cells = [FEW[t] for t in in_key] + [st.one_of(st.none(), FEW[t]) for t in others]
    rows = draw(st.lists(st.tuples(*cells), min_size=1, max_size=12))
    lines = lines_of(columns, types, rows)
    order = draw(st.permutations(range(len(in_key))))
    compared = [tuple(COMPARED.get(types[i], lambda v: v)(row[i]) for i in order) for row in rows]
    return columns, [f"k{i}" for i in order], compared, lines


@settings(max_examples=120, deadline=None)
@given(keyed())
def test_lines_sort_as_the_cells_of_their_keys(drawn: Drawn) -> None:
    """Numbers as numbers, texts by code point, blobs by byte; equal keys stay as they came."""
    columns, names, compared, lines = drawn
    order = LineOrder(columns, names)
    expected = [line for _, line in sorted(zip(compared, lines, strict=True), key=lambda x: x[0])]
    assert expected == sorted(lines, key=order.key)
    found = list(lines)
    order.sort(found)
    assert expected == found


@settings(max_examples=50, deadline=None)
@given(keyed())
def test_a_sort_key_comes_back_from_json(drawn: Drawn) -> None:
    """Equal, of the same types, and the same with and without the newline of its line."""
    columns, names, _, lines = drawn
    order = LineOrder(columns, names)
    for line in lines:
        made = order.key(line)
        assert made == tuple(orjson.loads(orjson.dumps(made))) == order.key(line.rstrip(b"\n"))
        assert all(type(part) in (int, float, str) for part in made)


@settings(max_examples=80, deadline=None)
@given(keyed(), st.integers(1, 200))
def test_arranged_lines_are_the_same_lines_in_order_and_in_cuts(drawn: Drawn, size: int) -> None:
    """None is lost or doubled; cuts end where lines end, and only the last is small."""
    columns, names, _, lines = drawn
    order = LineOrder(columns, names, cut_bytes=size)
    words = sum(map(order.words, lines))
    given_lines = Lines(
        data=b"".join(lines), rows=len(lines), words=words, tally=Tally(static_only=3)
    )
    made = order.arrange(given_lines)
    assert replace(made, data=given_lines.data, cuts=()) == given_lines
    found = made.data.splitlines(keepends=True)
    assert Counter(lines) == Counter(found)
    assert found == sorted(lines, key=order.key)
    ends = list(accumulate(cut.size for cut in made.cuts))
    assert ends[-1] == len(made.data)
    assert set(ends) <= set(accumulate(map(len, found)))
    assert all(cut.size >= size for cut in made.cuts[:-1])
    assert all(cut.size < size + max(map(len, lines)) for cut in made.cuts)


WORDS = [sign + word for sign in ",[" for word in ("null", "true", "false")]


def is_plain(line: bytes) -> bool:
    """Tell, string by string, whether a line is what blocks.Cut calls plain."""
    strings = [orjson.dumps(v).decode() for v in orjson.loads(line) if isinstance(v, str)]
    return not any(sign in text for text in strings for sign in (*WORDS, "\\u", "\\f"))


@settings(max_examples=120, deadline=None)
@given(keyed(), st.integers(1, 400))
def test_a_cut_is_plain_where_each_string_of_it_is(drawn: Drawn, size: int) -> None:
    """No word in a string passes for one of its own, no escape of JSON alone passes at all."""
    columns, names, _, lines = drawn
    order = LineOrder(columns, names, cut_bytes=size)
    words = sum(map(order.words, lines))
    made = order.arrange(Lines(data=b"".join(lines), rows=len(lines), words=words))
    start = 0
    for cut in made.cuts:
        block = made.data[start : start + cut.size].splitlines(keepends=True)
        assert cut.plain == all(map(is_plain, block)) == all(map(order.plain, block))
        start += cut.size


def test_lines_are_plain_where_nothing_in_them_could_be_otherwise() -> None:
    """No column of text, or an encoder that has looked already."""
    line = orjson.dumps(["\u0000,null", None]) + b"\n"
    lines = Lines(data=line, rows=1, words=1)
    for form, plain, expected in (
        (Form.TEXT, False, False),
        (Form.TEXT, True, True),
        (Form.HEX, False, True),
    ):
        columns = [as_planned("k", form, "VARCHAR(9)"), as_planned("v", Form.INTEGER, "INT")]
        (cut,) = LineOrder(columns, ["k"]).arrange(replace(lines, plain=plain)).cuts
        assert (cut.size, cut.plain) == (len(line), expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), TEXTS), min_size=1, max_size=9), st.booleans())
def test_a_digest_sorts_where_it_stands_at_the_end_of_a_line(
    rows: list[tuple[int, str]], token: bool
) -> None:
    """With a token behind it or without, and whatever the strings before it hold."""
    mapping = TableMapping(target="orders", digest_key=True, token_column=token)
    source = table(key("k", "int"), column("v", "text"))
    columns = plan(source, mapping, database="shop", flavour=Flavour.MYSQL).columns
    lines = lines_of(columns, ["int", "text"], rows)
    (name,) = [p.name for p in columns if p.reading is Reading.DIGEST]
    order = LineOrder(columns, [name])
    expected = sorted(lines, key=lambda line: orjson.loads(line)[2])
    order.sort(lines)
    assert expected == lines
    assert [order.key(line) for line in expected] == [(orjson.loads(e)[2],) for e in expected]


@pytest.mark.parametrize("width", [1, 2, 20], ids=["alone", "first", "far behind"])
def test_an_order_is_found_wherever_the_key_stands(width: int) -> None:
    """In a line of one column, at the beginning of one, and behind a score of others."""
    columns = [as_planned(f"c{i}", Form.INTEGER, "INT") for i in range(width)]
    last = columns[-1].name if width > 2 else columns[0].name
    lines = [orjson.dumps([n] * width) + b"\n" for n in (10, -1, 9)]
    LineOrder(columns, [last]).sort(lines)
    assert [orjson.loads(line)[0] for line in lines] == [-1, 9, 10]


def test_numbers_in_a_text_column_sort_as_texts() -> None:
    """MySQL compares characters there, of numbers and of long numbers alike."""
    for form, values in ((Form.INTEGER, [9, 10, -1]), (Form.DIGITS, ["9", "10", "-1"])):
        columns = [as_planned("k", form, "VARCHAR(20)"), as_planned("v", Form.HEX, "LONGBLOB")]
        lines = [orjson.dumps([value, ""]) + b"\n" for value in values]
        order = LineOrder(columns, ["K"])
        order.sort(lines)
        assert [str(orjson.loads(line)[0]) for line in lines] == ["-1", "10", "9"]
        assert [order.key(line) for line in lines] == [("-1",), ("10",), ("9",)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-(10**65) + 1, 10**65 - 1), min_size=2, max_size=9))
@example([0, -1, 1, 9, 10, -9, -10, 10**64, -(10**64)])
def test_numbers_of_many_digits_sort_as_numbers(numbers: list[int]) -> None:
    """Of either sign, also those that JSON's own numbers do not hold."""
    columns = [as_planned("k", Form.DIGITS, "DECIMAL(65,0)"), as_planned("v", Form.HEX, "BLOB")]
    lines = [orjson.dumps([str(n), ""]) + b"\n" for n in numbers]
    order = LineOrder(columns, ["k"])
    assert [order.key(line) for line in sorted(lines, key=order.key)] == sorted(
        map(order.key, lines)
    )
    order.sort(lines)
    assert sorted(numbers) == [int(Decimal(orjson.loads(line)[0])) for line in lines]


def test_no_rows_have_no_cuts() -> None:
    """A batch that closes an empty range stays as it is."""
    order = LineOrder([as_planned("k", Form.UUID, "CHAR(36)")], ["k"])
    nothing = Lines(data=b"", rows=0, words=0, tally=Tally(refused=2))
    assert order.arrange(nothing) is nothing
    rows: list[bytes] = []
    order.sort(rows)
    assert not rows


def test_uuids_sort_by_their_last_part_in_a_column_of_type_uuid() -> None:
    """MariaDB's type compares the node first, but for versions made to sort by themselves."""
    early = UUID("ffffffff-ffff-1fff-8fff-000000000001")
    later = UUID("00000000-0000-7000-8000-000000000000")
    last = UUID("00000000-0000-5000-8000-000000000002")
    columns = [as_planned("k", Form.UUID, "UUID"), as_planned("v", Form.HEX, "BLOB")]
    lines = [orjson.dumps([str(value), ""]) + b"\n" for value in (last, later, early)]
    order = LineOrder(columns, ["k"])
    order.sort(lines)
    assert [UUID(orjson.loads(line)[0]) for line in lines] == [later, early, last]
    assert lines == sorted(lines, key=order.key)


AWKWARD = ["", " ", '"', '"!', ",", '",', "\\", "\n", "\x1f", "a", "a b", 'a"', "a,b", "a!", "é"]


@pytest.mark.parametrize("behind", [[], ["n"]], ids=["by itself", "before a number"])
def test_texts_sort_by_code_point_whether_json_escapes_them_or_not(behind: list[str]) -> None:
    """A quote sorts after a space, though it is written with a backslash before it."""
    columns = [as_planned("k", Form.TEXT, "VARCHAR(9)"), as_planned("n", Form.INTEGER, "INT")]
    rows = [[text, number] for number in (10, 9) for text in reversed(AWKWARD)]
    lines = [orjson.dumps(row) + b"\n" for row in rows]
    LineOrder(columns, ["k", *behind]).sort(lines)
    expected = sorted(rows) if behind else sorted(rows, key=lambda row: str(row[0]))
    assert expected == [orjson.loads(line) for line in lines]
