"""A page of the driver's protocol: its rows stay the bytes that they came as."""

from __future__ import annotations

from struct import pack

import pytest
from cassandra.cqltypes import Int32Type, UTF8Type

from cass_snapshot.reader.raw import RawProtocolHandler, raw_rows
from cass_snapshot.wire import WireRows
from tests.support.wired import content

ROWS = [(b"\0\0\0\1", b"a"), (b"\0\0\0\2", None), (b"", b"")]
METADATA = [("ks", "t", "id", Int32Type), ("ks", "t", "v", UTF8Type)]
_NO_METADATA = 4
_MORE_PAGES = 2
_ROWS, _RESULT = 2, 8


def message(*, state: bytes | None = None, rows: bytes = content(ROWS)) -> bytes:
    """Return a result of rows as a node answers a prepared statement."""
    flags = _NO_METADATA | (0 if state is None else _MORE_PAGES)
    paging = b"" if state is None else pack(">i", len(state)) + state
    return pack(">iii", _ROWS, flags, 2) + paging + rows


def decode(body: bytes) -> object:
    """Return what the handler makes of a message."""
    return RawProtocolHandler.decode_message(5, {}, 1, 0, _RESULT, body, None, METADATA)


@pytest.mark.parametrize("state", [None, b"there"])
def test_a_page_is_its_rows_and_where_the_next_begins(state: bytes | None) -> None:
    """No cell is decoded, also where its type would refuse the bytes."""
    found = decode(message(state=state))
    assert isinstance(found.parsed_rows, WireRows)  # type: ignore[attr-defined]  # the driver's
    assert list(raw_rows(found.column_names, found.parsed_rows)) == ROWS  # type: ignore[attr-defined]  # the driver's
    assert (found.column_names, found.paging_state) == (["id", "v"], state)  # type: ignore[attr-defined]  # the driver's


def test_a_torn_page_is_an_error_and_no_page() -> None:
    """The driver ends the connection that it came over, and the request fails."""
    with pytest.raises(ValueError, match="page of 3 rows"):
        decode(message()[:-1])


def test_a_page_that_was_not_parsed_is_an_error() -> None:
    """The driver's own parser leaves None behind where it failed."""
    with pytest.raises(ValueError, match="could not parse"):
        raw_rows([], None)
