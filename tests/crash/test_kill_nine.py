"""SIGKILL at random instants, to a worker and to the parent: the copy is whole, nothing is left.

CASS_SNAPSHOT_TEST_KILLS says how many kills of each kind; the seed of the instants is printed.
"""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from tests.support.command import Command, Running
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.servers import Place
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers

KILLS = int(os.environ.get("CASS_SNAPSHOT_TEST_KILLS", "3"))
SEED = int(os.environ.get("CASS_SNAPSHOT_TEST_SEED", "0")) or random.SystemRandom().getrandbits(32)
GONE_WITHIN_S = 2.0


def drawing(kind: str, number: int) -> random.Random:
    """Return what chooses the instant of a kill; a failure shows the seed."""
    print(f"CASS_SNAPSHOT_TEST_SEED={SEED}")
    return random.Random(f"{SEED}/{kind}/{number}")


def slow_command(place: Place) -> Command:
    """Return a command line whose run has some 100 batches, so that a kill meets any step."""
    return Command(place, MYSQL__BATCH_ROWS_MAX="40", RUN__WORKERS="2")


def wait_rows(running: Running, place: Place, rows: int) -> None:
    """Wait until checkpoints stand for that many rows."""
    running.until(lambda: place.rows_checkpointed() >= rows, f"{rows} rows are checkpointed")


@pytest.mark.parametrize("number", range(KILLS))
def test_a_run_goes_on_by_itself_when_a_worker_is_killed(shared: Place, number: int) -> None:
    """Another worker takes the range; the run ends with 0 and every cell equal."""
    draw = drawing("worker", number)
    command = slow_command(shared)
    with command.start_run("files", "--range-count", "8") as running:
        wait_rows(running, shared, draw.randrange(1, FILES_ROWS // 2))
        time.sleep(draw.random() * 0.2)  # not a hope but the instant that the seed chose
        victim = draw.choice(running.workers())
        os.kill(victim, signal.SIGKILL)
        ended = running.wait()
        running.wait_gone(GONE_WITHIN_S)

    assert ended.code == 0, str(ended)
    assert command.status()["worker_restarts"] == 1
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)
    assert not command.scratch().exists()


@pytest.mark.parametrize("number", range(KILLS))
def test_the_same_command_finishes_what_a_killed_parent_left(shared: Place, number: int) -> None:
    """The workers are gone within 2 s; the next run reads only what was not checkpointed."""
    draw = drawing("parent", number)
    command = slow_command(shared)
    with command.start_run("files", "--range-count", "8") as running:
        wait_rows(running, shared, draw.randrange(1, FILES_ROWS * 3 // 4))
        time.sleep(draw.random() * 0.2)  # not a hope but the instant that the seed chose
        scratch = command.scratch()
        running.kill()
        running.wait_gone(GONE_WITHIN_S)
    there = shared.rows_checkpointed()

    again = command.run("files", "--range-count", "8")

    assert again.code == 0, str(again)
    assert len(command.folders()) == 1
    assert command.status()["continues"]
    assert there == command.status()["tables"][0]["rows_before"]
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)
    assert not scratch.exists()
    assert not command.scratch().exists()
