"""The WAL of runs that succeeded goes when its time is over, and no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from cass_snapshot.exits import Exit
from cass_snapshot.model import TableName
from cass_snapshot.settings import RunSettings
from cass_snapshot.settings.retention import kept_for
from cass_snapshot.snapshot.retention import Expired, remove_expired
from cass_snapshot.snapshot.rundir import table_lock
from cass_snapshot.wal.files import make_private_directory

ENDED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = ENDED + timedelta(days=7)
DONE = {"table": "shop.orders", "ranges_total": 8, "ranges_done": 8}
NAMES = ("000000-000001.wal", "000001-000001.wal.zst")


def finished(runs: Path, **result: object) -> Path:
    """Make the folder of a run that ended, with two segments; return it."""
    folder = runs / "20261120T110000-shop.orders-k3f9"
    wal = folder / "wal" / "shop.orders"
    make_private_directory(wal)
    for name in (*NAMES, "000000-000001.wal.torn-12"):
        (wal / name).write_bytes(b"x")
        (wal / name).chmod(0o600)
    (folder / "run.json").write_bytes(b"{}")
    record = {
        "exit_code": 0,
        "wal_retention": "7d",
        "updated_at": ENDED.isoformat(),
        "tables": [DONE],
        **result,
    }
    (folder / "result.json").write_bytes(orjson.dumps(record))
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return an empty folder of runs."""
    make_private_directory(tmp_path / "runs")
    return tmp_path / "runs"


def left(folder: Path) -> int:
    """Return how many segments there are."""
    return sum((folder / "wal" / "shop.orders" / name).exists() for name in NAMES)


def test_after_its_time_the_wal_of_a_run_goes(runs: Path) -> None:
    """Once; and what recovery set aside stays."""
    folder = finished(runs)
    assert remove_expired(runs, LATER) == [Expired(folder=folder, retention="7d", segments=2)]
    assert left(folder) == 0
    assert (folder / "wal" / "shop.orders" / "000000-000001.wal.torn-12").exists()
    assert remove_expired(runs, LATER) == []


@pytest.mark.parametrize(
    "result",
    [
        {"wal_retention": "8d"},
        {"wal_retention": "keep"},
        {"wal_retention": "applied"},
        {"exit_code": int(Exit.PARTIAL)},
        {"exit_code": None},
        {"capture_only": True},
        {"wal_retention": None},
        {"wal_retention": "soon"},
        {"updated_at": "yesterday"},
        {"tables": [{**DONE, "table": "shop.items"}]},
        {"tables": [{**DONE, "ranges_done": 7}]},
        {"tables": []},
        {"tables": None},
    ],
)
def test_what_is_not_known_to_be_over_stays(runs: Path, result: dict[str, object]) -> None:
    """Not over, none set, no success, nothing applied, or the record is not ours."""
    folder = finished(runs, **result)
    assert remove_expired(runs, LATER) == []
    assert left(folder) == 2


def test_a_run_that_has_not_ended_keeps_its_wal(runs: Path) -> None:
    """It has no result.json, and so has one that is continued."""
    folder = finished(runs)
    (folder / "result.json").rename(folder / "result.before.json")
    assert remove_expired(runs, LATER) == []
    assert left(folder) == 2


def test_a_table_that_somebody_works_with_is_left_for_next_time(runs: Path) -> None:
    """For example ``replay-wal``."""
    folder = finished(runs)
    with table_lock(runs, TableName(keyspace="shop", name="orders")):
        assert remove_expired(runs, LATER) == []
    assert left(folder) == 2
    assert len(remove_expired(runs, LATER)) == 1


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("keep", None),
        ("applied", None),
        ("7d", timedelta(days=7)),
        ("12h", timedelta(hours=12)),
        ("90m", timedelta(minutes=90)),
    ],
)
def test_times_are_days_hours_or_minutes(text: str, time: timedelta | None) -> None:
    """As they are written in the config."""
    assert kept_for(text) == time
    assert RunSettings(wal_retention=text).wal_retention == text


@pytest.mark.parametrize("text", ["", "0d", "7", "d", "-1d", "7 d", "7w", "\u0667d", "all"])
def test_anything_else_is_refused(text: str) -> None:
    """With what may be written."""
    with pytest.raises(ValueError, match="such as 7d, 12h or 90m"):
        kept_for(text)


def test_below_a_ceiling_what_is_applied_goes_in_any_case() -> None:
    """Else there would be no room below it."""
    assert RunSettings(wal_retention="applied").removes_applied
    assert RunSettings(wal_bytes_max=2**30).removes_applied
    assert not RunSettings(wal_retention="7d").removes_applied
