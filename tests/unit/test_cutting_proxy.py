"""The proxy of the crash tests cuts at a COMMIT, and at nothing that only looks like one."""

from __future__ import annotations

import pytest

from tests.support.cutting_proxy import is_commit, without_tls


def packet(payload: bytes, sequence: int = 0) -> bytes:
    """Return a packet of a client."""
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


@pytest.mark.parametrize("query", [b"COMMIT", b"commit", b"\0\1commit"])
def test_a_commit_is_one_in_any_case(query: bytes) -> None:
    """With and without the room for attributes."""
    assert is_commit(packet(b"\x03" + query))


@pytest.mark.parametrize(
    "other",
    [
        packet(b"\x03SET @@session.autocommit = OFF"),
        packet(b"\x03SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"),
        packet(b"\x03COMMIT", sequence=2),
        packet(b"\x0eCOMMIT"),
        packet(b""),
    ],
)
def test_what_has_the_word_alone_is_none(other: bytes) -> None:
    """A session's settings, and rows of a file."""
    assert not is_commit(other)


def test_the_offer_of_tls_is_taken_from_a_greeting_and_nothing_else() -> None:
    """The flag 0x0800 behind version, thread, scramble and filler; a refusal passes as it is."""
    head = b"\x0a9.7.4\0" + b"\7\0\0\0" + b"a" * 8 + b"\0"
    greeting = packet(head + b"\xff\xff" + b"rest")
    assert without_tls(greeting) == packet(head + b"\xff\xf7" + b"rest")
    refusal = packet(b"\xff\x10\x04Too many connections")
    assert without_tls(refusal) == refusal
