"""In which order a table's rows are applied, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cass_snapshot.model import Table
from cass_snapshot.planned import PlannedTarget
from cass_snapshot.protocols import SourceAdmin, TargetAdmin
from cass_snapshot.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """How a table is applied: ``why`` in a sentence for the operator.

    ``window_bytes`` is how much WAL is applied together, None for the whole table; ``slice_bytes``
    how much of it one worker sorts at once; ``overlap`` whether the next window is captured
    while one is applied.
    """

    order: Literal["key", "token"]
    why: str
    window_bytes: int | None = None
    slice_bytes: int = 64 * 2**20
    overlap: bool = False


AS_READ = Ordering(order="token", why="nothing was said")


def ordering_of(
    settings: Settings,
    _table: Table,
    _planned: PlannedTarget,
    _source: SourceAdmin,
    _target: TargetAdmin,
    _run_directory: Path,
) -> Ordering:
    """Return the order for a table, without ever failing a run over an estimate."""
    run = settings.run
    window = None if run.window_bytes == "auto" else run.window_bytes
    order: Literal["key", "token"] = "key" if run.apply_order == "key" else "token"
    return Ordering(
        order=order, why="as configured", window_bytes=window, slice_bytes=run.slice_bytes
    )
