"""What remains of a run is cut anew by what its WAL and its checkpoints say, whichever is ahead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cass_snapshot.errors import Transient
from cass_snapshot.model import TOKEN_MAX, Checkpoint, Lines, Position, RangeState
from cass_snapshot.ring.split import prove_tiling
from cass_snapshot.settings import RunSettings
from cass_snapshot.snapshot.plan import RunPlan
from cass_snapshot.snapshot.remains import cut_anew
from cass_snapshot.wal.files import make_private_directory
from cass_snapshot.wiring import open_wal
from tests.support.admins import MemoryAdmin, MemoryLedger
from tests.support.plans import plan, settings

ROW = Lines(data=b"[1]\n", rows=1, words=0)


@pytest.fixture
def wal(tmp_path: Path) -> Path:
    """Give the folder of a run's segments."""
    make_private_directory(tmp_path / "wal")
    return tmp_path / "wal"


def continued(admin: MemoryAdmin, *checkpoints: Checkpoint) -> RunPlan:
    """Return the plan of a run that stands there, one table cut into two ranges."""
    begun = plan("orders", admin=admin, ranges=2)
    (table,) = begun.tables
    found = tuple(
        replace(told, range=one.range)
        for told, one in zip(checkpoints, table.checkpoints, strict=True)
    )
    admin.ledger.register([(table.job.record, table.ranges)])
    admin.ledger.plans[begun.run_id, table.job.record.source] = list(found)
    return replace(begun, tables=(replace(table, checkpoints=found, registered=True),))


def append(wal: Path, of: RunPlan, number: int, token: int, *, closing: bool = False) -> None:
    """Write a batch into the WAL of a range."""
    (table,) = of.tables
    log = open_wal(wal, table.job, table.ranges[number], RunSettings(), 0)
    log.append(ROW, Position(token=token, partition_key=(b"1",)), closing=closing)
    log.close()


def ends(of: RunPlan) -> list[int]:
    """Return where the ranges of the only table end, which tile the ring."""
    (table,) = of.tables
    prove_tiling(table.ranges)
    assert [c.range for c in table.checkpoints] == list(table.ranges)
    return [r.end for r in table.ranges]


NEW = Checkpoint(range=plan("orders", ranges=1).tables[0].ranges[0])
QUARTER = TOKEN_MAX // 4


def test_the_wal_counts_where_it_is_ahead_of_the_target(wal: Path) -> None:
    """Its rows are applied under the range's own number; what is behind them is free."""
    admin = MemoryAdmin()
    before = continued(admin, replace(NEW, state=RangeState.DONE, batch_seq=1), NEW)
    append(wal, before, 1, token=QUARTER)
    after, told = cut_anew(settings(ranges=8), before, admin.ledger, wal)
    assert ends(after)[:2] == [-1, QUARTER]
    assert len(ends(after)) == 5
    assert "the rest of 1 others into 3" in told[0]
    assert after.tables[0].checkpoints[0].state is RangeState.DONE


def test_the_checkpoint_counts_where_the_wal_is_elsewhere(wal: Path) -> None:
    """As on another machine, or where segments went as they were applied."""
    admin = MemoryAdmin()
    at = Position(token=QUARTER, partition_key=(b"1",))
    before = continued(admin, NEW, replace(NEW, batch_seq=3, position=at))
    after, _ = cut_anew(settings(ranges=8), before, admin.ledger, wal)
    assert QUARTER in ends(after)
    kept = next(c for c in after.tables[0].checkpoints if c.range.end == QUARTER)
    assert (kept.range.number, kept.batch_seq, kept.position) == (1, 3, at)


def test_what_was_captured_whole_is_left_alone(wal: Path) -> None:
    """Its closing batch is there, and waits for its window."""
    admin = MemoryAdmin()
    before = continued(admin, NEW, NEW)
    append(wal, before, 1, token=QUARTER, closing=True)
    after, _ = cut_anew(settings(ranges=4), before, admin.ledger, wal)
    assert after.tables[0].ranges[-1] == before.tables[0].ranges[1]
    assert len(after.tables[0].ranges) == 3


def test_a_plan_that_is_new_or_fits_is_left_alone(wal: Path) -> None:
    """Nothing is written."""
    admin = MemoryAdmin(ledger=MemoryLedger())
    fresh = plan("orders", ranges=2)
    assert cut_anew(settings(ranges=8), fresh, admin.ledger, wal) == (fresh, [])
    fits = continued(admin, NEW, NEW)
    assert cut_anew(settings(ranges=2), fits, admin.ledger, wal) == (fits, [])


def test_a_log_that_a_dying_worker_holds_is_waited_for(wal: Path) -> None:
    """Its parent was killed; it ends within two seconds, and no plan is cut before."""
    admin = MemoryAdmin()
    before = continued(admin, NEW, NEW)
    (table,) = before.tables
    log = open_wal(wal, table.job, table.ranges[1], RunSettings(), 0)
    log.append(ROW, Position(token=QUARTER, partition_key=(b"1",)), closing=False)
    with pytest.raises(Transient, match="another process writes"):
        cut_anew(settings(ranges=8), before, admin.ledger, wal)
    assert admin.ledger.checkpoints(table.job.record) == list(table.checkpoints)
    log.close()
