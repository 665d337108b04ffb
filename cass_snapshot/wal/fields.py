"""Values out of a JSON object that may come from anywhere: each has its type, or is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

import orjson

_CHAIN = re.compile(r"[0-9a-f]{16}")
_ID = re.compile(r"[0-9a-f]{32}")
_Kind = TypeVar("_Kind")


class FormatError(ValueError):
    """These bytes are not what a WAL consists of; why, in words."""


class SignedError(FormatError):
    """The checksum is right and the content is not: no crash made these bytes."""


class Fields:
    """A JSON object whose values are asked for by key and type."""

    def __init__(self, source: bytes | dict[str, Any]) -> None:
        if isinstance(source, dict):
            self._values = source
            return
        try:
            values = orjson.loads(source)
        except orjson.JSONDecodeError as error:
            raise FormatError("a control line is no JSON") from error
        if not isinstance(values, dict):
            raise FormatError("a control line is no JSON object")
        self._values = values

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def integer(self, key: str) -> int:
        """Return a whole number of 64 bits."""
        value = self._take(key, int)
        if not -(2**63) <= value < 2**63:
            raise FormatError(f"{key} is too large")
        return value

    def count(self, key: str) -> int:
        """Return a whole number that is not negative."""
        value = self.integer(key)
        if value < 0:
            raise FormatError(f"{key} is negative")
        return value

    def text(self, key: str) -> str:
        """Return a text."""
        return self._take(key, str)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        return self._take(key, bool)

    def chain(self, key: str) -> str:
        """Return a checksum as 16 hexadecimal digits."""
        value = self.text(key)
        if not _CHAIN.fullmatch(value):
            raise FormatError(f"{key} is no checksum")
        return value

    def ids(self, key: str) -> tuple[str, ...]:
        """Return a list of names of rows, each of 32 hexadecimal digits."""
        found = tuple(_typed(value, str, key) for value in self._take(key, list))
        if not all(map(_ID.fullmatch, found)):
            raise FormatError(f"{key} holds what names no row")
        return found

    def texts(self, key: str, size: int) -> list[str]:
        """Return a list of so many texts."""
        return _texts(self._take(key, list), key, size)

    def rows_of_texts(self, key: str, size: int) -> list[list[str]]:
        """Return a list of lists of so many texts."""
        return [_texts(_typed(row, list, key), key, size) for row in self._take(key, list)]

    def rows_of(self, key: str, kinds: Sequence[type]) -> list[list[Any]]:
        """Return a list of lists with one value of each of these types."""
        rows = [_typed(row, list, key) for row in self._take(key, list)]
        if any(list(map(type, row)) != list(kinds) for row in rows):
            raise FormatError(f"{key} has another type")
        return rows

    def cells(self, key: str) -> tuple[bytes, ...]:
        """Return a list of byte strings in hex."""
        try:
            return tuple(bytes.fromhex(_typed(cell, str, key)) for cell in self._take(key, list))
        except ValueError as error:
            raise FormatError(f"{key} is not in hex") from error

    def counts(self, key: str) -> tuple[tuple[str, int], ...]:
        """Return an object of whole numbers that are not negative, as pairs in its order."""
        inner = Fields(self._take(key, dict))
        return tuple((name, inner.count(name)) for name in inner._values)

    def cells_or_none(self, key: str) -> tuple[bytes | None, ...]:
        """Return a list of byte strings in hex, or null."""
        return tuple(_cell(value, key) for value in self._take(key, list))

    def named_cells(self, key: str, names: Sequence[str]) -> tuple[bytes | None, ...]:
        """Return the byte strings, in hex or null, of those names that an object has."""
        found = self._named(key, names)
        return tuple(_cell(found[name], key) for name in names if name in found)

    def named_values(self, key: str, names: Sequence[str]) -> list[object]:
        """Return an object's values by name, which must be these."""
        found = self._named(key, names)
        if len(found) != len(names):
            raise FormatError(f"{key} lacks a name")
        return [found[name] for name in names]

    def objects(self, key: str) -> list[Fields]:
        """Return a list of objects."""
        return [Fields(_typed(value, dict, key)) for value in self._take(key, list)]

    def _named(self, key: str, names: Sequence[str]) -> dict[str, Any]:
        found = self._take(key, dict)
        if not found.keys() <= set(names):
            raise FormatError(f"{key} has an unknown name")
        return found

    def inner(self, key: str) -> Fields | None:
        """Return an object inside this one, or None where it says null."""
        if key in self._values and self._values[key] is None:
            return None
        return Fields(self._take(key, dict))

    def _take(self, key: str, kind: type[_Kind]) -> _Kind:
        if key not in self._values:
            raise FormatError(f"{key} is missing")
        return _typed(self._values[key], kind, key)


def _typed(value: object, kind: type[_Kind], key: str) -> _Kind:
    if type(value) is not kind:  # a bool is no number here
        raise FormatError(f"{key} has another type")
    return value


def _cell(value: object, key: str) -> bytes | None:
    try:
        return None if value is None else bytes.fromhex(_typed(value, str, key))
    except ValueError as error:
        raise FormatError(f"{key} is not in hex") from error


def _texts(values: list[object], key: str, size: int) -> list[str]:
    if len(values) != size:
        raise FormatError(f"{key} has another length")
    return [_typed(value, str, key) for value in values]
