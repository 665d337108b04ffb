"""The digest of a primary key, which stands for it where no natural key can. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def key_digest(cells: Iterable[bytes]) -> bytes:
    """Return the SHA-256 of a primary key's cells, each with its length before it.

    The length is 4 bytes, big-endian; partition key first, then clustering columns.
    """
    return hashlib.sha256(b"".join(len(c).to_bytes(4, "big") + c for c in cells)).digest()
