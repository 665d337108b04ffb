"""How large and how long a copy is going to be: from a sample, and from earlier runs. Pure.

What the source does not tell is None, never a guess of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cass_snapshot.model import Cells
from cass_snapshot.snapshot.preflight.preview import Change, Estimate, Rate, Sampled

COMMIT_BYTES = 400
"""About what a batch adds to the WAL besides its lines: its commit line with a position."""
CHANGING = ("cassandra", "mysql", "run", "limits", "verify")
"""The sections whose settings are compared with those of an earlier run."""
_FOUND = frozenset({"local_datacenter"})
"""Where nothing is set, a run writes down what it found."""
_SECRET = frozenset({"password"})


def cell_bytes(rows: Sequence[Cells]) -> int:
    """Return the size of the cells of some rows."""
    return sum(len(cell) for row in rows for cell in row if cell is not None)


def estimate(
    sampled: Sampled | None, rows_estimate: int | None, batch_rows: int, rate: Rate | None
) -> Estimate:
    """Return the size of a copy.

    Args:
        sampled: what was read; None where nothing could be.
        rows_estimate: how many rows the source believes to hold, None where it has no idea.
        batch_rows: how many rows one commit of the WAL holds at most.
        rate: how fast an earlier run was.
    """
    if sampled is None:
        return Estimate()
    rows = sampled.rows if sampled.whole else rows_estimate
    if rows is None or (not sampled.rows and rows):
        return Estimate(rows_estimate=rows)
    share = rows / max(1, sampled.rows)
    commits = -(-rows // batch_rows)
    return Estimate(
        rows_estimate=rows,
        bytes_estimate=round(sampled.bytes * share),
        wal_bytes_estimate=round(sampled.wal_bytes * share) + commits * COMMIT_BYTES,
        seconds_estimate=rows / rate.rows_per_s if rate is not None else None,
        counted=sampled.whole,
    )


def rate_of(run_id: str, result: Mapping[str, Any], table: str) -> Rate | None:
    """Return how fast a run was, from its ``result.json``, if it copied rows of the table."""
    tables = result.get("tables") or []
    names = {t.get("table") for t in tables}
    rows = sum(int(t.get("rows_applied") or 0) - int(t.get("rows_before") or 0) for t in tables)
    seconds = float(result.get("copy_s") or 0)
    if table not in names or rows <= 0 or seconds <= 0:
        return None
    return Rate(run_id=run_id, rows_per_s=rows / seconds)


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the settings that differ, from ``run.json`` and as they are; never a secret (I12)."""
    return tuple(
        Change(key=f"{section}.{key}", before=_shown(old[key]), now=_shown(new[key]))
        for section in CHANGING
        for old, new in [(before.get(section) or {}, now.get(section) or {})]
        for key in sorted(set(old) & set(new) - _SECRET)
        if old[key] != new[key] and (key not in _FOUND or new[key] is not None)
    )


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "none" if value is None else str(value)
