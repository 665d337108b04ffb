"""Partition keys with any wanted token: Murmur3 of one 16-byte block, computed backwards.

Cassandra's token is the first half of MurmurHash3 x64 128 (seed 0). A key of exactly 16 bytes is
one block without a tail, and every step of the hash over it can be undone, so the second half of
the hash is free to choose: each choice is another key with the same token.

    key ──mix──> (h1, h2) ──xor length, add, fmix, add──> (token, free choice)

Shares nothing with ``cass_snapshot.ring``; a test compares it with Cassandra's own ``token()``.
"""

from __future__ import annotations

_BITS = 64
_MASK: int = 2**64 - 1
_C1 = 0x87C37B91114253D5
_C2 = 0x4CF5AD432745937F
_FMIX_1 = 0xFF51AFD7ED558CCD
_FMIX_2 = 0xC4CEB9FE1A85EC53
_BLOCK = 16


def key_with_token(token: int, choice: int = 0) -> bytes:
    """Return a 16-byte key that hashes to ``token``; each ``choice`` gives another one.

    A hash of -2**63 is the one that Cassandra moves to 2**63-1, so that key has the greatest token.
    """
    h1, h2 = token & _MASK, (choice * 0x9E3779B97F4A7C15 + 1) & _MASK
    # h1 += h2; h2 += h1, each undone in turn
    h2 = (h2 - h1) & _MASK
    h1 = (h1 - h2) & _MASK
    h1, h2 = _unmixed(h1), _unmixed(h2)
    h2 = (h2 - h1) & _MASK
    h1 = (h1 - h2) & _MASK
    h1, h2 = h1 ^ _BLOCK, h2 ^ _BLOCK
    k2 = ((h2 - 0x38495AB5) * _inverse(5)) & _MASK
    k2 = _rotated_right((k2 - h1) & _MASK, 31)
    k2 = (_rotated_right((k2 * _inverse(_C1)) & _MASK, 33) * _inverse(_C2)) & _MASK
    k1 = ((h1 - 0x52DCE729) * _inverse(5)) & _MASK
    k1 = _rotated_right(k1, 27)  # h2 is zero when it is added before the first block is done
    k1 = (_rotated_right((k1 * _inverse(_C2)) & _MASK, 31) * _inverse(_C1)) & _MASK
    return k1.to_bytes(8, "little") + k2.to_bytes(8, "little")


def _inverse(odd: int) -> int:
    inverse: int = pow(odd, -1, _MASK + 1)
    return inverse


def _rotated_right(number: int, by: int) -> int:
    return (number >> by | number << (_BITS - by)) & _MASK


def _unmixed(number: int) -> int:
    """Undo the finalizer: two multiplications between three xor-shifts by 33, each its own undo."""
    number ^= number >> 33
    number = (number * _inverse(_FMIX_2)) & _MASK
    number ^= number >> 33
    number = (number * _inverse(_FMIX_1)) & _MASK
    return number ^ number >> 33
