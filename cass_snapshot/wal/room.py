"""Keeps the WAL from filling its disk: reading waits where there is no room for another batch.

What is read waits; what is applied does not, and makes room where ``wal_bytes_max`` is set: then
segments go once the target has them (I4). Without it nothing of the WAL goes, and room is what the
operator makes. A run that waited as long as for a server that is away ends, to be continued.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from cass_snapshot.errors import LimitReached, Unavailable
from cass_snapshot.retry import Patience
from cass_snapshot.settings.sizes import size_text
from cass_snapshot.wal.usage import wal_bytes

_FREE_MIN = 64 * 2**20
"""What is left alone on a disk, or a hundredth of it where that is less: the end of a run is
written there too."""


class Room:
    """The disk that one worker writes its WAL to.

    Args:
        directory: the ``wal`` folder of the run.
        ceiling: how much WAL may lie there, in bytes (``wal_bytes_max``), None for any amount.
        patience: how long is waited, who is told, and what ends it.
    """

    def __init__(self, directory: Path, ceiling: int | None, patience: Patience) -> None:
        self._directory = directory
        self._ceiling = ceiling
        self._patience = patience

    def wait_below_ceiling(self) -> None:
        """Return when another batch fits below the ceiling and on the disk, or on a stop.

        The last quarter is kept for the batches that are being written: a segment is sealed long
        before, and each worker writes one batch at a time.

        Raises:
            LimitReached: for as long as a server is waited for, no room was made.
            OSError: the disk refused to say.
        """
        self.wait_on_disk()
        if self._ceiling is not None:
            self._wait(self._check_ceiling, self._ceiling_reached)

    def wait_on_disk(self) -> None:
        """Return when the disk has room for another batch, or on a stop.

        For windows: they are bounded by themselves, and go when they are whole and applied.

        Raises:
            LimitReached: for as long as a server is waited for, no room was made.
            OSError: the disk refused to say.
        """
        self._wait(self._check_disk, self._disk_full)

    def _wait(
        self, check: Callable[[], None], refusal: Callable[[Unavailable], LimitReached]
    ) -> None:
        while not self._patience.stop.is_set():
            held = wal_bytes(self._directory) if self._ceiling is not None else 0
            try:
                self._patience.call(check)
            except Unavailable as error:
                if self._patience.stop.is_set():
                    return
                if self._ceiling is None or wal_bytes(self._directory) >= held:
                    raise refusal(error) from error
            else:
                return

    def _check_ceiling(self) -> None:
        assert self._ceiling is not None  # noqa: S101 - asked for only where there is one
        held = wal_bytes(self._directory)
        if held > self._ceiling - self._ceiling // 4:
            raise Unavailable(
                "reading waits for the WAL to be applied",
                where=str(self._directory),
                why=f"it holds {size_text(held)} of {size_text(self._ceiling)} (wal_bytes_max)",
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
