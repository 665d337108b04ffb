"""The SQL type that each CQL type gets in a created table: readable or exact, regular or in a key.

A profile only chooses; ``fit`` says what becomes of the values. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from cass_snapshot.cql import CUSTOM, CqlType
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.sqltypes import Family, SqlType, parse

READABLE, EXACT = "readable", "exact"
TEXTS = frozenset({"ascii", "text", "varchar"})
COMPOUND = frozenset({"list", "set", "map", "tuple", "udt", "vector"})
"""Types with parts, which are written as JSON texts."""

_COMMON = {
    "ascii": "LONGTEXT",
    "blob": "LONGBLOB",
    "boolean": "TINYINT(1)",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INT",
    "bigint": "BIGINT",
    "counter": "BIGINT",
    "duration": "VARCHAR(64)",
    **dict.fromkeys(COMPOUND, "LONGTEXT"),
}
_READABLE = _COMMON | {
    "text": "LONGTEXT",
    "varchar": "LONGTEXT",
    "varint": "DECIMAL(65,0)",
    "decimal": "DECIMAL(65,30)",
    "float": "DOUBLE",
    "double": "DOUBLE",
    "date": "DATE",
    "time": "TIME(6)",
    "timestamp": "DATETIME(3)",
    "uuid": "CHAR(36)",
    "timeuuid": "CHAR(36)",
    "inet": "VARCHAR(45)",
}
_EXACT = _COMMON | {
    "text": "LONGBLOB",
    "varchar": "LONGBLOB",
    "boolean": "TINYINT",
    "varint": "LONGBLOB",
    "decimal": "LONGTEXT",
    "float": "VARBINARY(4)",
    "double": "VARBINARY(8)",
    "date": "INT",
    "time": "BIGINT",
    "timestamp": "BIGINT",
    "uuid": "BINARY(16)",
    "timeuuid": "BINARY(16)",
    "inet": "VARBINARY(16)",
    "vector": "LONGBLOB",
}
_DECIMAL_KEY = "VARCHAR(80)"
"""Canonical digits and scale: DECIMAL would take 1.0 and 1.00 for one key."""
_RAW = {
    "boolean": "VARBINARY(1)",
    "int": "VARBINARY(4)",
    "bigint": "VARBINARY(8)",
    "float": "VARBINARY(4)",
    "double": "VARBINARY(8)",
    "timestamp": "VARBINARY(8)",
    "uuid": "VARBINARY(16)",
    "timeuuid": "VARBINARY(16)",
    "inet": "VARBINARY(16)",
    "date": "INT",
    "time": "BIGINT",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "counter": "BIGINT",
}
"""The smallest type that takes every value of a CQL type; LONGBLOB for those that are not named."""


def regular_type(cql: CqlType, profile: str, flavour: Flavour) -> SqlType | None:
    """Return the type of a column outside the key; None where the operator has to choose one."""
    if cql.name == CUSTOM:
        return None
    sql = parse((_READABLE if profile == READABLE else _EXACT)[cql.name])
    return with_characters(sql, cql, flavour)


def key_type(cql: CqlType, profile: str, flavour: Flavour, share: int) -> SqlType | None:
    """Return the type of a key column, of at most ``share`` bytes where its length varies."""
    text = _varying_key(cql, profile, share)
    if text is None:
        return regular_type(cql, profile, flavour)
    return with_characters(parse(text), cql, flavour)


def varies_in_key(cql: CqlType, profile: str) -> bool:
    """Tell whether a key column of this type shares the bytes that others leave."""
    text = _varying_key(cql, profile, 4)
    return text is not None and text != _DECIMAL_KEY


def _varying_key(cql: CqlType, profile: str, share: int) -> str | None:
    if profile == READABLE and cql.name in TEXTS:
        return f"VARCHAR({share // 4})"
    if profile == READABLE and cql.name == "decimal":
        return _DECIMAL_KEY
    raw = cql.name == "blob" or cql.name in COMPOUND
    if profile == EXACT:
        raw = raw or cql.name in TEXTS or cql.name in ("varint", "decimal")
    return f"VARBINARY({share})" if raw else None


def with_characters(sql: SqlType, cql: CqlType, flavour: Flavour) -> SqlType:
    """Return a text type with character set and collation, where nobody named them.

    Nothing is left to the server's defaults. What is written in few characters of ASCII needs one
    byte for each; everything else compares by bytes.
    """
    if sql.family is not Family.TEXT:
        return sql
    words = cql.name in TEXTS or cql.name in COMPOUND
    charset = sql.charset or ("utf8mb4" if words else "ascii")
    binary = flavour.binary_collation if charset == "utf8mb4" else f"{charset}_bin"
    return replace(sql, charset=charset, collation=sql.collation or binary)


def offer(cql: CqlType, sql: SqlType) -> str:
    """Return a type that takes more values of a CQL type than this one; empty if none does."""
    natural = _READABLE.get(cql.name)
    raw = _RAW.get(cql.name, "LONGBLOB")
    bytewise = sql.family is Family.BYTES
    tried = [raw] if natural is None or sql.short == natural or bytewise else [natural, raw]
    return next((text for text in tried if text != sql.short), "")
