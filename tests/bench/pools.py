"""Processes that share a piece of work, and do not outlive the wish for it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from tests.support.fill import PROCESSES


@contextmanager
def processes() -> Iterator[ProcessPoolExecutor]:
    """Give a pool; who leaves it by an exception does not wait for what it still does."""
    # Spawned: the parent has threads, and a driver's connections.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as pool:
        try:
            yield pool
        except BaseException:
            for process in (pool._processes or {}).values():
                process.terminate()
            pool.shutdown(cancel_futures=True)
            raise
