"""Runs that kill themselves or stand still at a named event of the product.

See ``tests/crash/plant``, which names the events. What a test does to a run in its middle, it does
while the run stands still there: on a fast machine a table of some thousand rows is copied in less
time than it takes to look at it twice.
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.command import Command, Running

PLANT = Path(__file__).parents[1] / "crash" / "plant"
"""In PYTHONPATH it is imported first, and does nothing unless a run is told to die or to stand."""
PLANTED = {"PYTHONPATH": str(PLANT)}
WORKERS = 2


def run_killed_at(
    command: Command, table: str, *more: str, event: str, hit: int, **settings: str
) -> None:
    """Copy until the worker that has just done something for the nth time kills its parent too.

    Args:
        command: made with PLANTED.
        table: what it copies.
        more: further options.
        event: what is done, one of ``EVENTS`` in the plant.
        hit: how often the worker has done it by then.
        settings: variables for this command.
    """
    marker = command.place.folder / f"killed-{secrets.token_hex(4)}"
    spec = f"{event}:after:{hit}:both:{marker}"
    ended = command.run(table, *more, TEST_CRASH=spec, **settings)
    assert ended.code == -signal.SIGKILL, str(ended)
    assert marker.exists()


class Hold:
    """Where the workers of one run stand still, until they are let go.

    Args:
        command: made with PLANTED.
        event: before what they stand, one of ``EVENTS`` in the plant.
        hit: for which time a worker is about to do it.
    """

    def __init__(self, command: Command, hit: int, event: str = "segment write") -> None:
        self._folder = command.place.folder / f"hold-{secrets.token_hex(4)}"
        self._folder.mkdir()
        self.settings = {"TEST_HOLD": f"{event}:before:{hit}:{self._folder}"}
        """For the command that is to stand."""

    @property
    def held(self) -> list[int]:
        """Return the processes that stand, or stood."""
        return [int(path.name) for path in self._folder.iterdir() if path.name.isdigit()]

    def let_go(self) -> None:
        """Let them go on."""
        (self._folder / "go").touch()


@contextmanager
def run_held_at(
    command: Command, table: str, *more: str, hit: int, **settings: str
) -> Iterator[tuple[Running, Hold]]:
    """Copy until each of two workers stands still: it is about to write its nth batch to the WAL.

    Their other threads go on: what is in the WAL by then is applied as soon as it can be.

    Args:
        command: made with PLANTED, of two workers and so small batches that each has n of them.
        table: what it copies.
        more: further options.
        hit: n.
        settings: variables for this command.
    """
    hold = Hold(command, hit)
    with command.start_run(table, *more, **settings, **hold.settings) as running:
        running.until(lambda: len(hold.held) == WORKERS, f"{WORKERS} workers stand still")
        yield running, hold
