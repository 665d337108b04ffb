"""A run in a target that does not know it: its tables by the run's own folder, for ``--all``.

The target's ledger is where a run is known. In another server or database there is no such record,
and ``run.json`` has what it said; it counts only as far as the WAL's own headers and the target as
it is agree with it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from cass_snapshot.errors import StateError
from cass_snapshot.model import RunRecord, RunState, TableName
from cass_snapshot.protocols import TargetAdmin
from cass_snapshot.snapshot.definition import define, difference, fingerprint, mapping_of, restore
from cass_snapshot.snapshot.rundir import run_id_of
from cass_snapshot.wal.reader import find_ranges
from cass_snapshot.wiring import TableJob, schema_digest

_KEYS = ("table", "source", "target", "definition")


def recorded(folder: Path) -> list[RunRecord]:
    """Return the tables of a run as its folder has them.

    Raises:
        StateError: ``run.json`` is none of ours.
    """
    path = folder / "run.json"
    try:
        found = orjson.loads(path.read_bytes())
        return [_record(folder, entry) for entry in found["tables"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(
            "the folder of the run does not say what was copied",
            where=f"{path}; nothing was written",
            why=f"{type(error).__name__}: it is not as this tool writes it",
            fix="put run.json of this run back",
        ) from error


def refuse_unrecorded(folder: Path, known: Collection[TableName], table: str | None) -> None:
    """Refuse a WAL with a table that neither the target nor ``run.json`` knows.

    Args:
        folder: of the run.
        known: the tables of the run, by both.
        table: this one alone is asked for, None for all.

    Raises:
        StateError: naming the tables, which would be left out without a word.
    """
    found = sorted({name for name, _ in find_ranges(folder / "wal")} - set(known))
    if missing := [str(name) for name in found if table in (None, str(name))]:
        raise StateError(
            f"the folder of the run does not say how {missing[0]} was copied",
            where=f"{folder / 'run.json'}; nothing was written",
            why=f"the WAL has {', '.join(missing)}, and run.json does not; so it is where a table"
            " joined the run under an earlier version",
            fix="put run.json of this run back, or let the run go on, which adds it; --table names"
            " one of the other tables alone",
        )


def _record(folder: Path, entry: dict[str, Any]) -> RunRecord:
    table, source, target, definition = (str(entry[key]) for key in _KEYS)
    keyspace, _, name = table.partition(".")
    return RunRecord(
        run_id=run_id_of(folder),
        table=TableName(keyspace=keyspace, name=name),
        source=source,
        target=target,
        fingerprint=fingerprint(definition),
        definition=definition,
        state=RunState.RUNNING,
        epoch=1,
    )


def moved(admin: TargetAdmin, record: RunRecord) -> TableJob:
    """Return the job of a table for a target that knows nothing of the run.

    Raises:
        PreflightError: the target that is there does not fit.
        StateError: values would be written in another form than the WAL has them, or the target
            has rows.
    """
    before, mapping = restore(record), mapping_of(record)
    planned = admin.plan(before.table, mapping)
    admin.compare(planned)
    definition = define(before.table, planned, mapping)
    where = f"{planned.name}, {admin.heading}; nothing was written"
    if schema_digest(before.table, planned) != schema_digest(before.table, before.target):
        raise StateError(
            "this target takes values in another form than the WAL has them",
            where=where,
            why=difference(record.definition, definition),
            fix="create the table there as the run's own target is, then try again",
        )
    if planned.exists and admin.holds_rows(planned):
        raise StateError(
            "the target is not empty, and knows nothing of this run",
            where=where,
            why="rows of somebody else may be among them, which this would write over",
            fix="name an empty database, or empty the table",
        )
    here = replace(
        record,
        target=planned.name,
        fingerprint=fingerprint(definition),
        definition=definition,
        target_created=not planned.exists,
    )
    return replace(restore(here), target=planned)
