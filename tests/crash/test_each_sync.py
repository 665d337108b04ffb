"""Each single sync in the WAL's code is needed: without any one of them something is lost.

Three campaigns of seeded power cuts look for a loss: the cutting of a torn tail, the removal of
segments, and a whole small copy. Each place that syncs is made deaf in turn, one of them must
notice; with all of them at work none finds anything.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cass_snapshot import wal
from cass_snapshot.errors import SnapshotError
from cass_snapshot.wal.removal import remove_applied
from tests.support.forgetful_disk import MAKE_DIRECTORY, ForgetfulDisk, Kept, PowerCut
from tests.support.small_copy import DurableTarget, assert_whole, live
from tests.support.wal_samples import (
    RANGE,
    TABLE,
    WAL,
    append,
    contents,
    new_disk,
    open_wal,
    samples,
    segments,
    written,
)

Campaign = Callable[[str, random.Random], None]
SYNC = re.compile(r"\.sync\(\)|\.sync_directory\(")
DRAWS = 300
BATCHES = samples(6, closing=True)
TAIL = b'["a batch that was not finished",1,2,3]\n' * 20 + b'["'
MEASURES = "probe.py"
"""Nothing depends on what it wrote."""


def sync_sites() -> list[str]:
    """Return every place of the WAL's code that syncs, as file:line."""
    found = []
    for path in sorted(Path(wal.__file__).parent.glob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            # Directories of the real disk are made durable by itself, as the double's are.
            if SYNC.search(line) and path.name != MEASURES and "self.sync_d" not in line:
                found.append(f"{path.name}:{number}")
    return [*found, MAKE_DIRECTORY]


def copying(site: str, draw: random.Random) -> None:
    """Copy a range in three lives, of which two are cut."""
    removes, disk, target = draw.random() < 0.5, new_disk(), DurableTarget()
    for latest in (40, 14):
        disk.deaf_at, disk.cut_at = site, draw.randint(1, latest)
        with contextlib.suppress(PowerCut):
            live(disk, target, "none", removes=removes)
        disk = survivor(disk, draw)
    disk.deaf_at = site
    live(disk, target, "none", removes=removes)
    assert_whole(disk.survivor(Kept.NOTHING), target, removes=removes)


def cutting_a_tail(site: str, draw: random.Random) -> None:
    """Open a log that has a torn tail, with a cut; its batches and its tail are still there."""
    whole = written(BATCHES[:3], seal=False)
    (segment,) = segments(whole)
    content = whole.content(segment)
    disk = new_disk()
    disk.put(segment, content + TAIL)
    disk.deaf_at, disk.cut_at = site, draw.randint(1, 10)
    with contextlib.suppress(PowerCut):
        open_wal(disk)
    left = survivor(disk, draw)
    assert contents(open_wal(left, checkpoint_seq=3).replay(0)) == BATCHES[:3]
    assert left.content(segment.with_name(f"{segment.name}.torn-{len(content)}")) == TAIL


def removing(site: str, draw: random.Random) -> None:
    """Remove four of five segments, with a cut; the log goes on from the fifth."""
    disk = new_disk()
    log = open_wal(disk, segment_bytes_max=1)
    for one in BATCHES[:5]:
        append(log, one)
    disk.deaf_at, disk.cut_at = site, len(disk.operations) + draw.randint(1, 9)
    with contextlib.suppress(PowerCut):
        remove_applied(WAL, TABLE, RANGE.number, checkpoint_seq=4, closed=False, files=disk)
    left = open_wal(survivor(disk, draw), checkpoint_seq=4, segment_bytes_max=1)
    assert contents(left.replay(4)) == BATCHES[4:5]


CAMPAIGNS: tuple[Campaign, ...] = (cutting_a_tail, removing, copying)


def survivor(disk: ForgetfulDisk, draw: random.Random) -> ForgetfulDisk:
    """Return what a power cut leaves."""
    return disk.survivor(draw.choice(list(Kept)), draw.getrandbits(32))


def loses(campaign: Campaign, site: str, draw: random.Random) -> bool:
    """Tell whether something was lost, or is refused as damaged, in one draw of a campaign."""
    try:
        campaign(site, draw)
    except (AssertionError, SnapshotError, OSError):
        return True
    return False


def test_the_places_that_sync_are_these() -> None:
    """A new one is tried by itself; this says when one was taken away."""
    assert len(sync_sites()) == 10


@pytest.mark.parametrize("site", sync_sites())
def test_without_any_one_of_the_syncs_something_is_lost(site: str) -> None:
    """So each sync is needed, and such campaigns notice the loss of it."""
    draw = random.Random(site)
    assert any(loses(one, site, draw) for one in CAMPAIGNS for _ in range(DRAWS))


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_with_all_of_them_nothing_is_lost(campaign: Campaign) -> None:
    """So what is found above is the missing sync, and nothing else."""
    draw = random.Random(20261122)
    for _ in range(2 * DRAWS):
        campaign("", draw)
