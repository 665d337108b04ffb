"""Text in columns: nothing is wider than it may be, and nothing is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cass_snapshot.cli.grid import grid, labelled, printable, statement_lines, wrapped

TEXTS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=80)


@given(TEXTS, st.integers(1, 40))
def test_a_wrapped_text_fits_and_keeps_its_characters(text: str, width: int) -> None:
    """Spaces at a break are what may go."""
    lines = wrapped(text, width)
    assert lines
    assert max(map(len, lines)) <= width
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_type_breaks_where_a_reader_would_break_it() -> None:
    """After an opening bracket, and not within a word."""
    assert wrapped("map<frozen<address>, frozen<list<int>>>", 22) == [
        "map<frozen<address>,",
        "frozen<list<int>>>",
    ]
    assert wrapped("frozen<list<frozen<map<int, text>>>>", 20) == [
        "frozen<list<frozen<",
        "map<int, text>>>>",
    ]


def test_cells_wrap_within_their_column() -> None:
    """The next column begins where it always does."""
    assert grid([["a", "one two three"], ["bb", "x"]], [2, 7]) == [
        ["  a   one two", "      three"],
        ["  bb  x"],
    ]


def test_a_label_that_is_too_long_has_a_line_of_its_own() -> None:
    """Its text stands beneath."""
    assert labelled("key", "id", 20) == ["  key       id"]
    assert labelled("a long label", "id", 20) == ["  a long label", "            id"]


def test_a_statement_is_never_broken_within_quotes() -> None:
    """A name or a text with spaces stays in one piece."""
    sql = "CREATE TABLE `a b` (\n  `c d` VARCHAR(9) DEFAULT 'x  y' NOT NULL\n)"
    assert statement_lines(sql, 24, "  ") == [
        "  CREATE TABLE `a b` (",
        "    `c d` VARCHAR(9)",
        "        DEFAULT 'x  y'",
        "        NOT NULL",
        "  )",
    ]


def test_a_name_cannot_steer_the_terminal() -> None:
    """Cassandra allows any character in a quoted name."""
    assert printable("a\x1b[31mb") == "a?[31mb"
