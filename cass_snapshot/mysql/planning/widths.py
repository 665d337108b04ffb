"""How many bytes a column takes of InnoDB's limits on keys and rows. Pure."""

from __future__ import annotations

from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.sqltypes import INTEGER_BYTES, Family, SqlType

KEY_BYTES_MAX = 3072
KEY_PARTS_MAX = 16
ROW_BYTES_MAX = 65_535
COLUMNS_MAX = 1017
"""Limits of InnoDB with row format DYNAMIC and pages of 16 KiB [MySQL manual, InnoDB limits]."""
PAGE_BYTES_MAX = 8_125
"""What a row may take of a page, half of which a row must fit in; MySQL's message says 8126."""
PAGE_BYTES_FIXED = 18
"""A record's header, transaction and roll pointer."""
_DIGIT_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
"""DECIMAL packs nine digits in four bytes."""
_FIXED = {"FLOAT": 4, "DOUBLE": 8, "DATE": 3, "UUID": 16, "INET6": 16, "INET4": 4, "YEAR": 1}
_TIMES = {"TIME": 3, "DATETIME": 5, "TIMESTAMP": 4}
_POINTER = 8
"""What a row holds of a value outside of it, besides its length."""
_INLINE = 40
"""Values of as many bytes are never moved out of the page."""
_POINTED = 20
"""What a page holds of a value that is moved out of it."""
_SHORT = 255
"""MariaDB never moves columns of as many bytes out of the page."""
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


def page_bytes(sql: SqlType, flavour: Flavour) -> int:
    """Return the bytes of a column in a page, as CREATE TABLE counts them, without NULL's mark.

    MySQL counts the most that must stay, MariaDB the least [measured on 9.7 and 10.11].
    """
    most = _varying_bytes(sql)
    if most is None:
        return key_bytes(sql)
    if flavour is Flavour.MYSQL:
        return min(most, _INLINE) + 1
    return most + 1 if most <= _SHORT else _POINTED + 1


def page_bytes_worst(sql: SqlType, flavour: Flavour, *, in_key: bool) -> int:
    """Return the bytes of a column in a page that the worst row takes, all that can be moved out.

    Key columns stay; values of up to 40 bytes stay.
    """
    most = _varying_bytes(sql)
    if most is None:
        return key_bytes(sql)
    if in_key or (flavour is Flavour.MARIADB and most <= _SHORT):
        return most + (1 if most <= _SHORT else 2)
    return min(most, _INLINE) + 1


def _varying_bytes(sql: SqlType) -> int | None:
    """Return the most bytes of a column whose length varies, None where it is fixed."""
    if sql.large:
        return 2**32
    varies = sql.base in ("VARCHAR", "VARBINARY")
    # InnoDB keeps CHAR at the length of its text where characters have several bytes.
    if varies or (sql.base == "CHAR" and sql.character_bytes > 1):
        return key_bytes(sql)
    return None
