"""What a worker looks up without writing anything: counts of both sides, keys that are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import TypeVar

from cass_snapshot.snapshot.messages import CountSource, CountTarget, FindMissing, MissingFound
from cass_snapshot.verify.count import count_rows, count_target
from cass_snapshot.verify.missing import absent
from cass_snapshot.wiring import Parts

Item = TypeVar("Item")


class Census:
    """Counts and compares; what it returns is partial where ``stop`` was set meanwhile."""

    def __init__(self, parts: Parts, stop: Event, send: Callable[[MissingFound], None]) -> None:
        self._parts = parts
        self._stop = stop
        self._send = send

    def count_source(self, task: CountSource) -> tuple[int, ...]:
        """Return the source's rows in a range."""
        keys = self._parts.source_keys(task.table, whole=False).keys(task.range)
        return (count_rows(self._until_stop(keys)),)

    def count_target(self, task: CountTarget) -> tuple[int, ...]:
        """Return the target's rows by range, and last those of no range."""
        tokens = self._parts.target_keys(task.table).tokens()
        return count_target(self._until_stop(tokens), task.ranges)

    def find_missing(self, task: FindMissing) -> tuple[int, ...]:
        """Tell keys that the target lacks page by page; return how many were seen, and lack."""
        seen = missing = 0
        source = self._parts.source_keys(task.table, whole=True)
        target = self._parts.target_keys(task.table)
        width = len(self._parts.table(task.table).table.partition_key)
        for page in self._until_stop(source.keys(task.range)):
            found = absent(page, target, width)
            seen += len(page)
            missing += len(found)
            if found:
                self._send(MissingFound(task=task.id, keys=found))
        return seen, missing

    def _until_stop(self, pages: Iterator[Sequence[Item]]) -> Iterator[Sequence[Item]]:
        for page in pages:
            if self._stop.is_set():
                return
            yield page
