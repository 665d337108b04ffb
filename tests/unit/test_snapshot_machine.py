"""What ``doctor`` says of this machine: the disk is measured, and nothing stays behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cass_snapshot import logs
from cass_snapshot.planned import Finding, Level
from cass_snapshot.snapshot.preflight import machine
from cass_snapshot.snapshot.preflight.machine import machine_findings
from cass_snapshot.wal.probe import sync_seconds

GIB = 2**30


def of_level(found: list[Finding], level: Level) -> list[str]:
    """Return the texts of a level."""
    return [finding.text for finding in found if finding.level is level]


def test_a_folder_that_is_there_is_measured_and_left_as_it_was(tmp_path: Path) -> None:
    """Synced a few times, in milliseconds."""
    folder = tmp_path / "runs"
    folder.mkdir(mode=0o700)
    found = machine_findings(folder, None)
    assert not of_level(found, Level.FAIL)
    (text,) = [f.text for f in found if "fsync" in f.text]
    assert re.search(r"runs is there, on \w+, fsync [\d.]+ ms$", text)
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """The one above it is looked at instead."""
    folder = tmp_path / "a" / "runs"
    found = machine_findings(folder, None)
    assert any(f"will be made in {tmp_path}" in f.text for f in found)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_others_may_open_fails(tmp_path: Path) -> None:
    """As it would stop a run."""
    folder = tmp_path / "runs"
    folder.mkdir()
    folder.chmod(0o755)
    (failed,) = [f for f in machine_findings(folder, None) if f.level is Level.FAIL]
    assert "other users may open this file" in failed.text
    assert "chmod go-rwx" in failed.fix


def test_a_file_in_the_place_of_the_folder_fails(tmp_path: Path) -> None:
    """With what to type instead."""
    place = tmp_path / "runs"
    place.write_text("x", encoding="utf-8")
    (failed,) = [f for f in machine_findings(place, None) if f.level is Level.FAIL]
    assert "--run-dir" in failed.fix


def test_the_need_of_the_plan_is_held_against_the_disk(tmp_path: Path) -> None:
    """More than is free is a warning: a full disk ends a run, which continues later."""
    fits = machine_findings(tmp_path / "runs", 2_048)
    assert any("plan needs about 2.0 KiB" in text for text in of_level(fits, Level.OK))
    (text,) = [
        t for t in of_level(machine_findings(tmp_path / "runs", 2**60), Level.WARN) if "plan" in t
    ]
    assert "plan needs about 1,073,741,824.0 GiB: a full disk ends a run, exit 6" in text


def test_a_slow_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch waits for a sync."""
    monkeypatch.setattr(machine, "sync_seconds", lambda _: 0.05)
    warned = of_level(machine_findings(tmp_path / "runs", None), Level.WARN)
    assert any("fsync 50.0 ms" in text for text in warned)


def test_a_part_that_does_not_load_is_a_warning_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver without it works, slowly, and says nothing."""
    parts = (
        logs.Part(name="libev", failure=""),
        logs.Part(name=logs.MYSQL_PART, failure="OPENSSL_3.2.0 missing"),
    )
    monkeypatch.setattr(logs, "parts", lambda: parts)
    found = machine_findings(tmp_path / "runs", None)
    (warned,) = [f for f in found if "OPENSSL" in f.text]
    assert warned.level is Level.WARN
    assert warned.fix.startswith("pip install")
    assert "libev" in found[0].text


def test_a_sync_takes_time_and_leaves_no_file(tmp_path: Path) -> None:
    """Whatever the disk."""
    assert 0 < sync_seconds(tmp_path) < 60
    assert list(tmp_path.iterdir()) == []
