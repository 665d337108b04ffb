"""The commit line: what a batch has besides its rows, and the lines of before that had none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cass_snapshot.model import Position, Tally
from cass_snapshot.wal.fields import FormatError
from cass_snapshot.wal.format import CHAIN_START, check, parse, seal
from cass_snapshot.wal.records import Commit

COMMIT = Commit(
    seq=1,
    rows=0,
    words=0,
    size=0,
    position=Position(token=7, partition_key=(b"k",)),
    closing=False,
    synced=0,
    prev=CHAIN_START,
)
FULL = Tally(static_only=2, refused=1, nulls=(("owner", 7), ("note", 0)))
IDS = ("0" * 31 + "1", "f" * 32)


def test_a_batch_without_anything_besides_its_rows_is_written_as_ever() -> None:
    """So the segments of a version that had no tally stay valid, byte for byte."""
    line, total = seal(COMMIT)
    head = b'{"commit":1,"rows":0,"words":0,"bytes":0,"position":{"token":7,"pk":["6b"],"ck":[]}'
    assert line.startswith(head + b',"closing":false,"synced":0,"prev":"0000000000000000","sum":"')
    assert parse(line) == COMMIT
    assert total == check(COMMIT, line, b"")


@pytest.mark.parametrize(
    ("tally", "text"),
    [
        (FULL, b'{"static_only":2,"refused":1,"nulls":{"owner":7,"note":0}}'),
        (Tally(static_only=3), b'{"static_only":3}'),
        (
            Tally(refused=2, ids=IDS),
            b'{"refused":2,"ids":["%b","%b"]}' % (b"0" * 31 + b"1", b"f" * 32),
        ),
        (Tally(nulls=(("\u00e9", 1),)), '{"nulls":{"\u00e9":1}}'.encode()),
    ],
)
def test_what_a_batch_has_besides_its_rows_is_in_its_commit_line(tally: Tally, text: bytes) -> None:
    """Zeros are left out, and it comes back equal."""
    commit = replace(COMMIT, tally=tally)
    line, total = seal(commit)
    assert b',"closing":false,"tally":' + text + b',"synced":0' in line
    assert parse(line) == commit
    assert total == check(commit, line, b"")


@pytest.mark.parametrize("tally", [b"{}", b'{"refused":0}', b'{"other":1}', b'{"nulls":{}}'])
def test_a_tally_that_this_tool_does_not_write_makes_the_line_invalid(tally: bytes) -> None:
    """However its checksum was made: the line is not what ``seal`` makes of its record."""
    line, _ = seal(replace(COMMIT, tally=FULL))
    start, end = line.index(b'"tally":') + 8, line.index(b',"synced"')
    other = line[:start] + tally + line[end:]
    with pytest.raises(FormatError, match="checksum"):
        check(parse(other), other, b"")


@pytest.mark.parametrize(
    "tally",
    [
        *(b"null", b"[]", b'{"refused":null}', b'{"nulls":{"a":1.5}}'),
        b'{"refused":1,"ids":["%b"]}' % (b"F" * 32),
        b'{"refused":1,"ids":["%b"]}' % (b"f" * 31),
        b'{"refused":1,"ids":[7]}',
        b'{"refused":1,"ids":null}',
        b'{"refused":2,"ids":["%b"]}' % (b"f" * 32),
        b'{"refused":2,"ids":["%b","%b"]}' % (b"f" * 32, b"f" * 32),
    ],
)
def test_a_tally_of_another_type_is_no_commit_line(tally: bytes) -> None:
    """It is refused before its checksum is looked at."""
    line, _ = seal(replace(COMMIT, tally=FULL))
    start, end = line.index(b'"tally":') + 8, line.index(b',"synced"')
    with pytest.raises(FormatError):
        parse(line[:start] + tally + line[end:])


def test_the_largest_batch_of_refused_rows_fits_a_commit_line() -> None:
    """100,000 rows are the most that a batch may have; a longer line could not be read back."""
    ids = tuple(f"{n:032x}" for n in range(100_000))
    commit = replace(COMMIT, tally=Tally(refused=len(ids), ids=ids))
    line, total = seal(commit)
    assert parse(line) == commit
    assert total == check(commit, line, b"")
