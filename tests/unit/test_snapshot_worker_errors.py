"""What a worker says of an error: which ends the range, which the run, and which is waited for."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cass_snapshot.errors import (
    LimitReached,
    RangeFailed,
    SnapshotError,
    StateError,
    TargetUnavailable,
)
from cass_snapshot.model import Cells
from cass_snapshot.rejection import Encoded
from cass_snapshot.snapshot.disk import disk_error
from cass_snapshot.snapshot.messages import CountSource, Ended, Waiting
from tests.support.doubles import RANGE, LineEncoder
from tests.support.worker_parts import COPY, ended, parts, serve


@pytest.mark.parametrize("error", [RangeFailed("refused"), StateError("does not fit")])
def test_what_the_target_refuses_ends_the_range_and_not_the_worker(
    tmp_path: Path, error: SnapshotError
) -> None:
    """The next task is done as if nothing had happened."""
    made = parts(range(40))
    made.into.meets = [None, error]
    second = CountSource(id=8, table=0, range=RANGE)
    said = serve(tmp_path, made, COPY, second)
    first, other = [m for m in said if isinstance(m, Ended)]
    assert (7, error, False) == (first.task, first.error, first.closed)
    assert Ended(task=8, result=(40,)) == other
    assert len(made.into.taken) == 1


def test_a_target_that_is_away_is_waited_for_and_told(tmp_path: Path) -> None:
    """Within the patience of the settings."""
    made = parts([1])
    made.into.meets = [TargetUnavailable("away")]
    said = serve(tmp_path, made, COPY)
    waits = [m for m in said if isinstance(m, Waiting)]
    assert [type(m.error) for m in waits] == [TargetUnavailable] * 2
    assert [m.pause_s is None for m in waits] == [False, True]
    assert ended(said).closed


def raising(error: Exception) -> Callable[[Sequence[Cells]], Encoded]:
    """Return an encoder that fails."""

    def encode(_rows: Sequence[Cells]) -> Encoded:
        raise error

    return encode


@pytest.mark.parametrize("half", ["capture", "apply"])
def test_a_disk_too_full_for_a_rejected_row_ends_the_run(tmp_path: Path, half: str) -> None:
    """A row must never be neither here nor there."""
    made = parts([1])
    full = OSError(errno.ENOSPC, "said the disk")
    if half == "capture":
        made.aside.fails = full
        made.encodes = LineEncoder(b"1").encode
    else:
        made.into.disk = full
    assert type(ended(serve(tmp_path, made, COPY)).error) is LimitReached
    assert made.into.taken == []


def test_what_nobody_expected_is_carried_as_a_traceback(tmp_path: Path) -> None:
    """It ends the run with exit 1."""
    made = parts([1])
    made.encodes = raising(ZeroDivisionError("ours"))
    bug = ended(serve(tmp_path, made, COPY)).bug
    assert bug is not None
    assert "ZeroDivisionError: ours" in bug


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, LimitReached),
        (errno.EDQUOT, LimitReached),
        (errno.EIO, StateError),
        (errno.EROFS, StateError),
    ],
)
def test_a_full_disk_is_a_limit_and_a_failing_one_is_for_a_human(
    tmp_path: Path, number: int, expected: type[SnapshotError]
) -> None:
    """Of a batch that the disk refused nothing reaches the target."""
    made = parts([1])
    made.log.fails = OSError(number, "said the disk", "wal/3")
    error = ended(serve(tmp_path, made, COPY)).error
    assert expected is type(error)
    assert "said the disk" in str(error)
    assert made.into.taken == []
    assert disk_error(OSError(number, "x")).where == "wal/"
