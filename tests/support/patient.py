"""Patience that never waits: the pauses it would make are noted instead."""

from __future__ import annotations

from threading import Event

from cass_snapshot.errors import SnapshotError
from cass_snapshot.retry import Patience


class NoWait(Event):
    """An event whose ``wait`` returns at once; the seconds asked for are noted.

    Args:
        stops_at: the pause, counted from 1, during which somebody sets the event.
    """

    def __init__(self, stops_at: int | None = None) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._stops_at = stops_at

    def wait(self, timeout: float | None = None) -> bool:
        """Note a pause."""
        self.pauses.append(timeout or 0.0)
        if len(self.pauses) == self._stops_at:
            self.set()
        return self.is_set()


def patience(
    stop: Event | None = None,
    told: list[tuple[SnapshotError | None, float]] | None = None,
    unavailable_s: float = 60.0,
) -> Patience:
    """Return a patience that does not wait, and tells ``told`` what it announces.

    What a call got over is told as None, once for each kind of error.
    """
    heard = [] if told is None else told
    return Patience(
        unavailable_s=unavailable_s,
        tell=lambda error, pause: heard.append((error, pause)),
        over=lambda _error: heard.append((None, 0.0)),
        stop=stop or NoWait(),
    )
