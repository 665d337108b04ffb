"""SIGKILL before a random step, to a worker and to the parent: the copy is whole, nothing is left.

CASS_SNAPSHOT_TEST_KILLS says how many kills of each kind; the seed of the steps is printed.
"""

from __future__ import annotations

import os
import random
import signal

import pytest

from tests.support.command import Command
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED, Hold
from tests.support.servers import Place
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers

KILLS = int(os.environ.get("CASS_SNAPSHOT_TEST_KILLS", "3"))
SEED = int(os.environ.get("CASS_SNAPSHOT_TEST_SEED", "0")) or random.SystemRandom().getrandbits(32)
GONE_WITHIN_S = 2.0
STEPS = ("page", "encode", "segment write", "segment sync", "checkpoint", "commit")
"""Each batch takes them all."""
LATEST = 25
"""Each of two workers has some 50 batches; by then one of them has had that many."""


def drawing(kind: str, number: int) -> random.Random:
    """Return what chooses the step before which is killed; a failure shows the seed."""
    print(f"CASS_SNAPSHOT_TEST_SEED={SEED}")
    return random.Random(f"{SEED}/{kind}/{number}")


def slow_command(place: Place) -> Command:
    """Return a command line whose run has some 100 batches."""
    return Command(place, PLANTED, MYSQL__BATCH_ROWS_MAX="40", RUN__WORKERS="2")


def drawn_hold(command: Command, draw: random.Random) -> Hold:
    """Return where the workers of a run are to stand still."""
    return Hold(command, draw.randrange(1, LATEST), draw.choice(STEPS))


@pytest.mark.parametrize("number", range(KILLS))
def test_a_run_goes_on_by_itself_when_a_worker_is_killed(shared: Place, number: int) -> None:
    """Another worker takes the range; the run ends with 0 and every cell equal."""
    draw = drawing("worker", number)
    command = slow_command(shared)
    hold = drawn_hold(command, draw)
    with command.start_run("files", "--range-count", "8", **hold.settings) as running:
        running.until(lambda: hold.held, "a worker stands before a step")
        os.kill(hold.held[0], signal.SIGKILL)
        hold.let_go()
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
    hold = drawn_hold(command, draw)
    with command.start_run("files", "--range-count", "8", **hold.settings) as running:
        running.until(lambda: hold.held, "a worker stands before a step")
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
