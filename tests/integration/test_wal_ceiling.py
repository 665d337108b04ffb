"""``wal_bytes_max``: what the target has goes from the disk, and the copy is whole nevertheless."""

from __future__ import annotations

from pathlib import Path

import pytest

from cass_snapshot.wal.usage import wal_bytes
from tests.support.command import Command
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED, run_killed_at
from tests.support.servers import Place
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("order", ["token", "key"])
def test_nothing_of_the_wal_is_left_where_all_of_it_is_applied(shared: Place, order: str) -> None:
    """Segments go while the run is at work; a killed one continues from what is left."""
    command = Command(
        shared,
        PLANTED,
        MYSQL__BATCH_ROWS_MAX="40",
        RUN__WORKERS="2",
        RUN__WAL_BYTES_MAX="1 MiB",
        RUN__WINDOW_BYTES="64 KiB",
        RUN__APPLY_ORDER=order,
    )
    run_killed_at(command, "files", "--range-count", "8", event="segment write", hit=17)

    again = command.run("files", "--range-count", "8")

    assert again.code == 0, str(again)
    assert "what was applied is removed" in again.out
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)
    assert list(Path(command.runs).glob("*/wal/*/*.wal")) == []


def test_what_an_earlier_process_kept_goes_too(shared: Place) -> None:
    """Its ranges are done and nobody's task any more, and the ceiling is set only now."""
    command = Command(
        shared, PLANTED, MYSQL__BATCH_ROWS_MAX="40", RUN__WORKERS="1", RUN__APPLY_ORDER="token"
    )
    run_killed_at(command, "files", "--range-count", "8", event="segment write", hit=33)
    kept = list(Path(command.runs).glob("*/wal/*/*.wal"))
    assert len(kept) > 1

    again = command.run("files", "--range-count", "8", RUN__WAL_BYTES_MAX="1 MiB")

    assert again.code == 0, str(again)
    assert differences(shared, "files") == []
    assert [path for path in kept if path.exists()] == []


def test_reading_waits_below_the_ceiling_until_what_is_there_is_applied(shared: Place) -> None:
    """An earlier process captured nearly all of the table, in key order and without a ceiling."""
    ceiling = 2**20
    command = Command(shared, PLANTED, MYSQL__BATCH_ROWS_MAX="40", RUN__WORKERS="2")
    alone = {"RUN__APPLY_ORDER": "key", "RUN__WORKERS": "1"}
    eighths = ("--range-count", "8")
    run_killed_at(command, "files", *eighths, event="segment write", hit=85, **alone)
    before = captured(command)
    assert before > ceiling * 3 // 4
    assert shared.rows_checkpointed() == 0

    most = 0
    with command.start_run(
        "files", "--range-count", "8", RUN__APPLY_ORDER="token", RUN__WAL_BYTES_MAX="1 MiB"
    ) as running:
        while not running.ended:
            most = max(most, captured(command))
        ended = running.wait()

    assert ended.code == 0, str(ended)
    assert most <= max(before, ceiling)
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)
    assert captured(command) == 0


def captured(command: Command) -> int:
    """Return the bytes of all segments of a command's only run."""
    return sum(wal_bytes(path) for path in command.runs.glob("*/wal"))
