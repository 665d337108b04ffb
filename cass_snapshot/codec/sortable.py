"""What a value of a key is compared by: its sort key, and its mark. Pure.

Both order values as the target does, and each has one type for a column: a sort key is a number or
a string, a mark a number or bytes. Bytes of UTF-8 and of hexadecimal digits sort as code points and
as blobs do, so that most marks are the text of the line itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cass_snapshot.forms import Form
from cass_snapshot.planned import PlannedColumn, Reading

Value = Callable[[Any], int | float | str]
Marks = Callable[[Sequence[bytes]], Sequence[Any]]
DIGEST_WIDTH = 64
_WIDTHS = {Form.UUID: 36, Form.DATE: 10, Form.TIME: 15, Form.DATETIME: 23}
_BARE = frozenset({Form.INTEGER, Form.BOOLEAN, Form.NUMBER})
_DIGITS_MAX = 9999
"""More than any number has: codec/digits.py."""
_COMPLEMENT = str.maketrans("0123456789", "9876543210")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One column of a key.

    ``value`` makes the sort key of a JSON value, ``marks`` the marks of texts cut from lines,
    without their quotes; ``width`` is that of the text where it never varies and is its own mark.
    ``kind`` is t where any text is its own mark, i for integers, None for what is neither.
    """

    value: Value
    marks: Marks
    quoted: bool
    width: int | None = None
    kind: str | None = None

    def mark(self, value: Any) -> Any:  # noqa: ANN401 - a JSON value; a number or bytes
        """Return the mark of a decoded value."""
        key = self.value(value)
        return key.encode() if isinstance(key, str) else key


def part_of(planned: PlannedColumn) -> Part:
    """Return how values of a column are compared."""
    form, base = planned.form, planned.limits.type.partition("(")[0].partition(" ")[0]
    textual = base.endswith(("CHAR", "TEXT"))
    if form in _BARE and not textual:
        return _NUMBERS[form]
    if form is Form.DIGITS and not textual:
        return Part(value=_sortable_digits, marks=_digits_marks, quoted=True)
    if form is Form.UUID and base == "UUID":
        return Part(value=_shuffled, marks=_shuffled_marks, quoted=True)
    quoted = form not in _BARE
    return Part(
        value=str,
        marks=_same,
        quoted=quoted,
        width=_width(planned),
        kind="t" if quoted else None,
    )


def _width(planned: PlannedColumn) -> int | None:
    if planned.reading is Reading.DIGEST:
        return DIGEST_WIDTH
    least, most = planned.limits.bytes_min, planned.limits.bytes_max
    if planned.form is Form.HEX and least is not None and least == most:
        return 2 * least
    return _WIDTHS.get(planned.form)


def _same(texts: Sequence[bytes]) -> Sequence[bytes]:
    return texts


def _integers(texts: Sequence[bytes]) -> Sequence[int]:
    return list(map(int, texts))


def _booleans(texts: Sequence[bytes]) -> Sequence[int]:
    return [int(text == b"true") for text in texts]


def _fractions(texts: Sequence[bytes]) -> Sequence[float]:
    return list(map(float, texts))


_NUMBERS = {
    Form.INTEGER: Part(value=int, marks=_integers, quoted=False, kind="i"),
    Form.BOOLEAN: Part(value=int, marks=_booleans, quoted=False),
    Form.NUMBER: Part(value=float, marks=_fractions, quoted=False),
}


def _sortable_digits(text: str) -> str:
    """Return a text that sorts as the number does, which may be too long for JSON's numbers.

    Sign, count of digits, digits; of a negative number the complement of both.
    """
    if text.startswith("-"):
        digits = text[1:]
        return f"0{_DIGITS_MAX - len(digits):04d}{digits.translate(_COMPLEMENT)}"
    return f"1{len(text):04d}{text}"


def _digits_marks(texts: Sequence[bytes]) -> Sequence[bytes]:
    return [_sortable_digits(text.decode()).encode() for text in texts]


def _shuffled(text: str) -> str:
    """Return a uuid's digits in the order in which MariaDB's UUID compares them [10.11].

    Versions 1 to 5 by their node first and by their fastest digits last, others as they stand.
    """
    if "00" < text[14:16] < "60" and text[19] >= "8":
        return text[24:] + text[19:23] + text[14:18] + text[9:13] + text[:8]
    return text.replace("-", "")


def _shuffled_marks(texts: Sequence[bytes]) -> Sequence[bytes]:
    return [_shuffled(text.decode()).encode() for text in texts]
