"""Cells for every form that the compiled encoder writes: ordinary ones, odd ones, and limits."""

from __future__ import annotations

from struct import pack
from typing import Any

from hypothesis import strategies as st

from cass_snapshot.codec.cells import minimal_bytes
from cass_snapshot.forms import Form

Pair = tuple[str, Form]

_TEXT = st.one_of(
    st.text(max_size=30),
    st.text(
        st.sampled_from(list('",\\[]\n\0\x1f\x7f\x80\u07ff\u0800\uffff\U00010000 nullé')),
        max_size=12,
    ),
).map(lambda text: text.encode("utf-8", "surrogatepass"))
_BYTE = st.binary(min_size=1, max_size=1)


def _packed(code: str, numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    return numbers.map(lambda number: pack(f">{code}", number))


def _around(*numbers: int) -> st.SearchStrategy[int]:
    """Numbers next to those that matter."""
    return st.sampled_from([number + delta for number in numbers for delta in (-1, 0, 1)])


def _integers(bits: int) -> st.SearchStrategy[int]:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    powers = [10**n for n in range(19) if 10**n < high]
    near = _around(*powers, 0).flatmap(lambda n: st.sampled_from([n, -n]))
    return st.one_of(st.integers(low, high), near.filter(lambda n: low <= n <= high))


VARINTS = st.one_of(
    _integers(64),
    st.integers(-(2**127), 2**127 - 1),
    st.integers(-(2**140), 2**140),
    st.integers(0, 40).map(lambda n: 10**n),
    st.integers(0, 40).map(lambda n: 1 - 10**n),
).map(minimal_bytes)
_LONGER = st.tuples(st.sampled_from([b"", b"", b"\0", b"\xff"]), VARINTS).map(b"".join)
_SCALES = st.one_of(
    st.integers(-3, 12),
    st.integers(28, 42),
    _around(2**30 - 1, 1 - 2**30),
    st.integers(-(2**31), 2**31 - 1),
)
_DECIMALS = st.tuples(_packed("i", _SCALES), _LONGER).map(b"".join)
_ZEROS = st.tuples(st.integers(-999, 999), st.integers(0, 30), st.integers(-2, 33)).map(
    lambda t: pack(">i", t[2]) + minimal_bytes(t[0] * 10 ** t[1])
)
_MILLIS = st.one_of(
    st.integers(-30_610_224_000_000, 253_402_300_799_999),
    _around(-30_610_224_000_000, 253_402_300_799_999, 0, 951_782_400_000, -86_400_000),
    _integers(64),
)
_DAYS = st.one_of(
    st.integers(-354_285, 2_932_896), _around(-354_285, 2_932_896, 0, 11_016, -25_508)
).map(lambda days: days + 2**31)
_NANOS = st.one_of(
    st.integers(0, 86_399_999_999).map(lambda micros: micros * 1000),
    _around(0, 86_400_000_000_000),
    _integers(64),
)
_DOUBLES = st.one_of(st.floats(), st.floats(-1e6, 1e6), st.integers(-(10**18), 10**18).map(float))

ORDINARY: dict[Pair, st.SearchStrategy[bytes]] = {
    ("text", Form.TEXT): _TEXT,
    ("ascii", Form.TEXT): _TEXT,
    ("blob", Form.HEX): st.binary(max_size=40),
    ("list<int>", Form.HEX): st.binary(max_size=40),
    ("boolean", Form.BOOLEAN): _BYTE,
    ("boolean", Form.INTEGER): _BYTE,
    ("tinyint", Form.INTEGER): _BYTE,
    ("smallint", Form.INTEGER): _packed("h", _integers(16)),
    ("int", Form.INTEGER): _packed("i", _integers(32)),
    ("bigint", Form.INTEGER): _packed("q", _integers(64)),
    ("counter", Form.INTEGER): _packed("q", _integers(64)),
    ("int", Form.DIGITS): _packed("i", _integers(32)),
    ("bigint", Form.DIGITS): _packed("q", _integers(64)),
    ("varint", Form.INTEGER): _LONGER,
    ("varint", Form.DIGITS): _LONGER,
    ("decimal", Form.DECIMAL): st.one_of(_DECIMALS, _ZEROS),
    ("float", Form.NUMBER): _packed("f", st.floats(width=32)),
    ("double", Form.NUMBER): _packed("d", _DOUBLES),
    ("date", Form.DATE): _packed("I", _DAYS),
    ("date", Form.INTEGER): st.binary(min_size=4, max_size=4),
    ("time", Form.TIME): _packed("q", _NANOS),
    ("time", Form.INTEGER): _packed("q", _NANOS),
    ("timestamp", Form.DATETIME): _packed("q", _MILLIS),
    ("timestamp", Form.INTEGER): _packed("q", _MILLIS),
    ("uuid", Form.UUID): st.binary(min_size=16, max_size=16),
    ("timeuuid", Form.UUID): st.binary(min_size=16, max_size=16),
    ("inet", Form.INET): st.one_of(
        st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)
    ),
}
"""By type and form, cells that mostly fit; some are refused for their value."""

LIMITS: dict[str, st.SearchStrategy[Any]] = {
    "chars_max": st.integers(0, 40),
    "bytes_max": st.integers(0, 40),
    "bytes_min": st.integers(0, 8),
    "unicode_max": st.sampled_from([0x41, 0x7F, 0xFFFF]),
    "integer_min": st.one_of(st.just(0), st.integers(-(2**70), 2**64)),
    "integer_max": st.one_of(st.just(2**64 - 1), st.integers(-(2**64), 2**70)),
    "integer_digits_max": st.integers(0, 40),
    "fraction_digits_max": st.integers(0, 45),
    "trailing_space": st.sampled_from([False]),
    "nullable": st.sampled_from([False]),
    "identity": st.sampled_from([True]),
}
"""What a column may hold of its values; see ``forms.Limits``."""
_HEEDED_BY: dict[Form, tuple[str, ...]] = {
    Form.TEXT: ("chars_max", "bytes_max", "unicode_max", "trailing_space"),
    Form.HEX: ("bytes_min", "bytes_max"),
    Form.INTEGER: ("integer_min", "integer_max", "integer_digits_max", "chars_max"),
    Form.DIGITS: ("integer_min", "integer_max", "integer_digits_max", "chars_max"),
    Form.DECIMAL: ("integer_min", "integer_digits_max", "fraction_digits_max", "chars_max"),
    Form.NUMBER: ("integer_min", "integer_digits_max", "fraction_digits_max"),
    Form.DATE: ("integer_min", "integer_max"),
    Form.TIME: ("fraction_digits_max",),
    Form.DATETIME: ("integer_min", "integer_max", "fraction_digits_max"),
}


def limits(form: Form) -> st.SearchStrategy[dict[str, Any]]:
    """Return a few limits that columns of a form have in some target."""
    names = (*_HEEDED_BY.get(form, ("chars_max",)), "nullable", "identity")
    chosen = st.sets(st.sampled_from(names), max_size=2)
    return chosen.flatmap(
        lambda found: st.fixed_dictionaries({name: LIMITS[name] for name in sorted(found)})
    )
