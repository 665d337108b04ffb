"""Sizes from samples, rates from earlier runs: nothing is guessed that nobody told."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from cass_snapshot.settings import RunSettings, Settings, redacted
from cass_snapshot.snapshot.preflight.earlier import Earlier
from cass_snapshot.snapshot.preflight.estimate import (
    COMMIT_BYTES,
    cell_bytes,
    changes,
    estimate,
    rate_of,
)
from cass_snapshot.snapshot.preflight.preview import Change, Estimate, Rate, Sampled

RATE = Rate(run_id="20261120T104211-k3f9", rows_per_s=100.0)
SAMPLED = Sampled(rows=10, whole=False, bytes=1_000, wal_bytes=2_000)


def test_a_sample_is_scaled_to_the_table() -> None:
    """Each commit of the WAL has a line of its own beside the rows."""
    assert estimate(SAMPLED, 100, 50, RATE) == Estimate(
        rows_estimate=100,
        bytes_estimate=10_000,
        wal_bytes_estimate=20_000 + 2 * COMMIT_BYTES,
        seconds_estimate=1.0,
    )


def test_a_table_that_was_read_whole_is_counted() -> None:
    """Whatever the source believes."""
    whole = Sampled(rows=10, whole=True, bytes=1_000, wal_bytes=2_000)
    found = estimate(whole, 999, 50, None)
    assert (found.rows_estimate, found.bytes_estimate, found.counted) == (10, 1_000, True)
    assert found.seconds_estimate is None


@pytest.mark.parametrize(
    ("sampled", "rows", "told"),
    [
        (None, 100, Estimate()),
        (SAMPLED, None, Estimate()),
        (Sampled(rows=0, whole=False, bytes=0, wal_bytes=0), 100, Estimate(rows_estimate=100)),
    ],
)
def test_what_nobody_tells_is_left_out(
    sampled: Sampled | None, rows: int | None, told: Estimate
) -> None:
    """No row, no size; no number of rows, no total."""
    assert estimate(sampled, rows, 50, RATE) == told


def test_the_size_of_cells_leaves_out_what_is_not_there() -> None:
    """NULL has no bytes."""
    assert cell_bytes([(b"abc", None), (b"", b"d")]) == 4


def result(**table: object) -> dict[str, object]:
    """Return a ``result.json`` of one table, with 900 rows in three seconds."""
    plain = {"table": "shop.orders", "rows_applied": 1_000, "rows_before": 100}
    return {"copy_s": 3.0, "tables": [plain | table]}


def test_a_rate_counts_the_rows_of_that_process() -> None:
    """Those of the process before were copied in other seconds."""
    assert rate_of("r", result(), "shop.orders") == Rate(run_id="r", rows_per_s=300.0)


@pytest.mark.parametrize(
    "record",
    [{}, result(table="shop.other"), result(rows_applied=100), result() | {"copy_s": 0.0}],
)
def test_a_run_that_copied_nothing_tells_no_rate(record: dict[str, object]) -> None:
    """Nor does one of other tables."""
    assert rate_of("r", record, "shop.orders") is None


def test_settings_that_differ_are_named_and_secrets_are_not() -> None:
    """A key that only one version knows is no difference, nor what a run found by itself."""
    before = {
        "run": {"workers": 4, "old": 1},
        "mysql": {"password": "***", "host": "a"},
        "cassandra": {"local_datacenter": "dc1"},
    }
    now = {
        "run": {"workers": 8, "new": 1},
        "mysql": {"password": None, "host": "a"},
        "cassandra": {"local_datacenter": None},
    }
    assert changes(before, now) == (Change(key="run.workers", before="4", now="8"),)


def write_run(folder: Path, settings: Settings, record: dict[str, object]) -> None:
    """Write what a run leaves behind."""
    folder.mkdir()
    tables = [{"table": "shop.orders"}]
    run = orjson.dumps({"tables": tables, "settings": redacted(settings)})
    (folder / "run.json").write_bytes(run)
    (folder / "result.json").write_bytes(orjson.dumps(record))


def test_the_newest_run_that_copied_rows_tells_the_rate(tmp_path: Path) -> None:
    """The newest one of all tells the settings, also where it copied nothing."""
    old, new = tmp_path / "20261120T104211-shop.orders-aaaa", tmp_path / "20261121T1-shop.orders-b"
    write_run(old, Settings(run=RunSettings(workers=4)), result())
    write_run(new, Settings(run=RunSettings(workers=8)), result(rows_applied=0, rows_before=0))
    found = Earlier.find(tmp_path, ["shop.orders"])
    rate = found.rate("shop.orders")
    assert found.run_id == "20261121T1-b"
    assert rate is not None
    assert rate.run_id == "20261120T104211-aaaa"
    now = redacted(Settings(run=RunSettings(workers=2)))
    assert found.changes(now) == (Change(key="run.workers", before="8", now="2"),)


def test_a_folder_without_runs_tells_nothing(tmp_path: Path) -> None:
    """Nor does one that is not there, or a record that is torn."""
    assert Earlier.find(tmp_path / "absent", ["a.b"]).run_id is None
    folder = tmp_path / "20261121T1-a.b-c"
    folder.mkdir()
    (folder / "run.json").write_bytes(b"{")
    assert Earlier.find(tmp_path, ["a.b"]) == Earlier()
