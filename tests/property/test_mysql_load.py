"""A batch is read by LOAD DATA exactly as it was meant, or it does not go that way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cass_snapshot.codec.plain import plain_line
from cass_snapshot.model import Lines
from cass_snapshot.mysql import _dialect
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.load import ALL_WORDS, Loader, as_load_data, replaced
from tests.support.dialects import Field, load_data
from tests.support.typed_cells import column, key, plan_columns, table

PIECES = [
    *(",null", ",true", ",false", "[null", "[true", "[false", "null", "\\N", "\\", '"', '""'),
    *('",', ',"', "]\n", "]\\n", "[", "]", ",", "'", "\0", "\n", "\r", "\t", "\b", "\f", "\x1a"),
    *("\x7f", "\u0085", "\u2028", "é", "\U0001f600", " ", "a", "\\u0041", "NULL", "1"),
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
Row = tuple[Any, ...]


def as_lines(rows: list[Row]) -> Lines:
    """Return rows as WAL lines."""
    words = sum(v is None or isinstance(v, bool) for row in rows for v in row)
    data = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    return Lines(data=data, rows=len(rows), words=words)


def field(value: object) -> Field:
    """Return the field that a value has to arrive as."""
    if value is None:
        return None
    if isinstance(value, bool):
        return b"1" if value else b"0"
    return value.encode() if isinstance(value, str) else orjson.dumps(value)


@st.composite
def pages(draw: st.DrawFn) -> list[Row]:
    """Draw rows: a key that is never null, then columns of a kind each, with nulls."""
    kinds = draw(st.lists(st.sampled_from([TEXTS, NUMBERS, st.booleans()]), max_size=4))
    columns = [TEXTS, *(st.one_of(st.none(), kind) for kind in kinds)]
    return draw(st.lists(st.tuples(*columns), min_size=1, max_size=5))


@settings(max_examples=150, deadline=None)
@given(pages())
@example([("a,null", None), ("[null", "b")])
@example([("x", ",null"), ("y", None)])
@example([("\\", "\\"), ('\\"', '","')])
@example([("]\n[", "]"), ("NULL", "\\N")])
def test_the_server_reads_the_values_or_is_not_asked(rows: list[Row]) -> None:
    """Whatever the texts hold, no field differs from its value by one byte."""
    data = as_load_data(as_lines(rows))
    if all(plain_line(line) for line in as_lines(rows).data.splitlines()):
        assert data == as_load_data(replace(as_lines(rows), words=0, plain=True))
    if data is not None:
        assert [[field(v) for v in row] for row in rows] == load_data(data)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text("abc '\\\"\n\r\t\bé\u2028]", max_size=12), st.none() | st.booleans()),
        min_size=1,
        max_size=5,
    )
)
def test_ordinary_texts_do_go_this_way(rows: list[Row]) -> None:
    """Quotes, backslashes, line ends and letters of any script are no reason for the slow way."""
    assert as_load_data(as_lines(rows)) is not None


@pytest.mark.parametrize("text", ["\0", "\x1f", "\f", "\x1a", "\\u0041", "\\f", "a,null", "[true"])
def test_texts_that_only_look_like_the_dialect_do_not(text: str) -> None:
    """Escapes that mean other bytes to MySQL, and bare words inside a text beside a real one."""
    assert as_load_data(as_lines([("k", text, None)])) is None


TYPES = {"text": TEXTS, "bigint": st.integers(-(2**63), 2**63 - 1), "boolean": st.booleans()}


@st.composite
def typed_pages(draw: st.DrawFn) -> tuple[list[str], list[Row]]:
    """Draw the types of a table's columns, the first its key, and rows of values."""
    types = draw(st.lists(st.sampled_from(list(TYPES)), min_size=1, max_size=4))
    values = [TYPES[t] if i == 0 else st.none() | TYPES[t] for i, t in enumerate(types)]
    return types, draw(st.lists(st.tuples(*values), min_size=1, max_size=4))


@settings(max_examples=80, deadline=None)
@given(typed_pages())
@example((["boolean", "text"], [(True, None), (False, ",true")]))
@example((["text", "bigint"], [(",true", None), ("[false", 1)]))
def test_a_loader_that_knows_its_columns_reads_the_same(page: tuple[list[str], list[Row]]) -> None:
    """It looks only for the words that its columns can hold, and still meets all of them."""
    types, rows = page
    source = table(
        key("c0", types[0]), *(column(f"c{i}", t) for i, t in enumerate(types[1:], start=1))
    )
    loader = Loader("`d`.`t`", plan_columns(source, Flavour.MYSQL), Path("/nowhere"))
    data = loader.dialect(as_lines(rows))
    if data is not None:
        assert [[field(v) for v in row] for row in rows] == load_data(data)


SCRAPS = st.lists(st.sampled_from([*PIECES, ",nul", ",tru", ",nullnull", ",,null", "x" * 40]))


@settings(max_examples=200, deadline=None)
@given(SCRAPS.map("".join), st.sampled_from([*ALL_WORDS, *(words[:1] for words in ALL_WORDS)]))
@example(",null", ALL_WORDS[0])
@example("", ALL_WORDS[1])
@example(",nul", ALL_WORDS[0])
@example(",", ALL_WORDS[0])
def test_words_are_replaced_alike_by_compiled_code(
    text: str, words: tuple[tuple[bytes, bytes], ...]
) -> None:
    """All of them and nothing else, also where the text ends within one; both count them."""
    data = text.encode()
    assert replaced(data, words) == _dialect.replaced(data, words)


@settings(max_examples=60, deadline=None)
@given(pages())
def test_lines_become_the_dialect_alike_by_compiled_code(rows: list[Row]) -> None:
    """The same bytes, or none by either."""
    lines = as_lines(rows)
    for each in (lines, replace(lines, words=0, plain=True)):
        assert as_load_data(each, compiled=True) == as_load_data(each, compiled=False)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ((b",a", b",long"),),
        ((b",", b""),),
        ((b",a", b"x"), (b"[b", b"y")),
        ((b",a,", b"x"),),
        ((b",a", b"x"),) * 9,
    ],
)
def test_other_words_than_were_promised_are_not_replaced(
    words: tuple[tuple[bytes, bytes], ...],
) -> None:
    """No text outgrows its room, and none is looked for in vain."""
    with pytest.raises(ValueError, match="words"):
        _dialect.replaced(b",a,b,c", words)


def test_what_is_no_word_is_an_error() -> None:
    """A wrong type does not crash."""
    for wrong in (7, (b",a",), (b",a", 7)):
        with pytest.raises(TypeError):
            _dialect.replaced(b",a", (wrong,))  # type: ignore[arg-type]  # a wrong type


def test_a_batch_that_is_staged_leaves_nothing_of_the_one_before(tmp_path: Path) -> None:
    """Shorter, longer or empty; the file is for nobody else."""
    source = table(key("k", "text"))
    loader = Loader("`d`.`t`", plan_columns(source, Flavour.MYSQL), tmp_path)
    for data in (b"[1]\n" * 9000, b"[2]\n", b"", b"[3]\n" * 20):
        loader.stage(data)
        (path,) = tmp_path.iterdir()
        assert path.read_bytes() == data
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_staged_is_an_error(tmp_path: Path) -> None:
    """The caller then goes the other way."""
    source = table(key("k", "text"))
    loader = Loader("`d`.`t`", plan_columns(source, Flavour.MYSQL), tmp_path / "gone")
    with pytest.raises(OSError, match="gone"):
        loader.stage(b"[1]\n")
