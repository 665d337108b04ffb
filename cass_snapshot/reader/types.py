"""CQL types as Cassandra's schema spells them, made whole: a user type is given its fields. Pure.

    list<frozen<address>>   becomes   list<frozen<address{street text, "House No" int}>>

A word that is no type (``empty``, what a later version may add) becomes a custom type of that name,
so that a table is refused, or copied raw, by column and never by an exception here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cass_snapshot import cql

UserTypes = Mapping[str, Sequence[tuple[str, str]]]
"""The fields of each user type of a keyspace: name and type, as the schema spells it."""

_NAME = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|\w+")
_WORDS = cql.SCALARS | cql.COLLECTIONS | {"tuple", "vector", "frozen"}


def whole_type(text: str, user_types: UserTypes) -> str:
    """Return a column's type as ``cql.render`` spells it."""
    try:
        return cql.render(cql.parse(_expand(text, user_types)))
    except ValueError:
        return cql.render(cql.CqlType(name=cql.CUSTOM, label=text))


def _expand(text: str, user_types: UserTypes) -> str:
    """Return a type with its user types' fields behind their names."""

    def name(found: re.Match[str]) -> str:
        word = found[0]
        if word.startswith("'") or word.isdecimal() or word in _WORDS:
            return word
        label = word[1:-1].replace('""', '"') if word.startswith('"') else word
        if label not in user_types:
            return "'" + label.replace("'", "''") + "'"
        fields = (f"{cql.quote_name(n)} {_expand(t, user_types)}" for n, t in user_types[label])
        return cql.quote_name(label) + "{" + ", ".join(fields) + "}"

    return _NAME.sub(name, text)
