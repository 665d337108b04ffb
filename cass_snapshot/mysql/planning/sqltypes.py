"""SQL types as records, read from what an operator or ``information_schema`` writes. Pure.

Two texts of one type give equal records: aliases, display widths and defaults are resolved, so that
a table that was created is found again as what it was planned to be. ``TINYINT(1)`` alone keeps its
width, because it is how MySQL says boolean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

INTEGER_BYTES = {"TINYINT": 1, "SMALLINT": 2, "MEDIUMINT": 3, "INT": 4, "BIGINT": 8}
TEXT_BYTES = {"TINYTEXT": 255, "TEXT": 65_535, "MEDIUMTEXT": 2**24 - 1, "LONGTEXT": 2**32 - 1}
BLOB_BYTES = {"TINYBLOB": 255, "BLOB": 65_535, "MEDIUMBLOB": 2**24 - 1, "LONGBLOB": 2**32 - 1}
CHARACTER_BYTES = {"utf8mb4": 4, "utf8mb3": 3, "ascii": 1, "latin1": 1}
"""The most bytes of a character; four in a character set that is not listed."""

_ALIASES = {
    "INTEGER": "INT",
    "DEC": "DECIMAL",
    "NUMERIC": "DECIMAL",
    "FIXED": "DECIMAL",
    "REAL": "DOUBLE",
    "DOUBLE PRECISION": "DOUBLE",
    "CHARACTER": "CHAR",
    "CHARACTER VARYING": "VARCHAR",
    "GEOMCOLLECTION": "GEOMETRYCOLLECTION",
}
_OTHERS = frozenset(
    {
        *("BIT", "YEAR", "ENUM", "SET", "GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT"),
        *("MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"),
    }
)
_SHAPE = re.compile(
    r"\s*([A-Za-z][A-Za-z0-9]*(?:\s+(?:PRECISION|VARYING)\b)?)"
    r"\s*(\((?:'(?:[^'\\]|''|\\.)*'|[^()'])*\))?\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)
_TAIL = re.compile(
    r"\s*(?:(UNSIGNED)|(SIGNED)|(ZEROFILL)|(?:CHARACTER\s+SET|CHARSET)\s*=?\s*(\w+)"
    r"|COLLATE\s*=?\s*(\w+)|(/\*.*?\*/))",
    re.IGNORECASE,
)
_FRACTION_MAX = 6
_DIGITS_MAX, _SCALE_MAX = 65, 30
_FLOAT_BITS = 24


class Family(StrEnum):
    """What a type holds."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    BYTES = "bytes"
    DATE = "date"
    TIME = "time"
    INSTANT = "instant"
    JSON = "json"
    VECTOR = "vector"
    UUID = "uuid"
    INET = "inet"
    OTHER = "other"


_FAMILIES = {
    **dict.fromkeys(INTEGER_BYTES, Family.INTEGER),
    **dict.fromkeys(("CHAR", "VARCHAR", *TEXT_BYTES), Family.TEXT),
    **dict.fromkeys(("BINARY", "VARBINARY", *BLOB_BYTES), Family.BYTES),
    **dict.fromkeys(("DATETIME", "TIMESTAMP"), Family.INSTANT),
    **dict.fromkeys(("FLOAT", "DOUBLE"), Family.FLOAT),
    **dict.fromkeys(("INET4", "INET6"), Family.INET),
    **dict.fromkeys(_OTHERS, Family.OTHER),
    "DECIMAL": Family.DECIMAL,
    "DATE": Family.DATE,
    "TIME": Family.TIME,
    "JSON": Family.JSON,
    "VECTOR": Family.VECTOR,
    "UUID": Family.UUID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlType:
    """A type: its name in capitals, its numbers, and for texts character set and collation.

    ``args`` holds the length, precision and scale, or fraction digits; empty where the type has
    none. Character set and collation are empty for other types, and where nobody named them yet.
    """

    base: str
    args: tuple[int, ...] = ()
    unsigned: bool = False
    charset: str = ""
    collation: str = ""

    @property
    def family(self) -> Family:
        """Return what the type holds."""
        return _FAMILIES[self.base]

    @property
    def length(self) -> int:
        """Return the number in parentheses, 0 where there is none."""
        return self.args[0] if self.args else 0

    @property
    def character_bytes(self) -> int:
        """Return the most bytes that a character takes."""
        return CHARACTER_BYTES.get(self.charset, 4)

    @property
    def large(self) -> bool:
        """Tell whether the type lies outside the row, where no whole key reaches."""
        return self.base in {*TEXT_BYTES, *BLOB_BYTES, "JSON", "VECTOR"}

    @property
    def short(self) -> str:
        """Return the type without its character set."""
        numbers = f"({','.join(map(str, self.args))})" if self.args else ""
        return f"{self.base}{numbers}{' UNSIGNED' if self.unsigned else ''}"

    def __str__(self) -> str:
        """Return the definition as DDL takes it."""
        characters = f" CHARACTER SET {self.charset}" if self.charset else ""
        return self.short + characters + (f" COLLATE {self.collation}" if self.collation else "")


def parse(text: str, *, charset: str | None = None, collation: str | None = None) -> SqlType:
    """Return a type; character set and collation may stand in the text or beside it.

    Raises:
        ValueError: the text is no type of MySQL or MariaDB, in a few words.
    """
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not an SQL type")
    words, arguments, tail = found.groups()
    base = " ".join(words.upper().split())
    base = _ALIASES.get(base, base)
    if base in ("BOOL", "BOOLEAN"):
        base, arguments = "TINYINT", "(1)"
    if base not in _FAMILIES:
        raise ValueError(f"{text!r} is not an SQL type that this version knows")
    marks = _marks(tail, text)
    args = () if base in ("ENUM", "SET") else _numbers(arguments, text)
    plain = SqlType(
        base=base,
        args=args,
        unsigned="unsigned" in marks,
        charset=_charset(marks.get("charset", charset or ""), marks.get("collation", "")),
        collation=_collation(marks.get("collation") or collation or ""),
    )
    return _resolved(plain, text)


def _marks(tail: str, text: str) -> dict[str, str]:
    marks: dict[str, str] = {}
    at = 0
    while tail[at:].strip():
        found = _TAIL.match(tail, at)
        if found is None:
            raise ValueError(
                f"{text!r} is not an SQL type: {tail[at:].strip()!r} is not understood"
            )
        unsigned, _, zerofill, charset, collation, _ = found.groups()
        marks |= {"unsigned": "yes"} if unsigned or zerofill else {}
        marks |= {"charset": charset} if charset else {}
        marks |= {"collation": collation} if collation else {}
        at = found.end()
    return marks


def _charset(charset: str, collation: str) -> str:
    name = (charset or collation.partition("_")[0]).lower()
    return "utf8mb3" if name == "utf8" else name


def _collation(name: str) -> str:
    lower = name.lower()
    return "utf8mb3_" + lower.removeprefix("utf8_") if lower.startswith("utf8_") else lower


def _numbers(arguments: str | None, text: str) -> tuple[int, ...]:
    if not arguments:
        return ()
    parts = [part.strip() for part in arguments[1:-1].split(",")]
    if not all(re.fullmatch(r"\d{1,9}", part, re.ASCII) for part in parts):
        raise ValueError(f"{text!r} is not an SQL type: {arguments} is no length")
    return tuple(map(int, parts))


def _resolved(sql: SqlType, text: str) -> SqlType:
    family = sql.family
    if family not in (Family.TEXT, Family.JSON):
        sql = replace(sql, charset="", collation="")
    if family is Family.INTEGER:
        return replace(sql, args=(1,) if _boolean(sql) else ())
    if family is Family.TEXT:
        return _characters(sql, text)
    if family is Family.JSON:
        return replace(sql, charset="", collation="")
    sql = _with_defaults(sql)
    bounds = _BOUNDS.get(sql.base, ())
    if len(sql.args) > max(len(bounds), 2 * (family is Family.FLOAT)):
        raise ValueError(f"{text!r} is not an SQL type: too many numbers")
    for number, (least, most) in zip(sql.args, bounds, strict=False):
        if not least <= number <= most:
            raise ValueError(f"{text!r}: {number} is not within {least} to {most}")
    if family is Family.DECIMAL and sql.args[1] > sql.args[0]:
        raise ValueError(f"{text!r}: more digits after the point than in all")
    if sql.base == "VARBINARY" and not sql.args:
        raise ValueError(f"{text!r} needs a length")
    return replace(sql, args=()) if sql.args == (0,) and sql.base in _TIMED else sql


_TIMED = frozenset({"DATETIME", "TIMESTAMP", "TIME"})
_BOUNDS: dict[str, tuple[tuple[int, int], ...]] = {
    **dict.fromkeys(_TIMED, ((0, _FRACTION_MAX),)),
    "DECIMAL": ((1, _DIGITS_MAX), (0, _SCALE_MAX)),
    "BINARY": ((0, 255),),
    "VARBINARY": ((0, 65_533),),
    "VECTOR": ((1, 16_383),),
    "BIT": ((1, 64),),
}


def _boolean(sql: SqlType) -> bool:
    return sql.base == "TINYINT" and sql.args == (1,) and not sql.unsigned


def _with_defaults(sql: SqlType) -> SqlType:
    if sql.base == "DECIMAL":
        return replace(sql, args=(*sql.args, *(10, 0)[len(sql.args) :]))
    if sql.base == "FLOAT" and len(sql.args) == 1:
        return replace(sql, base="DOUBLE" if sql.args[0] > _FLOAT_BITS else "FLOAT", args=())
    if sql.base in ("BINARY", "BIT") and not sql.args:
        return replace(sql, args=(1,))
    if sql.base == "VECTOR" and not sql.args:
        return replace(sql, args=(2048,))
    return replace(sql, args=()) if sql.base == "YEAR" else sql


def _characters(sql: SqlType, text: str) -> SqlType:
    if sql.charset == "binary":
        base = sql.base.replace("TEXT", "BLOB").replace("CHAR", "BINARY")
        return _resolved(replace(sql, base=base), text)
    if sql.base in TEXT_BYTES and sql.args:
        raise ValueError(f"{text!r}: {sql.base} takes no length; VARCHAR does")
    if sql.base == "VARCHAR" and not sql.args:
        raise ValueError(f"{text!r} needs a length")
    args = sql.args or ((1,) if sql.base == "CHAR" else ())
    most = 255 if sql.base == "CHAR" else 65_532 // CHARACTER_BYTES.get(sql.charset or "utf8mb4", 1)
    if args and (len(args) > 1 or args[0] > most):
        raise ValueError(f"{text!r}: a length is at most {most}")
    return replace(sql, args=args)
