"""SQL literals of WAL values, for sessions without NO_BACKSLASH_ESCAPES. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cass_snapshot.forms import Form

_ESCAPES = str.maketrans(
    {"\0": "\\0", "'": "\\'", '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z"}
)


def text_literal(value: str) -> str:
    """Return a string literal, for sessions without NO_BACKSLASH_ESCAPES."""
    return f"'{value.translate(_ESCAPES)}'"


def number_literal(value: float) -> str:
    """Return a literal of type DOUBLE: without an exponent it is a DECIMAL, which has no -0.0."""
    text = repr(value)
    return text if "e" in text else f"{text}e0"


_LITERALS: dict[Form, Callable[[Any], str]] = {
    Form.HEX: lambda value: f"x'{value}'",
    Form.BOOLEAN: lambda value: "1" if value else "0",
    Form.INTEGER: str,
    Form.DIGITS: str,
    Form.NUMBER: number_literal,
}


def literal(form: Form, value: Any) -> str:  # noqa: ANN401 - a JSON value
    """Return the SQL literal of a WAL value."""
    if value is None:
        return "NULL"
    return _LITERALS.get(form, text_literal)(value)
