"""Numbers of any length as text: varint and decimal. Pure.

A varint cell is a two's complement number; a decimal cell is a 32-bit scale before such a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from cass_snapshot.codec.refusal import BadCell, Refusal, Values, width_message
from cass_snapshot.forms import Limits

DIGITS_BITS_MAX = 14_000
"""Above it CPython refuses to print an integer (4,300 digits); no target type comes near."""
_EXPONENT_MAX = 2**30 - 1
"""MySQL reads no number with a greater exponent, not even zero (error 1366, seen on 9.7.4)."""
_SCALE = Struct(">i")


def minimal(cell: bytes) -> bool:
    """Tell whether a two's complement number is written with no byte too many."""
    if len(cell) < 2:  # noqa: PLR2004 - one byte is always minimal
        return len(cell) == 1
    return not (cell[0] == 0 and cell[1] < 0x80) and not (cell[0] == 0xFF and cell[1] >= 0x80)  # noqa: PLR2004 - the sign bit


def encode_small(cells: Sequence[bytes], limits: Limits) -> Values:
    """Return a varint as a number of 64 bits."""
    numbers = [_unscaled(cell, index, limits) for index, cell in enumerate(cells)]
    for index, number in enumerate(numbers):
        if not -(2**63) <= number < 2**63:
            raise BadCell(index, "a number of more than 64 bits", Refusal.RANGE)
    return numbers


def _unscaled(cell: bytes, index: int, limits: Limits) -> int:
    if not cell:
        raise BadCell(index, width_message(cell, 0))
    if limits.identity and not minimal(cell):
        raise BadCell(index, "a key whose number is stored with needless leading bytes")
    number = int.from_bytes(cell, "big", signed=True)
    if number.bit_length() > DIGITS_BITS_MAX:
        raise BadCell(index, f"a number of {len(cell)} bytes, more than 4,000 digits")
    return number


def encode_digits(cells: Sequence[bytes], limits: Limits) -> Values:
    """Return a varint as a string of decimal digits."""
    values = []
    for index, cell in enumerate(cells):
        text = str(_unscaled(cell, index, limits))
        digits = len(text.lstrip("-"))
        if limits.integer_digits_max is not None and digits > limits.integer_digits_max:
            raise BadCell(index, f"a number of {digits} digits", Refusal.RANGE)
        values.append(text)
    return values


def encode_decimal(cells: Sequence[bytes], limits: Limits) -> Values:
    """Return a decimal as text that keeps its unscaled digits and its scale."""
    values = []
    for index, cell in enumerate(cells):
        if len(cell) < _SCALE.size + 1:
            raise BadCell(index, width_message(cell, _SCALE.size + 1))
        (scale,) = _SCALE.unpack_from(cell)
        unscaled = _unscaled(cell[_SCALE.size :], index, limits)
        digits = str(unscaled).lstrip("-")
        if limits.integer_digits_max is not None or limits.fraction_digits_max is not None:
            _check_decimal(index, digits, scale, limits)
            unscaled, scale = _shortened(unscaled, scale, limits)
        values.append(decimal_text(unscaled, scale))
    return values


def _check_decimal(index: int, digits: str, scale: int, limits: Limits) -> None:
    """Refuse what DECIMAL would clip or round: too many digits on either side of the point."""
    if digits == "0":
        if abs(scale) > _EXPONENT_MAX:
            raise BadCell(index, f"a zero of scale {scale}", Refusal.RANGE)
        return
    whole = len(digits) - scale
    if limits.integer_digits_max is not None and whole > limits.integer_digits_max:
        raise BadCell(index, f"a decimal with {whole} digits before the point", Refusal.RANGE)
    fraction = scale - (len(digits) - len(digits.rstrip("0")))
    if limits.fraction_digits_max is not None and fraction > limits.fraction_digits_max:
        raise BadCell(index, f"a decimal with {fraction} digits after the point", Refusal.RANGE)


def _shortened(unscaled: int, scale: int, limits: Limits) -> tuple[int, int]:
    """Return an equal number with no more digits than the column has, which are checked already.

    MySQL refuses a literal of more than some 80 digits, even one that ends in zeros.
    """
    fraction = limits.fraction_digits_max
    if fraction is None or scale <= fraction or unscaled == 0:
        return unscaled, scale
    return unscaled // 10 ** (scale - fraction), fraction


def decimal_text(unscaled: int, scale: int) -> str:
    """Return plain notation for scales 0 to 40, else ``<unscaled>E<exponent>``.

    Different pairs of unscaled value and scale give different texts; ``Decimal(text)`` gives the
    pair back.
    """
    if scale == 0:
        return str(unscaled)
    if not 0 < scale <= 40:  # noqa: PLR2004 - beyond it zeros would only be padding
        return f"{unscaled}E{-scale:+d}"
    sign = "-" if unscaled < 0 else ""
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"
