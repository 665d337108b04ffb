"""A small copy is stopped at every operation of its disk: by a power cut, by EIO, by ENOSPC.

The disk forgets what was not synced; the target, a database, forgets nothing.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from itertools import count

import pytest

from tests.support.forgetful_disk import ForgetfulDisk, Kept, PowerCut
from tests.support.small_copy import DurableTarget, assert_whole, live
from tests.support.wal_samples import new_disk

OPERATIONS_MIN = 30


def cut_once(compression: str, *, removes: bool) -> Iterator[tuple[ForgetfulDisk, DurableTarget]]:
    """Yield the disk and the target at each moment at which the power may go."""
    for at in count(1):
        disk, target = new_disk(), DurableTarget()
        disk.cut_at = at
        try:
            live(disk, target, compression, removes=removes)
        except PowerCut:
            yield disk, target
        else:
            assert at > OPERATIONS_MIN
            return


@pytest.mark.parametrize("removes", [False, True])
@pytest.mark.parametrize("compression", ["none", "zstd"])
@pytest.mark.parametrize("kept", Kept)
def test_a_power_cut_at_any_operation_loses_no_row(
    compression: str, kept: Kept, *, removes: bool
) -> None:
    """The same command goes on, and is cut again; the third life ends well."""
    for number, (disk, target) in enumerate(cut_once(compression, removes=removes), start=1):
        for seed in range(4 if kept is Kept.SOME else 1):
            again = disk.survivor(kept, seed)
            second = copy_of(target)
            again.cut_at = 1 + (number * 7 + seed) % 24
            try:
                live(again, second, compression, removes=removes)
            except PowerCut:
                again = again.survivor(kept, seed + 1)
                live(again, second, compression, removes=removes)
            assert_whole(again.survivor(Kept.NOTHING), second, removes=removes)


@pytest.mark.parametrize("removes", [False, True])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_disk_error_at_any_operation_loses_no_row(
    compression: str, code: int, *, removes: bool
) -> None:
    """The worker stops before the target has that batch; the next one goes on."""
    for at in count(1):
        disk, target = new_disk(), DurableTarget()
        disk.fail_at, disk.error = at, code
        if not fails_with(code, disk, target, compression, removes=removes):
            assert at > OPERATIONS_MIN
            return
        live(disk, target, compression, removes=removes)
        assert_whole(disk.survivor(Kept.NOTHING), target, removes=removes)


def fails_with(
    code: int, disk: ForgetfulDisk, target: DurableTarget, compression: str, *, removes: bool
) -> bool:
    """Tell whether the disk failed a copy, which then ends with what the disk said."""
    try:
        live(disk, target, compression, removes=removes)
    except OSError as error:
        return error.errno == code
    return False


def copy_of(target: DurableTarget) -> DurableTarget:
    """Return a database of its own with the same content."""
    return DurableTarget(
        rows=list(target.rows), seq=target.seq, position=target.position, closed=target.closed
    )
