"""Runs that kill themselves at a named event of the product, see ``tests/crash/plant``."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.support.command import Command

PLANT = Path(__file__).parents[1] / "crash" / "plant"
"""In PYTHONPATH it is imported first, and does nothing unless a run is told to die."""
PLANTED = {"PYTHONPATH": str(PLANT)}


def run_killed_at(command: Command, table: str, *more: str, event: str, hit: int) -> None:
    """Copy until the worker that has just done something for the nth time kills its parent too.

    Args:
        command: made with PLANTED.
        table: what it copies.
        more: further options.
        event: what is done, one of ``EVENTS`` in the plant.
        hit: how often the worker has done it by then.
    """
    marker = command.place.folder / "killed"
    spec = f"{event}:after:{hit}:both:{marker}"
    ended = command.run(table, *more, TEST_CRASH=spec)
    assert ended.code == -signal.SIGKILL, str(ended)
    assert marker.exists()
