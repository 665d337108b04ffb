"""A disk that is full, or cannot be written, on a real file system: the run stops and continues."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED, run_killed_at
from tests.support.servers import Place
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers

DISK_BYTES = 24 * 2**20
HUNDREDTH = DISK_BYTES // 100
WAL_BYTES = 600_000
"""Less than ``files`` takes as a WAL."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Return a small disk."""
    with small_disk(tmp_path, DISK_BYTES) as found:
        yield found


def command_on(disk: SmallDisk, place: Place, waits_s: str) -> Command:
    """Return a command whose runs lie on the small disk."""
    command = Command(
        place,
        PLANTED,
        MYSQL__BATCH_ROWS_MAX="40",
        MYSQL__UNAVAILABLE_TIMEOUT_S=waits_s,
        RUN__WORKERS="2",
        RUN__APPLY_ORDER="token",
    )
    command.runs = disk.path / "runs"
    return command


def test_a_run_waits_for_room_and_goes_on_by_itself(shared: Place, disk: SmallDisk) -> None:
    """It says what it waits for; the operator makes room, and every row arrives."""
    command = command_on(disk, shared, waits_s="120")
    disk.fill(leaving=HUNDREDTH + WAL_BYTES)
    with command.start_run("files", "--range-count", "8") as running:
        running.until(lambda: "room on the disk of the WAL" in running.err(), "it waits for room")
        disk.make_room()
        ended = running.wait()
    assert ended.code == 0, str(ended)
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)


def test_a_disk_that_stays_full_ends_the_run_which_is_continued(
    shared: Place, disk: SmallDisk
) -> None:
    """Exit 6 with what to do; nothing that was read is read again."""
    command = command_on(disk, shared, waits_s="1")
    disk.fill(leaving=HUNDREDTH + WAL_BYTES)
    full = command.run("files", "--range-count", "8")
    assert full.code == 6, str(full)
    assert "the disk of the WAL is full" in full.err
    assert "make room, then run the same command again" in full.err

    disk.make_room()
    again = command.run("files", "--range-count", "8")
    assert again.code == 0, str(again)
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)


def test_a_disk_that_fills_up_under_a_batch_loses_nothing(shared: Place, disk: SmallDisk) -> None:
    """The batch is larger than what is left alone, so that the write itself fails (ENOSPC)."""
    command = command_on(disk, shared, waits_s="5")
    disk.fill(leaving=HUNDREDTH + WAL_BYTES)
    big = {"MYSQL__BATCH_ROWS_MAX": "5000"}
    full = command.run("files", "--range-count", "1", **big)
    assert full.code == 6, str(full)
    assert "No space left on device" in full.err

    disk.make_room()
    again = command.run("files", "--range-count", "1", **big)
    assert again.code == 0, str(again)
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)


def test_a_disk_that_cannot_be_written_is_named(shared: Place, disk: SmallDisk) -> None:
    """A file system that the kernel has turned read-only is for a human; then the run goes on."""
    command = command_on(disk, shared, waits_s="5")
    run_killed_at(command, "files", "--range-count", "8", event="segment write", hit=12)
    disk.allow_writing(allowed=False)
    refused = command.run("files", "--range-count", "8")
    assert refused.code in (3, 9), str(refused)
    assert "Read-only file system" in refused.err
    assert "Traceback" not in refused.err

    disk.allow_writing(allowed=True)
    again = command.run("files", "--range-count", "8")
    assert again.code == 0, str(again)
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)
