"""Statements with literals say what the WAL lines say, and fit into a packet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mysql.connector import cursor as plain
from mysql.connector import cursor_cext as compiled

from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.insert import Inserter
from cass_snapshot.mysql.literals import constant, renderer, text_literal
from cass_snapshot.mysql.refusals import TOO_LARGE, Refused
from cass_snapshot.mysql.rowtext import RowText, as_json, pages
from cass_snapshot.planned import Conflict
from tests.support.dialects import Field, insert, literal
from tests.support.typed_cells import column, key, plan_columns, table

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text(st.sampled_from("'\"\\\0\n\r\x1a\b\t%_;-#/*),( xé\U0001f600"), max_size=30),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "blob": st.binary(max_size=30).map(bytes.hex),
    "boolean": st.booleans(),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
}


@dataclass(slots=True)
class Cursor:
    """Keeps the statements that it is given."""

    warning_count: int = 0
    statements: list[bytes] = field(default_factory=list)

    def execute(self, statement: bytes) -> None:
        """Keep a statement."""
        self.statements.append(statement)


def literal_of(cql: str, value: object) -> Field:
    """Return the literal that a WAL value has to arrive as."""
    if value is None:
        return None
    if cql == "boolean":
        return b"1" if value else b"0"
    if isinstance(value, str):
        return bytes.fromhex(value) if cql == "blob" else value.encode()
    return repr(value).encode()


def read(types: list[str], row: list[Field]) -> list[Field]:
    """Return a row of literals with every double as Python writes it, -0.0 with its sign."""
    return [
        field if field is None or cql != "double" else repr(float(field)).encode()
        for cql, field in zip(types, row, strict=True)
    ]


@given(TEXTS)
@example("\\'")
@example("'; DROP TABLE x; --")
def test_a_text_literal_is_read_back_equal(text: str) -> None:
    """Any text: quotes, backslashes, NUL, Ctrl-Z, letters of any script."""
    assert text.encode() == literal(text_literal(text))


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Draw the types of some columns behind a key, and rows."""
    types = draw(st.lists(st.sampled_from(list(VALUES)), max_size=4))
    columns = [VALUES["text"], *(st.none() | VALUES[t] for t in types)]
    return ["text", *types], draw(st.lists(st.tuples(*columns), min_size=1, max_size=12))


@settings(max_examples=60, deadline=None)
@given(
    tables(),
    st.integers(1400, 6000),
    st.sampled_from(Flavour),
    st.text("c` é%", min_size=1, max_size=40).map(lambda s: s + "."),
)
@example((["text", "double"], [("a", -0.0), ("b", 1e300)]), 4096, Flavour.MARIADB, "c.")
@example((["text"] * 20, [("x" * 40,) * 20] * 3), 4096, Flavour.MYSQL, "a" * 55)
def test_statements_hold_every_row_and_fit_into_a_packet(
    page: tuple[list[str], list[tuple[Any, ...]]], packet: int, flavour: Flavour, name: str
) -> None:
    """In order, none twice; a row that is too long by itself is refused by its size."""
    types, rows = page
    source = table(
        key(f"0{name}", "text"), *(column(f"{i}{name}", t) for i, t in enumerate(types[1:], 1))
    )
    columns = plan_columns(source, flavour)
    inserter = Inserter(
        "`d`.`t`", columns, conflict=Conflict.OVERWRITE, flavour=flavour, max_allowed_packet=packet
    )
    cursor = Cursor()
    data = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    too_large = False
    try:
        inserter.put(cursor, data)
    except Refused as refused:
        too_large = refused.error == TOO_LARGE
    assert all(len(s) < packet for s in cursor.statements)
    if too_large:
        return
    parsed = [insert(s) for s in cursor.statements]
    assert {("d", "t")} == {p.table for p in parsed}
    assert [c.name for c in source.columns] == parsed[0].columns
    expected = [[literal_of(t, v) for t, v in zip(types, row, strict=True)] for row in rows]
    assert expected == [read(types, row) for p in parsed for row in p.rows]


@given(TEXTS)
@example("it's \\ \0")
def test_a_declared_text_is_read_back_equal(text: str) -> None:
    """The operator's constants are quoted as values are."""
    assert text.encode() == literal(constant(text, Form.TEXT))
    assert text.encode() == literal(constant(text.encode().hex(), Form.HEX))


@pytest.mark.parametrize(
    ("declared", "expected"),
    [(True, b"1"), (False, b"0"), (-5, b"-5"), (0.5, b"0.5e0"), (2**63, b"9223372036854775808")],
)
def test_a_declared_number_keeps_its_kind(declared: bool | float, expected: bytes) -> None:
    """A boolean is a number to MySQL; a float has an exponent, so that it is a DOUBLE."""
    assert expected == literal(constant(declared, Form.TEXT))


def test_null_is_replaced_in_its_own_column_alone() -> None:
    """Where a replacement was declared; elsewhere it stays NULL."""
    source = table(key("id", "int"), column("a", "text"), column("b", "text"))
    first, second, third = plan_columns(source, Flavour.MYSQL)
    second = replace(second, planned=replace(second.planned, null="none"))
    inserter = Inserter(
        "`d`.`t`",
        (first, second, third),
        conflict=Conflict.OVERWRITE,
        flavour=Flavour.MYSQL,
        max_allowed_packet=4096,
    )
    cursor = Cursor()
    inserter.put(cursor, b'[1,null,null]\n[2,"x","y"]\n')
    assert insert(cursor.statements[0]).rows == [[b"1", b"none", None], [b"2", b"x", b"y"]]


def page_of(*rows: tuple[object, ...]) -> bytes:
    """Return rows as lines."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def row_text(*types: str) -> RowText:
    """Return what makes literals of lines of a key and columns of some types."""
    source = table(key("k", "text"), *(column(f"c{i}", t) for i, t in enumerate(types)))
    return RowText(plan_columns(source, Flavour.MYSQL))


def parsed_rows(rows: bytes | None) -> list[list[Field]]:
    """Return what row literals say."""
    assert rows is not None
    return insert(b"INSERT INTO `d`.`t` (`k`) VALUES (%b)" % rows).rows


def test_lines_are_literals_but_for_their_brackets() -> None:
    """Nothing is parsed where every type takes JSON's own notation."""
    page = page_of(("a],[", True, -5, 1.5, "1.50"), ('"b"\\\t\n', None, None, 2e300, None))
    rows = row_text("boolean", "bigint", "double", "decimal").rows(page)
    assert rows == rb""""a],[",true,-5,1.5,"1.50"),("\"b\"\\\t\n",null,null,2e+300,null"""


def test_bytes_among_texts_are_written_as_such() -> None:
    """Whatever the texts beside them look like; without a byte they are a literal too."""
    page = page_of(("],[", "00ff", "'],["), (",\n],[", "", None), ("c", None, "x'00'"))
    assert parsed_rows(row_text("blob", "text").rows(page)) == [
        [b"],[", b"\0\xff", b"'],["],
        [b",\n],[", b"", None],
        [b"c", None, b"x'00'"],
    ]


@pytest.mark.parametrize("odd", ["\0", "\x1a", "\f", "\x01", "\\u", "\\f"])
def test_a_page_with_escapes_of_jsons_own_is_not_taken_by_its_text(odd: str) -> None:
    """MySQL would read them as letters; a backslash before such a letter may look like one."""
    for types in (["text"], ["text", "blob"]):
        assert (
            row_text(*types).rows(page_of(("k", *["00"] * len(types)), (odd, None, None))) is None
        )


def test_a_page_with_a_negative_zero_is_not_taken_by_its_text() -> None:
    """As a DECIMAL it would lose its sign; other small numbers keep it."""
    text = row_text("double", "double")
    assert text.rows(page_of(("k", -0.0, 1.0))) is None
    assert text.rows(page_of(("k", 1.0, -0.0))) is None
    assert text.rows(page_of(("k", -0.05, -10.0))) == b'"k",-0.05,-10.0'


@settings(max_examples=200, deadline=None)
@given(tables())
def test_the_text_and_the_values_make_the_same_rows(
    page: tuple[list[str], list[tuple[Any, ...]]],
) -> None:
    """Of every page that the text can tell; the values alone are the older and slower way."""
    types, rows = page
    source = table(key("k", "text"), *(column(f"c{i}", t) for i, t in enumerate(types[1:])))
    columns = plan_columns(source, Flavour.MYSQL)
    found = RowText(columns).rows(page_of(*rows))
    renderers = [renderer(c.planned, quoted=c.textual) for c in columns]
    slow = [
        ",".join(make(v) for make, v in zip(renderers, row, strict=True)).encode() for row in rows
    ]
    if found is not None:
        expected = [read(types, row) for row in parsed_rows(b"),(".join(slow))]
        assert expected == [read(types, row) for row in parsed_rows(found)]


@pytest.mark.parametrize(
    ("definition", "cql", "form", "taken"),
    [
        ("BIGINT", "varint", Form.DIGITS, True),
        ("DECIMAL(65,0)", "varint", Form.DIGITS, True),
        ("DOUBLE", "varint", Form.DIGITS, False),
        ("VARCHAR(80)", "varint", Form.DIGITS, False),
        ("tinyint(1)", "boolean", Form.BOOLEAN, True),
        ("JSON", "boolean", Form.BOOLEAN, False),
        ("VARCHAR(9)", "boolean", Form.BOOLEAN, False),
        ("DOUBLE", "double", Form.NUMBER, True),
        ("DECIMAL(9,2)", "double", Form.NUMBER, False),
        ("LONGTEXT", "double", Form.NUMBER, False),
        ("INT", "int", Form.INTEGER, True),
        ("VARBINARY(9)", "blob", Form.HEX, False),
        ("ENUM('a')", "text", Form.TEXT, True),
    ],
)
def test_json_stands_for_a_literal_only_where_the_type_takes_both_alike(
    definition: str, cql: str, form: Form, *, taken: bool
) -> None:
    """Elsewhere the value is written as the literal that it always was."""
    (_, second) = plan_columns(table(key("k", "int"), column("c", "int")), Flavour.MYSQL)
    planned = replace(second.planned, form=form, column=replace(second.planned.column, type=cql))
    offered = replace(second, definition=definition, planned=planned)
    assert as_json(offered) is taken
    assert not as_json(replace(offered, planned=replace(planned, null="x")))


@given(st.binary(max_size=200).map(lambda b: b.replace(b"\n", b"") + b"\n"), st.integers(1, 90))
def test_pages_hold_whole_lines_in_order(line: bytes, size: int) -> None:
    """None is above the limit but a line that is so by itself."""
    data = b"ab\n" + line * 3 + b"c\n"
    found = pages(data, size)
    assert b"".join(found) == data
    assert all(page.endswith(b"\n") for page in found)
    assert all(len(page) <= size or page.count(b"\n") == 1 for page in found)


def test_a_word_of_scripts_is_nothing_in_a_statement() -> None:
    """The connector takes scripts apart at DELIMITER, also inside of a literal, if it is let."""
    import_module("cass_snapshot.mysql.connection")  # takes that from it
    statement = b"INSERT INTO t VALUES (1,'delimiter it\\'s')"
    for module in (plain, compiled):
        (part,) = vars(module)["split_multi_statement"](sql_code=statement, map_results=False)
        assert part["mappable_stmt"] == statement
