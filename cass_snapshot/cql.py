"""CQL types as a tree, and as one line of text that needs no schema beside it. Pure.

The text is CQL's own spelling, except that a user type carries its fields, so that a plan, a
fingerprint and a WAL can be read without the schema:

    int    frozen<list<text>>    vector<float, 3>    tuple<int, text>
    frozen<address{street text, "House No" int}>
    'org.apache.cassandra.db.marshal.LexicalUUIDType'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

SCALARS = frozenset(
    {
        *("ascii", "text", "varchar", "blob", "boolean", "tinyint", "smallint", "int", "bigint"),
        *("counter", "varint", "decimal", "float", "double", "date", "time", "timestamp"),
        *("uuid", "timeuuid", "inet", "duration"),
    }
)
COLLECTIONS = frozenset({"list", "set", "map"})
NESTING_MAX = 64
"""How deep types may stand in one another: whatever walks over them does so by recursion."""
UDT = "udt"
CUSTOM = "custom"
_TOKEN = re.compile(r"\s*(?:(\"(?:[^\"]|\"\")*\")|('(?:[^']|'')*')|(\w+)|([<>{},]))")
T = TypeVar("T")
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class CqlType:
    """A type: its name (``udt`` and ``custom`` for what has a name of its own) and its parts.

    ``of`` holds the types of elements, of key and value, or of fields; ``fields`` the names of the
    fields of a user type, ``label`` its own name or the class of a custom type, ``dimension`` the
    length of a vector.
    """

    name: str
    of: tuple[CqlType, ...] = ()
    fields: tuple[str, ...] = ()
    label: str = ""
    dimension: int = 0
    frozen: bool = False

    @property
    def scalar(self) -> bool:
        """Tell whether the type has no parts."""
        return self.name in SCALARS

    @property
    def multi_cell(self) -> bool:
        """Tell whether each element is a cell of its own, with its own write time."""
        return not self.frozen and self.name in {*COLLECTIONS, UDT}

    def __str__(self) -> str:
        """Return CQL's own spelling, in which a user type is its name alone."""
        return _render(self, whole=False)


@lru_cache(maxsize=4096)
def parse(text: str) -> CqlType:
    """Return the tree of a type.

    Raises:
        ValueError: the text is not a type, or names a user type without its fields.
    """
    parser = _Parser(text)
    found = parser.type()
    parser.end()
    return found


def render(cql: CqlType) -> str:
    """Return the text from which ``parse`` makes the same tree."""
    return _render(cql, whole=True)


def quote_name(name: str) -> str:
    """Return an identifier as CQL needs it: in double quotes unless it is plain."""
    return name if _PLAIN_NAME.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def _render(cql: CqlType, *, whole: bool) -> str:
    if cql.name == CUSTOM:
        text = "'" + cql.label.replace("'", "''") + "'"
    elif cql.name == UDT:
        text = quote_name(cql.label)
        if whole:
            parts = (
                f"{quote_name(name)} {_render(of, whole=True)}"
                for name, of in zip(cql.fields, cql.of, strict=True)
            )
            text += "{" + ", ".join(parts) + "}"
    elif cql.of:
        inner = [_render(of, whole=whole) for of in cql.of]
        inner += [str(cql.dimension)] if cql.name == "vector" else []
        text = f"{cql.name}<{', '.join(inner)}>"
    else:
        text = cql.name
    return f"frozen<{text}>" if cql.frozen else text


class _Parser:
    """Reads a type from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def type(self) -> CqlType:
        self._depth += 1
        if self._depth > NESTING_MAX:
            raise ValueError(f"a CQL type nested more than {NESTING_MAX} deep")
        found = self._type()
        self._depth -= 1
        return found

    def _type(self, *, frozen: bool = False) -> CqlType:
        quoted, custom, word, _ = self._next()
        if custom:
            return CqlType(name=CUSTOM, label=custom[1:-1].replace("''", "'"))
        if word == "frozen" and self._peek() == "<" and not frozen:
            (inner,) = self._list("<", ">", lambda: self._type(frozen=True))
            return CqlType(
                name=inner.name,
                of=inner.of,
                fields=inner.fields,
                label=inner.label,
                dimension=inner.dimension,
                frozen=True,
            )
        if self._peek() == "{":
            label = quoted[1:-1].replace('""', '"') if quoted else word
            fields = self._list("{", "}", self._field)
            return CqlType(
                name=UDT,
                label=label,
                fields=tuple(name for name, _ in fields),
                of=tuple(of for _, of in fields),
            )
        if word == "vector":
            return self._vector()
        if word in COLLECTIONS or word == "tuple":
            of = tuple(self._list("<", ">", self.type))
            if word != "tuple" and len(of) != (2 if word == "map" else 1):
                raise self._wrong()
            return CqlType(name=word, of=of)
        if word in SCALARS:
            return CqlType(name=word)
        raise self._wrong()

    def end(self) -> None:
        if self._text[self._at :].strip():
            raise self._wrong()

    def _vector(self) -> CqlType:
        self._take("<")
        of = self.type()
        self._take(",")
        _, _, number, _ = self._next()
        self._take(">")
        if not number.isdecimal():
            raise self._wrong()
        return CqlType(name="vector", of=(of,), dimension=int(number))

    def _field(self) -> tuple[str, CqlType]:
        quoted, _, word, _ = self._next()
        return (quoted[1:-1].replace('""', '"') if quoted else word), self.type()

    def _list(self, opening: str, closing: str, read: Callable[[], T]) -> list[T]:
        self._take(opening)
        found = [read()]
        while self._peek() == ",":
            self._take(",")
            found.append(read())
        self._take(closing)
        return found

    def _peek(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        return (found[4] or "") if found else ""

    def _take(self, mark: str) -> None:
        if self._next()[3] != mark:
            raise self._wrong()

    def _next(self) -> Sequence[str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise self._wrong()
        self._at = found.end()
        return [group or "" for group in found.groups()]

    def _wrong(self) -> ValueError:
        return ValueError(f"not a CQL type: {self._text!r}, at character {self._at}")
