"""Tokens of partition keys, as Cassandra computes them."""

from __future__ import annotations

import pytest

from cass_snapshot.model import TOKEN_MAX, TOKEN_MIN
from cass_snapshot.ring.tokens import serialize_partition_key, token
from tests.support import murmur3


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, -3485513579396041028),
        (1, -4069959284402364209),
        (2, -3248873570005575792),
        (3, 9010454139840013625),
        (4, -2729420104000364805),
        (5, -7509452495886106294),
    ],
)
def test_an_int_key_has_the_token_that_cassandra_prints(number: int, expected: int) -> None:
    """``SELECT token(id)`` of a table with an int key prints these."""
    assert expected == token([number.to_bytes(4, "big")])


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (b"123", -7468325962851647638),
        (b"\x00\xff\x10\xfa\x99" * 10, 5837342703291459765),
        (b"\xfe" * 8, -8927430733708461935),
        (b"\x10" * 8, 1446172840243228796),
        (b"9223372036854775807", 7162290910810015547),
        (b"", 0),
    ],
)
def test_bytes_above_127_count_as_negative_in_the_tail(key: bytes, expected: int) -> None:
    """Cassandra's Murmur3 is not everybody's: the last bytes of a key are signed."""
    assert expected == token([key])


def test_no_row_has_the_smallest_token() -> None:
    """A key whose hash is TOKEN_MIN is moved to TOKEN_MAX."""
    key = murmur3.key_with_hash(TOKEN_MIN, 7)
    assert murmur3.hash64(key) == TOKEN_MIN
    assert token([key]) == TOKEN_MAX


@pytest.mark.parametrize("reachable", [TOKEN_MIN + 1, -1, 0, 1, TOKEN_MAX - 1, TOKEN_MAX])
def test_every_other_token_stays_where_the_hash_is(reachable: int) -> None:
    """The smallest and the greatest reachable tokens belong to keys that exist."""
    assert reachable == token([murmur3.key_with_hash(reachable, 11)])


def test_a_key_of_one_column_is_hashed_as_it_is() -> None:
    """No length stands before it."""
    assert serialize_partition_key([b"abc"]) == b"abc"


def test_a_composite_key_is_length_bytes_zero_for_each_column() -> None:
    """CompositeType's layout, empty components included."""
    assert (
        serialize_partition_key([b"a", b"", b"x" * 256])
    ) == b"\x00\x01a\x00" + b"\x00\x00\x00" + b"\x01\x00" + b"x" * 256 + b"\x00"
