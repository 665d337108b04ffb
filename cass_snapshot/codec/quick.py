"""Whole columns of ordinary cells straight to JSON texts. Pure.

Several times as fast as cell by cell. Whatever is not plainly within its limits makes such a
function return None; the encoders in ``scalars.py`` and ``digits.py``, with ``limits.py``, then say
what becomes of the column. What they give for a column that is written here is the same.
"""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat
from struct import Struct, unpack

from orjson import dumps

from cass_snapshot.codec.calendar import (
    DATE_DAYS_MIN,
    DATES,
    DATETIME_MS_MAX,
    DAY_MS,
    MINUTES,
    minute_millis,
)
from cass_snapshot.codec.digits import decimal_text
from cass_snapshot.codec.limits import CELL_BYTES_MAX, checks
from cass_snapshot.forms import Form, Limits

Quick = Callable[[Sequence[bytes]], list[bytes] | None]

_APART = b"\x7f"
"""Stands between texts while they are one: JSON does not escape it and texts hardly have it."""
_ASCII_MAX = 0x7F
_UUID_BYTES = 16
_UUID_CHARS = 36
_UUID = b'"00000000-0000-0000-0000-000000000000"'
_UUID_PLACES = [place for place, byte in enumerate(_UUID) if byte == ord("0")]
DATETIME = b'"0000-00-00 00:00:00.000"'
_DATE_AT, _MINUTE_AT, _MILLI_AT = 1, 12, 18
_BOOLEANS = [b"false", *[b"true"] * 255]
_SCALE = Struct(">i")
_INT64_BYTES = 8
_PLAIN_SCALE_MAX = 40


def quick(form: Form, limits: Limits) -> Quick | None:
    """Return what writes ordinary columns of a form, None where each cell wants a look."""
    choose = _CHOICES.get(form)
    return None if choose is None else choose(limits)


def _texts_within(limits: Limits) -> Quick | None:
    bounded = limits.integer_min is not None or limits.integer_max is not None
    if bounded or (limits.unicode_max or _ASCII_MAX) < _ASCII_MAX:
        return None
    return partial(_texts, limits, _bytes_max(limits))


def _bytes_max(limits: Limits) -> int:
    """Return how many bytes surely fit; where so many characters do, so do so many bytes."""
    return min(n for n in (limits.chars_max, limits.bytes_max, CELL_BYTES_MAX) if n is not None)


def apart(cells: Sequence[bytes]) -> tuple[bytes, str] | None:
    """Return texts as one, as bytes and decoded; None where they cannot be told apart in it.

    The whole is UTF-8 exactly if each text is, as no character spans what is between them.
    """
    joined = _APART.join(cells)
    if joined.count(_APART) != len(cells) - 1:
        return None
    try:
        return joined, joined.decode()
    except UnicodeDecodeError:
        return None


def _texts(limits: Limits, bytes_max: int, cells: Sequence[bytes]) -> list[bytes] | None:
    """Return texts: as JSON in one call, then cut."""
    if max(map(len, cells)) > bytes_max or (found := apart(cells)) is None:
        return None
    joined, text = found
    if limits.unicode_max is not None and not joined.isascii():
        return None
    if not limits.trailing_space and (b" \x7f" in joined or joined.endswith(b" ")):
        return None
    return dumps(text).replace(_APART, b'"\x7f"').split(_APART)


def _laid(form: bytes, count: int, runs: Iterable[tuple[int, bytes]]) -> bytes:
    """Return texts of one form with a comma between them, and characters of each laid into it.

    Character by character for the whole column: a slice with a stride costs a fraction of putting
    each text together.

    Args:
        form: a text.
        count: how many there are.
        runs: where characters go, and those of all texts, as many of each.
    """
    width = len(form) + 1
    out = bytearray((form + b",") * count)
    for place, run in runs:
        size = len(run) // count
        for at in range(size):
            out[place + at :: width] = run[at::size]
    return bytes(out[:-1])


def uuids(cells: Sequence[bytes]) -> bytes | None:
    """Return uuids in quotes, a comma between them; None if one is not of 16 bytes."""
    if not {_UUID_BYTES}.issuperset(map(len, cells)):
        return None
    digits = b"".join(cells).hex().encode()
    runs = ((place, digits[i :: 2 * _UUID_BYTES]) for i, place in enumerate(_UUID_PLACES))
    return _laid(_UUID, len(cells), runs)


def instants(form: bytes, days_min: int, cells: Sequence[bytes]) -> bytes | None:
    """Return instants in quotes, a comma between them; None if one is not within its years.

    Args:
        form: a text with digits where ``DATETIME`` has them.
        days_min: the first day that can be told; the last is that of ``calendar.py``.
        cells: milliseconds since 1970.
    """
    if not {_INT64_BYTES}.issuperset(map(len, cells)):
        return None
    numbers = unpack(f">{len(cells)}q", b"".join(cells))
    if min(numbers) < days_min * DAY_MS or max(numbers) > DATETIME_MS_MAX:
        return None
    days = [ms // DAY_MS for ms in numbers]
    rest = [ms % DAY_MS for ms in numbers]
    dates, minutes, millis = DATES, MINUTES, minute_millis()
    runs = [
        (_DATE_AT, "".join([dates[day] for day in days])),
        (_MINUTE_AT, "".join([minutes[ms // 60_000] for ms in rest])),
        (_MILLI_AT, "".join([millis[ms % 60_000] for ms in rest])),
    ]
    return _laid(form, len(cells), ((place, run.encode()) for place, run in runs))


def _cut(whole: Callable[[Sequence[bytes]], bytes | None]) -> Quick:
    def texts(cells: Sequence[bytes]) -> list[bytes] | None:
        found = whole(cells)
        return None if found is None else found.split(b",")

    return texts


def _hexadecimal(least: int, most: int, cells: Sequence[bytes]) -> list[bytes] | None:
    lengths = list(map(len, cells))
    if min(lengths) < least or max(lengths) > most:
        return None
    return (b'"' + b'","'.join(map(hexlify, cells)) + b'"').split(b",")


def _booleans(cells: Sequence[bytes]) -> list[bytes] | None:
    if not {1}.issuperset(map(len, cells)):
        return None
    return [_BOOLEANS[byte] for byte in b"".join(cells)]


def _decimals(limits: Limits, cells: Sequence[bytes]) -> list[bytes] | None:
    """Return the texts of decimals of one small scale that all fit."""
    prefix = cells[0][: _SCALE.size]
    if min(map(len, cells)) <= _SCALE.size or not all(map(bytes.startswith, cells, repeat(prefix))):
        return None
    (scale,) = _SCALE.unpack(prefix)
    if not 0 < scale <= min(limits.fraction_digits_max or 0, _PLAIN_SCALE_MAX):
        return None
    if max(map(len, cells)) > _SCALE.size + _INT64_BYTES:
        numbers, digits = _long(cells)
    else:
        numbers, digits = _short(cells)
    bound = 10 ** (scale + (limits.integer_digits_max or 0))
    if max(numbers) >= bound or min(numbers) <= -bound:
        return None
    texts = [f"{text[:-scale]}.{text[-scale:]}" for text in digits]
    one = 10**scale
    for index, number in enumerate(numbers):
        if -one < number < one:
            texts[index] = decimal_text(number, scale)
    return ('"' + '","'.join(texts) + '"').encode().split(b",")


def _short(cells: Sequence[bytes]) -> tuple[Sequence[int], Iterable[str]]:
    """Return unscaled numbers of at most 64 bits, and each as text; all are read at once."""
    padded = [c[4:].rjust(8, b"\xff" if c[4] & 0x80 else b"\0") for c in cells]
    numbers = unpack(f">{len(cells)}q", b"".join(padded))
    return numbers, dumps(numbers)[1:-1].decode().split(",")


def _long(cells: Sequence[bytes]) -> tuple[Sequence[int], Iterable[str]]:
    read = int.from_bytes
    numbers = [read(cell[4:], "big", signed=True) for cell in cells]
    return numbers, map(str, numbers)


def _unchecked(
    form: Form, write: Quick, *, identity: bool = False
) -> Callable[[Limits], Quick | None]:
    """Return the choice of a form that is written at once where nothing else is looked at."""

    def choose(limits: Limits) -> Quick | None:
        return None if checks(form, limits) or (limits.identity and not identity) else write

    return choose


def _uuids_within(limits: Limits) -> Quick | None:
    return _cut(uuids) if _bytes_max(limits) >= _UUID_CHARS else None


def _hexadecimal_within(limits: Limits) -> Quick:
    return partial(_hexadecimal, limits.bytes_min or 0, _bytes_max(limits))


def _decimals_within(limits: Limits) -> Quick | None:
    return _unchecked(Form.DECIMAL, partial(_decimals, limits))(limits)


_DATETIMES = _cut(partial(instants, DATETIME, DATE_DAYS_MIN))
_CHOICES: dict[Form, Callable[[Limits], Quick | None]] = {
    Form.TEXT: _texts_within,
    Form.HEX: _hexadecimal_within,
    Form.UUID: _uuids_within,
    Form.BOOLEAN: _unchecked(Form.BOOLEAN, _booleans),
    Form.DATETIME: _unchecked(Form.DATETIME, _DATETIMES, identity=True),
    Form.DECIMAL: _decimals_within,
}
