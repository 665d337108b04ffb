"""Rejected rows tried again: which ones, how, and what the operator is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from cass_snapshot.cli.replay_view import mend_lines
from cass_snapshot.errors import StateError
from cass_snapshot.model import RunRecord, TokenRange
from cass_snapshot.rejection import Problem, Rejected
from cass_snapshot.settings import Settings
from cass_snapshot.snapshot import mend as module
from cass_snapshot.snapshot.chosen import ChosenRun
from cass_snapshot.snapshot.mend import _mend_table
from cass_snapshot.snapshot.reports import MendReport, TableMend
from cass_snapshot.snapshot.status import RejectedRows
from cass_snapshot.validation import RangeTally
from cass_snapshot.wal.rejects import RejectFile, row_id
from tests.support.admins import MemoryLedger
from tests.support.patient import patience
from tests.support.plans import plan

WHY = Problem(column="note", what="too long", fix="widen it", error=1406, code="CS-D02")


def aside(number: int, *, line: bool, token: int) -> Rejected:
    """Return a row that was set aside, by its cells or by its line."""
    key = (number.to_bytes(4, "big"),)
    return Rejected(
        token=token,
        key=key,
        problems=(WHY,),
        cells=None if line else (*key, b"fits"),
        line=b'[%d,"fits"]\n' % number if line else None,
    )


@dataclass(slots=True)
class Tries:
    """A target that notes what it is asked to take, and refuses some rows."""

    refuses: frozenset[str] = frozenset()
    tried: list[tuple[str, int, bytes]] = field(default_factory=list)
    closed: bool = False

    def mend(self, row: str, token_range: TokenRange, line: bytes) -> tuple[Problem, ...]:
        """Note a row."""
        self.tried.append((row, token_range.number, line))
        return (WHY,) if row in self.refuses else ()

    def close(self) -> None:
        """Note it."""
        self.closed = True


@dataclass(slots=True)
class Ledger(MemoryLedger):
    """A ledger that knows how many rows of each range are lacking."""

    counted: Sequence[int] = (0, 0, 0, 0)
    named: dict[str, int] = field(default_factory=dict)

    def tallies(self, _record: RunRecord) -> list[RangeTally]:
        """Return what is lacking."""
        return [RangeTally(range=n, rejected=rows) for n, rows in enumerate(self.counted)]

    def lacking(self, _record: RunRecord) -> dict[str, int]:
        """Return which rows."""
        return self.named


def knows(*rows: tuple[Rejected, int]) -> Ledger:
    """Return a ledger that names these rows, each in its range."""
    (planned,) = plan("orders").tables
    counted = [0, 0, 0, 0]
    for _, number in rows:
        counted[number] += 1
    named = {row_id(planned.job.table.name, row.key): number for row, number in rows}
    return Ledger(counted=counted, named=named)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Patience", lambda **_: patience())


def mended(
    folder: Path, rows: Sequence[Rejected], ledger: Ledger, *, dry_run: bool = False
) -> tuple[Tries, TableMend]:
    """Try rows that were set aside in four ranges."""
    (planned,) = plan("orders").tables
    job = planned.job
    ledger.register([(job.record, planned.ranges)])
    RejectFile(folder / "rejected", "orders", job.table.name, job.line_names).add(rows)
    target = Tries(refuses=frozenset({row_id(job.table.name, (b"\0\0\0\x09",))}))

    @dataclass(frozen=True, slots=True)
    class Chosen:
        folder: Path
        admin: Any

        def open_target(self, _settings: object, _job: object) -> Tries:
            return target

    @dataclass(frozen=True, slots=True)
    class Admin:
        ledger: Ledger

    chosen = cast("ChosenRun", Chosen(folder, Admin(ledger)))
    report = _mend_table(Settings(), chosen, job, dry_run=dry_run)
    assert target.closed
    return target, report


LOW, HIGH = -(2**63) + 1, 2**63 - 1


def test_rows_are_tried_as_they_would_have_been_written(tmp_path: Path) -> None:
    """Cells are encoded anew, values are taken as they are; each counts for its own range."""
    rows = [aside(1, line=False, token=LOW), aside(2, line=True, token=HIGH)]
    target, report = mended(tmp_path, rows, knows((rows[0], 0), (rows[1], 3)))
    assert [(r, line) for _, r, line in target.tried] == [(0, b'[1,"fits"]'), (3, b'[2,"fits"]')]
    assert (report.rejected, report.tried, report.refused) == (2, 2, ())


def test_what_the_ledger_does_not_name_is_not_tried(tmp_path: Path) -> None:
    """It is in already, or stale: its batch never reached the target as it is in the file."""
    rows = [aside(n, line=True, token=LOW) for n in (1, 2)] + [aside(3, line=True, token=HIGH)]
    target, report = mended(tmp_path, rows, knows((rows[1], 0)))
    assert [line for *_, line in target.tried] == [b'[2,"fits"]']
    assert (report.rejected, report.tried) == (1, 1)


@pytest.mark.parametrize("counted", [(2, 0, 0, 0), (0, 0, 0, 0), (0, 1, 0, 0)])
def test_rejected_rows_that_are_counted_and_not_named_are_refused(
    tmp_path: Path, counted: Sequence[int]
) -> None:
    """As after a version that did not name them: any row that went in could be another one."""
    row = aside(1, line=True, token=LOW)
    ledger = knows((row, 0))
    ledger.counted = counted
    with pytest.raises(StateError, match="do not tell which rows") as refused:
        mended(tmp_path, [row], ledger)
    assert "names" in refused.value.why


def test_what_is_refused_again_is_told_with_its_reason(tmp_path: Path) -> None:
    """Rows of one column and error together."""
    rows = [aside(9, line=True, token=LOW), aside(1, line=True, token=LOW)]
    _, report = mended(tmp_path, rows, knows((rows[0], 0), (rows[1], 0)))
    (group,) = report.refused
    assert (group.rows, group.column, group.error) == (1, "note", 1406)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    """It encodes with the limits of the target as it is now."""
    row = aside(1, line=False, token=LOW)
    target, report = mended(tmp_path, [row], knows((row, 0)), dry_run=True)
    assert (target.tried, report.tried) == ([], 1)


def report(rejected: int, tried: int, left: int, refused: int = 0) -> MendReport:
    """Return what mending a table came to."""
    group = RejectedRows(
        rows=refused, column="note", code="CS-D02", error=1406, why="too long", fix="widen it"
    )
    table = TableMend(
        table="shop.orders",
        rejected=rejected,
        tried=tried,
        left=left,
        rows_refused=refused,
        refused=(group,) if refused else (),
    )
    return MendReport(run_id="20261120T104211-k3f9", tables=(table,), exit_code=4 if left else 0)


def test_the_operator_is_told_what_went_in_and_what_is_left() -> None:
    """And why, and what to do about it."""
    assert mend_lines(report(17, 17, 2, 2), dry_run=False) == [
        "rejected rows of 20261120T104211-k3f9: 15 of 17 went in",
        "",
        "  table         rejected   tried   left",
        "  shop.orders         17      17      2",
        "  CS-D02  2 rows of shop.orders, column note: too long (MySQL error 1406)",
        "          fix  widen it",
    ]
    assert mend_lines(report(12, 12, 12, 9), dry_run=True)[:4] == [
        "rejected rows of 20261120T104211-k3f9: 3 of 12 may go in by now",
        "",
        "  table         rejected   checked   fit",
        "  shop.orders         12        12     3",
    ]
    assert "there are none" in mend_lines(report(0, 0, 0), dry_run=False)[0]
    assert "counts both sides" in mend_lines(report(1, 1, 0), dry_run=False)[-1]


def test_rows_that_are_not_kept_here_are_told() -> None:
    """Only another run can read them again."""
    assert "2 rows not in rejected/" in mend_lines(report(3, 1, 2), dry_run=False)[-1]
