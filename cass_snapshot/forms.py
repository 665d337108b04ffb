"""How values are written in WAL lines, and what a target column holds of them. Pure records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Form(StrEnum):
    """How a value is written in a WAL line; ``codec/encoders.py`` shows each form."""

    TEXT = "text"
    HEX = "hex"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DIGITS = "digits"
    DECIMAL = "decimal"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    UUID = "uuid"
    INET = "inet"
    DURATION = "duration"
    JSON = "json"
    VECTOR = "vector"


READABLE_FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "ascii": Form.TEXT,
        "text": Form.TEXT,
        "varchar": Form.TEXT,
        "blob": Form.HEX,
        "boolean": Form.BOOLEAN,
        "tinyint": Form.INTEGER,
        "smallint": Form.INTEGER,
        "int": Form.INTEGER,
        "bigint": Form.INTEGER,
        "counter": Form.INTEGER,
        "varint": Form.DIGITS,
        "decimal": Form.DECIMAL,
        "float": Form.NUMBER,
        "double": Form.NUMBER,
        "date": Form.DATE,
        "time": Form.TIME,
        "timestamp": Form.DATETIME,
        "uuid": Form.UUID,
        "timeuuid": Form.UUID,
        "inet": Form.INET,
    }
)
"""The CQL types of the readable profile and the form of each; a type not in it is not copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the target column holds unchanged, beyond what its form implies; None is no limit.

    ``type`` names the target's type in messages, ``fix`` what would let it take more. A text is
    measured in characters (``chars_max``), in UTF-8 bytes (``bytes_max``) or by its greatest code
    point (``unicode_max``); a ``hex`` value in bytes of the cell (``bytes_min``, ``bytes_max``).
    ``integer_min`` and ``integer_max`` bound whole numbers, and days or milliseconds since 1970 of
    dates and instants. ``fraction_digits_max`` concerns decimals and fractions of a second.
    ``trailing_space`` is False where the target strips spaces at the end, ``nullable`` False where
    it takes no NULL. ``identity`` asks that different cells become different values, as key
    columns need, and the exact profile.
    """

    type: str
    chars_max: int | None = None
    bytes_max: int | None = None
    bytes_min: int | None = None
    unicode_max: int | None = None
    integer_min: int | None = None
    integer_max: int | None = None
    integer_digits_max: int | None = None
    fraction_digits_max: int | None = None
    trailing_space: bool = True
    nullable: bool = True
    identity: bool = False
    fix: str = ""
