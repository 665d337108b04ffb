"""How many bytes a column takes of InnoDB's limits on keys and rows. Pure."""

from __future__ import annotations

from cass_snapshot.mysql.planning.sqltypes import INTEGER_BYTES, Family, SqlType

KEY_BYTES_MAX = 3072
KEY_PARTS_MAX = 16
ROW_BYTES_MAX = 65_535
COLUMNS_MAX = 1017
"""Limits of InnoDB with row format DYNAMIC and pages of 16 KiB [MySQL manual, InnoDB limits]."""
_DIGIT_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
"""DECIMAL packs nine digits in four bytes."""
_FIXED = {"FLOAT": 4, "DOUBLE": 8, "DATE": 3, "UUID": 16, "INET6": 16, "INET4": 4, "YEAR": 1}
_TIMES = {"TIME": 3, "DATETIME": 5, "TIMESTAMP": 4}
_POINTER = 8
"""What a row holds of a value outside of it, besides its length."""
_LENGTH_BYTES = {"TINY": 1, "": 2, "MEDIUM": 3, "LONG": 4}


def key_bytes(sql: SqlType) -> int:
    """Return the bytes of a column in a key."""
    if sql.family is Family.TEXT:
        return sql.length * sql.character_bytes
    if sql.family is Family.BYTES:
        return sql.length
    if sql.family is Family.DECIMAL:
        precision, scale = sql.args
        return sum(n // 9 * 4 + _DIGIT_BYTES[n % 9] for n in (precision - scale, scale))
    if sql.base in _TIMES:
        return _TIMES[sql.base] + (sql.length + 1) // 2
    return INTEGER_BYTES.get(sql.base) or _FIXED.get(sql.base, _POINTER)


def row_bytes(sql: SqlType) -> int:
    """Return the bytes that a declared column takes of the row's 65,535, with its mark for NULL."""
    if sql.large:
        prefix = sql.base.removesuffix("TEXT").removesuffix("BLOB")
        return _POINTER + _LENGTH_BYTES.get(prefix, 4) + 1
    if sql.base in ("VARCHAR", "VARBINARY"):
        size = key_bytes(sql)
        return size + (1 if size < 256 else 2) + 1  # noqa: PLR2004 - one byte tells 255
    return key_bytes(sql) + 1
