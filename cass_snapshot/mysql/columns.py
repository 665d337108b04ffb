"""What each CQL type becomes in MySQL: the readable profile. Pure.

A key column's type must keep different Cassandra keys different, so texts compare by bytes without
padding, decimals become text (1.0 and 1.00 are two keys), and lengths are bounded by what an InnoDB
key holds: 3,072 bytes in all, 16 parts [MySQL manual, InnoDB limits].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cass_snapshot.errors import PreflightError
from cass_snapshot.forms import READABLE_FORMS, Form, Limits
from cass_snapshot.model import Column, ColumnKind, Table
from cass_snapshot.planned import PlannedColumn, PlannedTarget

KEY_BYTES_MAX = 3072
KEY_PARTS_MAX = 16
"""Limits of an InnoDB index."""
DECIMAL_KEY_CHARS = 80
BYTES_A_CHARACTER = 4
"""utf8mb4's worst."""


class Flavour(StrEnum):
    """The two families of servers, where they differ."""

    MYSQL = "mysql"
    MARIADB = "mariadb"

    @property
    def binary_collation(self) -> str:
        """Return the utf8mb4 collation that compares bytes and does not pad."""
        return "utf8mb4_nopad_bin" if self is Flavour.MARIADB else "utf8mb4_0900_bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetColumn:
    """A column of the target: its SQL definition, and the WAL values that it takes.

    ``in_key`` tells whether it belongs to the unique key by which rows are told apart, which holds
    a digest instead of the source's key columns where the operator asks for one.
    """

    name: str
    definition: str
    planned: PlannedColumn
    in_key: bool = False

    @property
    def textual(self) -> bool:
        """Tell whether the column holds characters, to which a number must be given quoted."""
        return self.definition.partition("(")[0].partition(" ")[0].endswith(("CHAR", "TEXT"))

    @property
    def hexadecimal(self) -> bool:
        """Tell whether the WAL's value has to be turned from hexadecimal into bytes."""
        return self.planned.form in (Form.HEX, Form.VECTOR)


_FIXED = {
    "boolean": ("TINYINT(1)", 1),
    "tinyint": ("TINYINT", 1),
    "smallint": ("SMALLINT", 2),
    "int": ("INT", 4),
    "bigint": ("BIGINT", 8),
    "counter": ("BIGINT", 8),
    "varint": ("DECIMAL(65,0)", 30),
    "float": ("DOUBLE", 8),
    "double": ("DOUBLE", 8),
    "date": ("DATE", 3),
    "time": ("TIME(6)", 6),
    "timestamp": ("DATETIME(3)", 7),
    "uuid": ("CHAR(36) CHARACTER SET ascii COLLATE ascii_bin", 36),
    "timeuuid": ("CHAR(36) CHARACTER SET ascii COLLATE ascii_bin", 36),
    "inet": ("VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin", 45),
}
"""CQL type to SQL type and its bytes in a key. A float goes to DOUBLE: FLOAT reads back rounded."""
_TEXTS = ("ascii", "text", "varchar")
_DIGITS = {
    "varint": Limits(type="DECIMAL(65,0)", integer_digits_max=65),
    "decimal": Limits(type="DECIMAL(65,30)", integer_digits_max=35, fraction_digits_max=30),
}


def plan_columns(table: Table, flavour: Flavour) -> tuple[TargetColumn, ...]:
    """Return the target's columns, in the order of the source's.

    Raises:
        PreflightError: the table has what this version does not copy, or its key does not fit.
    """
    _refuse_unsupported(table)
    lengths = _key_lengths(table)
    return tuple(
        _key_column(c, lengths, flavour) if c.in_key else _regular_column(c, flavour)
        for c in table.columns
    )


def _refuse_unsupported(table: Table) -> None:
    unknown = [f"{c.name} {c.type}" for c in table.columns if c.type not in READABLE_FORMS]
    static = [c.name for c in table.columns if c.kind is ColumnKind.STATIC]
    if unknown or static:
        parts = [f"type not supported: {', '.join(unknown)}"] if unknown else []
        parts += [f"static columns: {', '.join(static)}"] if static else []
        raise PreflightError(
            f"{table.name} has columns that this version cannot copy",
            where=f"source {table.name}; nothing was written",
            why="; ".join(parts),
            fix="wait for a version that maps collections, user types and static columns",
        )


def _key_lengths(table: Table) -> dict[str, int]:
    """Return how many bytes each key column of variable length may have.

    Raises:
        PreflightError: too many parts, or nothing left for them.
    """
    key = table.primary_key
    fixed = sum(_FIXED[c.type][1] for c in key if c.type in _FIXED)
    fixed += DECIMAL_KEY_CHARS * sum(c.type == "decimal" for c in key)
    variable = [c for c in key if c.type in (*_TEXTS, "blob")]
    share = (KEY_BYTES_MAX - fixed) // len(variable) if variable else 0
    if (
        len(key) > KEY_PARTS_MAX
        or fixed > KEY_BYTES_MAX
        or (variable and share < BYTES_A_CHARACTER)
    ):
        raise PreflightError(
            f"the primary key of {table.name} does not fit an InnoDB key",
            where=f"source {table.name}; nothing was written",
            why=f"{len(key)} parts of which {fixed} bytes are fixed; InnoDB takes {KEY_PARTS_MAX}"
            f" parts and {KEY_BYTES_MAX} bytes",
            fix="this version has no other key to offer",
        )
    return {c.name: share for c in variable}


def _key_column(column: Column, lengths: dict[str, int], flavour: Flavour) -> TargetColumn:
    if column.type in _TEXTS:
        chars = lengths[column.name] // BYTES_A_CHARACTER
        sql = f"VARCHAR({chars})"
        full = f"{sql} CHARACTER SET utf8mb4 COLLATE {flavour.binary_collation}"
        return _column(column, full, Limits(type=sql, chars_max=chars, identity=True))
    if column.type == "blob":
        sql = f"VARBINARY({lengths[column.name]})"
        return _column(column, sql, Limits(type=sql, bytes_max=lengths[column.name], identity=True))
    if column.type == "decimal":
        sql = f"VARCHAR({DECIMAL_KEY_CHARS})"
        full = f"{sql} CHARACTER SET ascii COLLATE ascii_bin"
        return _column(column, full, Limits(type=sql, chars_max=DECIMAL_KEY_CHARS, identity=True))
    sql = _FIXED[column.type][0]
    digits = _DIGITS.get(column.type)
    return _column(
        column,
        sql,
        Limits(
            type=sql.partition(" ")[0],
            integer_digits_max=digits.integer_digits_max if digits else None,
            identity=True,
        ),
    )


def _regular_column(column: Column, flavour: Flavour) -> TargetColumn:
    if column.type in _TEXTS:
        sql = f"LONGTEXT CHARACTER SET utf8mb4 COLLATE {flavour.binary_collation}"
        return _column(column, sql, Limits(type="LONGTEXT"))
    if column.type == "blob":
        return _column(column, "LONGBLOB", Limits(type="LONGBLOB"))
    if column.type == "decimal":
        return _column(column, _DIGITS["decimal"].type, _DIGITS["decimal"])
    sql = _FIXED[column.type][0]
    return _column(column, sql, _DIGITS.get(column.type, Limits(type=sql.partition(" ")[0])))


def _column(column: Column, definition: str, limits: Limits) -> TargetColumn:
    planned = PlannedColumn(column=column, form=READABLE_FORMS[column.type], limits=limits)
    return TargetColumn(
        name=column.name, definition=definition, planned=planned, in_key=column.in_key
    )


def key_names(columns: Sequence[TargetColumn], table: Table) -> tuple[str, ...]:
    """Return the target's primary key, in the order of the source's."""
    by_source = {c.planned.column.name: c.name for c in columns}
    return tuple(by_source[c.name] for c in table.primary_key)


def target_columns(target: PlannedTarget) -> tuple[TargetColumn, ...]:
    """Return the columns of a plan, also of one that was carried to another process."""
    key = {name.casefold() for name in target.key}
    return tuple(
        TargetColumn(name=p.name, definition=d, planned=p, in_key=p.name.casefold() in key)
        for p, d in zip(target.columns, target.definitions, strict=True)
    )
