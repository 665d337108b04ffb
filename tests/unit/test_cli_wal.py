"""``wal inspect`` and ``wal verify`` on a folder of segments: sound, torn, and damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cass_snapshot.cli.app import main
from cass_snapshot.wal.files import make_private_directory
from cass_snapshot.wal.log import RangeWal
from tests.support.wal_samples import TABLE, append, identity, samples

RUN = "20261120T104211-shop.orders-k3f9"


@pytest.fixture
def segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the only segment of a run's only range: three batches, sealed."""
    folder = tmp_path / RUN
    make_private_directory(folder)
    make_private_directory(folder / "wal")
    (folder / "run.json").write_text("{}")
    log = RangeWal.open(folder / "wal", identity(), checkpoint_seq=0)
    for one in samples(3, closing=True):
        append(log, one)
    log.close()
    monkeypatch.chdir(tmp_path)
    return folder / "wal" / str(TABLE) / "000017-000001.wal"


def wal(segment: Path, *arguments: str) -> int:
    """Look into the WAL, and return the exit code."""
    return main(["wal", *arguments, "--run-dir", str(segment.parents[3])])


def test_a_sound_wal_is_said_to_be_sound(segment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what it holds of each table."""
    assert wal(segment, "verify") == 0
    out = capsys.readouterr().out
    assert "20261120T104211-k3f9: sound, " in out
    assert [line.split() for line in out.splitlines()[-1:]] == [
        ["shop.orders", "1", "1", "1", "3", "5", "0"]
    ]


def test_every_segment_is_shown(segment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, in eighty columns; a script gets all of it."""
    assert wal(segment, "inspect", "--ranges", "3,17-20", "--table", "shop.orders") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].split()[:3] == ["000017-000001.wal", "3", "5"]
    assert max(map(len, lines)) <= 80
    assert wal(segment, "inspect", "--output", "json") == 0
    (found,) = json.loads(capsys.readouterr().out)["ranges"]
    assert (found["closed"], found["fault"], found["first_seq"]) == (True, None, 1)
    (facts,) = found["segments"]
    assert facts["stored"] == segment.stat().st_size
    assert (facts["batches"], facts["rows"], facts["sealed"]) == (3, 5, True)


def test_a_torn_tail_is_no_damage(segment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is what a crash leaves; what is whole before it counts, and nothing is changed."""
    whole = segment.read_bytes()
    segment.write_bytes(whole[: whole.rindex(b'{"commit":3') + 9])
    before = segment.read_bytes()
    assert wal(segment, "verify") == 0
    assert "A torn tail is what a crash leaves" in capsys.readouterr().out
    assert wal(segment, "inspect") == 0
    assert "torn at" in capsys.readouterr().out
    assert segment.read_bytes() == before


def test_the_first_fault_is_named_by_file_and_offset(
    segment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 9, as where a run meets it."""
    data = bytearray(segment.read_bytes())
    at = data.index(b'{"commit":1')
    data[at - 3] ^= 1
    segment.write_bytes(bytes(data))
    for command in ("verify", "inspect"):
        assert wal(segment, command) == 9
        out = capsys.readouterr().out
        header = data.index(b"\n") + 1
        assert f"fault    shop.orders/000017-000001.wal:{header}\n" in out
        assert "1 not read" in out
    assert wal(segment, "verify", "--output", "json") == 9
    (found,) = json.loads(capsys.readouterr().out)["ranges"]
    assert found["fault"]["where"].startswith("shop.orders/000017-000001.wal:")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("verify", "--table", "shop.other"), "holds nothing of that"),
        (("inspect", "--ranges", "99"), "holds nothing of that"),
        (("inspect", "--ranges", "7-3"), "'7-3' names no token ranges"),
        (("verify", "nosuch"), "no run answers to nosuch"),
    ],
)
def test_what_is_not_there_is_named(
    segment: Path, arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is said to be sound."""
    assert wal(segment, *arguments) in (2, 3)
    captured = capsys.readouterr()
    assert named in captured.err
    assert captured.out == ""


def test_one_of_both_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The group by itself does nothing."""
    assert main(["wal"]) == 2
    assert "Missing command" in capsys.readouterr().err
