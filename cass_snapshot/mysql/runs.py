"""A row of ``snapshot_runs`` as a record, and back. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cass_snapshot.model import RunRecord, RunState, TableName


def run_values(record: RunRecord) -> tuple[object, ...]:
    """Return what a new run has in the columns that ``control`` lists, in their order."""
    return (
        *(record.run_id, record.source, record.target, record.fingerprint, record.definition),
        *(record.state.value, record.epoch, int(record.target_created)),
    )


def run_record(row: Sequence[Any]) -> RunRecord:
    """Return a row of these columns as a record."""
    run_id, source, target, fingerprint, definition, state, epoch, created = row
    keyspace, _, name = str(source).rpartition("/")[2].partition(".")
    return RunRecord(
        run_id=run_id,
        table=TableName(keyspace=keyspace, name=name),
        source=source,
        target=target,
        fingerprint=fingerprint,
        definition=definition,
        state=RunState(state),
        epoch=epoch,
        target_created=bool(created),
    )
