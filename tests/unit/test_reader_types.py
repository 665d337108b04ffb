"""Types as the schema spells them, made whole."""

from __future__ import annotations

import pytest

from cass_snapshot import cql
from cass_snapshot.reader.types import whole_type

USER_TYPES = {
    "inner": (("a", "int"), ("B b", "text")),
    "Out er": (("x", "frozen<inner>"), ("t", "frozen<tuple<int, frozen<inner>>>")),
    'qu"ote': (("v", "vector<float, 3>"),),
    "text": (("odd", "int"),),
}
INNER = 'inner{a int, "B b" text}'


@pytest.mark.parametrize(
    ("spelled", "whole"),
    [
        ("int", "int"),
        ("map<text, frozen<list<int>>>", "map<text, frozen<list<int>>>"),
        ("vector<float, 3>", "vector<float, 3>"),
        ("inner", INNER),
        ("frozen<inner>", f"frozen<{INNER}>"),
        ("list<frozen<inner>>", f"list<frozen<{INNER}>>"),
        (
            '"Out er"',
            f'"Out er"{{x frozen<{INNER}>, t frozen<tuple<int, frozen<{INNER}>>>}}',
        ),
        ('frozen<"qu""ote">', 'frozen<"qu""ote"{v vector<float, 3>}>'),
        ('"text"', "text{odd int}"),
    ],
)
def test_a_user_type_carries_its_fields(spelled: str, whole: str) -> None:
    """At every depth, with quoted names, and frozen where it is."""
    found = whole_type(spelled, USER_TYPES)
    assert whole == found
    assert whole == cql.render(cql.parse(found))


@pytest.mark.parametrize(
    ("spelled", "whole"),
    [
        ("'org.apache.cassandra.db.marshal.DynamicCompositeType(s=>a.B)'",) * 2,
        ("empty", "'empty'"),
        ("list<empty>", "list<'empty'>"),
        ("frozen<lost>", "frozen<'lost'>"),
        ('"Lost"', "'Lost'"),
        ("list<int", "'list<int'"),
        ("map<int>", "'map<int>'"),
        ("it's", "'it''s'"),
    ],
)
def test_what_is_no_known_type_becomes_a_custom_one(spelled: str, whole: str) -> None:
    """So that a column is refused by name, or copied raw, and the table is still seen."""
    found = whole_type(spelled, USER_TYPES)
    assert whole == found
    assert cql.parse(found)
