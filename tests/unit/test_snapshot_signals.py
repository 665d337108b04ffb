"""The operator's wish to stop, heard by whoever waits."""

from __future__ import annotations

import os
import signal
from threading import Thread, Timer
from time import perf_counter

import pytest

from cass_snapshot.snapshot.signals import Requested, StopRequest

LONG_S = 60.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_wait_of_the_thread_that_hears_it(number: signal.Signals) -> None:
    """The handler runs in the middle of the wait itself."""
    with StopRequest() as stop:
        assert not stop.event.is_set()
        assert not stop.event.wait(0)
        timer = Timer(0.1, os.kill, (os.getpid(), number))
        began = perf_counter()
        timer.start()
        assert stop.event.wait(LONG_S)
        timer.join()
        assert perf_counter() - began < LONG_S / 2
        assert stop.event.is_set()
        assert stop.requested
        assert stop.event.wait(LONG_S), "it stays set"


def test_every_thread_that_waits_is_let_go() -> None:
    """One after the other; setting it again changes nothing."""
    event, heard = Requested(), list[bool]()
    threads = [Thread(target=lambda: heard.append(event.wait(LONG_S))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        event.set()
    for thread in threads:
        thread.join(LONG_S)
    assert heard == [True] * 3
