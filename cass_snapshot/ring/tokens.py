"""Tokens: where Murmur3Partitioner puts a partition key on the ring.

Source: Apache Cassandra, ``Murmur3Partitioner`` and ``CompositeType``; the hash is the driver's.
"""

from __future__ import annotations

from collections.abc import Sequence

from cassandra.metadata import murmur3

from cass_snapshot.model import TOKEN_MAX, TOKEN_MIN

PARTITIONER = "org.apache.cassandra.dht.Murmur3Partitioner"


def serialize_partition_key(cells: Sequence[bytes]) -> bytes:
    """Return the bytes that Cassandra hashes and compares.

    One component stands for itself; several are each written as a 16-bit length, the bytes, a zero.
    """
    if len(cells) == 1:
        return cells[0]
    return b"".join(len(cell).to_bytes(2, "big") + cell + b"\x00" for cell in cells)


def token(cells: Sequence[bytes]) -> int:
    """Return the token of a partition key given as the serialized cells of its columns.

    Cassandra moves a hash of the smallest 64-bit number to the largest, so no row has TOKEN_MIN.
    """
    hashed: int = murmur3(serialize_partition_key(cells))
    return TOKEN_MAX if hashed == TOKEN_MIN else hashed
