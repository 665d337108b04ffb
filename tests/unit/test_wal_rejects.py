"""The files under ``rejected``: pairs of lines, whoever appends, whatever a crash leaves."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from cass_snapshot.errors import StateError
from cass_snapshot.model import TableName
from cass_snapshot.protocols import Rejects
from cass_snapshot.rejection import Problem, Rejected
from cass_snapshot.wal.disk import Files
from cass_snapshot.wal.files import REAL
from cass_snapshot.wal.kept import read_rows, read_whys
from cass_snapshot.wal.rejects import RejectFile, row_id, stem_of
from tests.support.forgetful_disk import ForgetfulDisk, Kept, PowerCut

ORDERS = TableName(keyspace="shop", name="orders")
OTHER = TableName(keyspace="crm", name="orders")
NAMES = ("id", "total", "cassandra_token")
TOO_LONG = Problem(column="total", what="28 digits", fix="widen it", error=1264, code="CS-D02")
BY_ENCODER = Rejected(token=-42, key=(b"\x0f",), problems=(TOO_LONG,), cells=(b"\x0f", None))
BY_TARGET = Rejected(
    token=7, key=(b"\x1a",), problems=(TOO_LONG,), line=b'[7,"4.20\xc3\xa9",-1.0]\n'
)


def rejects(folder: Path, table: TableName = ORDERS, files: Files = REAL) -> RejectFile:
    """Return the reject files of a table, called orders."""
    return RejectFile(folder / "rejected", "orders", table, NAMES, files=files)


def rows(folder: Path, table: TableName = ORDERS, files: Files = REAL) -> list[Rejected]:
    """Return the rows that were set aside."""
    return [kept.row for kept in read_rows(folder / "rejected", table, NAMES, files=files)]


def lines(path: Path) -> list[dict[str, object]]:
    """Return a file's lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_row_and_its_reason_are_a_pair_and_come_back_equal(tmp_path: Path) -> None:
    """Cells where the encoder refused it, values where the target did."""
    kept: Rejects = rejects(tmp_path)
    kept.add([BY_ENCODER, BY_TARGET])
    assert rows(tmp_path) == [BY_ENCODER, BY_TARGET]
    folder = tmp_path / "rejected"
    first, second = lines(folder / "orders.jsonl")
    assert first["row"] == {"cells": {"id": "0f", "total": None}}
    assert second["row"] == {"values": {"id": 7, "total": "4.20é", "cassandra_token": -1.0}}
    why, _ = lines(folder / "orders.why.jsonl")
    assert (why["id"], why["token"], why["key"]) == (first["id"], -42, ["0f"])
    assert why["found_by"] == "encoder"
    assert why["columns"] == [
        {"column": "total", "error": 1264, "code": "CS-D02", "why": "28 digits", "fix": "widen it"}
    ]
    assert [w.found_by for w in read_whys(folder, ORDERS)] == ["encoder", "target"]


def test_the_reason_holds_no_row_data_but_the_key(tmp_path: Path) -> None:
    """It may be shown to whoever helps (I12)."""
    rejects(tmp_path).add([BY_TARGET])
    assert "4.20" not in (tmp_path / "rejected" / "orders.why.jsonl").read_text()


def test_nothing_is_made_where_nothing_is_rejected(tmp_path: Path) -> None:
    """An empty folder would frighten people."""
    assert rejects(tmp_path).add([]) == ()
    assert list(tmp_path.iterdir()) == []
    assert rows(tmp_path) == []


def test_the_files_are_private(tmp_path: Path) -> None:
    """They hold rows."""
    rejects(tmp_path).add([BY_TARGET])
    folder = tmp_path / "rejected"
    modes = [p.stat().st_mode & 0o777 for p in (folder, *sorted(folder.iterdir()))]
    assert modes == [0o700, 0o600, 0o600]


def test_the_same_row_again_counts_once_and_the_last_one_wins(tmp_path: Path) -> None:
    """A range that is read again rejects its rows again."""
    rejects(tmp_path).add([BY_ENCODER])
    again = replace(BY_ENCODER, cells=(b"\x0f", b"now"), problems=())
    assert rejects(tmp_path).add([again, BY_TARGET]) == (
        row_id(ORDERS, again.key),
        row_id(ORDERS, BY_TARGET.key),
    )
    assert rows(tmp_path) == [again, BY_TARGET]


def test_several_writers_append_whole_lines(tmp_path: Path) -> None:
    """Each under a lock of the file."""
    made = [
        Rejected(token=n, key=(b"%d" % n,), problems=(TOO_LONG,), cells=(b"x" * 5000, None))
        for n in range(64)
    ]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(rejects(tmp_path).add, made[n::8]) for n in range(8)]:
            done.result()
    assert sorted(rows(tmp_path), key=lambda r: r.token) == made


@pytest.mark.parametrize("ending", [".jsonl", ".why.jsonl"])
def test_half_a_line_is_passed_over_and_the_next_one_stands_by_itself(
    tmp_path: Path, ending: str
) -> None:
    """A crash cut it; its batch was not durable, and the row comes again."""
    rejects(tmp_path).add([BY_ENCODER, BY_TARGET])
    path = tmp_path / "rejected" / f"orders{ending}"
    path.write_bytes(path.read_bytes()[:-30])
    assert rows(tmp_path) == [BY_ENCODER]
    rejects(tmp_path).add([BY_TARGET])
    assert rows(tmp_path) == [BY_ENCODER, BY_TARGET]


def test_a_changed_byte_makes_a_line_none(tmp_path: Path) -> None:
    """A row is mended as it was, or not at all."""
    rejects(tmp_path).add([BY_TARGET])
    path = tmp_path / "rejected" / "orders.jsonl"
    path.write_bytes(path.read_bytes().replace(b"4.20", b"4.30"))
    assert rows(tmp_path) == []


def test_tables_of_one_name_have_files_of_their_own(tmp_path: Path) -> None:
    """And where one joined later, each still finds its own rows in the file of both."""
    assert stem_of(ORDERS, [ORDERS]) == "orders"
    assert stem_of(ORDERS, [ORDERS, OTHER]) == "shop.orders"
    rejects(tmp_path).add([BY_ENCODER])
    rejects(tmp_path, OTHER).add([BY_TARGET])
    newer = replace(BY_ENCODER, cells=(b"\x0f", b"1"))
    RejectFile(tmp_path / "rejected", "shop.orders", ORDERS, NAMES).add([newer])
    assert (rows(tmp_path), rows(tmp_path, OTHER)) == ([newer], [BY_TARGET])


def test_different_keys_have_different_names() -> None:
    """Also where their bytes together are the same, and where one is null."""
    keys = [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", None), (b"abc", b""), (b"", b"abc")]
    assert len({row_id(t, key) for t in (ORDERS, OTHER) for key in keys}) == 2 * len(keys)


def test_a_row_of_other_columns_is_refused(tmp_path: Path) -> None:
    """The files of another run, put in the wrong place."""
    rejects(tmp_path).add([BY_TARGET])
    with pytest.raises(StateError, match="not as this tool writes them"):
        list(read_rows(tmp_path / "rejected", ORDERS, ("id", "body", "cassandra_token")))
    with pytest.raises(StateError, match="lacks a name"):
        list(read_rows(tmp_path / "rejected", ORDERS, (*NAMES, "more")))


def test_a_long_line_is_read_across_blocks(tmp_path: Path) -> None:
    """Whatever its length."""
    long = replace(BY_TARGET, line=orjson.dumps([7, "x" * 3_000_000, 1.5]) + b"\n")
    rejects(tmp_path).add([long, BY_ENCODER])
    assert rows(tmp_path) == [long, BY_ENCODER]


def run(disk: ForgetfulDisk) -> int:
    """Set rows aside one by one until the power goes; return how many were reported durable."""
    reported = 0
    try:
        for n in range(3):
            one = replace(BY_ENCODER, key=(b"%d" % n,))
            rejects(Path("/wal"), files=disk).add([one])
            reported += 1
    except (PowerCut, OSError):
        pass
    return reported


@pytest.mark.parametrize("stops", ["cut", "fail"])
def test_what_was_reported_durable_survives_any_cut(stops: str) -> None:
    """At every operation of the disk, and whatever it forgets; the next process goes on."""
    whole = ForgetfulDisk()
    whole.put(Path("/wal/placeholder"), b"")
    assert run(whole) == 3
    for at in range(1, len(whole.operations) + 1):
        for seed, kept in enumerate([*Kept, *[Kept.SOME] * 5]):
            disk = ForgetfulDisk(cut_at=at) if stops == "cut" else ForgetfulDisk(fail_at=at)
            disk.put(Path("/wal/placeholder"), b"")
            reported = run(disk)
            left = disk.survivor(kept, seed)
            found = rows(Path("/wal"), files=left)
            assert [r.key for r in found[:reported]] == [(b"%d" % n,) for n in range(reported)]
            assert run(left) == 3
            assert len(rows(Path("/wal"), files=left)) == 3
