"""Into CHAR, VARCHAR and the TEXT types: by length, character set and collation."""

from __future__ import annotations

from typing import Any

from cass_snapshot.cql import CqlType
from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.fit.numbers import BITS
from cass_snapshot.mysql.planning.fit.record import Fit, fitting, impossible, may_be_empty
from cass_snapshot.mysql.planning.profiles import COMPOUND, TEXTS, offer
from cass_snapshot.mysql.planning.sqltypes import TEXT_BYTES, SqlType

_UNICODE_MAX = {"utf8mb4": None, "utf8mb3": 0xFFFF, "ascii": 0x7F}
"""Character sets whose bytes are those of UTF-8, and their greatest code point."""
_LIKE_ASCII = frozenset(
    {
        *_UNICODE_MAX,
        *("latin1", "latin2", "latin5", "latin7", "cp1250", "cp1251", "cp1256", "cp1257"),
        *("cp850", "cp852", "cp866", "greek", "hebrew", "koi8r", "koi8u"),
    }
)
"""Character sets in which the bytes of an ASCII text mean that text."""
_FIXED = {
    "uuid": (Form.UUID, 36),
    "timeuuid": (Form.UUID, 36),
    "date": (Form.DATE, 10),
    "time": (Form.TIME, 15),
    "timestamp": (Form.DATETIME, 23),
}
"""Texts of digits and their length."""
_VARYING = {
    "inet": (Form.INET, 45),
    "duration": (Form.DURATION, 46),
    "varint": (Form.DIGITS, TEXT_BYTES["LONGTEXT"]),
    "decimal": (Form.DECIMAL, TEXT_BYTES["LONGTEXT"]),
}
"""Texts of digits and few other characters, and the longest of them."""
_REFUSED = {
    "date": ["years outside 1000 to 9999"],
    "time": ["more than 6 digits of a second", "times outside one day"],
    "timestamp": ["years outside 1000 to 9999"],
    "varint": ["more than 4,000 digits"],
    "decimal": ["more than 4,000 digits", "needless bytes"],
}


def into_text(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:
    """Return the fit with a text type."""
    name = cql.name
    if name in COMPOUND and in_key:
        return None  # raw bytes do, and tell a key without a parser for JSON
    if name in TEXTS or name in COMPOUND:
        return _words(cql, sql, flavour, in_key=in_key)
    if sql.charset not in _LIKE_ASCII:
        return _foreign(sql)
    if name in _FIXED:
        form, width = _FIXED[name]
        return _digits(cql, sql, form, width, in_key=in_key) if _chars(sql) >= width else None
    if name in _VARYING:
        return _digits(cql, sql, *_VARYING[name], in_key=in_key)
    return _whole(cql, sql, in_key=in_key) if name in BITS else None


def _chars(sql: SqlType) -> int:
    """Return how many characters of ASCII fit."""
    return TEXT_BYTES.get(sql.base, sql.length)


def _room(sql: SqlType, longest: int) -> tuple[list[str], dict[str, Any]]:
    """Return what is refused for its length, and the limits that say so."""
    if _chars(sql) >= longest or sql.base == "LONGTEXT":
        return [], {}
    if sql.base in TEXT_BYTES:
        most = TEXT_BYTES[sql.base]
        return [f"more than {most:,} bytes"], {"bytes_max": most}
    return [f"more than {sql.length:,} characters"], {"chars_max": sql.length}


def _digits(cql: CqlType, sql: SqlType, form: Form, longest: int, *, in_key: bool) -> Fit:
    """Return the fit of a text of few different characters, which every collation tells apart."""
    refused, limits = _room(sql, longest)
    refused += _REFUSED.get(cql.name, [])
    if cql.name == "varint" and in_key:
        refused.append("needless bytes")
    refused += may_be_empty(cql)
    identity = in_key or form is Form.DECIMAL
    return fitting(form, sql, offer=offer(cql, sql), refused=refused, identity=identity, **limits)


def _whole(cql: CqlType, sql: SqlType, *, in_key: bool) -> Fit:
    refused, limits = [], {}
    bound = 2 ** (BITS[cql.name] - 1)
    if _chars(sql) < len(str(-bound)):
        most = 10 ** _chars(sql) - 1
        least = -(10 ** max(_chars(sql) - 1, 0) - 1)
        refused = [f"numbers of more than {_chars(sql)} characters"]
        limits = {"integer_min": max(least, -bound), "integer_max": min(most, bound - 1)}
    refused += may_be_empty(cql)
    more = offer(cql, sql)
    return fitting(Form.INTEGER, sql, offer=more, refused=refused, identity=in_key, **limits)


def _words(cql: CqlType, sql: SqlType, flavour: Flavour, *, in_key: bool) -> Fit:
    """Return the fit of a text of any characters, for which character set and collation matter."""
    plain = cql.name == "ascii"
    if sql.charset not in (_LIKE_ASCII if plain else _UNICODE_MAX):
        return _foreign(sql)
    refused, limits = _room(sql, TEXT_BYTES["LONGTEXT"])
    if sql.base == "CHAR":
        refused.append("spaces at the end")
        limits["trailing_space"] = False
    highest = None if plain else _UNICODE_MAX[sql.charset]
    if highest is not None:
        refused.append(f"characters beyond U+{highest:04X}")
        limits["unicode_max"] = highest
    if cql.name in ("text", "varchar"):
        refused.append("bytes that are not UTF-8")
    if in_key:
        merged = _merges(sql.collation)
        if merged:
            fix = f"{sql.short} CHARACTER SET utf8mb4 COLLATE {flavour.binary_collation}"
            return impossible(sql, f"collation {sql.collation} takes {merged} for one key", fix)
        if pads(sql.collation) and sql.base != "CHAR":
            refused.append("spaces at the end")
            limits["trailing_space"] = False
    form = Form.JSON if cql.name in COMPOUND else Form.TEXT
    more = offer(cql, sql)
    return fitting(form, sql, offer=more, refused=refused, identity=in_key, **limits)


def _foreign(sql: SqlType) -> Fit:
    note = f"character set {sql.charset} is not one that this tool writes"
    return impossible(sql, note, f"{sql.short} CHARACTER SET utf8mb4")


def _merges(collation: str) -> str:
    """Return two texts that a collation takes for one, or nothing where it compares bytes."""
    if collation == "binary" or collation.endswith("_bin"):
        return ""
    return "'a' and 'A'" if collation.endswith("_ci") else "texts that Unicode calls equivalent"


def pads(collation: str) -> bool:
    """Tell whether a collation that compares bytes ignores spaces at the end."""
    return not (collation.endswith(("_0900_bin", "_nopad_bin")) or collation == "binary")
