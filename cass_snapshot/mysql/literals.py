"""SQL literals of WAL values, for sessions without NO_BACKSLASH_ESCAPES. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from cass_snapshot.forms import Form
from cass_snapshot.planned import Constant, PlannedColumn

_ESCAPES = str.maketrans(
    {"\0": "\\0", "'": "\\'", '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z"}
)
Render = Callable[[Any], str]


def text_literal(value: str) -> str:
    """Return a string literal."""
    return f"'{value.translate(_ESCAPES)}'"


def number_literal(value: float) -> str:
    """Return a literal of type DOUBLE: without an exponent it is a DECIMAL, which has no -0.0."""
    text = repr(value)
    return text if "e" in text else f"{text}e0"


def constant(value: Constant, form: Form) -> str:
    """Return the literal of a declared constant, which is held as the WAL's values of a form."""
    if isinstance(value, str):
        raw = _LITERALS.get(form) is _bytes_literal
        return _bytes_literal(value) if raw else text_literal(value)
    return number_literal(value) if isinstance(value, float) else str(int(value))


def _bytes_literal(value: str) -> str:
    return f"x'{value}'"


def _boolean_literal(value: object) -> str:
    return "1" if value else "0"


def _quoted_number(value: object) -> str:
    return f"'{orjson.dumps(value).decode()}'"


_LITERALS: dict[Form, Render] = {
    Form.HEX: _bytes_literal,
    Form.VECTOR: _bytes_literal,
    Form.BOOLEAN: _boolean_literal,
    Form.INTEGER: str,
    Form.DIGITS: str,
    Form.NUMBER: number_literal,
}


_NUMBERS: dict[Form, Render] = {
    Form.INTEGER: _quoted_number,
    Form.NUMBER: _quoted_number,
    Form.DIGITS: text_literal,
}


def renderer(planned: PlannedColumn, *, quoted: bool) -> Render:
    """Return what makes the literals of a column's WAL values.

    Args:
        planned: the column; a declared replacement takes NULL's place.
        quoted: the target holds numbers as text: as the WAL has them, not as MySQL writes them.
    """
    render = _LITERALS.get(planned.form, text_literal)
    if quoted and planned.form in _NUMBERS:
        render = _NUMBERS[planned.form]
    null = "NULL" if planned.null is None else constant(planned.null, planned.form)
    return lambda value: null if value is None else render(value)
