"""CQL types as trees, for tests that share no code with the tool: name, parts, fields.

The text is what ``system_schema`` says; a user type's fields are looked up by its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"\"(?:[^\"]|\"\")*\"|'[^']*'|[\w]+|[<>,]")

Fields = Mapping[str, Sequence[tuple[str, str]]]
"""User types by name: the name and type of each field, in the order of their declaration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A type; ``name`` is ``udt`` or ``custom`` for what has a name of its own."""

    name: str
    parts: tuple[Tree, ...] = ()
    fields: tuple[str, ...] = ()
    size: int = 0
    frozen: bool = False


def tree(text: str, fields: Fields | None = None) -> Tree:
    """Return the tree of a type."""
    tokens = _TOKEN.findall(text)
    found = _type(tokens, fields or {})
    assert not tokens, f"not understood in {text}: {tokens}"
    return found


def _type(tokens: list[str], fields: Fields) -> Tree:
    word = tokens.pop(0)
    if word.startswith("'"):
        return Tree(name="custom")
    name = word[1:-1].replace('""', '"') if word.startswith('"') else word
    if name in fields:
        parts = tuple(tree(cql, fields) for _, cql in fields[name])
        return Tree(name="udt", parts=parts, fields=tuple(field for field, _ in fields[name]))
    if not tokens or tokens[0] != "<":
        return Tree(name={"varchar": "text"}.get(name, name))
    tokens.pop(0)
    inner = [_type(tokens, fields)]
    size = 0
    while tokens.pop(0) == ",":
        if tokens[0].isdigit():
            size = int(tokens.pop(0))
        else:
            inner.append(_type(tokens, fields))
    if name == "frozen":
        (only,) = inner
        return Tree(
            name=only.name, parts=only.parts, fields=only.fields, size=only.size, frozen=True
        )
    return Tree(name=name, parts=tuple(inner), size=size)
