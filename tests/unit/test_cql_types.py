"""CQL types: read from text, written as text, refused where they are none."""

from __future__ import annotations

import pytest

from cass_snapshot.cql import NESTING_MAX, CqlType, parse, render

INT, TEXT = CqlType(name="int"), CqlType(name="text")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int", INT),
        ("frozen<list<text>>", CqlType(name="list", of=(TEXT,), frozen=True)),
        ("vector<int, 3>", CqlType(name="vector", of=(INT,), dimension=3)),
        ("map<int, text>", CqlType(name="map", of=(INT, TEXT))),
        ("'org.example.It''s'", CqlType(name="custom", label="org.example.It's")),
        (
            'frozen<"My ""type"{a int, "House No" text}>',
            CqlType(
                name="udt",
                label='My "type',
                fields=("a", "House No"),
                of=(INT, TEXT),
                frozen=True,
            ),
        ),
    ],
)
def test_a_type_is_read_and_written(text: str, expected: CqlType) -> None:
    """The text is the same again."""
    assert expected == parse(text)
    assert text == render(expected)


@pytest.mark.parametrize(
    "text",
    [
        *("", "nothing", "list<int", "list<int>>", "list<int, int>", "map<int>", "vector<int, x>"),
        *("frozen<frozen<int>>", "address", "u{a}", "int text", "list<>"),
    ],
)
def test_what_is_no_type_is_refused(text: str) -> None:
    """With the place where it stops being one."""
    with pytest.raises(ValueError, match="not a CQL type"):
        parse(text)


def test_types_nest_only_so_deep() -> None:
    """Whatever walks over a type recurses, so its depth has a bound."""
    deepest = "frozen<list<" * (NESTING_MAX - 1) + "int" + ">>" * (NESTING_MAX - 1)
    assert deepest == render(parse(deepest))
    with pytest.raises(ValueError, match="nested more than 64 deep"):
        parse(f"list<{deepest}>")
    with pytest.raises(ValueError, match="nested more than 64 deep"):
        parse("list<" * 100_000)
