"""Tokens agree with an implementation that shares nothing with the driver's."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from cass_snapshot.model import TOKEN_MAX, TOKEN_MIN
from cass_snapshot.ring.tokens import serialize_partition_key, token
from tests.support import murmur3


@given(st.binary(max_size=200))
@example(bytes(range(256)))
@example(b"\x80" * 15)
@example(b"\xff" * 31)
def test_the_token_of_any_key_is_that_of_the_second_witness(key: bytes) -> None:
    """Keys of every length, so that every length of the tail is met."""
    assert murmur3.token(key) == token([key])


def _lengths_first(cells: list[bytes]) -> bytes:
    out = bytearray()
    for cell in cells:
        out += bytes([len(cell) >> 8, len(cell) & 0xFF]) + cell + b"\0"
    return bytes(out)


@given(st.lists(st.binary(max_size=300), min_size=2, max_size=5))
def test_a_composite_key_is_hashed_as_cassandra_writes_it(cells: list[bytes]) -> None:
    """Several columns are framed, so that ("a", "bc") and ("ab", "c") are two keys."""
    assert _lengths_first(cells) == serialize_partition_key(cells)
    assert murmur3.token(_lengths_first(cells)) == token(cells)


@given(st.integers(TOKEN_MIN, TOKEN_MAX), st.integers(0, 2**64 - 1))
def test_every_token_can_be_reached(hashed: int, other: int) -> None:
    """For each hash there is a key; only TOKEN_MIN is moved."""
    expected = TOKEN_MAX if hashed == TOKEN_MIN else hashed
    assert expected == token([murmur3.key_with_hash(hashed, other)])
