"""Whom a pool of workers tells what they say."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import cast

from cass_snapshot.snapshot.messages import Ended, FromWorker, Task
from cass_snapshot.snapshot.supervisor import Pool, WorkerDeath
from cass_snapshot.wiring import Job


class Ears:
    """Keeps what a pool says, and may stop or kill its workers as soon as they hold something."""

    def __init__(
        self,
        folder: Path,
        size: int,
        *,
        stops: bool = False,
        kills: bool = False,
        stops_after_s: float = 0.0,
    ) -> None:
        self.ended: dict[int, Ended] = {}
        self.deaths: list[WorkerDeath] = []
        self.stops = stops or stops_after_s > 0
        self._patient_until = monotonic() + stops_after_s
        self.kills = kills
        self.pool = Pool(cast("Job", str(folder)), size=size, tick=self.tick)

    def hear(self, message: FromWorker | WorkerDeath) -> None:
        """Keep a message."""
        if isinstance(message, WorkerDeath):
            self.deaths.append(message)
        elif isinstance(message, Ended):
            assert message.task not in self.ended, "a task ended twice"
            self.ended[message.task] = message

    def tick(self) -> None:
        """Do to the pool what is wanted, when every worker holds something."""
        if (self.stops or self.kills) and all(self.pool.held.values()):
            if monotonic() < self._patient_until:
                return
            self.pool.stop()
        if self.kills:
            self.pool.kill()

    def run(self, *kinds: int, of: type[Task] = Task) -> None:
        """Run a task of each kind, and let the workers end."""
        try:
            self.pool.run([of(id=n, table=kind) for n, kind in enumerate(kinds)], self.hear)
        finally:
            self.pool.close()
