"""Statements with literals say what the WAL lines say, and fit into a packet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.insert import Inserter
from cass_snapshot.mysql.literals import constant, text_literal
from cass_snapshot.mysql.refusals import TOO_LARGE, Refused
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
    statements: list[str] = field(default_factory=list)

    def execute(self, statement: str) -> None:
        """Keep a statement."""
        self.statements.append(statement)


def literal_of(cql: str, value: object) -> Field:
    """Return the literal that a WAL value has to arrive as.

    A double has an exponent: without one MySQL reads a DECIMAL, which has no -0.0.
    """
    if value is None:
        return None
    if cql == "boolean":
        return b"1" if value else b"0"
    if isinstance(value, str):
        return bytes.fromhex(value) if cql == "blob" else value.encode()
    text = repr(value)
    plain_double = isinstance(value, float) and "e" not in text
    return f"{text}e0".encode() if plain_double else text.encode()


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
        inserter.put(cursor, data.splitlines())
    except Refused as refused:
        too_large = refused.error == TOO_LARGE
    assert all(len(s.encode()) < packet for s in cursor.statements)
    if too_large:
        return
    parsed = [insert(s) for s in cursor.statements]
    assert {("d", "t")} == {p.table for p in parsed}
    assert [c.name for c in source.columns] == parsed[0].columns
    expected = [[literal_of(t, v) for t, v in zip(types, row, strict=True)] for row in rows]
    assert expected == [row for p in parsed for row in p.rows]


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
    inserter.put(cursor, [b"[1,null,null]", b'[2,"x","y"]'])
    assert insert(cursor.statements[0]).rows == [[b"1", b"none", None], [b"2", b"x", b"y"]]
