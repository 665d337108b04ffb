"""Constants that stand for NULL: declared by the operator, checked before a run. Pure.

A constant is held in the form of the column's WAL values, so the writer takes it for one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from math import isfinite

import orjson

from cass_snapshot.forms import Form, Limits
from cass_snapshot.mysql.planning.profiles import TEXTS
from cass_snapshot.planned import Constant

_YEAR_MIN = 1000
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?")
_DURATION = re.compile(r"-?(?=\d)(\d+mo)?(\d+d)?(\d+ns)?")


def constant_for(form: Form, limits: Limits, constant: Constant, cql: str) -> Constant:
    """Return a constant as a value of a form.

    Where a column of bytes takes a text, the constant is a text too: its bytes are those of UTF-8.

    Args:
        form: how the WAL writes the column's values.
        limits: what the target's column holds.
        constant: what the operator declared.
        cql: the name of the source column's type.

    Raises:
        ValueError: it is none, or the target's column does not hold it; in a few words.
    """
    if form is Form.HEX and cql in TEXTS:
        return _sized(_text(constant, Limits(type=limits.type)).encode().hex(), limits)
    return _READ[form](constant, limits)


def _text(constant: Constant, limits: Limits) -> str:
    if not isinstance(constant, str):
        raise ValueError("is not a text in quotes")  # noqa: TRY004 - all are of one kind here
    _measure(constant, limits)
    return constant


def _measure(text: str, limits: Limits) -> None:
    longest = limits.chars_max
    too_long = longest is not None and len(text) > longest
    too_many = limits.bytes_max is not None and len(text.encode()) > limits.bytes_max
    if too_long or too_many:
        raise ValueError(f"is too long for {limits.type}")
    highest = limits.unicode_max
    if highest is not None and any(ord(c) > highest for c in text):
        raise ValueError(f"has characters that {limits.type} does not hold")
    if not limits.trailing_space and text.endswith(" "):
        raise ValueError(f"ends in a space, which {limits.type} does not keep")


def _hex(constant: Constant, limits: Limits) -> str:
    text = constant if isinstance(constant, str) else "?"
    if not re.fullmatch(r"([0-9a-fA-F]{2})*", text):
        raise ValueError("is not a text of hexadecimal digits")
    return _sized(text.lower(), limits)


def _sized(text: str, limits: Limits) -> str:
    size = len(text) // 2
    least, most = limits.bytes_min or 0, limits.bytes_max
    if size < least or (most is not None and size > most):
        raise ValueError(f"has {size} bytes, which {limits.type} does not hold")
    return text


def _boolean(constant: Constant, limits: Limits) -> bool:  # noqa: ARG001 - one signature
    if constant not in (True, False):
        raise ValueError("is neither true nor false")
    return bool(constant)


def _integer(constant: Constant, limits: Limits) -> int:
    if isinstance(constant, bool) or not isinstance(constant, int):
        raise ValueError("is not a whole number")  # noqa: TRY004 - all are of one kind here
    _within(constant, limits)
    return constant


def _within(number: int, limits: Limits) -> None:
    least, most = limits.integer_min, limits.integer_max
    bound = 2**63
    low, high = (-bound if least is None else least), (bound - 1 if most is None else most)
    if not low <= number <= high:
        raise ValueError(f"is outside {limits.type}")


def _digits(constant: Constant, limits: Limits) -> str:
    text = str(constant)
    if isinstance(constant, bool | float) or not re.fullmatch(r"-?\d{1,4000}", text, re.ASCII):
        raise ValueError("is not a whole number")
    plain = str(int(text))
    if limits.integer_digits_max is not None and len(plain.lstrip("-")) > limits.integer_digits_max:
        raise ValueError(f"is outside {limits.type}")
    low, high = limits.integer_min, limits.integer_max
    if (low is not None and int(plain) < low) or (high is not None and int(plain) > high):
        raise ValueError(f"is outside {limits.type}")
    _measure(plain, limits)
    return plain


def _decimal(constant: Constant, limits: Limits) -> str:
    try:
        number = Decimal(str(constant))
    except InvalidOperation:
        raise ValueError("is not a decimal number") from None
    if isinstance(constant, bool) or not number.is_finite():
        raise ValueError("is not a decimal number")
    text = format(number, "f")
    whole, _, fraction = text.lstrip("-").partition(".")
    before, after = limits.integer_digits_max, limits.fraction_digits_max
    too_large = before is not None and len(whole.lstrip("0")) > before
    too_fine = after is not None and len(fraction.rstrip("0")) > after
    if too_large or too_fine or (limits.integer_min == 0 and number < 0):
        raise ValueError(f"is outside {limits.type}")
    _measure(text, limits)
    return text


def _number(constant: Constant, limits: Limits) -> float:
    if isinstance(constant, bool | str) or not isfinite(constant):
        raise ValueError("is not a number")
    if limits.integer_min == 0 and constant < 0:
        raise ValueError(f"is outside {limits.type}")
    return float(constant)


def _date(constant: Constant, limits: Limits) -> str:
    text = str(constant)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year < _YEAR_MIN or day.isoformat() != text:
        raise ValueError("is not a date such as 2020-01-31, from the year 1000 on")
    _bounded((day - date(1970, 1, 1)).days, limits)
    return text


def _bounded(number: int, limits: Limits) -> None:
    if limits.integer_min is not None or limits.integer_max is not None:
        _within(number, limits)


def _time(constant: Constant, limits: Limits) -> str:
    text = str(constant)
    if not _TIME.fullmatch(text):
        raise ValueError("is not a time such as 23:59:59.000000")
    whole, _, fraction = text.partition(".")
    _fraction(fraction, limits)
    return f"{whole}.{fraction:0<6}"


def _fraction(fraction: str, limits: Limits) -> None:
    most = limits.fraction_digits_max
    if most is not None and len(fraction.rstrip("0")) > most:
        raise ValueError(f"has more digits of a second than {limits.type}")


def _datetime(constant: Constant, limits: Limits) -> str:
    text = str(constant)
    whole, _, fraction = text.partition(".")
    try:
        instant = datetime.strptime(whole + "+0000", "%Y-%m-%d %H:%M:%S%z")
    except ValueError:
        raise ValueError("is not a time such as 2020-01-31 23:59:59.000") from None
    if instant.year < _YEAR_MIN or not re.fullmatch(r"\d{0,3}", fraction, re.ASCII):
        raise ValueError("is not a time such as 2020-01-31 23:59:59.000, from the year 1000 on")
    _fraction(fraction, limits)
    since = instant.replace(tzinfo=None) - datetime(1970, 1, 1)  # noqa: DTZ001 - both are UTC
    _bounded((since.days * 86_400 + since.seconds) * 1000 + int(f"{fraction:0<3}"), limits)
    return f"{instant.replace(tzinfo=None).isoformat(sep=' ')}.{fraction:0<3}"


def _uuid(constant: Constant, limits: Limits) -> str:  # noqa: ARG001 - one signature
    text = str(constant).lower()
    if not _UUID.fullmatch(text):
        raise ValueError("is not a uuid")
    return text


def _inet(constant: Constant, limits: Limits) -> str:
    text = str(constant)
    try:
        ip_address(text)
    except ValueError:
        raise ValueError("is not an address") from None
    _measure(text, limits)
    return text


def _duration(constant: Constant, limits: Limits) -> str:
    text = str(constant)
    if not _DURATION.fullmatch(text):
        raise ValueError("is not a duration such as 1mo2d3ns")
    _measure(text, limits)
    return text


def _json(constant: Constant, limits: Limits) -> str:
    text = _text(constant, limits)
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("is not a text of JSON, such as []") from None
    return text


_READ: dict[Form, Callable[[Constant, Limits], Constant]] = {
    Form.TEXT: _text,
    Form.HEX: _hex,
    Form.BOOLEAN: _boolean,
    Form.INTEGER: _integer,
    Form.DIGITS: _digits,
    Form.DECIMAL: _decimal,
    Form.NUMBER: _number,
    Form.DATE: _date,
    Form.TIME: _time,
    Form.DATETIME: _datetime,
    Form.UUID: _uuid,
    Form.INET: _inet,
    Form.DURATION: _duration,
    Form.JSON: _json,
    Form.VECTOR: _hex,
}
