"""Keeps the WAL from filling its disk: reading waits where there is no room for another batch.

What is read waits; what is applied does not, and makes room where segments go once the target has
them (I4). While the target is away nothing goes, and that is what is waited for, with a time of
its own. Where segments stay, room is what the operator makes. A run that waited as long as for a
server that is away ends, to be continued.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from cass_snapshot.errors import Fault, LimitReached, Unavailable
from cass_snapshot.retry import Patience
from cass_snapshot.settings.sizes import size_text
from cass_snapshot.wal.usage import wal_bytes

_FREE_MIN = 64 * 2**20
"""What is left alone on a disk, or a hundredth of it where that is less: the end of a run is
written there too."""
Ask = Callable[[], object]
"""Asks the target for something small; raises ``TargetUnavailable`` where it is away."""


class Room:
    """The disk that one worker writes its WAL to.

    Args:
        directory: the ``wal`` folder of the run.
        ceiling: how much WAL may lie there, in bytes (``wal_bytes_max``), None for any amount.
        patience: how long is waited, who is told, and what ends it.
        removes: whether segments go once they are applied.
    """

    def __init__(
        self, directory: Path, ceiling: int | None, patience: Patience, *, removes: bool
    ) -> None:
        self._directory = directory
        self._ceiling = ceiling
        self._removes = removes
        self._clock = patience.clock
        self._asked_s = 0.0
        self._away: Unavailable | None = None
        # A target that hangs before it fails is no want of room.
        self._patience = replace(patience, clock=lambda: self._clock() - self._asked_s)

    def wait_below_ceiling(self, ask: Ask | None = None) -> None:
        """Return when another batch fits below the ceiling and on the disk, or on a stop.

        The last quarter is kept for the batches that are being written: a segment is sealed long
        before, and each worker writes one batch at a time.

        Args:
            ask: asks the target that batches are applied to; None where nobody applies any.

        Raises:
            LimitReached: for as long as a server is waited for, no room was made.
            TargetUnavailable: the target was away for as long, so that none could be made.
            OSError: the disk refused to say.
        """
        self.wait_on_disk(ask)
        if self._ceiling is not None:
            self._wait(self._check_ceiling, ask, self._ceiling_reached)

    def wait_on_disk(self, ask: Ask | None = None) -> None:
        """Return when the disk has room for another batch, or on a stop.

        For windows: they are bounded by themselves, and go when they are whole and applied.

        Args:
            ask: as ``wait_below_ceiling`` has it.

        Raises:
            LimitReached: for as long as a server is waited for, no room was made.
            TargetUnavailable: the target was away for as long, so that none could be made.
            OSError: the disk refused to say.
        """
        self._wait(self._check_disk, ask, self._disk_full)

    def _wait(
        self,
        check: Callable[[], None],
        ask: Ask | None,
        refusal: Callable[[Unavailable], LimitReached],
    ) -> None:
        self._away = None
        attempt = partial(self._checked, check, ask) if ask and self._removes else check
        while not self._patience.stop.is_set():
            held = wal_bytes(self._directory) if self._removes else 0
            try:
                self._patience.call(attempt)
            except Unavailable as error:
                if self._patience.stop.is_set():
                    return
                if error.fault is not Fault.ROOM:
                    raise
                if not self._removes or wal_bytes(self._directory) >= held:
                    raise refusal(error) from error
            else:
                return

    def _checked(self, check: Callable[[], None], ask: Ask) -> None:
        """Check; where there is no room, name the target if it is away, which makes none."""
        try:
            check()
        except Unavailable:
            self._ask(ask)
            raise

    def _ask(self, ask: Ask) -> None:
        before, began = self._away, self._clock()
        try:
            ask()
        except Unavailable as error:
            self._away = error
            raise
        finally:
            if before is None:
                self._asked_s += self._clock() - began
        if before is not None:
            self._away = None
            self._patience.over(before)

    def _check_ceiling(self) -> None:
        assert self._ceiling is not None  # noqa: S101 - asked for only where there is one
        held = wal_bytes(self._directory)
        if held > self._ceiling - self._ceiling // 4:
            raise Unavailable(
                "reading waits for the WAL to be applied",
                where=str(self._directory),
                why=f"it holds {size_text(held)} of {size_text(self._ceiling)} (wal_bytes_max)",
                fault=Fault.ROOM,
            )

    def _check_disk(self) -> None:
        found = os.statvfs(self._directory.parent)
        free = found.f_bavail * found.f_frsize
        least = min(_FREE_MIN, found.f_blocks * found.f_frsize // 100)
        if free < least:
            raise Unavailable(
                "reading waits for room on the disk of the WAL",
                where=str(self._directory),
                why=f"{size_text(free)} are free, and {size_text(least)} are left alone",
                fix="make room there; the run goes on by itself",
                fault=Fault.ROOM,
            )

    @staticmethod
    def _ceiling_reached(error: Unavailable) -> LimitReached:
        return LimitReached(
            "the WAL is at its ceiling, and nothing of it may go",
            where=error.where,
            why=error.why,
            fix="raise [run] wal_bytes_max or lower [run] workers, then run the same command again",
        )

    @staticmethod
    def _disk_full(error: Unavailable) -> LimitReached:
        return LimitReached(
            "the disk of the WAL is full",
            where=error.where,
            why=error.why,
            fix="make room, then run the same command again",
        )
