"""What a target column holds, against the values of a column. Pure.

Most columns have no limit that their values could pass, so the checks that matter are chosen once
a column; each then looks at a whole page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from struct import unpack
from typing import Any

from cass_snapshot.codec.calendar import DATE_OFFSET
from cass_snapshot.codec.refusal import BadCell, Refusal, Values, first_index
from cass_snapshot.forms import Form, Limits

Check = Callable[[Sequence[bytes], Values], None]

CELL_BYTES_MAX = 2**31 - 1
"""What the native protocol can carry; a target that holds as much needs no look."""
_BYTES = frozenset({Form.HEX, Form.VECTOR})
_NUMBERS = frozenset({Form.INTEGER, Form.NUMBER, Form.BOOLEAN})
_FRACTIONS = {Form.NUMBER: 2**31, Form.TIME: 6, Form.DATETIME: 3}
"""The most digits after the point that values of a form have; a column with room needs no look."""
_UTF8_BYTES_MAX = 4


def checks(form: Form, limits: Limits) -> tuple[Check, ...]:
    """Return what the values of a column have to pass, given their cells and the values."""
    if form in _BYTES:
        return tuple(_byte_checks(limits))
    found = list(_text_checks(form, limits))
    if limits.integer_min is not None or limits.integer_max is not None:
        found.append(_between(form, limits.integer_min, limits.integer_max))
    if form in _NUMBERS and limits.integer_digits_max is not None:
        found.append(_digits_before_point(limits.integer_digits_max))
    fraction = limits.fraction_digits_max
    if form in _FRACTIONS and fraction is not None and fraction < _FRACTIONS[form]:
        found.append(_digits_after_point(form, fraction))
    return tuple(found)


def _byte_checks(limits: Limits) -> list[Check]:
    found: list[Check] = []
    if limits.bytes_max is not None and limits.bytes_max < CELL_BYTES_MAX:
        ceiling = limits.bytes_max

        def short(cells: Sequence[bytes], _values: Values) -> None:
            if max(map(len, cells)) > ceiling:
                index = first_index(cells, lambda c: len(c) > ceiling)
                raise BadCell(index, f"a value of {len(cells[index])} bytes", Refusal.LENGTH)

        found.append(short)
    if limits.bytes_min:
        floor = limits.bytes_min

        def long(cells: Sequence[bytes], _values: Values) -> None:
            if min(map(len, cells)) < floor:
                index = first_index(cells, lambda c: len(c) < floor)
                raise BadCell(index, _short(cells[index], floor), Refusal.LENGTH)

        found.append(long)
    return found


def _short(cell: bytes, floor: int) -> str:
    if not cell:
        return "an empty (zero-length) value, which is not NULL"
    return f"a value of {len(cell)} bytes, which would be padded to {floor}"


def _text_checks(form: Form, limits: Limits) -> list[Check]:
    found: list[Check] = []
    if limits.chars_max is not None and limits.chars_max < CELL_BYTES_MAX:
        found.append(_characters(limits.chars_max))
    if limits.bytes_max is not None and limits.bytes_max < CELL_BYTES_MAX:
        found.append(_utf8_bytes(limits.bytes_max))
    if limits.unicode_max is not None and form in (Form.TEXT, Form.JSON):
        found.append(_code_points(limits.unicode_max))
    if not limits.trailing_space and form is Form.TEXT:
        found.append(_no_trailing_space)
    return found


def _characters(ceiling: int) -> Check:
    def check(_cells: Sequence[bytes], values: Values) -> None:
        lengths = map(len, _texts(values))
        if max(lengths) > ceiling:
            texts = _texts(values)
            index = first_index(texts, lambda v: len(v) > ceiling)
            raise BadCell(index, f"a text of {len(texts[index])} characters", Refusal.LENGTH)

    return check


def _utf8_bytes(ceiling: int) -> Check:
    def check(_cells: Sequence[bytes], values: Values) -> None:
        texts = _texts(values)
        if max(map(len, texts)) * _UTF8_BYTES_MAX <= ceiling:
            return
        sizes = [len(text.encode()) for text in texts]
        if max(sizes) > ceiling:
            index = first_index(sizes, lambda size: size > ceiling)
            raise BadCell(index, f"a text of {sizes[index]} bytes", Refusal.LENGTH)

    return check


def _code_points(ceiling: int) -> Check:
    def check(_cells: Sequence[bytes], values: Values) -> None:
        for index, text in enumerate(values):
            if not text.isascii() and ord(max(text)) > ceiling:
                raise BadCell(index, f"a character beyond U+{ceiling:04X}")

    return check


def _no_trailing_space(_cells: Sequence[bytes], values: Values) -> None:
    for index, text in enumerate(values):
        if text.endswith(" "):
            raise BadCell(index, "a text that ends in a space", Refusal.LENGTH)


def _between(form: Form, floor: int | None, ceiling: int | None) -> Check:
    def outside(number: Any) -> bool:  # noqa: ANN401 - a number of any kind
        return (floor is not None and number < floor) or (ceiling is not None and number > ceiling)

    def check(cells: Sequence[bytes], values: Values) -> None:
        numbers = _numbers(form, cells, values)
        if outside(min(numbers)) or outside(max(numbers)):
            kind = {Form.DATE: "date", Form.DATETIME: "timestamp", Form.TIME: "time"}.get(form)
            raise BadCell(
                first_index(numbers, outside),
                f"a {kind or 'number'} outside what the column holds",
                Refusal.DATE if kind else Refusal.RANGE,
            )

    return check


def _digits_before_point(ceiling: int) -> Check:
    bound = Decimal(10) ** ceiling

    def outside(number: float) -> bool:
        return not -bound < number < bound

    def check(_cells: Sequence[bytes], values: Values) -> None:
        if outside(min(values)) or outside(max(values)):
            what = f"a number with more than {ceiling} digits before the point"
            raise BadCell(first_index(values, outside), what, Refusal.RANGE)

    return check


def _digits_after_point(form: Form, ceiling: int) -> Check:
    def check(cells: Sequence[bytes], values: Values) -> None:
        if form is Form.NUMBER:
            bad = [-int(Decimal(repr(v)).normalize().as_tuple().exponent) > ceiling for v in values]
        else:
            unit = 10 ** ((9 if form is Form.TIME else 3) - ceiling)
            bad = [n % unit != 0 for n in _numbers(form, cells, values)]
        if True in bad:
            what = f"more than {ceiling} digits after the point"
            raise BadCell(
                bad.index(True),
                f"a number with {what}" if form is Form.NUMBER else f"a time with {what}",
                Refusal.RANGE if form is Form.NUMBER else Refusal.DATE,
            )

    return check


def _texts(values: Values) -> Sequence[str]:
    return values if isinstance(values[0], str) else list(map(repr, values))


def _numbers(form: Form, cells: Sequence[bytes], values: Values) -> Sequence[Any]:
    """Return what the bounds of a form are about: numbers, days since 1970, ms since 1970, ns."""
    if form is Form.DATE:
        return [d - DATE_OFFSET for d in unpack(f">{len(cells)}I", b"".join(cells))]
    if form in (Form.DATETIME, Form.TIME):
        return unpack(f">{len(cells)}q", b"".join(cells))
    if form is Form.DIGITS:
        return list(map(int, values))
    if form is Form.DECIMAL:
        return list(map(Decimal, values))
    return values
