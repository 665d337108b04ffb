"""Whether the WAL of a range belongs to the run that it is applied for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cass_snapshot.errors import StateError
from cass_snapshot.model import Checkpoint, WalIdentity
from cass_snapshot.wal.reader import RangeReader
from cass_snapshot.wiring import TableJob, wal_identity

_NAMED_MAX = 5
"""How many columns that differ a message names."""


def refuse_foreign(
    job: TableJob, folder: Path, reader: RangeReader, checkpoint: Checkpoint | None, *, moves: bool
) -> None:
    """Refuse a WAL that is not of this run, source and schema; nor of this target, unless moved.

    Args:
        job: the table.
        folder: of the run.
        reader: of one of its ranges.
        checkpoint: what the target has of this range, None where the run has no such range.
        moves: the WAL may be applied to another target than it was written for.

    Raises:
        StateError: naming what differs.
    """
    says = reader.identity
    why = "the run has no such range"
    if checkpoint is not None:
        wanted = wal_identity(job, checkpoint.range, says.compression)
        differing = _differing(says, replace(wanted, target=says.target) if moves else wanted)
        if not differing:
            return
        why = "; ".join(differing)
    raise StateError(
        "a segment of the WAL does not belong to this run",
        where=f"{folder / 'wal'}, {job.table.name}, range {says.range.number}; nothing was written",
        why=why,
        fix="put the WAL of this run back, or name the run and the target that it belongs to",
    )


def _differing(says: WalIdentity, wanted: WalIdentity) -> list[str]:
    """Return in words in what a WAL differs from what the run has."""
    found = [
        f"its {name.replace('_', ' ')} is {one}, not {other}"
        for name, one, other in (
            ("run_id", says.run_id, wanted.run_id),
            ("source", says.source, wanted.source),
            ("target", says.target, wanted.target),
            ("table", says.table, wanted.table),
        )
        if one != other
    ]
    if (says.schema, says.columns) != (wanted.schema, wanted.columns):
        lines = {c.name: f"{c.type} as {c.form}" for c in says.columns}
        present = {c.name: f"{c.type} as {c.form}" for c in wanted.columns}
        names = [n for n in sorted({*lines, *present}) if lines.get(n) != present.get(n)]
        told = [f"{n} was {lines.get(n, 'no')}, is {present.get(n, 'no')}" for n in names]
        found.append(f"its columns differ: {', '.join(told[:_NAMED_MAX]) or 'another condition'}")
    one, other = says.range, wanted.range
    # A range that was cut anew ended later when its older segments were written.
    if (one.number, one.start) != (other.number, other.start) or one.end < other.end:
        found.append(f"its range is ({one.start}, {one.end}], not ({other.start}, {other.end}]")
    return found
