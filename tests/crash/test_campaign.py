"""Sixty kills of the seeded campaign; ``bin/crash`` plays as many as one likes.

CASS_SNAPSHOT_TEST_CAMPAIGN says how many, CASS_SNAPSHOT_TEST_SEED repeats those of a failure.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.crash.campaign import report, run
from tests.support.servers import Servers

pytestmark = pytest.mark.servers

KILLS = int(os.environ.get("CASS_SNAPSHOT_TEST_CAMPAIGN", "60"))
SEED = int(os.environ.get("CASS_SNAPSHOT_TEST_SEED", "0")) or random.SystemRandom().getrandbits(32)


def test_whatever_is_killed_the_same_command_finishes_the_copy(
    servers: Servers, shared_keyspace: str
) -> None:
    """No row is lost or doubled, no process is left over."""
    print(f"CASS_SNAPSHOT_TEST_SEED={SEED}")
    tally = run(servers, shared_keyspace, kills=KILLS, seed=SEED)
    print(report(tally, SEED, 0.0))
    assert tally.killed >= KILLS
