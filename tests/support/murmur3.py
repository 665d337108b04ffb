"""Murmur3Partitioner by itself, in plain Python: a second witness for tokens.

After Apache Cassandra, ``MurmurHash.hash3_x64_128`` with seed 0, of which the token is the first
half. The one place where Cassandra differs from everybody else: the bytes of the tail are signed.
"""

from __future__ import annotations

from functools import cache

_MASK = 2**64 - 1
_C1 = 0x87C37B91114253D5
_C2 = 0x4CF5AD432745937F
_F1 = 0xFF51AFD7ED558CCD
_F2 = 0xC4CEB9FE1A85EC53
BLOCK = 16


def _rotate(word: int, bits: int) -> int:
    return ((word << bits) | (word >> (64 - bits))) & _MASK


def _mix1(word: int) -> int:
    return _rotate(word * _C1 & _MASK, 31) * _C2 & _MASK


def _mix2(word: int) -> int:
    return _rotate(word * _C2 & _MASK, 33) * _C1 & _MASK


def _finish(word: int) -> int:
    word ^= word >> 33
    word = word * _F1 & _MASK
    word ^= word >> 33
    word = word * _F2 & _MASK
    return word ^ word >> 33


def _signed(word: int) -> int:
    return word - 2**64 if word >= 2**63 else word


def hash64(key: bytes) -> int:
    """Return the first half of the hash, as a signed number."""
    h1 = h2 = 0
    whole = len(key) - len(key) % BLOCK
    for start in range(0, whole, BLOCK):
        k1 = int.from_bytes(key[start : start + 8], "little")
        k2 = int.from_bytes(key[start + 8 : start + 16], "little")
        h1 = (_rotate(h1 ^ _mix1(k1), 27) + h2) * 5 + 0x52DCE729 & _MASK
        h2 = (_rotate(h2 ^ _mix2(k2), 31) + h1) * 5 + 0x38495AB5 & _MASK
    k1 = k2 = 0
    for place, byte in enumerate(key[whole:]):
        signed = byte - 256 if byte > 127 else byte
        if place < 8:
            k1 ^= signed << 8 * place
        else:
            k2 ^= signed << 8 * (place - 8)
    h1 ^= _mix1(k1 & _MASK)
    h2 ^= _mix2(k2 & _MASK)
    h1 ^= len(key)
    h2 ^= len(key)
    h1 = h1 + h2 & _MASK
    h2 = h2 + h1 & _MASK
    h1, h2 = _finish(h1), _finish(h2)
    return _signed(h1 + h2 & _MASK)


@cache
def token(key: bytes) -> int:
    """Return the token of a serialized partition key."""
    hashed = hash64(key)
    return 2**63 - 1 if hashed == -(2**63) else hashed


def _unmultiply(word: int, factor: int) -> int:
    return word * pow(factor, -1, 2**64) & _MASK


def _unfinish(word: int) -> int:
    word ^= word >> 33
    word = _unmultiply(word, _F2)
    word ^= word >> 33
    word = _unmultiply(word, _F1)
    return word ^ word >> 33


def key_with_hash(first: int, second: int) -> bytes:
    """Return the key of 16 bytes whose hash has these halves; each step is run backwards."""
    h1, h2 = first & _MASK, second & _MASK
    h2 = h2 - h1 & _MASK
    h1 = h1 - h2 & _MASK
    h1, h2 = _unfinish(h1), _unfinish(h2)
    h2 = h2 - h1 & _MASK
    h1 = h1 - h2 & _MASK
    h1, h2 = h1 ^ BLOCK, h2 ^ BLOCK
    k2 = _rotate(_unmultiply(h2 - 0x38495AB5 & _MASK, 5) - h1 & _MASK, 33)
    k1 = _rotate(_unmultiply(h1 - 0x52DCE729 & _MASK, 5), 37)
    k1 = _unmultiply(_rotate(_unmultiply(k1, _C2), 33), _C1)
    k2 = _unmultiply(_rotate(_unmultiply(k2, _C1), 31), _C2)
    return k1.to_bytes(8, "little") + k2.to_bytes(8, "little")
